#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// GROUP BY, STAGGER, DISTINCT, ORDER BY, and the windows that follow from their keys. Spec sections 4.7, 4.8, 4.10 to
// 4.12.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = WindowEnd::Kind;

// The window of a query grouped by `keys`; the keys are over s, SOURCE_SQL_STREAM_001.
WindowEnd EndOf(std::string_view keys) {
  const PlanPtr plan = QueryPlan(StrCat("SELECT STREAM COUNT(*) FROM SOURCE_SQL_STREAM_001 s GROUP BY ", keys));
  return FindNode<TumblingAggregate>(*plan)->window_end;
}

TEST(BindGroupTest, StepsOfRowtimeEndAtTheNextMultiple) {
  EXPECT_EQ(EndOf("FLOOR(s.ROWTIME TO MINUTE)").kind, Kind::kFixedStep);
  EXPECT_EQ(EndOf("FLOOR(s.ROWTIME TO MINUTE)").step_ms, 60'000);
  EXPECT_EQ(EndOf("ticker_symbol, STEP(ROWTIME BY INTERVAL '10' SECOND)").step_ms, 10'000);
  EXPECT_EQ(EndOf("FLOOR(ROWTIME TO DAY)").step_ms, 86'400'000);
  // Ten minutes after each full hour: (k * 3600 s) + 600 s.
  const WindowEnd shifted = EndOf("STEP(s.ROWTIME - INTERVAL '10' MINUTE BY INTERVAL '1' HOUR)");
  EXPECT_EQ(shifted.kind, Kind::kFixedStep);
  EXPECT_EQ(shifted.step_ms, 3'600'000);
  EXPECT_EQ(shifted.origin_ms, 600'000);
  // CEIL changes 1 ms after each full minute.
  const WindowEnd ceiling = EndOf("CEIL(s.ROWTIME TO MINUTE)");
  EXPECT_EQ(ceiling.kind, Kind::kFixedStep);
  EXPECT_EQ(ceiling.origin_ms, 1);
}

TEST(BindGroupTest, TheIntervalIdiomIsAStep) {
  const std::string_view difference = "(s.ROWTIME - TIMESTAMP '1970-01-01 00:00:00')";
  const WindowEnd ten = EndOf(StrCat("FLOOR(", difference, " SECOND / 10 TO SECOND), ticker_symbol"));
  EXPECT_EQ(ten.kind, Kind::kFixedStep);
  EXPECT_EQ(ten.step_ms, 10'000);
  EXPECT_EQ(ten.origin_ms, 0);
  EXPECT_EQ(EndOf(StrCat("FLOOR(", difference, " MINUTE / 5 TO MINUTE)")).step_ms, 300'000);
  // Counted from three seconds past the epoch.
  const WindowEnd shifted = EndOf("FLOOR((s.ROWTIME - TIMESTAMP '1970-01-01 00:00:03') SECOND / 10 TO SECOND)");
  EXPECT_EQ(shifted.origin_ms, 3'000);
}

TEST(BindGroupTest, OtherFunctionsOfRowtime) {
  EXPECT_EQ(EndOf("ROWTIME").kind, Kind::kEveryRowtime);
  EXPECT_EQ(EndOf("FLOOR(ROWTIME TO MONTH)").kind, Kind::kCalendar);
  EXPECT_EQ(EndOf("FLOOR(ROWTIME TO MONTH)").months, 1);
  EXPECT_EQ(EndOf("STEP(ROWTIME BY INTERVAL '1' YEAR)").months, 12);
  EXPECT_EQ(EndOf("MONOTONIC(UNIX_TIMESTAMP(ROWTIME) / 7000)").kind, Kind::kEvaluate);
  EXPECT_EQ(EndOf("MONOTONIC(FLOOR(EVENT_TIME TO MINUTE))").kind, Kind::kAsserted);
  EXPECT_EQ(EndOf("MONOTONIC(FLOOR(ROWTIME TO MINUTE))").step_ms, 60'000);
}

TEST(BindGroupTest, TheRowtimeKeyIsTheWindowAndEventTimeAnOrdinaryKey) {
  const PlanPtr plan = QueryPlan(R"(SELECT STREAM COUNT(*) FROM SOURCE_SQL_STREAM_001 s
      GROUP BY FLOOR(EVENT_TIME TO MINUTE), ticker_symbol, STEP(s.ROWTIME BY INTERVAL '1' MINUTE))");
  const auto* window = FindNode<TumblingAggregate>(*plan);
  EXPECT_EQ(window->window_key, 2);
  EXPECT_EQ(window->keys.size(), 3u);
}

TEST(BindGroupTest, MonotonicityGoesThroughSubqueries) {
  // The column is the start of a 10 s window, its rows carry the end: a minute of it ends 10 s past the full minute.
  const PlanPtr plan = QueryPlan(R"(SELECT STREAM SUM(n) FROM (
      SELECT STREAM STEP(ROWTIME BY INTERVAL '10' SECOND) AS t, COUNT(*) AS n FROM SOURCE_SQL_STREAM_001
      GROUP BY STEP(ROWTIME BY INTERVAL '10' SECOND)) GROUP BY STEP(t BY INTERVAL '60' SECOND))");
  const auto* outer = FindNode<TumblingAggregate>(*plan);
  EXPECT_EQ(outer->window_end.kind, Kind::kFixedStep);
  EXPECT_EQ(outer->window_end.step_ms, 60'000);
  EXPECT_EQ(outer->window_end.origin_ms, 10'000);

  const PlanPtr distinct = QueryPlan(R"(SELECT STREAM COUNT(item) FROM (
      SELECT STREAM DISTINCT ROWTIME AS window_time, ticker_symbol AS item,
        STEP(s.ROWTIME BY INTERVAL '60' SECOND) AS w FROM SOURCE_SQL_STREAM_001 s) AS d
      GROUP BY w, STEP(d.window_time BY INTERVAL '60' SECOND))");
  EXPECT_EQ(FindNode<TumblingAggregate>(*distinct)->window_end.step_ms, 60'000);
  EXPECT_EQ(FindNode<TumblingAggregate>(*distinct)->window_end.origin_ms, 0);
}

TEST(BindGroupTest, KeysMustHoldSomethingMonotonic) {
  const auto errors = [](std::string_view keys) {
    return Errors(StrCat("SELECT STREAM COUNT(*) FROM SOURCE_SQL_STREAM_001 s GROUP BY ", keys));
  };
  EXPECT_THAT(errors("ticker_symbol"), ElementsAre(HasSubstr("GROUP BY on a stream needs a monotonic expression")));
  EXPECT_THAT(errors("FLOOR(EVENT_TIME TO MINUTE)"), ElementsAre(HasSubstr("needs a monotonic expression")));
  EXPECT_THAT(errors("1"), ElementsAre(HasSubstr("needs a monotonic expression")));
  EXPECT_THAT(errors("CURRENT_TIMESTAMP"), ElementsAre(HasSubstr("CURRENT_TIMESTAMP is fixed")));
  EXPECT_THAT(errors("FLOOR(s.ROWTIME TO HOUR), FLOOR(s.ROWTIME TO MINUTE)"),
              ElementsAre(HasSubstr("GROUP BY has more than one expression on ROWTIME")));
  EXPECT_THAT(errors("FLOOR(s.ROWTIME TO HOUR), FLOOR(ROWTIME TO HOUR)"), IsEmpty());
}

TEST(BindGroupTest, SelectedExpressionsRepeatKeysOrAggregate) {
  const std::string tail = " FROM SOURCE_SQL_STREAM_001 s GROUP BY FLOOR(s.ROWTIME TO HOUR), s.ticker_symbol";
  const auto errors = [&](std::string_view items) { return Errors(StrCat("SELECT STREAM ", items, tail)); };
  EXPECT_THAT(errors("FLOOR(ROWTIME TO HOUR), ticker_symbol, UPPER(s.ticker_symbol), 'x'"), IsEmpty());
  EXPECT_THAT(errors("UNIX_TIMESTAMP(FLOOR(s.ROWTIME TO HOUR)) / 1000, SUM(price * change) / SUM(price)"), IsEmpty());
  EXPECT_THAT(errors("ROWTIME AS window_time, MIN(s.ROWTIME) AS ROWTIME"), IsEmpty());
  EXPECT_THAT(errors("price"), ElementsAre(HasSubstr("column PRICE is neither a key")));
  EXPECT_THAT(errors("s.ROWTIME"), ElementsAre(HasSubstr("S.ROWTIME is neither a key")));
  EXPECT_THAT(errors("FLOOR(s.ROWTIME TO MINUTE)"), ElementsAre(HasSubstr("S.ROWTIME is neither a key")));
  EXPECT_THAT(errors("SUM(COUNT(*))"), ElementsAre(HasSubstr("COUNT inside SUM: aggregates may not be nested")));
  EXPECT_THAT(errors("COUNT(*) OVER (ROWS 3 PRECEDING)"), ElementsAre(HasSubstr("OVER may not stand in")));
  EXPECT_THAT(errors("LAG(price)"), ElementsAre(HasSubstr("LAG needs OVER")));
}

TEST(BindGroupTest, AggregatesHaveTheDocumentedTypes) {
  const auto types = [](std::string_view items) {
    return Types(
        *QueryPlan(StrCat("SELECT STREAM ", items, " FROM SOURCE_SQL_STREAM_001 GROUP BY FLOOR(ROWTIME TO HOUR)")));
  };
  EXPECT_THAT(types("COUNT(*), SUM(price), SUM(ratio), AVG(quantity), AVG(price), AVG(ratio)"),
              ElementsAre("BIGINT", "REAL", "DOUBLE", "INTEGER", "REAL", "DOUBLE"));
  EXPECT_THAT(types("SUM(quantity), SUM(cost), AVG(cost), MIN(sector), MAX(EVENT_TIME)"),
              ElementsAre("BIGINT", "DECIMAL(18,2)", "DECIMAL(10,2)", "VARCHAR(16)", "TIMESTAMP"));
  EXPECT_THAT(types("STDDEV_POP(quantity), VAR_SAMP(price), ANY(flag), EVERY(flag), FIRST_VALUE(sector)"),
              ElementsAre("DOUBLE", "DOUBLE", "BOOLEAN", "BOOLEAN", "VARCHAR(16)"));
  EXPECT_THAT(Errors("SELECT STREAM SUM(sector) FROM SOURCE_SQL_STREAM_001 GROUP BY FLOOR(ROWTIME TO HOUR)"),
              ElementsAre(HasSubstr("SUM does not take VARCHAR(16)")));
}

TEST(BindGroupTest, TheSameAggregateIsComputedOnce) {
  const PlanPtr plan = QueryPlan(R"(SELECT STREAM COUNT(*), COUNT(*) + 1, SUM(s.price), SUM(price)
      FROM SOURCE_SQL_STREAM_001 s GROUP BY FLOOR(ROWTIME TO HOUR) HAVING COUNT(*) > 5 ORDER BY ROWTIME, COUNT(*))");
  EXPECT_EQ(FindNode<TumblingAggregate>(*plan)->aggregates.size(), 2u);
}

TEST(BindGroupTest, HavingTestsKeysAndAggregates) {
  const std::string from = "SELECT STREAM COUNT(*) FROM SOURCE_SQL_STREAM_001 ";
  EXPECT_THAT(Errors(StrCat(from, "GROUP BY FLOOR(ROWTIME TO HOUR), sector HAVING sector <> 'x' AND MAX(price) > 3")),
              IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 HAVING price > 3"),
              ElementsAre(HasSubstr("HAVING needs GROUP BY")));
}

TEST(BindGroupTest, AggregatesOverAStreamNeedAWindow) {
  EXPECT_THAT(Errors("SELECT STREAM COUNT(*) FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("1:15 an aggregate over a stream needs a window")));
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WHERE COUNT(*) > 3"),
              ElementsAre(HasSubstr("COUNT may not stand in WHERE without OVER; HAVING tests groups")));
}

TEST(BindGroupTest, Stagger) {
  const PlanPtr plan = QueryPlan(R"(SELECT STREAM FLOOR(EVENT_TIME TO MINUTE), ticker_symbol, COUNT(ticker_symbol),
      FIRST_VALUE(price), TSDIFF(MAX(EVENT_TIME), MIN(EVENT_TIME)) / 1000 FROM SOURCE_SQL_STREAM_001
      WINDOWED BY STAGGER (PARTITION BY FLOOR(EVENT_TIME TO MINUTE), ticker_symbol RANGE INTERVAL '1' MINUTE))");
  const auto* stagger = FindNode<StaggerAggregate>(*plan);
  ASSERT_NE(stagger, nullptr);
  EXPECT_EQ(stagger->length_ms, 60'000);
  EXPECT_EQ(stagger->keys.size(), 2u);
  EXPECT_EQ(stagger->aggregates.size(), 4u);
}

TEST(BindGroupTest, DistinctNeedsAMonotonicItem) {
  const PlanPtr plan = QueryPlan(R"(SELECT STREAM DISTINCT MONOTONIC(STEP(EVENT_TIME BY INTERVAL '60' SECOND)),
      FLOOR(ROWTIME TO MINUTE), ticker_symbol FROM SOURCE_SQL_STREAM_001)");
  EXPECT_EQ(FindNode<Distinct>(*plan)->monotonic_column, 1);  // Follows ROWTIME; the first is only asserted.
  EXPECT_THAT(Errors("SELECT STREAM DISTINCT ticker_symbol FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("SELECT DISTINCT on a stream needs a monotonic expression")));
}

TEST(BindGroupTest, OrderByBeginsWithTime) {
  const PlanPtr plain =
      QueryPlan("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 s ORDER BY FLOOR(s.ROWTIME TO SECOND), price DESC");
  const auto* sort = FindNode<Sort>(*plain);
  EXPECT_EQ(sort->window_end.kind, Kind::kFixedStep);
  EXPECT_EQ(sort->window_end.step_ms, 1'000);
  ASSERT_EQ(sort->keys.size(), 2u);
  EXPECT_TRUE(sort->keys[1].descending);
  EXPECT_THAT(Names(*plain), ElementsAre("PRICE"));
  // All rows of one window have its end as ROWTIME: they may go as soon as time moves on.
  const PlanPtr grouped = QueryPlan(R"(SELECT STREAM ticker_symbol, COUNT(*) n FROM SOURCE_SQL_STREAM_001 s
      GROUP BY ticker_symbol, STEP(s.ROWTIME BY INTERVAL '10' SECOND)
      ORDER BY STEP(s.ROWTIME BY INTERVAL '10' SECOND), n DESC)");
  EXPECT_EQ(FindNode<Sort>(*grouped)->window_end.kind, Kind::kEveryRowtime);
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 ORDER BY price"),
              ElementsAre(HasSubstr("ORDER BY on a stream must begin with a monotonic expression")));
  EXPECT_THAT(Errors("SELECT STREAM ROWTIME AS t, price FROM SOURCE_SQL_STREAM_001 ORDER BY 1, 2"), IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 ORDER BY 2"),
              ElementsAre(HasSubstr("ORDER BY 2: the select list has 1 column")));
}

TEST(BindGroupTest, SettingRowtimeNeedsATimestamp) {
  const PlanPtr plan = QueryPlan("SELECT STREAM EVENT_TIME AS ROWTIME, price FROM SOURCE_SQL_STREAM_001");
  EXPECT_NE(FindNode<Project>(*plan)->rowtime, nullptr);
  EXPECT_THAT(Names(*plan), ElementsAre("PRICE"));
  EXPECT_THAT(Errors("SELECT STREAM total AS ROWTIME, price FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("AS ROWTIME needs a TIMESTAMP, this is BIGINT")));
}

TEST(BindGroupTest, FiniteQueriesGroupSortAndLimitFreely) {
  const PlanPtr plan = QueryPlan(R"(SELECT sector, COUNT(*) AS n FROM SOURCE_SQL_STREAM_001
      GROUP BY sector ORDER BY n DESC, sector LIMIT 10)");
  ASSERT_NE(FindNode<Limit>(*plan), nullptr);
  EXPECT_EQ(FindNode<Limit>(*plan)->rows, 10u);
  EXPECT_TRUE(FindNode<Sort>(*plan)->finite);
  EXPECT_EQ(FindNode<FiniteAggregate>(*plan)->keys.size(), 1u);
  EXPECT_NE(FindNode<FiniteAggregate>(*QueryPlan("SELECT AVG(price) FROM SOURCE_SQL_STREAM_001")), nullptr);
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 LIMIT 10"),
              ElementsAre(HasSubstr("LIMIT works on finite queries")));
}

}  // namespace
}  // namespace tailrace::sql
