#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "alarm/alarm_store.h"
#include "alarm/target.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/rng.h"

namespace tailrace::alarm {

// Sends what alarms have put into the store, each target on its own.
//
// A delivery is attempted until the target takes it, refuses it for good, or it is older than give_up_after; the last
// two make it a dead letter. Between attempts lies a doubling delay with chance in it. When a target cannot be reached
// at all, its other deliveries wait for the same delay instead of each trying for itself. A text that is late says so:
// "(delayed, from 2018-11-01 01:00:00)".
//
// State    In the store only; a crash between an attempt and its mark repeats the attempt with the same key.
// Threads  StepTarget: one thread a target. The rest: any.
class Outbox {
 public:
  struct Environment {
    TargetEnvironment targets;
    Log& log;
    MetricsRegistry& metrics;
  };

  // References are borrowed. Errors: those of MakeTarget; kInvalidArgument: a target's name is empty or used twice.
  static Result<std::unique_ptr<Outbox>> Open(const std::vector<TargetConfig>& targets, AlarmStore& store, Rng rng,
                                              const Environment& environment);

  std::vector<std::string> TargetNames() const;
  // Makes every attempt that is due, target after target. Gives the time at which to call again, nothing when the
  // outbox is empty. Errors: those of AlarmStore. Blocks as long as the targets do.
  Result<std::optional<Timestamp>> Step();
  // The same for one target; `stop` ends it between two attempts.
  Result<std::optional<Timestamp>> StepTarget(const std::string& name, const std::atomic<bool>& stop);
  // The target of this name when it is a history, else null. Borrowed from the outbox.
  HistoryTarget* History(const std::string& name);

 private:
  struct Lane {
    TargetConfig config;
    std::unique_ptr<Target> target;
    HistoryTarget* history = nullptr;
    Rng rng;
    std::optional<Timestamp> paused_until;  // The target could not be reached.
    Counter* sent = nullptr;
    Counter* failed = nullptr;
    Counter* dead = nullptr;
  };

  Outbox(AlarmStore& store, const Environment& environment)
      : store_(store), clock_(environment.targets.clock), log_(environment.log) {}

  Status AttemptOne(Lane& lane, const Delivery& delivery);
  Status AfterFailure(Lane& lane, const Delivery& delivery, const Attempt& attempt);
  std::chrono::milliseconds Backoff(Lane& lane, uint32_t attempts) const;

  AlarmStore& store_;
  const Clock& clock_;
  Log& log_;
  std::map<std::string, Lane> lanes_;
};

// Runs an outbox: a thread a target, so that one that hangs holds back no other. Stops when destroyed, after the
// attempts that are under way.
class OutboxWorkers {
 public:
  OutboxWorkers(Outbox& outbox, const Clock& clock, Log& log);
  ~OutboxWorkers();
  OutboxWorkers(const OutboxWorkers&) = delete;
  OutboxWorkers& operator=(const OutboxWorkers&) = delete;

  // There is something new in the store. Threads: any.
  void Wake();

 private:
  void Run(const std::string& target);

  Outbox& outbox_;
  const Clock& clock_;
  Log& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t wakes_ = 0;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace tailrace::alarm
