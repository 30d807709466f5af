#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tailrace::alarm {

enum class Statistic : uint8_t { kAverage, kSum, kMinimum, kMaximum, kSampleCount };
enum class Comparison : uint8_t { kGreater, kGreaterOrEqual, kLess, kLessOrEqual };

// What a period without samples counts as.
enum class MissingData : uint8_t {
  kMissing,       // As nothing; all periods missing: insufficient data.
  kIgnore,        // The state stays.
  kBreaching,     // As a breach.
  kNotBreaching,  // As no breach.
};

enum class MetricState : uint8_t { kInsufficientData, kOk, kAlarm };
std::string_view MetricStateName(MetricState state);  // "INSUFFICIENT_DATA", "OK", "ALARM"

struct MetricAlarmRule {
  Statistic statistic = Statistic::kAverage;
  Comparison comparison = Comparison::kGreater;
  double threshold = 0;
  std::chrono::seconds period{60};
  uint32_t evaluation_periods = 1;   // N
  uint32_t datapoints_to_alarm = 1;  // M of them.
  MissingData missing = MissingData::kMissing;
};

// Errors  kInvalidArgument: M is not in 1..N, N x period is over a day, or the period is no whole seconds above 0.
Status CheckMetricAlarmRule(const MetricAlarmRule& rule);

struct MetricTransition {
  MetricState from = MetricState::kInsufficientData;
  MetricState to = MetricState::kInsufficientData;
  Timestamp time{};    // The end of the period that decided.
  std::string reason;  // For people.
};

// A threshold over a metric: at the end of each period the last periods' datapoints decide the state.
//
// A datapoint is the statistic over the samples of [start, start + period), periods counted from 1970-01-01. The newest
// N existing datapoints of the last N + 2 periods are considered; when there are fewer, missing ones are added as
// `missing` says. ALARM when at least M of them breach. Comparison is strict where its name is.
//
// Time     Of the samples and of AdvanceTo. A sample for a period that has been decided is ignored, and counted.
// State    Sums of the open periods and N + 2 datapoints.
// Threads  One owner.
// Source   Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
class MetricAlarm {
 public:
  // The rule has passed CheckMetricAlarmRule. `begin`: the first period that counts is the one that holds it.
  MetricAlarm(MetricAlarmRule rule, Timestamp begin);

  void AddSample(Timestamp time, double value);
  // Decides every period that has ended by `time`. Appends changes of the state.
  void AdvanceTo(Timestamp time, std::vector<MetricTransition>& transitions);

  MetricState state() const { return state_; }
  uint64_t late_samples() const { return late_samples_; }
  Timestamp NextEvaluation() const { return open_start_ + rule_.period; }

 private:
  struct Samples {
    double sum = 0;
    double min = 0;
    double max = 0;
    uint64_t count = 0;
  };

  std::optional<double> DatapointOf(const Samples& samples) const;
  bool Breaches(double datapoint) const;
  void Evaluate(Timestamp end, std::vector<MetricTransition>& transitions);
  std::optional<MetricState> Decide() const;
  bool AlarmsEarly() const;
  std::string Reason(MetricState state) const;

  const MetricAlarmRule rule_;
  Timestamp open_start_;                     // Start of the first period that is not decided.
  std::map<Timestamp, Samples> open_;        // By start; limited by kOpenPeriodsMax.
  std::deque<std::optional<double>> range_;  // Datapoints of the evaluation range, oldest first.
  MetricState state_ = MetricState::kInsufficientData;
  uint64_t late_samples_ = 0;
};

// An action that moves a size up or down, not more often than its cooldown.
struct ScaleRule {
  int32_t delta = 0;
  uint32_t size_min = 1;
  uint32_t size_max = 1;
  std::chrono::seconds cooldown{300};
};

// The size to take now, nothing when there is none to take: within the cooldown of `last_change`, or at the limit.
std::optional<uint32_t> NextSize(const ScaleRule& rule, uint32_t size, std::optional<Timestamp> last_change,
                                 Timestamp now);

}  // namespace tailrace::alarm
