#include "alarm/outbox.h"

#include <algorithm>

#include "alarm/alarm_sink.h"
#include "base/str.h"

namespace tailrace::alarm {
namespace {

constexpr double kChance = 0.2;  // Each delay is this part longer or shorter.
constexpr uint32_t kDoublingsMax = 30;
constexpr std::chrono::seconds kIdleWait{60};
constexpr std::chrono::seconds kStoreErrorWait{1};

std::optional<Timestamp> Earlier(std::optional<Timestamp> a, std::optional<Timestamp> b) {
  if (!a.has_value() || !b.has_value()) return a.has_value() ? a : b;
  return std::min(*a, *b);
}

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::Open(const std::vector<TargetConfig>& targets, AlarmStore& store, Rng rng,
                                             const Environment& environment) {
  std::unique_ptr<Outbox> outbox(new Outbox(store, environment));
  for (const TargetConfig& config : targets) {
    if (config.name.empty()) return Error{ErrorCode::kInvalidArgument, "a target has no name"};
    if (outbox->lanes_.contains(config.name)) {
      return Error{ErrorCode::kInvalidArgument, StrCat("two targets are named ", config.name)};
    }
    Lane lane{.config = config, .rng = rng.Fork()};
    TAILRACE_ASSIGN_OR_RETURN(lane.target, MakeTarget(config, environment.targets));
    if (IsHistory(config)) lane.history = static_cast<HistoryTarget*>(lane.target.get());
    const Labels labels = {{"target", config.name}};
    lane.sent = &environment.metrics.GetCounter("tailrace_alarm_deliveries_sent_total",
                                                "Deliveries that a target has taken.", labels);
    lane.failed = &environment.metrics.GetCounter("tailrace_alarm_attempts_failed_total",
                                                  "Attempts to deliver that failed.", labels);
    lane.dead = &environment.metrics.GetCounter("tailrace_alarm_deliveries_dead_total",
                                                "Deliveries given up: dead letters.", labels);
    outbox->lanes_.emplace(config.name, std::move(lane));
  }
  return outbox;
}

std::vector<std::string> Outbox::TargetNames() const {
  std::vector<std::string> names;
  for (const auto& [name, lane] : lanes_) names.push_back(name);
  return names;
}

HistoryTarget* Outbox::History(const std::string& name) {
  const auto found = lanes_.find(name);
  return found == lanes_.end() ? nullptr : found->second.history;
}

Result<std::optional<Timestamp>> Outbox::Step() {
  const std::atomic<bool> never{false};
  std::optional<Timestamp> wake;
  for (const auto& [name, lane] : lanes_) {
    TAILRACE_ASSIGN_OR_RETURN(const std::optional<Timestamp> next, StepTarget(name, never));
    wake = Earlier(wake, next);
  }
  return wake;
}

Result<std::optional<Timestamp>> Outbox::StepTarget(const std::string& name, const std::atomic<bool>& stop) {
  Lane& lane = lanes_.at(name);
  // Twice the longest delay lies beyond anything this program writes: the clock has been set back since.
  const std::chrono::milliseconds horizon =
      2 * std::max<std::chrono::milliseconds>(lane.config.retry.delay_max, std::chrono::hours(1));
  while (!stop.load()) {
    const Timestamp now = clock_.Now();
    if (lane.paused_until.has_value()) {
      if (*lane.paused_until > now && *lane.paused_until <= now + horizon) {
        // Everything waits, whatever its own time is.
        TAILRACE_ASSIGN_OR_RETURN(const auto wake, store_.NextWake(name));
        return wake.has_value() ? std::optional(std::max(*wake, *lane.paused_until)) : std::nullopt;
      }
      lane.paused_until.reset();
    }
    TAILRACE_ASSIGN_OR_RETURN(const std::optional<Delivery> due, store_.NextDue(name, now, now + horizon));
    if (!due.has_value()) return store_.NextWake(name);
    TAILRACE_TRY(AttemptOne(lane, *due));
  }
  return std::optional<Timestamp>();
}

Status Outbox::AttemptOne(Lane& lane, const Delivery& delivery) {
  const Timestamp now = clock_.Now();
  const Message& message = delivery.message;
  const bool delayed = message.kind != MessageKind::kHistory && now - message.time > lane.config.retry.delayed_after;
  Outgoing outgoing{.delivery = delivery, .text = message.text, .delayed = delayed, .now = now};
  if (delayed) outgoing.text += StrCat(" (delayed, from ", MessageTime(message.time), ")");
  const Attempt attempt = lane.target->Deliver(outgoing);
  if (!attempt.status.ok()) return AfterFailure(lane, delivery, attempt);
  TAILRACE_TRY(store_.MarkSent(delivery.id, clock_.Now(), delayed));
  lane.sent->Add(1);
  log_.Info("alarm delivered", {{"alarm", message.alarm}, {"target", lane.config.name}, {"delivery", delivery.id}});
  return Ok();
}

Status Outbox::AfterFailure(Lane& lane, const Delivery& delivery, const Attempt& attempt) {
  const Timestamp now = clock_.Now();
  const Error& error = attempt.status.error();
  lane.failed->Add(1);
  const bool refused = error.code == ErrorCode::kInvalidArgument;
  const bool too_old = now - delivery.created >= lane.config.retry.give_up_after;
  log_.Warning(refused || too_old ? "alarm delivery given up" : "alarm delivery failed, will be tried again",
               {{"alarm", delivery.message.alarm},
                {"target", lane.config.name},
                {"delivery", delivery.id},
                {"attempt", delivery.attempts + 1},
                {"error", error.ToString()}});
  if (refused || too_old) {
    lane.dead->Add(1);
    return store_.MarkDead(delivery.id, now, error.ToString());
  }
  const std::chrono::milliseconds delay =
      std::max(Backoff(lane, delivery.attempts), attempt.retry_after.value_or(std::chrono::milliseconds(0)));
  if (!attempt.answered) lane.paused_until = now + delay;
  return store_.MarkFailed(delivery.id, now + delay, error.ToString());
}

std::chrono::milliseconds Outbox::Backoff(Lane& lane, uint32_t attempts) const {
  const RetryPolicy& retry = lane.config.retry;
  const double doubled = static_cast<double>(retry.first_delay.count()) *
                         static_cast<double>(uint64_t{1} << std::min(attempts, kDoublingsMax));
  const double delay = std::min(doubled, static_cast<double>(retry.delay_max.count()));
  const double chance = 1 + kChance * (2 * lane.rng.Uniform() - 1);
  return std::chrono::milliseconds(std::max<int64_t>(1, static_cast<int64_t>(delay * chance)));
}

OutboxWorkers::OutboxWorkers(Outbox& outbox, const Clock& clock, Log& log) : outbox_(outbox), clock_(clock), log_(log) {
  for (const std::string& name : outbox_.TargetNames()) threads_.emplace_back([this, name] { Run(name); });
}

OutboxWorkers::~OutboxWorkers() {
  {
    const std::lock_guard lock(mutex_);
    stop_.store(true);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void OutboxWorkers::Wake() {
  {
    const std::lock_guard lock(mutex_);
    ++wakes_;
  }
  changed_.notify_all();
}

void OutboxWorkers::Run(const std::string& target) {
  while (true) {
    uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stop_.load()) return;
      seen = wakes_;
    }
    const auto next = outbox_.StepTarget(target, stop_);
    std::chrono::milliseconds wait = kIdleWait;
    if (!next.ok()) {
      log_.Error("alarm outbox cannot be read or written", {{"target", target}, {"error", next.error().ToString()}});
      wait = kStoreErrorWait;
    } else if (next->has_value()) {
      wait = std::clamp<std::chrono::milliseconds>(**next - clock_.Now(), std::chrono::milliseconds(1), kIdleWait);
    }
    std::unique_lock lock(mutex_);
    // A wake while there is an error to wait out is no reason to try at once.
    changed_.wait_for(lock, wait, [&] { return stop_.load() || (next.ok() && wakes_ != seen); });
  }
}

}  // namespace tailrace::alarm
