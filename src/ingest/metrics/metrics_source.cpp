#include "ingest/metrics/metrics_source.h"

#include <algorithm>
#include <cmath>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::ingest {
namespace {

// Many metrics begin to exist with their first event: a name is looked for this often before it counts as unknown.
constexpr uint32_t kSamplesBeforeWarning = 6;

std::string RecordOf(const MetricSample& sample) {
  std::string json = R"({"metric":)";
  data::AppendJsonString(json, sample.name);
  json += R"(,"labels":{)";
  bool first = true;
  for (const auto& [name, value] : sample.labels) {
    if (!first) json += ',';
    first = false;
    data::AppendJsonString(json, name);
    json += ':';
    data::AppendJsonString(json, value);
  }
  return json + StrCat(R"(},"value":)", sample.value, "}");
}

}  // namespace

MetricsSource::MetricsSource(MetricsSourceConfig config, std::shared_ptr<stream::Stream> stream,
                             const Environment& environment)
    : config_(std::move(config)),
      stream_(std::move(stream)),
      environment_(environment),
      records_(environment.metrics.GetCounter("tailrace_metrics_records_total", "Metrics written into a stream.",
                                              {{"stream", stream_->name()}})),
      refused_(environment.metrics.GetCounter("tailrace_metrics_refused_total", "Metrics that a stream did not take.",
                                              {{"stream", stream_->name()}})) {}

MetricsSource::~MetricsSource() { Stop(); }

void MetricsSource::Start() {
  TAILRACE_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Run(); });
}

void MetricsSource::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void MetricsSource::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_signal_.wait_for(lock, config_.every, [this] { return stopping_; })) {
    lock.unlock();
    Sample();
    lock.lock();
  }
}

bool MetricsSource::Wanted(const MetricSample& sample) const {
  const bool named = config_.names.empty() || std::ranges::find(config_.names, sample.name) != config_.names.end();
  return named && std::isfinite(sample.value);  // JSON has no other numbers.
}

void MetricsSource::Sample() {
  std::vector<MetricSample> samples = ParsePrometheusText(environment_.metrics.ToPrometheusText());
  TellUnknownNames(samples);
  std::erase_if(samples, [this](const MetricSample& sample) { return !Wanted(sample); });
  if (samples.empty()) return;
  std::vector<std::string> texts;
  for (const MetricSample& sample : samples) texts.push_back(RecordOf(sample));
  std::vector<stream::RecordInput> records;
  for (size_t i = 0; i < samples.size(); ++i) records.push_back({.partition_key = samples[i].name, .data = texts[i]});
  const auto outcome = stream_->Append(records);
  const Status status = outcome.ok() ? outcome->status() : Status(outcome.error());
  if (status.ok()) {
    records_.Add(records.size());
    error_.clear();
    return;
  }
  refused_.Add(records.size());
  if (error_ == status.error().message) return;
  error_ = status.error().message;
  environment_.log.Warning("a stream does not take the metrics", {{"stream", stream_->name()}, {"error", error_}});
}

// Once: a mistyped name would otherwise give an alarm that never rings.
void MetricsSource::TellUnknownNames(const std::vector<MetricSample>& samples) {
  if (samples_taken_ == kSamplesBeforeWarning) return;
  if (++samples_taken_ < kSamplesBeforeWarning) return;
  for (const std::string& name : config_.names) {
    const bool known = std::ranges::any_of(samples, [&](const MetricSample& sample) { return sample.name == name; });
    if (known) continue;
    environment_.log.Warning("there is no metric of this name so far; GET /metrics lists all",
                             {{"stream", stream_->name()}, {"metric", name}});
  }
}

}  // namespace tailrace::ingest
