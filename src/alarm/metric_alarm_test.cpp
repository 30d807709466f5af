#include "alarm/metric_alarm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"

// The tables are those of the contracts' section 6.2; the latencies those of the scaling and dashboard use cases.

namespace tailrace::alarm {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Timestamp kBegin = FromUnixMs(1'541'034'000'000);  // On a minute.

MetricState StateOf(MetricAlarm& alarm, Timestamp time) {
  std::vector<MetricTransition> transitions;
  alarm.AdvanceTo(time, transitions);
  return alarm.state();
}

// Feeds "0" (fine), "X" (breach) and "-" (missing), one a period, then gives the state.
std::string After(std::string_view data, uint32_t m, MissingData missing, MetricState before) {
  MetricAlarm alarm({.threshold = 1, .evaluation_periods = 3, .datapoints_to_alarm = m, .missing = missing}, kBegin);
  // Brings it into the state before: five periods of one kind, or none at all.
  Timestamp time = kBegin;
  for (int i = 0; i < 5; ++i, time += minutes(1)) {
    if (before == MetricState::kOk) alarm.AddSample(time, 0);
    if (before == MetricState::kAlarm) alarm.AddSample(time, 5);
  }
  if (StateOf(alarm, time) != before) return "wrong start";
  for (const char c : data) {
    if (c == ' ') continue;
    if (c == '0') alarm.AddSample(time, 0);
    if (c == 'X') alarm.AddSample(time, 5);
    time += minutes(1);
    // Only the state at the end counts; on the way it must not move away for `ignore`.
    StateOf(alarm, time);
  }
  return std::string(MetricStateName(alarm.state()));
}

struct TableRow {
  uint32_t m;
  const char* data;
  const char* missing;
  const char* breaching;
  const char* not_breaching;
};

TEST(MetricAlarmTest, FollowsTheTablesOfMissingData) {
  constexpr TableRow kRows[] = {
      {3, "0 - X - X", "OK", "OK", "OK"},
      {3, "0 - - - -", "OK", "OK", "OK"},
      {3, "- - - - -", "INSUFFICIENT_DATA", "ALARM", "OK"},
      {3, "0 X X - X", "ALARM", "ALARM", "ALARM"},
      {3, "- - X - -", "ALARM", "ALARM", "OK"},
      {2, "0 - X - X", "ALARM", "ALARM", "ALARM"},
      {2, "0 0 X 0 X", "ALARM", "ALARM", "ALARM"},
      {2, "0 - X - -", "OK", "ALARM", "OK"},
      {2, "- - - - 0", "OK", "ALARM", "OK"},
      {2, "- - - X -", "ALARM", "ALARM", "OK"},
  };
  for (const TableRow& row : kRows) {
    SCOPED_TRACE(StrCat("M ", row.m, " data ", row.data));
    EXPECT_EQ(After(row.data, row.m, MissingData::kMissing, MetricState::kOk), row.missing);
    EXPECT_EQ(After(row.data, row.m, MissingData::kBreaching, MetricState::kOk), row.breaching);
    EXPECT_EQ(After(row.data, row.m, MissingData::kNotBreaching, MetricState::kOk), row.not_breaching);
  }
}

TEST(MetricAlarmTest, IgnoredPeriodsKeepTheState) {
  for (const MetricState before : {MetricState::kOk, MetricState::kAlarm}) {
    EXPECT_EQ(After("- - - - - - -", 3, MissingData::kIgnore, before), MetricStateName(before));
  }
  EXPECT_EQ(After("0 X X - X", 3, MissingData::kIgnore, MetricState::kOk), "ALARM");
  EXPECT_EQ(After("0 - X - X", 2, MissingData::kIgnore, MetricState::kOk), "ALARM");
  EXPECT_EQ(After("0 - X - X", 3, MissingData::kIgnore, MetricState::kAlarm), "OK");
}

TEST(MetricAlarmTest, ASingleNewBreachDoesNotAlarmEarly) {
  EXPECT_EQ(After("- - - - X", 3, MissingData::kMissing, MetricState::kInsufficientData), "OK");
  EXPECT_EQ(After("- - - X -", 3, MissingData::kMissing, MetricState::kInsufficientData), "OK");
  EXPECT_EQ(After("- - X - -", 3, MissingData::kMissing, MetricState::kInsufficientData), "ALARM");
}

constexpr MetricAlarmRule kScaleOut{.comparison = Comparison::kGreater, .threshold = 1'000};
constexpr MetricAlarmRule kScaleIn{.comparison = Comparison::kLess, .threshold = 500};

TEST(MetricAlarmTest, BetweenTheThresholdsNothingHappens) {
  MetricAlarm out(kScaleOut, kBegin);
  MetricAlarm in(kScaleIn, kBegin);
  std::vector<MetricTransition> transitions;
  for (int second = 0; second < 600; ++second) {
    const Timestamp time = kBegin + seconds(second);
    for (MetricAlarm* const alarm : {&out, &in}) {
      alarm->AddSample(time, second % 2 == 0 ? 600 : 900);
      alarm->AdvanceTo(time, transitions);
    }
  }
  for (const MetricTransition& transition : transitions) EXPECT_EQ(transition.to, MetricState::kOk);
  EXPECT_EQ(transitions.size(), 2U);  // Out of INSUFFICIENT_DATA, once each.
}

TEST(MetricAlarmTest, ThePeriodsAverageDecides) {
  MetricAlarm alarm(kScaleOut, kBegin);
  for (int second = 0; second < 59; ++second) alarm.AddSample(kBegin + seconds(second), 1'010);
  alarm.AddSample(kBegin + seconds(59), 100);  // (59 x 1010 + 100) / 60 = 994.8
  EXPECT_EQ(StateOf(alarm, kBegin + seconds(60)), MetricState::kOk);
}

TEST(MetricAlarmTest, TheThresholdItselfIsNoBreach) {
  for (const auto& [rule, value] : {std::pair(kScaleOut, 1'000.0), std::pair(kScaleIn, 500.0)}) {
    MetricAlarm alarm(rule, kBegin);
    alarm.AddSample(kBegin, value);
    EXPECT_EQ(StateOf(alarm, kBegin + minutes(1)), MetricState::kOk);
  }
  MetricAlarmRule inclusive = kScaleOut;
  inclusive.comparison = Comparison::kGreaterOrEqual;
  MetricAlarm alarm(inclusive, kBegin);
  alarm.AddSample(kBegin, 1'000);
  EXPECT_EQ(StateOf(alarm, kBegin + minutes(1)), MetricState::kAlarm);
}

// Idle for ten minutes: scaling in counts silence as a breach and shrinks to the minimum; scaling out does not fire.
TEST(MetricAlarmTest, AnIdleFleetShrinks) {
  const auto size_after = [](MissingData out_missing, MissingData in_missing, minutes idle) {
    MetricAlarmRule out_rule = kScaleOut;
    MetricAlarmRule in_rule = kScaleIn;
    out_rule.missing = out_missing;
    in_rule.missing = in_missing;
    MetricAlarm out(out_rule, kBegin);
    MetricAlarm in(in_rule, kBegin);
    uint32_t size = 4;
    std::optional<Timestamp> last_change;
    std::vector<MetricTransition> transitions;
    out.AddSample(kBegin, 700);
    in.AddSample(kBegin, 700);
    for (Timestamp time = kBegin + minutes(1); time <= kBegin + idle; time += minutes(1)) {
      out.AdvanceTo(time, transitions);
      in.AdvanceTo(time, transitions);
      EXPECT_NE(out.state(), MetricState::kAlarm);
      if (in.state() != MetricState::kAlarm) continue;
      const auto next = NextSize({.delta = -1, .size_min = 2, .size_max = 6}, size, last_change, time);
      if (!next.has_value()) continue;
      size = *next;
      last_change = time;
    }
    return size;
  };
  EXPECT_EQ(size_after(MissingData::kNotBreaching, MissingData::kBreaching, minutes(7)), 3U);
  EXPECT_EQ(size_after(MissingData::kNotBreaching, MissingData::kBreaching, minutes(30)), 2U);
  EXPECT_EQ(size_after(MissingData::kIgnore, MissingData::kIgnore, minutes(30)), 4U);
}

// 2 servers, 1,500 ms from the start, period 60 s: one more at 60 s, then one every 300 s up to the maximum.
TEST(MetricAlarmTest, ScalesOutOncePerCooldown) {
  MetricAlarm alarm(kScaleOut, kBegin);
  std::vector<MetricTransition> transitions;
  std::vector<int64_t> changes_s;
  uint32_t size = 2;
  std::optional<Timestamp> last_change;
  for (int second = 0; second < 3'600; ++second) {
    const Timestamp time = kBegin + seconds(second);
    alarm.AdvanceTo(time, transitions);
    alarm.AddSample(time, 1'500);
    if (alarm.state() != MetricState::kAlarm) continue;
    const auto next = NextSize({.delta = 1, .size_min = 2, .size_max = 6}, size, last_change, time);
    if (!next.has_value()) continue;
    size = *next;
    last_change = time;
    changes_s.push_back(second);
  }
  EXPECT_THAT(changes_s, testing::ElementsAre(60, 360, 660, 960));
  EXPECT_EQ(size, 6U);
}

// The click anomaly alarm: >= 2, 1 of 1, average, 10 s, missing as missing.
TEST(MetricAlarmTest, OneNotificationForEachChange) {
  MetricAlarm alarm({.comparison = Comparison::kGreaterOrEqual, .threshold = 2, .period = seconds(10)}, kBegin);
  EXPECT_EQ(alarm.state(), MetricState::kInsufficientData);
  std::vector<MetricTransition> transitions;
  std::vector<std::string> states;
  Timestamp time = kBegin;
  for (const double score : {0.9, 1.2, 2.0, 1.1, 1.999}) {
    alarm.AddSample(time, score);
    time += seconds(10);
    alarm.AdvanceTo(time, transitions);
    states.emplace_back(MetricStateName(alarm.state()));
  }
  EXPECT_THAT(states, testing::ElementsAre("OK", "OK", "ALARM", "OK", "OK"));
  ASSERT_EQ(transitions.size(), 3U);
  EXPECT_EQ(transitions[1].time, kBegin + seconds(30));
  EXPECT_EQ(transitions[1].reason,
            "Threshold Crossed: 1 out of the last 1 datapoints [2] was greater than or equal to the threshold (2) "
            "(minimum 1 datapoint for ALARM).");
  EXPECT_EQ(StateOf(alarm, time + minutes(5)), MetricState::kInsufficientData);
}

TEST(MetricAlarmTest, EveryStatistic) {
  const auto alarms = [](Statistic statistic, double threshold) {
    const MetricAlarmRule rule{
        .statistic = statistic, .comparison = Comparison::kGreaterOrEqual, .threshold = threshold};
    MetricAlarm alarm(rule, kBegin);
    for (const double value : {1.0, 2.0, 6.0}) alarm.AddSample(kBegin, value);
    return StateOf(alarm, kBegin + minutes(1)) == MetricState::kAlarm;
  };
  const auto equals = [&](Statistic statistic, double value) {
    return alarms(statistic, value) && !alarms(statistic, value + 0.001);
  };
  EXPECT_TRUE(equals(Statistic::kAverage, 3));
  EXPECT_TRUE(equals(Statistic::kSum, 9));
  EXPECT_TRUE(equals(Statistic::kMinimum, 1));
  EXPECT_TRUE(equals(Statistic::kMaximum, 6));
  EXPECT_TRUE(equals(Statistic::kSampleCount, 3));
}

TEST(MetricAlarmTest, LateSamplesAreCounted) {
  MetricAlarm alarm(kScaleOut, kBegin);
  EXPECT_EQ(StateOf(alarm, kBegin + minutes(1)), MetricState::kInsufficientData);
  alarm.AddSample(kBegin + seconds(59), 9'999);
  EXPECT_EQ(alarm.late_samples(), 1U);
  EXPECT_EQ(StateOf(alarm, kBegin + minutes(2)), MetricState::kInsufficientData);
}

TEST(MetricAlarmTest, RefusesRulesThatCannotBe) {
  EXPECT_FALSE(CheckMetricAlarmRule({.period = seconds(0)}).ok());
  EXPECT_FALSE(CheckMetricAlarmRule({.evaluation_periods = 2, .datapoints_to_alarm = 3}).ok());
  EXPECT_FALSE(CheckMetricAlarmRule({.datapoints_to_alarm = 0}).ok());
  EXPECT_FALSE(CheckMetricAlarmRule({.evaluation_periods = 1'441}).ok());
  EXPECT_TRUE(CheckMetricAlarmRule({.evaluation_periods = 1'440}).ok());
}

}  // namespace
}  // namespace tailrace::alarm
