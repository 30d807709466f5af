#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Types of expressions, coercion, casts, folding, user functions. Spec sections 2.3, 2.4, 2.7, 3.3, 6.1 to 6.5.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(BindExprTest, ArithmeticFollowsTheTypesOfItsOperands) {
  EXPECT_EQ(TypeOf("quantity + quantity"), "INTEGER");
  EXPECT_EQ(TypeOf("quantity + total"), "BIGINT");
  EXPECT_EQ(TypeOf("ratio * 100.000"), "DOUBLE");
  EXPECT_EQ(TypeOf("cost + cost"), "DECIMAL(11,2)");  // max(8,8) + 2 + 1 digits.
  EXPECT_EQ(TypeOf("ROWTIME - INTERVAL '5' MINUTE"), "TIMESTAMP");
  EXPECT_EQ(TypeOf("quantity * INTERVAL '30' MINUTE"), "INTERVAL MINUTE");
  EXPECT_EQ(TypeOf("AVG(quantity) OVER (ROWS 3 PRECEDING)"), "INTEGER");
}

TEST(BindExprTest, DifferenceOfDatetimesNeedsAQualifier) {
  EXPECT_EQ(TypeOf("DATE '2004-12-02' - DATE '2003-12-01'"), "Cannot apply '-' to arguments of type '<DATE> - <DATE>'");
  EXPECT_EQ(BoundText("(DATE '2004-12-02' - DATE '2003-12-01') DAY"), "INTERVAL '367' DAY");
}

TEST(BindExprTest, NumbersTextsAndDatetimesDoNotMix) {
  for (const std::string_view mixed : {"price > sector", "flag = price", "EVENT_TIME = total", "sector = EVENT_TIME"}) {
    EXPECT_THAT(TypeOf(mixed), StartsWith("Cannot apply '"));
  }
  EXPECT_EQ(TypeOf("price > total"), "BOOLEAN");
  EXPECT_EQ(TypeOf("sector = 'TECHNOLOGY'"), "BOOLEAN");
}

TEST(BindExprTest, ATextBesideADatetimeOrANumberIsRepaired) {
  const std::string text = "SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WHERE EVENT_TIME > '2020-01-01 00:00:00'";
  EXPECT_THAT(Errors(text), ElementsAre(HasSubstr("TIMESTAMP cannot be compared with a text; write TIMESTAMP '2020")));
  EXPECT_THAT(Errors(ApplyFixes(text, CompileForTest(text).diagnostics)), IsEmpty());
  const std::string number = "SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WHERE '200' = quantity";
  EXPECT_THAT(Errors(number), ElementsAre(HasSubstr("INTEGER cannot be compared with a text; write 200")));
  EXPECT_THAT(Errors(ApplyFixes(number, CompileForTest(number).diagnostics)), IsEmpty());
}

TEST(BindExprTest, OperandsRepeatedWithoutEndAreStopped) {
  std::string nested = "flag";
  for (int level = 0; level < 60; ++level) nested = StrCat("(", nested, " IN (TRUE, FALSE))");
  EXPECT_THAT(TypeOf(nested), HasSubstr("the expression is too large"));
}

TEST(BindExprTest, ConcatenationOfNumbersNeedsTheSwitch) {
  EXPECT_THAT(TypeOf("price || ',' || ratio"), StartsWith("Cannot apply '||'"));
  EXPECT_THAT(TypeOf("price || ',' || ratio", {.concat_accepts_numbers = true}), StartsWith("VARCHAR("));
}

TEST(BindExprTest, ConditionsMustBeBoolean) {
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WHERE price"),
              ElementsAre(HasSubstr("WHERE needs a condition, this is REAL")));
  EXPECT_THAT(Errors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WHERE flag OR sector"),
              ElementsAre(HasSubstr("OR joins conditions, this is VARCHAR(16)")));
}

TEST(BindExprTest, CaseTakesTheCommonTypeOfItsResults) {
  EXPECT_EQ(TypeOf("CASE WHEN flag THEN 1 ELSE total END"), "BIGINT");
  EXPECT_EQ(TypeOf("CASE sector WHEN 'a' THEN 'one' ELSE 'three' END"), "VARCHAR(5)");
  EXPECT_EQ(TypeOf("CASE WHEN flag THEN price ELSE NULL END"), "REAL");
  EXPECT_EQ(TypeOf("CASE WHEN flag THEN 1 ELSE 'x' END"),
            "the results of CASE have no common type: CHAR(1) and INTEGER");
  EXPECT_EQ(TypeOf("CASE WHEN price THEN 1 END"), "WHEN needs a condition, this is REAL");
}

TEST(BindExprTest, CastsOutsideTheMatrixAreRefused) {
  EXPECT_EQ(TypeOf("CAST(quantity AS VARCHAR(128))"), "VARCHAR(128)");
  EXPECT_EQ(TypeOf("CAST(sector AS TIMESTAMP)"), "TIMESTAMP");
  EXPECT_EQ(TypeOf("CAST(EVENT_TIME AS DATE)"), "DATE");
  EXPECT_EQ(TypeOf("CAST(EVENT_TIME AS BIGINT)"), "cannot CAST TIMESTAMP to BIGINT");
  EXPECT_EQ(TypeOf("CAST(total AS TIMESTAMP)"), "cannot CAST BIGINT to TIMESTAMP");
  EXPECT_EQ(TypeOf("CAST(flag AS INTEGER)"), "cannot CAST BOOLEAN to INTEGER");
  EXPECT_EQ(TypeOf("CAST(NULL AS DOUBLE)"), "DOUBLE");
}

TEST(BindExprTest, ConstantsAreFolded) {
  EXPECT_EQ(BoundText("1 + 2 * 3"), "7");
  EXPECT_EQ(BoundText("CAST('12' AS INTEGER) * 2"), "24");
  EXPECT_EQ(BoundText("UPPER('abc') || '!'"), "'ABC!'");
  EXPECT_EQ(BoundText("-5"), "-5");
  EXPECT_EQ(BoundText("1 BETWEEN SYMMETRIC 3 AND 0"), "TRUE");
  EXPECT_EQ(BoundText("3 NOT IN (1, 2)"), "TRUE");
  EXPECT_EQ(BoundText("NOT UNKNOWN IS TRUE"), "FALSE");
  // The clock is no constant, nor is a column.
  EXPECT_THAT(BoundText("CURRENT_TIMESTAMP + INTERVAL '1' DAY"), HasSubstr("CURRENT_TIMESTAMP"));
}

TEST(BindExprTest, AConstantThatFailsIsLeftToTheRowsWithAWarning) {
  const std::string text = "SELECT STREAM 1 / 0 FROM SOURCE_SQL_STREAM_001";
  EXPECT_THAT(Errors(text), IsEmpty());
  EXPECT_THAT(Warnings(text), ElementsAre(StartsWith("1:15 this fails for every row")));
}

TEST(BindExprTest, PeriodPredicatesAreComparisonsOfTheirEnds) {
  const auto period = [](std::string_view predicate) {
    return BoundText(StrCat("(TIMESTAMP '2020-01-01 00:00:00', TIMESTAMP '2020-01-01 02:00:00') ", predicate));
  };
  EXPECT_EQ(period("OVERLAPS (TIMESTAMP '2020-01-01 01:00:00', TIMESTAMP '2020-01-01 03:00:00')"), "TRUE");
  EXPECT_EQ(period("OVERLAPS (TIMESTAMP '2020-01-01 02:00:00', TIMESTAMP '2020-01-01 03:00:00')"), "FALSE");
  EXPECT_EQ(period("PRECEDES (TIMESTAMP '2020-01-01 02:00:00', TIMESTAMP '2020-01-01 03:00:00')"), "TRUE");
  EXPECT_EQ(period("STRICTLY PRECEDES (TIMESTAMP '2020-01-01 02:00:00', TIMESTAMP '2020-01-01 03:00:00')"), "FALSE");
  EXPECT_EQ(period("IMMEDIATELY SUCCEEDS (TIMESTAMP '2019-01-01 00:00:00', TIMESTAMP '2020-01-01 00:00:00')"), "TRUE");
  EXPECT_EQ(period("CONTAINS TIMESTAMP '2020-01-01 02:00:00'"), "FALSE");
  EXPECT_EQ(period("CONTAINS TIMESTAMP '2020-01-01 00:00:00'"), "TRUE");
  EXPECT_EQ(period("STRICTLY CONTAINS (TIMESTAMP '2020-01-01 00:00:00', TIMESTAMP '2020-01-01 01:00:00')"), "FALSE");
  EXPECT_EQ(period("STRICTLY LEADS (TIMESTAMP '2020-01-01 01:00:00', TIMESTAMP '2020-01-01 03:00:00')"), "TRUE");
  EXPECT_EQ(period("LAGS (TIMESTAMP '2019-12-31 00:00:00', TIMESTAMP '2020-01-01 01:00:00')"), "TRUE");
  EXPECT_EQ(period("PRECEDES (TIMESTAMP '2020-01-01 02:00:00', TIMESTAMP '2020-01-01 03:00:00') "
                   "PRECEDES (TIMESTAMP '2020-01-01 03:00:00', TIMESTAMP '2020-01-01 04:00:00')"),
            "TRUE");
}

TEST(BindExprTest, UserFunctionsArePutInWhereTheyAreCalled) {
  const std::string text = R"(CREATE FUNCTION get_fraction(d DOUBLE) RETURNS DOUBLE RETURN d - FLOOR(d);
                              SELECT STREAM get_fraction(ratio) FROM SOURCE_SQL_STREAM_001)";
  const PlanPtr plan = QueryPlan(text);
  EXPECT_EQ(ToString(*FindNode<Project>(*plan)->exprs.at(0)), "(#10 - FLOOR(#10))");
}

TEST(BindExprTest, UserFunctionsMayShortCircuitNulls) {
  const std::string text = R"(CREATE FUNCTION f(d DOUBLE) RETURNS DOUBLE RETURNS NULL ON NULL INPUT RETURN d + 1;
                              SELECT STREAM f(ratio) FROM SOURCE_SQL_STREAM_001)";
  EXPECT_THAT(ToString(*FindNode<Project>(*QueryPlan(text))->exprs.at(0)),
              StartsWith("CASE WHEN #10 IS NULL THEN NULL ELSE"));
}

TEST(BindExprTest, UserFunctionsAreChosenByTheExactTypesOfTheirArguments) {
  const std::string functions = R"(CREATE FUNCTION f(a DOUBLE) RETURNS INTEGER RETURN 1;
                                   CREATE FUNCTION f(a INTEGER) RETURNS INTEGER RETURN 2;)";
  const auto call = [&](std::string_view expression) {
    return StrCat(functions, "SELECT STREAM ", expression, " FROM SOURCE_SQL_STREAM_001");
  };
  EXPECT_EQ(ToString(*FindNode<Project>(*QueryPlan(call("f(ratio)")))->exprs.at(0)), "1");
  EXPECT_EQ(ToString(*FindNode<Project>(*QueryPlan(call("f(quantity)")))->exprs.at(0)), "2");
  EXPECT_THAT(Errors(call("f(total)")), ElementsAre(HasSubstr("no F takes (BIGINT); there is F(DOUBLE), F(INTEGER)")));
}

TEST(BindExprTest, AFaultyFunctionIsReportedOnceAtItsBody) {
  EXPECT_THAT(Errors(R"(CREATE FUNCTION f(a DOUBLE) RETURNS DOUBLE RETURN a + b;
                        SELECT STREAM f(ratio), f(ratio) FROM SOURCE_SQL_STREAM_001)"),
              ElementsAre(HasSubstr("no columns may stand in the body of a function, but here is B")));
  EXPECT_THAT(Errors("CREATE FUNCTION f(a DOUBLE) RETURNS TIMESTAMP RETURN a;"),
              ElementsAre(HasSubstr("the body gives DOUBLE, RETURNS says TIMESTAMP")));
}

TEST(BindExprTest, FunctionsThatCallEachOtherManyTimesAreStopped) {
  std::string text = "CREATE FUNCTION f0(a DOUBLE) RETURNS DOUBLE RETURN a + 1;";
  for (int level = 1; level < 40; ++level) {
    text += StrCat("CREATE FUNCTION f", level, "(a DOUBLE) RETURNS DOUBLE RETURN f", level - 1, "(a) + f", level - 1,
                   "(a);");
  }
  text += "SELECT STREAM f39(ratio) FROM SOURCE_SQL_STREAM_001";
  EXPECT_THAT(Errors(text), testing::Contains(HasSubstr("the expression is too large")));
}

TEST(BindExprTest, UnknownAndUnsuitableFunctionsAreNamed) {
  EXPECT_EQ(TypeOf("UPER(sector)"), "there is no function UPER");
  EXPECT_THAT(Errors("SELECT STREAM UPER(sector) FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("did you mean UPPER?")));
  EXPECT_EQ(TypeOf("UPPER()"), "UPPER has 0 arguments, too few");
  EXPECT_EQ(TypeOf("RANK() OVER (ROWS 3 PRECEDING)"), "RANK is not offered on streams");
  EXPECT_EQ(TypeOf("HOTSPOTS(1)"), "HOTSPOTS is a table function");
}

TEST(BindExprTest, InQueryAndExistsTakeFiniteRelationsInWhere) {
  const PlanPtr plan = QueryPlan(R"(SELECT STREAM price FROM SOURCE_SQL_STREAM_001
                                    WHERE ticker_symbol IN (SELECT "Ticker" FROM "CompanyName"))");
  const auto* mark = FindNode<SubqueryMark>(*plan);
  ASSERT_NE(mark, nullptr);
  EXPECT_NE(FindNode<TableScan>(*mark->relation), nullptr);
  EXPECT_EQ(ToString(*FindNode<Filter>(*plan)->predicate), "#15");  // Behind 11 columns and 4 of metadata.
  EXPECT_THAT(Errors(R"(SELECT STREAM price FROM SOURCE_SQL_STREAM_001
                        WHERE price IN (SELECT STREAM price FROM SOURCE_SQL_STREAM_002))"),
              ElementsAre(HasSubstr("IN (query) needs a finite relation")));
  EXPECT_THAT(Errors("SELECT STREAM EXISTS (VALUES (1)) FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("EXISTS (query) may stand in WHERE and HAVING")));
}

}  // namespace
}  // namespace tailrace::sql
