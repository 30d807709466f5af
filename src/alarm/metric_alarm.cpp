#include "alarm/metric_alarm.h"

#include <algorithm>

#include "alarm/alarm_sink.h"
#include "base/check.h"
#include "base/str.h"

namespace tailrace::alarm {
namespace {

constexpr uint32_t kRangeSlack = 2;  // Periods beyond N that are looked at, as in the documented tables (N 3, range 5).
constexpr size_t kOpenPeriodsMax = 1'000;
constexpr std::chrono::seconds kSpanMax{86'400};

Timestamp PeriodStart(Timestamp time, std::chrono::seconds period) {
  const int64_t length = std::chrono::milliseconds(period).count();
  const int64_t ms = ToUnixMs(time);
  const int64_t remainder = ((ms % length) + length) % length;
  return FromUnixMs(ms - remainder);
}

std::string_view ComparisonText(Comparison comparison) {
  switch (comparison) {
    case Comparison::kGreater:
      return "greater than";
    case Comparison::kGreaterOrEqual:
      return "greater than or equal to";
    case Comparison::kLess:
      return "less than";
    case Comparison::kLessOrEqual:
      return "less than or equal to";
  }
  return "";
}

}  // namespace

std::string_view MetricStateName(MetricState state) {
  switch (state) {
    case MetricState::kInsufficientData:
      return "INSUFFICIENT_DATA";
    case MetricState::kOk:
      return "OK";
    case MetricState::kAlarm:
      return "ALARM";
  }
  return "";
}

Status CheckMetricAlarmRule(const MetricAlarmRule& rule) {
  if (rule.period.count() <= 0) return Error{ErrorCode::kInvalidArgument, "metric alarm: period must be at least 1 s"};
  if (rule.datapoints_to_alarm < 1 || rule.datapoints_to_alarm > rule.evaluation_periods) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("metric alarm: datapoints_to_alarm out of range: ", rule.datapoints_to_alarm, ", allowed 1 to ",
                        rule.evaluation_periods)};
  }
  if (rule.evaluation_periods > kSpanMax / rule.period) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("metric alarm: evaluation_periods x period is too long: ", rule.evaluation_periods, " x ",
                        rule.period.count(), " s, max ", kSpanMax.count(), " s")};
  }
  return Ok();
}

MetricAlarm::MetricAlarm(MetricAlarmRule rule, Timestamp begin)
    : rule_(rule), open_start_(PeriodStart(begin, rule.period)) {
  TAILRACE_CHECK(CheckMetricAlarmRule(rule).ok());
}

void MetricAlarm::AddSample(Timestamp time, double value) {
  const Timestamp start = PeriodStart(time, rule_.period);
  const bool new_period = !open_.contains(start);
  if (start < open_start_ || (new_period && open_.size() >= kOpenPeriodsMax)) {
    ++late_samples_;
    return;
  }
  Samples& samples = open_[start];
  samples.min = samples.count == 0 ? value : std::min(samples.min, value);
  samples.max = samples.count == 0 ? value : std::max(samples.max, value);
  samples.sum += value;
  ++samples.count;
}

std::optional<double> MetricAlarm::DatapointOf(const Samples& samples) const {
  if (samples.count == 0) return std::nullopt;
  switch (rule_.statistic) {
    case Statistic::kAverage:
      return samples.sum / static_cast<double>(samples.count);
    case Statistic::kSum:
      return samples.sum;
    case Statistic::kMinimum:
      return samples.min;
    case Statistic::kMaximum:
      return samples.max;
    case Statistic::kSampleCount:
      return static_cast<double>(samples.count);
  }
  return std::nullopt;
}

bool MetricAlarm::Breaches(double datapoint) const {
  switch (rule_.comparison) {
    case Comparison::kGreater:
      return datapoint > rule_.threshold;
    case Comparison::kGreaterOrEqual:
      return datapoint >= rule_.threshold;
    case Comparison::kLess:
      return datapoint < rule_.threshold;
    case Comparison::kLessOrEqual:
      return datapoint <= rule_.threshold;
  }
  return false;
}

void MetricAlarm::AdvanceTo(Timestamp time, std::vector<MetricTransition>& transitions) {
  const size_t range_max = rule_.evaluation_periods + kRangeSlack;
  while (open_start_ + rule_.period <= time) {
    // After a whole range without samples every further empty period decides the same: go to the next that matters.
    const bool empty = open_.empty() && range_.size() == range_max &&
                       std::ranges::none_of(range_, [](const auto& datapoint) { return datapoint.has_value(); });
    if (empty) {
      open_start_ = PeriodStart(time, rule_.period);
      return;
    }
    const auto samples = open_.extract(open_start_);
    range_.push_back(samples.empty() ? std::nullopt : DatapointOf(samples.mapped()));
    if (range_.size() > range_max) range_.pop_front();
    open_start_ += rule_.period;
    Evaluate(open_start_, transitions);
  }
}

void MetricAlarm::Evaluate(Timestamp end, std::vector<MetricTransition>& transitions) {
  const std::optional<MetricState> decided = Decide();
  if (!decided.has_value() || *decided == state_) return;
  transitions.push_back({.from = state_, .to = *decided, .time = end, .reason = Reason(*decided)});
  state_ = *decided;
}

// Nothing: the state stays.
std::optional<MetricState> MetricAlarm::Decide() const {
  uint32_t considered = 0;
  uint32_t breaching = 0;
  for (auto datapoint = range_.rbegin(); datapoint != range_.rend(); ++datapoint) {
    if (considered == rule_.evaluation_periods) break;
    if (!datapoint->has_value()) continue;
    ++considered;
    if (Breaches(**datapoint)) ++breaching;
  }
  if (considered == rule_.evaluation_periods) {
    return breaching >= rule_.datapoints_to_alarm ? MetricState::kAlarm : MetricState::kOk;
  }
  const uint32_t fills = rule_.evaluation_periods - considered;
  switch (rule_.missing) {
    case MissingData::kBreaching:
      return breaching + fills >= rule_.datapoints_to_alarm ? MetricState::kAlarm : MetricState::kOk;
    case MissingData::kNotBreaching:
      return breaching >= rule_.datapoints_to_alarm ? MetricState::kAlarm : MetricState::kOk;
    case MissingData::kIgnore:
      // Enough of one kind decides without the missing ones.
      if (breaching >= rule_.datapoints_to_alarm) return MetricState::kAlarm;
      if (breaching + fills < rule_.datapoints_to_alarm) return MetricState::kOk;
      return std::nullopt;
    case MissingData::kMissing:
      if (considered == 0) return MetricState::kInsufficientData;
      return breaching >= rule_.datapoints_to_alarm || AlarmsEarly() ? MetricState::kAlarm : MetricState::kOk;
  }
  return std::nullopt;
}

// With few points: every one breaches, and the oldest of them is at least M periods old.
bool MetricAlarm::AlarmsEarly() const {
  const auto exists = [](const std::optional<double>& datapoint) { return datapoint.has_value(); };
  const auto oldest = std::ranges::find_if(range_, exists);
  const auto age = static_cast<uint64_t>(range_.end() - oldest);
  return age >= rule_.datapoints_to_alarm &&
         std::all_of(oldest, range_.end(), [&](const auto& point) { return !point.has_value() || Breaches(*point); });
}

std::string MetricAlarm::Reason(MetricState state) const {
  if (state == MetricState::kInsufficientData) {
    return StrCat("Insufficient Data: ", rule_.evaluation_periods, " datapoints were missing.");
  }
  uint32_t breaching = 0;
  uint32_t considered = 0;
  std::string values;
  for (auto datapoint = range_.rbegin(); datapoint != range_.rend() && considered < rule_.evaluation_periods;
       ++datapoint) {
    if (!datapoint->has_value()) continue;
    ++considered;
    if (Breaches(**datapoint) == (state == MetricState::kAlarm)) ++breaching;
    values += StrCat(values.empty() ? "" : ", ", NumberText(**datapoint));
  }
  return StrCat("Threshold Crossed: ", breaching, " out of the last ", rule_.evaluation_periods, " datapoints [",
                values, "] ", state == MetricState::kAlarm ? "was " : "was not ", ComparisonText(rule_.comparison),
                " the threshold (", NumberText(rule_.threshold), ") (minimum ", rule_.datapoints_to_alarm, " datapoint",
                rule_.datapoints_to_alarm == 1 ? "" : "s", " for ALARM).");
}

std::optional<uint32_t> NextSize(const ScaleRule& rule, uint32_t size, std::optional<Timestamp> last_change,
                                 Timestamp now) {
  if (last_change.has_value() && now - *last_change < rule.cooldown) return std::nullopt;
  const int64_t wanted = std::clamp<int64_t>(int64_t{size} + rule.delta, rule.size_min, rule.size_max);
  if (wanted == int64_t{size}) return std::nullopt;
  return static_cast<uint32_t>(wanted);
}

}  // namespace tailrace::alarm
