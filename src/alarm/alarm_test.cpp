#include "alarm/alarm.h"

#include <gtest/gtest.h>

#include <deque>

// Expected numbers: the worked floods of the order-flood use case (10 orders a second for 180 s; bursts of 40 orders).

namespace tailrace::alarm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Alarm::Rules kRules{.min_interval = seconds(60), .resolve_after = seconds(60), .keys_max = 100};

Timestamp At(int64_t ms) { return FromUnixMs(ms); }

// Feeds orders at these times through "30 or more within 15 seconds" and the rows into the alarm.
class Flood {
 public:
  void Order(int64_t ms) {
    window_.push_back(ms);
    while (window_.front() < ms - 15'000) window_.pop_front();
    if (window_.size() < 30) return;
    alarm_.Observe({.time = At(ms), .ordinal = ++rows_, .value = static_cast<double>(window_.size())}, events_);
  }
  void Advance(int64_t ms) { alarm_.AdvanceTo(At(ms), events_); }

  std::vector<AlarmEvent> Of(EventKind kind) const {
    std::vector<AlarmEvent> found;
    for (const AlarmEvent& event : events_) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  uint64_t rows() const { return rows_; }

 private:
  std::deque<int64_t> window_;
  uint64_t rows_ = 0;
  Alarm alarm_{kRules};
  std::vector<AlarmEvent> events_;
};

TEST(AlarmTest, C2_4_C3_2_FloodOfThreeMinutesGivesThreeMessages) {
  Flood flood;
  for (int64_t i = 0; i < 1'800; ++i) flood.Order(i * 100);
  EXPECT_EQ(flood.rows(), 1'771U);
  const auto messages = flood.Of(EventKind::kMessage);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0].time, At(2'900));
  EXPECT_EQ(messages[0].value, 30);
  EXPECT_EQ(messages[0].rows, 0U);
  EXPECT_FALSE(messages[0].since.has_value());
  EXPECT_EQ(messages[1].time, At(62'900));
  EXPECT_EQ(messages[1].rows, 599U);  // 3.0, 3.1, ... 62.8 s
  EXPECT_EQ(messages[1].max, 151);    // 15.000 s and both ends: the inclusive window's peak.
  EXPECT_EQ(messages[1].since, At(2'900));
  EXPECT_EQ(messages[2].time, At(122'900));
  EXPECT_EQ(messages[2].rows, 599U);
  EXPECT_EQ(flood.Of(EventKind::kFired).size(), 1U);

  flood.Advance(179'900 + 59'999);
  EXPECT_TRUE(flood.Of(EventKind::kResolved).empty());
  flood.Advance(179'900 + 60'000);
  const auto resolved = flood.Of(EventKind::kResolved);
  ASSERT_EQ(resolved.size(), 1U);
  EXPECT_EQ(resolved[0].time, At(239'900));
  EXPECT_EQ(resolved[0].rows, 1'771U);
  EXPECT_EQ(resolved[0].max, 151);
  EXPECT_EQ(resolved[0].since, At(2'900));
}

TEST(AlarmTest, ThreeBurstsGiveTwoMessages) {
  Flood flood;
  for (const int64_t start : {0, 50'000, 130'000}) {
    for (int64_t i = 0; i < 40; ++i) flood.Order(start + i * 100);
  }
  EXPECT_EQ(flood.rows(), 33U);
  const auto messages = flood.Of(EventKind::kMessage);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].time, At(2'900));
  EXPECT_EQ(messages[1].time, At(132'900));
  EXPECT_EQ(messages[1].rows, 21U);  // 10 of the first burst, 11 of the second.
  EXPECT_EQ(messages[1].max, 40);
  const auto resolved = flood.Of(EventKind::kResolved);
  ASSERT_EQ(resolved.size(), 1U);
  EXPECT_EQ(resolved[0].time, At(53'900 + 60'000));
  EXPECT_EQ(flood.Of(EventKind::kFired).size(), 2U);
}

TEST(AlarmTest, KeysAreSuppressedApart) {
  Alarm alarm(kRules);
  std::vector<AlarmEvent> events;
  alarm.Observe({.time = At(0), .ordinal = 1, .key = "a", .value = 1}, events);
  alarm.Observe({.time = At(1), .ordinal = 2, .key = "b", .value = 1}, events);
  alarm.Observe({.time = At(2), .ordinal = 3, .key = "a", .value = 5}, events);
  alarm.Observe({.time = At(60'000), .ordinal = 4, .key = "a", .value = 2}, events);
  std::vector<std::string> told;
  for (const AlarmEvent& event : events) {
    if (event.kind == EventKind::kMessage) told.push_back(event.key + ":" + std::to_string(event.rows));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"a:0", "b:0", "a:1"}));
}

TEST(AlarmTest, TheIntervalEndsAtItsEdge) {
  Alarm alarm({.min_interval = milliseconds(100), .resolve_after = milliseconds(1'000), .keys_max = 10});
  std::vector<AlarmEvent> events;
  for (const int64_t ms : {0, 99, 100}) {
    alarm.Observe({.time = At(ms), .ordinal = static_cast<uint64_t>(ms + 1), .value = 1}, events);
  }
  ASSERT_EQ(events.size(), 3U);  // Fired, message, message.
  EXPECT_EQ(events[2].time, At(100));
}

TEST(AlarmTest, RowsWithoutANumberCountToo) {
  Alarm alarm(kRules);
  std::vector<AlarmEvent> events;
  alarm.Observe({.time = At(0), .ordinal = 1}, events);
  alarm.Observe({.time = At(1), .ordinal = 2}, events);
  alarm.Observe({.time = At(2), .ordinal = 3, .value = 7}, events);
  alarm.AdvanceTo(At(60'002), events);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].rows, 3U);
  EXPECT_EQ(events[2].max, 7);
}

TEST(AlarmTest, ForgetsQuietKeysAndBoundsTheRest) {
  Alarm alarm({.min_interval = milliseconds(10), .resolve_after = milliseconds(10), .keys_max = 2});
  std::vector<AlarmEvent> events;
  const auto observe = [&](int64_t ms, std::string key) {
    alarm.Observe({.time = At(ms), .ordinal = 1, .key = std::move(key), .value = 1}, events);
  };
  observe(0, "a");
  observe(1, "b");
  observe(2, "c");  // Both others are firing.
  EXPECT_EQ(alarm.keys().size(), 3U);
  EXPECT_TRUE(alarm.keys().contains("(other)"));
  alarm.TakeChanged();
  alarm.AdvanceTo(At(100), events);
  EXPECT_TRUE(alarm.keys().empty());
  EXPECT_EQ(alarm.TakeChanged(), (std::set<std::string>{"(other)", "a", "b"}));
}

// The same rows give the same events however often time is advanced between them.
TEST(AlarmTest, AdvancingTimeChangesNothing) {
  const auto run = [](bool advance) {
    Alarm alarm({.min_interval = milliseconds(50), .resolve_after = milliseconds(30), .keys_max = 3});
    std::vector<AlarmEvent> events;
    int64_t ms = 0;
    for (uint64_t i = 1; i <= 500; ++i) {
      const int64_t step = static_cast<int64_t>(i * i % 37);
      for (int64_t t = ms; advance && t <= ms + step; ++t) alarm.AdvanceTo(At(t), events);
      ms += step;
      const std::string key(1, static_cast<char>('a' + i % 7));
      alarm.Observe({.time = At(ms), .ordinal = i, .key = key, .value = static_cast<double>(i)}, events);
    }
    std::string text;
    for (const AlarmEvent& event : events) {
      text += event.key + " " + std::to_string(static_cast<int>(event.kind)) + " " +
              std::to_string(ToUnixMs(event.time)) + " " + std::to_string(event.rows) + "\n";
    }
    return text;
  };
  EXPECT_EQ(run(false), run(true));
}

}  // namespace
}  // namespace tailrace::alarm
