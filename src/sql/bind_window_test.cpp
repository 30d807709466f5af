#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Windows of OVER: names, frames, functions. Spec sections 4.9 and 6.7.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The frame of COUNT(*) OVER (`spec`).
WindowFrame FrameOf(std::string_view spec) {
  const PlanPtr plan = QueryPlan(StrCat("SELECT STREAM COUNT(*) OVER (", spec, ") FROM SOURCE_SQL_STREAM_001"));
  return FindNode<WindowAggregate>(*plan)->windows.at(0);
}

std::vector<std::string> ErrorsOf(std::string_view spec) {
  return Errors(StrCat("SELECT STREAM COUNT(*) OVER (", spec, ") FROM SOURCE_SQL_STREAM_001"));
}

TEST(BindWindowTest, FramesThatEndAtTheCurrentRow) {
  EXPECT_EQ(FrameOf("RANGE INTERVAL '15' SECOND PRECEDING").preceding, 15'000);
  EXPECT_EQ(FrameOf("RANGE INTERVAL '15' SECOND PRECEDING").unit, ast::FrameUnit::kRange);
  EXPECT_EQ(FrameOf("RANGE INTERVAL '59:59.999' MINUTE TO SECOND(3) PRECEDING").preceding, 3'599'999);
  EXPECT_EQ(FrameOf("ROWS 2 PRECEDING").preceding, 2);
  EXPECT_EQ(FrameOf("ROWS 2 PRECEDING").unit, ast::FrameUnit::kRows);
  EXPECT_EQ(FrameOf("ROWS BETWEEN 4 PRECEDING AND 0 PRECEDING").preceding, 4);
  EXPECT_EQ(FrameOf("RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW").preceding, 3'600'000);
  EXPECT_EQ(FrameOf("ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW").preceding, std::nullopt);
  EXPECT_EQ(FrameOf("ROWS CURRENT ROW").preceding, 0);
  EXPECT_EQ(FrameOf("PARTITION BY ticker_symbol, sector ROWS 9 PRECEDING").partition_by.size(), 2u);
  EXPECT_EQ(FrameOf("ORDER BY ROWTIME RANGE INTERVAL '1' MINUTE PRECEDING").preceding, 60'000);
}

TEST(BindWindowTest, FramesThatAreNotAllowed) {
  EXPECT_THAT(ErrorsOf("ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING"),
              ElementsAre(HasSubstr("the window must contain the current row")));
  EXPECT_THAT(ErrorsOf("ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING"), ElementsAre(HasSubstr("FOLLOWING is not allowed")));
  EXPECT_THAT(ErrorsOf("ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING"),
              ElementsAre(HasSubstr("FOLLOWING is not allowed")));
  EXPECT_THAT(ErrorsOf("ORDER BY price ROWS 2 PRECEDING"), ElementsAre(HasSubstr("ORDER BY is not allowed")));
  EXPECT_THAT(ErrorsOf("PARTITION BY sector"), ElementsAre(HasSubstr("the window has no RANGE and no ROWS")));
  EXPECT_THAT(ErrorsOf("RANGE 5 PRECEDING"), ElementsAre(HasSubstr("RANGE takes an interval")));
  EXPECT_THAT(ErrorsOf("ROWS INTERVAL '5' SECOND PRECEDING"), ElementsAre(HasSubstr("ROWS takes a whole number")));
  EXPECT_THAT(ErrorsOf("ROWS -1 PRECEDING"), ElementsAre(HasSubstr("ROWS takes a whole number")));
  EXPECT_THAT(ErrorsOf("RANGE INTERVAL '1' MONTH PRECEDING"), ElementsAre(HasSubstr("months differ in length")));
  EXPECT_THAT(ErrorsOf("ROWS quantity PRECEDING"),
              ElementsAre(HasSubstr("no columns may stand in the size of a window")));
}

TEST(BindWindowTest, NamedWindowsAreSharedByTheirCalls) {
  const PlanPtr plan = QueryPlan(R"(SELECT STREAM MIN(price) OVER w1, MAX(price) OVER w1, COUNT(*) OVER w2
      FROM SOURCE_SQL_STREAM_001 WINDOW w1 AS (RANGE INTERVAL '1' DAY PRECEDING), w2 AS (ROWS 3 PRECEDING))");
  const auto* window = FindNode<WindowAggregate>(*plan);
  EXPECT_EQ(window->windows.size(), 2u);
  ASSERT_EQ(window->calls.size(), 3u);
  EXPECT_EQ(window->calls[1].window, 0);
  EXPECT_EQ(window->calls[2].window, 1);
}

TEST(BindWindowTest, AnUnknownWindowIsRepairedByTheOnlyOneThereIs) {
  const std::string text = R"(SELECT STREAM COUNT(*) OVER FIFTEEN_SECOND_SLIDING_WINDOW FROM SOURCE_SQL_STREAM_001
      WINDOW TEN_SECOND_SLIDING_WINDOW AS (RANGE INTERVAL '15' SECOND PRECEDING))";
  EXPECT_THAT(Errors(text), ElementsAre("1:29 window FIFTEEN_SECOND_SLIDING_WINDOW not defined; "
                                        "did you mean TEN_SECOND_SLIDING_WINDOW?"));
  const std::string repaired = ApplyFixes(text, CompileForTest(text).diagnostics);
  EXPECT_THAT(repaired, HasSubstr("OVER TEN_SECOND_SLIDING_WINDOW FROM"));
  EXPECT_THAT(Errors(repaired), IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM COUNT(*) OVER w FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("window W not defined; add WINDOW W AS (...)")));
}

TEST(BindWindowTest, AWrongWindowIsReportedOnceHoweverOftenItIsUsed) {
  EXPECT_THAT(Errors(R"(SELECT STREAM MIN(price) OVER w, MAX(price) OVER w FROM SOURCE_SQL_STREAM_001
                        WINDOW w AS (PARTITION BY nope ROWS 3 PRECEDING))"),
              ElementsAre(HasSubstr("column NOPE not found")));
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WINDOW w AS (PARTITION BY sector)"),
              ElementsAre(HasSubstr("the window has no RANGE and no ROWS")));
}

TEST(BindWindowTest, AnalyticFunctions) {
  const std::string over = " OVER (PARTITION BY sector RANGE INTERVAL '1' MINUTE PRECEDING)";
  const auto call = [&](std::string_view text) {
    const PlanPtr plan = QueryPlan(StrCat("SELECT STREAM ", text, over, " FROM SOURCE_SQL_STREAM_001"));
    return FindNode<WindowAggregate>(*plan)->calls.at(0);
  };
  const AggregateCall lag = call("LAG(price, 1, 0) IGNORE NULLS");
  EXPECT_EQ(lag.kind, AggregateKind::kLag);
  EXPECT_TRUE(lag.ignore_nulls);
  ASSERT_EQ(lag.args.size(), 3u);
  EXPECT_EQ(lag.args[2]->type.ToString(), "REAL");
  EXPECT_EQ(call("LAG(EVENT_TIME)").args.size(), 1u);
  EXPECT_TRUE(call("NTH_VALUE(price, 2) FROM LAST").from_last);
  EXPECT_EQ(call("EXP_AVG(price, INTERVAL '10' SECOND)").result.ToString(), "DOUBLE");
  EXPECT_EQ(call("COUNT(DISTINCT price)").distinct, true);
  const auto errors = [&](std::string_view text) {
    return Errors(StrCat("SELECT STREAM ", text, over, " FROM SOURCE_SQL_STREAM_001"));
  };
  EXPECT_THAT(errors("NTH_VALUE(price, 0)"), ElementsAre(HasSubstr("is 1 or more")));
  EXPECT_THAT(errors("EXP_AVG(price, 10)"), ElementsAre(HasSubstr("the half-life of EXP_AVG is an interval")));
  EXPECT_THAT(errors("LAG(price, 1, 'x')"), ElementsAre(HasSubstr("the default of LAG")));
  EXPECT_THAT(errors("UPPER(sector)"), ElementsAre(HasSubstr("UPPER is no aggregate")));
}

TEST(BindWindowTest, CallsStandInsideLargerExpressionsButNotInWhere) {
  EXPECT_THAT(Errors(R"(SELECT STREAM "deviceId" || '_' || CAST(MAX(total) OVER w AS VARCHAR(128)),
                        TSDIFF(EVENT_TIME, LAG(EVENT_TIME, 1) OVER w) / 1000 FROM SOURCE_SQL_STREAM_001
                        WINDOW w AS (PARTITION BY "deviceId" RANGE INTERVAL '1' HOUR PRECEDING))"),
              IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WHERE COUNT(*) OVER (ROWS 3 PRECEDING) > 2"),
              ElementsAre(HasSubstr("COUNT OVER may not stand in WHERE")));
  EXPECT_THAT(Errors(R"(SELECT STREAM SUM(COUNT(*) OVER (ROWS 3 PRECEDING)) OVER (ROWS 3 PRECEDING)
                        FROM SOURCE_SQL_STREAM_001)"),
              ElementsAre(HasSubstr("COUNT inside SUM")));
}

}  // namespace
}  // namespace tailrace::sql
