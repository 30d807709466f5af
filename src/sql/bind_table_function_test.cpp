#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Table functions: arguments, defaults, ranges, columns; row-typed results. Spec sections 6.13 to 6.16.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kCursor =
    "CURSOR(SELECT STREAM ticker_symbol, price, cost, quantity FROM "
    "SOURCE_SQL_STREAM_001)";

std::string Call(std::string_view function, std::string_view args) {
  return StrCat("SELECT STREAM * FROM TABLE(", function, "(", kCursor, args, "))");
}

TEST(BindTableFunctionTest, RandomCutForestFillsInItsDefaults) {
  const PlanPtr plan = QueryPlan(Call("RANDOM_CUT_FOREST", ""));
  const auto* forest = FindNode<TableFunction>(*plan);
  EXPECT_THAT(forest->args, ElementsAre(data::Value(100), data::Value(256), data::Value(100'000), data::Value(1)));
  EXPECT_THAT(forest->columns, ElementsAre(1, 3));  // No DECIMAL, no text.
  EXPECT_THAT(Names(*plan), ElementsAre("TICKER_SYMBOL", "PRICE", "COST", "QUANTITY", "ANOMALY_SCORE"));
  const PlanPtr given = QueryPlan(Call("RANDOM_CUT_FOREST", ", 50, 100, 1000, 10"));
  EXPECT_THAT(FindNode<TableFunction>(*given)->args,
              ElementsAre(data::Value(50), data::Value(100), data::Value(1000), data::Value(10)));
}

TEST(BindTableFunctionTest, RangesOfArguments) {
  const auto errors = [](std::string_view function, std::string_view args) { return Errors(Call(function, args)); };
  EXPECT_THAT(errors("RANDOM_CUT_FOREST", ", 1001"),
              ElementsAre(HasSubstr("numberOfTrees of RANDOM_CUT_FOREST is 1001, allowed are 1 to 1000")));
  EXPECT_THAT(errors("RANDOM_CUT_FOREST", ", 100, 9"), ElementsAre(HasSubstr("allowed are 10 to 1000")));
  EXPECT_THAT(errors("RANDOM_CUT_FOREST", ", 100, 256, 256"),
              ElementsAre(HasSubstr("subSampleSize (256) must be less than timeDecay (256)")));
  EXPECT_THAT(errors("RANDOM_CUT_FOREST", ", 100, 256, 100000, 31"), ElementsAre(HasSubstr("allowed are 1 to 30")));
  EXPECT_THAT(errors("RANDOM_CUT_FOREST", ", 'x'"), ElementsAre(HasSubstr("must be a whole number")));
  EXPECT_THAT(errors("RANDOM_CUT_FOREST", ", 1, 256, 1000, 1, 1"), ElementsAre(HasSubstr("takes 4 arguments")));
  EXPECT_THAT(errors("HOTSPOTS", ", 1000, 0.2"), ElementsAre(HasSubstr("needs minimumNumberOfPointsInAHotspot")));
  EXPECT_THAT(errors("HOTSPOTS", ", 100, 0, 20"), ElementsAre(HasSubstr("scanRadius of HOTSPOTS must be more than 0")));
  EXPECT_THAT(errors("HOTSPOTS", ", 100, 0.2, 101"), ElementsAre(HasSubstr("must not be more than windowSize")));
  EXPECT_THAT(errors("COUNT_DISTINCT_ITEMS_TUMBLING", ", 'TICKER_SYMBOL', 3601"),
              ElementsAre(HasSubstr("allowed are 1 to 3600")));
  EXPECT_THAT(errors("TOP_K_ITEMS_TUMBLING", ", 'ticker_symbol', 10, 60"),
              ElementsAre(AllOf(HasSubstr("the cursor has no column \"ticker_symbol\""),
                                HasSubstr("did you mean TICKER_SYMBOL?"))));
}

TEST(BindTableFunctionTest, OutputColumns) {
  EXPECT_THAT(Names(*QueryPlan(Call("RANDOM_CUT_FOREST_WITH_EXPLANATION", ", 100, 256, 100000, 1, TRUE"))),
              ElementsAre("TICKER_SYMBOL", "PRICE", "COST", "QUANTITY", "ANOMALY_SCORE", "ANOMALY_EXPLANATION"));
  EXPECT_THAT(Names(*QueryPlan(Call("HOTSPOTS", ", 1000, 0.2, 17"))),
              ElementsAre("TICKER_SYMBOL", "PRICE", "COST", "QUANTITY", "HOTSPOTS_RESULT"));
  const PlanPtr count = QueryPlan(Call("COUNT_DISTINCT_ITEMS_TUMBLING", ", 'TICKER_SYMBOL', 60"));
  EXPECT_THAT(Names(*count), ElementsAre("NUMBER_OF_DISTINCT_ITEMS"));
  EXPECT_THAT(FindNode<TableFunction>(*count)->columns, ElementsAre(0));
  const PlanPtr top = QueryPlan(Call("TOP_K_ITEMS_TUMBLING", ", 'TICKER_SYMBOL', 10, 60"));
  EXPECT_THAT(Names(*top), ElementsAre("ITEM", "ITEM_COUNT"));
  EXPECT_THAT(Types(*top), ElementsAre("VARCHAR(1024)", "DOUBLE"));
  const PlanPtr rank = QueryPlan(Call("GROUP_RANK", ", 'PRICE', 'groupRank', 'desc', 'ASC', 10, 5"));
  EXPECT_THAT(Names(*rank), ElementsAre("TICKER_SYMBOL", "PRICE", "COST", "QUANTITY", "groupRank"));
  EXPECT_THAT(FindNode<TableFunction>(*rank)->args,
              ElementsAre(data::Value("desc"), data::Value("asc"), data::Value(10), data::Value(5)));
}

TEST(BindTableFunctionTest, ResultsAreFilteredAndConverted) {
  EXPECT_THAT(Errors(R"(CREATE STREAM t (ITEM VARCHAR(4), n BIGINT);
      CREATE PUMP p AS INSERT INTO t SELECT STREAM * FROM TABLE(TOP_K_ITEMS_TUMBLING(CURSOR(
        SELECT STREAM * FROM "SOURCE_SQL_STREAM_001"), 'TICKER_SYMBOL', 10, 60));
      CREATE STREAM u (a REAL, s DOUBLE);
      CREATE PUMP q AS INSERT INTO u SELECT price, ANOMALY_SCORE FROM TABLE(RANDOM_CUT_FOREST(CURSOR(
        SELECT STREAM price FROM SOURCE_SQL_STREAM_001 s LEFT JOIN LIMITS l ON s.sector = l.sector)))
        WHERE ANOMALY_SCORE > 2;)"),
              IsEmpty());
}

TEST(BindTableFunctionTest, WhatIsNotATableFunction) {
  EXPECT_THAT(Errors(Call("RANDOM_CUT_FORREST", "")),
              ElementsAre(HasSubstr("no table function RANDOM_CUT_FORREST; did you mean RANDOM_CUT_FOREST?")));
  EXPECT_THAT(Errors("SELECT STREAM * FROM TABLE(RANDOM_CUT_FOREST(1))"),
              ElementsAre(HasSubstr("the first argument of RANDOM_CUT_FOREST is CURSOR")));
  EXPECT_THAT(Errors("SELECT STREAM * FROM TABLE(RANDOM_CUT_FOREST(CURSOR(SELECT STREAM sector FROM "
                     "SOURCE_SQL_STREAM_001)))"),
              ElementsAre(HasSubstr("needs a numeric column")));
}

TEST(BindTableFunctionTest, RowTypedResultsAreNavigated) {
  const std::string inner = R"((SELECT STREAM VARIABLE_COLUMN_LOG_PARSE(sector,
      'COL_1 TYPE VARCHAR(16), COL_2 TYPE INTEGER', ',') AS r, price FROM SOURCE_SQL_STREAM_001) AS t)";
  const PlanPtr plan = QueryPlan(StrCat("SELECT STREAM t.r.\"COL_1\", r.col_2, t.price FROM ", inner));
  EXPECT_THAT(Types(*plan), ElementsAre("VARCHAR(16)", "INTEGER", "REAL"));
  EXPECT_THAT(Errors(StrCat("SELECT STREAM t.r.col_3 FROM ", inner)),
              ElementsAre(HasSubstr("no column COL_3 in R, it has COL_1, COL_2")));
  EXPECT_THAT(Errors(StrCat("SELECT STREAM t.r FROM ", inner)),
              ElementsAre(HasSubstr("a row-typed column cannot be shown")));
  EXPECT_THAT(Errors(StrCat("SELECT STREAM t.price.x FROM ", inner)),
              ElementsAre(HasSubstr("PRICE is REAL, it has no columns of its own")));
}

}  // namespace
}  // namespace tailrace::sql
