#include "engine/window_tracker.h"

#include <gtest/gtest.h>

#include <memory>
#include <tuple>
#include <vector>

#include "engine/operators/tumbling_aggregate.h"

namespace tailrace::engine {
namespace {

using sql::BoundExpr;
using sql::BoundExprPtr;
using sql::WindowEnd;
using Kind = sql::WindowEnd::Kind;

constexpr int64_t kDay = 86'400'000;

class NoErrors final : public ErrorReporter {
 public:
  void Report(const data::Schema&, const data::Batch&, size_t, std::string_view, std::string_view message) override {
    ADD_FAILURE() << message;
  }
  void CountCuts(std::string_view, uint64_t) override {}
};

BoundExprPtr Rowtime() {
  return std::make_shared<BoundExpr>(
      BoundExpr{.node = sql::BoundRowtime(), .type = data::Type::Timestamp(), .nullable = false});
}
BoundExprPtr DateOfRowtime() {
  return std::make_shared<BoundExpr>(
      BoundExpr{.node = sql::BoundCast{.operand = Rowtime(), .implicit = false}, .type = data::Type::Date()});
}
BoundExprPtr Column(int index) {
  return std::make_shared<BoundExpr>(BoundExpr{.node = sql::BoundColumn{index}, .type = data::Type::Bigint()});
}

data::Batch Rows(const std::vector<int64_t>& rowtimes, const std::vector<int64_t>& values) {
  auto times = std::make_shared<data::Column>(data::Type::Timestamp());
  auto column = std::make_shared<data::Column>(data::Type::Bigint());
  for (const int64_t time : rowtimes) times->AppendInt64(time);
  for (const int64_t value : values) column->AppendInt64(value);
  return {.rowtimes = std::move(times), .columns = {std::move(column)}};
}

struct Setting {
  NoErrors errors;
  OperatorContext context{.eval = {}, .errors = errors};
  data::Schema schema{{{.name = "V", .type = data::Type::Bigint()}}};
  RowEvaluator evaluator{schema, context};
};

int64_t EndOf(const WindowEnd& end, const BoundExprPtr& key, int64_t rowtime) {
  Setting setting;
  return WindowTracker(end, key, setting.context).EndOf(rowtime);
}

TEST(WindowTrackerTest, StepsAreAlignedAtTheirOriginBeforeAndAfter1970) {
  const WindowEnd ten{.kind = Kind::kFixedStep, .step_ms = 10};
  EXPECT_EQ(EndOf(ten, Rowtime(), 0), 10);
  EXPECT_EQ(EndOf(ten, Rowtime(), 9), 10);
  EXPECT_EQ(EndOf(ten, Rowtime(), 10), 20);
  EXPECT_EQ(EndOf(ten, Rowtime(), -1), 0);
  EXPECT_EQ(EndOf(ten, Rowtime(), -10), 0);
  EXPECT_EQ(EndOf(ten, Rowtime(), -11), -10);
  const WindowEnd ceiling{.kind = Kind::kFixedStep, .step_ms = 10, .origin_ms = 1};  // CEIL: 1 to 10 are one window.
  EXPECT_EQ(EndOf(ceiling, Rowtime(), 1), 11);
  EXPECT_EQ(EndOf(ceiling, Rowtime(), 10), 11);
  EXPECT_EQ(EndOf(ceiling, Rowtime(), 11), 21);
}

TEST(WindowTrackerTest, CalendarWindowsEndWithTheMonthOrYear) {
  const WindowEnd month{.kind = Kind::kCalendar, .months = 1};
  EXPECT_EQ(EndOf(month, Rowtime(), 0), 31 * kDay);
  EXPECT_EQ(EndOf(month, Rowtime(), 31 * kDay), (31 + 28) * kDay);
  EXPECT_EQ(EndOf(month, Rowtime(), -1), 0);
  const WindowEnd year{.kind = Kind::kCalendar, .months = 12};
  EXPECT_EQ(EndOf(year, Rowtime(), 0), 365 * kDay);
  EXPECT_EQ(EndOf(year, Rowtime(), -1), 0);
  EXPECT_EQ(EndOf(year, Rowtime(), 2 * 365 * kDay), (3 * 365 + 1) * kDay);  // 1972 is a leap year.
}

TEST(WindowTrackerTest, AnEvaluatedKeyEndsAtTheFirstMillisecondOfAnotherValue) {
  const WindowEnd end{.kind = Kind::kEvaluate};
  EXPECT_EQ(EndOf(end, DateOfRowtime(), 5), kDay);
  EXPECT_EQ(EndOf(end, DateOfRowtime(), kDay - 1), kDay);
  EXPECT_EQ(EndOf(end, DateOfRowtime(), kDay), 2 * kDay);
  const auto constant = std::make_shared<BoundExpr>(
      BoundExpr{.node = sql::BoundLiteral{data::Value(1)}, .type = data::Type::Bigint(), .nullable = false});
  EXPECT_EQ(EndOf(end, constant, 0), kEndOfTime);
}

TEST(WindowTrackerTest, RunsEndWithTheWindowByTimeAndByValue) {
  Setting setting;
  const WindowEnd ten{.kind = Kind::kFixedStep, .step_ms = 10};
  const BoundExprPtr rowtime = Rowtime();
  WindowTracker by_time(ten, rowtime, setting.context);
  const data::Batch rows = Rows({1, 9, 10, 25}, {5, 5, 5, 6});
  ASSERT_FALSE(by_time.by_value());
  ASSERT_TRUE(by_time.Open(rows, nullptr, 0, setting.evaluator));
  EXPECT_EQ(by_time.TakeRun(rows, nullptr, 0), 2);
  EXPECT_EQ(by_time.EndBefore(rows, nullptr, 2), 10);
  EXPECT_EQ(by_time.EndBy(9), std::nullopt);
  EXPECT_EQ(by_time.EndBy(10), 10);
  EXPECT_EQ(by_time.Deadline(), 10);
  EXPECT_EQ(by_time.EndsFrom(3), 10);

  const WindowEnd asserted{.kind = Kind::kAsserted};
  const BoundExprPtr key = Column(0);
  WindowTracker by_value(asserted, key, setting.context);
  ASSERT_TRUE(by_value.by_value());
  const data::Column& keys = *rows.columns[0];
  ASSERT_TRUE(by_value.Open(rows, &keys, 0, setting.evaluator));
  EXPECT_EQ(by_value.TakeRun(rows, &keys, 0), 3);
  EXPECT_EQ(by_value.EndBefore(rows, &keys, 3), 25);  // ROWTIME of the row with the other value.
  EXPECT_EQ(by_value.EndBy(1'000'000), std::nullopt);
  EXPECT_EQ(by_value.EndBy(kEndOfTime), 10);  // ROWTIME of its last row.
  EXPECT_EQ(by_value.Deadline(), std::nullopt);
}

class Collector final : public Emitter {
 public:
  Status Emit(const data::Batch& batch) override {
    for (size_t row = 0; row < batch.rows(); ++row) {
      rows.emplace_back(batch.rowtimes->int64s()[row], batch.columns[0]->int64s()[row],
                        batch.columns[1]->int64s()[row]);
    }
    return Ok();
  }
  Status EmitBound(int64_t unix_ms) override {
    bound = unix_ms;
    return Ok();
  }
  std::vector<std::tuple<int64_t, int64_t, int64_t>> rows;  // ROWTIME, key, count.
  int64_t bound = 0;
};

TEST(TumblingAggregateTest, EmptyWindowsComeOutOnceThereWasARow) {
  Setting setting;
  sql::TumblingAggregate plan{.input = nullptr,
                              .keys = {Rowtime()},
                              .window_key = 0,
                              .window_end = {.kind = Kind::kFixedStep, .step_ms = 10},
                              .aggregates = {{.kind = sql::AggregateKind::kCountStar, .result = data::Type::Bigint()}},
                              .emit_empty = true};
  const data::Schema output{
      {{.name = "W", .type = data::Type::Timestamp()}, {.name = "N", .type = data::Type::Bigint()}}};
  auto made = TumblingAggregate::Make(plan, setting.schema, output, setting.context);
  ASSERT_TRUE(made.ok());
  Operator& tumbling = *made.value();
  Collector out;
  ASSERT_TRUE(tumbling.OnBound(0, 95, out).ok());
  EXPECT_TRUE(out.rows.empty());
  ASSERT_TRUE(tumbling.OnBatch(0, Rows({101, 102, 131}, {1, 1, 1}), out).ok());
  using Row = std::tuple<int64_t, int64_t, int64_t>;
  EXPECT_EQ(out.rows, (std::vector<Row>{{110, 101, 2}, {120, 119, 0}, {130, 129, 0}}));
  out.rows.clear();
  ASSERT_TRUE(tumbling.OnBound(0, 150, out).ok());
  EXPECT_EQ(out.rows, (std::vector<Row>{{140, 131, 1}, {150, 149, 0}}));
  EXPECT_EQ(out.bound, 160);
  EXPECT_EQ(tumbling.NextDeadline(), 160);
}

}  // namespace
}  // namespace tailrace::engine
