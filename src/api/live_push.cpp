#include "api/live_push.h"

#include <algorithm>

#include "api/overview.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::api {
namespace {

using std::chrono::milliseconds;

// As long as nobody looks, rates are kept up to date, but not for more than a 200th of a core: with a thousand
// applications the overview takes 20 ms.
constexpr milliseconds kIdleInterval{1'000};
constexpr milliseconds kIdleIntervalMax{10'000};
constexpr int kIdleRest = 200;
constexpr milliseconds kWatchedInterval{250};
constexpr std::chrono::seconds kKeepAlive{15};
constexpr size_t kRowsPerServing = 50;
constexpr size_t kQueuedBytesMax = 1 << 20;  // A listener that lags so far is served again when it has caught up.

std::string Event(std::string_view name, std::string_view json) {
  return StrCat("event: ", name, "\ndata: ", json, "\n\n");
}

}  // namespace

double RateMeter::Update(const std::string& counter, uint64_t value, std::chrono::nanoseconds now) {
  std::vector<Sample>& samples = samples_[counter];
  samples.push_back({now, value});
  while (samples.size() > 2 && now - samples[1].time >= kSpan) samples.erase(samples.begin());
  const Sample& oldest = samples.front();
  const double seconds = std::chrono::duration<double>(now - oldest.time).count();
  if (seconds <= 0 || value < oldest.value) return 0;
  return static_cast<double>(value - oldest.value) / seconds;
}

LivePush::LivePush(app::Runtime& runtime, std::string version) : runtime_(runtime), version_(std::move(version)) {
  Sample();
  thread_ = std::thread([this] { Run(); });
}

LivePush::~LivePush() { Stop(); }

void LivePush::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string LivePush::Overview() {
  Sample();
  const std::lock_guard lock(mutex_);
  return overview_;
}

bool LivePush::AddEvents(http::ExchangePtr exchange) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || listeners_.size() + joining_.size() >= kListenersMax) return false;
  joining_.push_back({.exchange = std::move(exchange)});
  wake_.notify_all();
  return true;
}

bool LivePush::AddTail(http::ExchangePtr exchange, std::string application, std::string stream) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || listeners_.size() + joining_.size() >= kListenersMax) return false;
  joining_.push_back(
      {.exchange = std::move(exchange), .application = std::move(application), .stream = std::move(stream)});
  wake_.notify_all();
  return true;
}

// `listeners_` belongs to this thread, but for its size, which is read under the lock.
void LivePush::Run() {
  const Clock& clock = runtime_.environment().clock;
  std::chrono::nanoseconds idle = kIdleInterval;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool watched = !listeners_.empty() || !joining_.empty();
    if (joining_.empty()) {
      wake_.wait_for(lock, watched ? kWatchedInterval : idle, [this] { return stopping_ || !joining_.empty(); });
    }
    if (stopping_) break;
    for (Listener& listener : joining_) {
      listener.exchange->BeginStream({200, {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}}, ""});
      listeners_.push_back(std::move(listener));
    }
    joining_.clear();
    lock.unlock();
    const auto begun = clock.Monotonic();
    Sample();
    idle =
        std::clamp<std::chrono::nanoseconds>((clock.Monotonic() - begun) * kIdleRest, kIdleInterval, kIdleIntervalMax);
    lock.lock();
    const std::string overview = overview_;
    std::vector<Listener> serving = std::move(listeners_);
    listeners_.clear();
    lock.unlock();
    const auto now = clock.Monotonic();
    for (Listener& listener : serving) Serve(listener, overview, now);
    std::erase_if(serving, [](const Listener& listener) { return listener.exchange->closed(); });
    lock.lock();
    listeners_ = std::move(serving);
  }
  for (Listener& listener : listeners_) listener.exchange->Finish();
  listeners_.clear();
}

void LivePush::Sample() {
  const std::lock_guard sampling(sampling_mutex_);
  std::string overview = BuildOverview(runtime_, version_, rates_);
  const std::lock_guard lock(mutex_);
  overview_ = std::move(overview);
}

void LivePush::Serve(Listener& listener, const std::string& overview, std::chrono::nanoseconds now) {
  if (listener.exchange->closed() || listener.exchange->queued_bytes() > kQueuedBytesMax) return;
  if (!listener.application.empty()) return SendRows(listener, now);
  listener.exchange->Write(Event("status", overview));
  int64_t newest = listener.last_chart_second;
  for (const auto& application : runtime_.applications()) {
    for (const auto& view : application->application().views()) {
      const auto points = view->Points(0);
      if (!points.empty()) newest = std::max(newest, points.back().second_unix);
    }
    // The last second is sent again, since it may still have grown.
    std::string json = "{\"app\":";
    data::AppendJsonString(json, application->name());
    json += StrCat(",\"charts\":", ChartsAfter(application->name(), listener.last_chart_second - 1), "}");
    listener.exchange->Write(Event("chart", json));
  }
  listener.last_chart_second = newest;
}

std::vector<app::SampledRow> LivePush::NewRows(const Listener& listener) const {
  const auto running = runtime_.FindApplication(listener.application);
  if (running == nullptr) return {};
  for (const auto& view : running->application().views()) {
    if (view->name() == listener.stream) return view->RowsAfter(listener.last_ordinal, kRowsPerServing);
  }
  return {};  // A reload took the stream away.
}

void LivePush::SendRows(Listener& listener, std::chrono::nanoseconds now) {
  const auto rows = NewRows(listener);
  if (rows.empty()) {
    if (now - listener.last_sent > kKeepAlive) {
      listener.exchange->Write(": still here\n\n");
      listener.last_sent = now;
    }
    return;
  }
  std::string events;
  for (const app::SampledRow& row : rows) {
    if (listener.last_ordinal > 0 && row.ordinal > listener.last_ordinal + 1) {
      events += Event("gap", StrCat("{\"skipped\":", row.ordinal - listener.last_ordinal - 1, "}"));
    }
    events += Event(
        "row", StrCat("{\"ordinal\":", row.ordinal, ",\"rowtime\":", row.rowtime_unix_ms, ",\"row\":", row.json, "}"));
    listener.last_ordinal = row.ordinal;
  }
  listener.exchange->Write(std::move(events));
  listener.last_sent = now;
}

std::string LivePush::Charts(std::string_view application) { return ChartsAfter(application, 0); }

std::string LivePush::ChartsAfter(std::string_view application, int64_t after_second) const {
  const auto running = runtime_.FindApplication(application);
  std::string json = "[";
  if (running == nullptr) return json + "]";
  for (const app::AlarmEntry& entry : running->application().definition().config.alarms) {
    if (!entry.chart.has_value()) continue;
    for (const auto& view : running->application().views()) {
      if (view->name() != entry.chart->stream) continue;
      if (json.size() > 1) json += ',';
      json += "{\"alarm\":";
      data::AppendJsonString(json, entry.alarm.name);
      json += ",\"stream\":";
      data::AppendJsonString(json, entry.chart->stream);
      json += ",\"column\":";
      data::AppendJsonString(json, entry.chart->column);
      json += ",\"threshold\":";
      json += entry.chart->threshold.has_value() ? StrCat(*entry.chart->threshold) : "null";
      json += ",\"points\":[";
      for (const app::ChartPoint& point : view->Points(after_second)) {
        if (json.back() != '[') json += ',';
        json += StrCat("[", point.second_unix, ",", point.max, "]");
      }
      json += "]}";
    }
  }
  return json + "]";
}

}  // namespace tailrace::api
