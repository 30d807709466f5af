#include "sql/functions/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using ::testing::StartsWith;

TEST(ComparisonTest, ComparesAcrossNumericTypes) {
  EXPECT_EQ(CallText("=", {Int(1), Dec("1.0")}), "TRUE");
  EXPECT_EQ(CallText("<", {Dec("1.25"), Dec("1.3")}), "TRUE");
  EXPECT_EQ(CallText(">", {Big(INT64_MAX), Dec("0.01")}), "TRUE");
  EXPECT_EQ(CallText("=", {Dec("0.5"), Dbl(0.5)}), "TRUE");
  EXPECT_EQ(CallText("<=", {Int(2), Int(2)}), "TRUE");
  EXPECT_EQ(CallText(">=", {Int(1), Int(2)}), "FALSE");
  EXPECT_EQ(CallText("<>", {Int(1), Int(2)}), "TRUE");
}

TEST(ComparisonTest, PadsChar) {
  EXPECT_EQ(CallText("=", {Char("ab   "), Text("ab")}), "TRUE");
  EXPECT_EQ(CallText("=", {Text("ab "), Text("ab")}), "FALSE");
  EXPECT_EQ(CallText("<", {Char("a"), Text("a\t")}), "FALSE");  // A tab sorts before the blank that pads.
  EXPECT_EQ(CallText("<", {Char("a"), Text("b")}), "TRUE");
  EXPECT_EQ(CallText("=", {Text("a"), Text("A")}), "FALSE");
}

TEST(ComparisonTest, ComparesOtherTypesWithThemselves) {
  EXPECT_EQ(CallText("<", {Date("2004-12-01"), Date("2004-12-02")}), "TRUE");
  EXPECT_EQ(CallText("<", {Bool(false), Bool(true)}), "TRUE");
  EXPECT_EQ(CallText("=", {Interval("60", Field::kSecond), Interval("1", Field::kMinute)}), "TRUE");
  EXPECT_EQ(CallText("=", {Text("1"), Int(1)}),
            "REFUSED Cannot apply '=' to arguments of type '<VARCHAR(1)> = <INTEGER>'");
  EXPECT_THAT(CallText("=", {Ts("2004-12-01 00:00:00"), Date("2004-12-01")}), StartsWith("REFUSED"));
}

TEST(ComparisonTest, NullIsUnknownButDistinct) {
  EXPECT_EQ(CallText("=", {Int(1), Null()}), "NULL");
  EXPECT_EQ(CallText("=", {Null(), Null()}), "NULL");
  EXPECT_EQ(CallText("IS DISTINCT FROM", {Int(1), Dec("1.0")}), "FALSE");
  EXPECT_EQ(CallText("IS DISTINCT FROM", {Null(), Null()}), "FALSE");
  EXPECT_EQ(CallText("IS DISTINCT FROM", {Null(), Int(1)}), "TRUE");
  EXPECT_EQ(CallText("IS DISTINCT FROM", {Text("a"), Text("b")}), "TRUE");
}

TEST(LogicTest, FollowsTheTruthTables) {
  const TestValue unknown{data::Type::Boolean(), {}};
  EXPECT_EQ(CallText("NOT", {Bool(true)}), "FALSE");
  EXPECT_EQ(CallText("NOT", {unknown}), "NULL");
  EXPECT_EQ(CallText("IS TRUE", {unknown}), "FALSE");
  EXPECT_EQ(CallText("IS FALSE", {unknown}), "FALSE");
  EXPECT_EQ(CallText("IS UNKNOWN", {unknown}), "TRUE");
  EXPECT_EQ(CallText("IS UNKNOWN", {Bool(false)}), "FALSE");
  EXPECT_EQ(CallText("IS FALSE", {Bool(false)}), "TRUE");
  EXPECT_EQ(CallText("IS TRUE", {Bool(false)}), "FALSE");
  EXPECT_EQ(CallText("IS NULL", {Null()}), "TRUE");
  EXPECT_EQ(CallText("IS NULL", {Text("")}), "FALSE");
  EXPECT_EQ(CallText("IS TRUE", {Int(1)}), "REFUSED Cannot apply 'IS TRUE' to arguments of type 'IS TRUE(<INTEGER>)'");
}

TEST(NullFunctionsTest, CoalesceAndNullIf) {
  EXPECT_EQ(CallText("COALESCE", {Null(), Int(2), Dec("1.5")}), "2.0");
  EXPECT_EQ(CallText("COALESCE", {Null(), Null()}), "NULL");
  EXPECT_THAT(CallText("COALESCE", {Int(1), Text("a")}), StartsWith("REFUSED"));
  EXPECT_EQ(CallText("NULLIF", {Int(4), Int(4)}), "NULL");
  EXPECT_EQ(CallText("NULLIF", {Int(4), Int(2)}), "4");
  EXPECT_EQ(CallText("NULLIF", {Text("-"), Null()}), "-");
}

}  // namespace
}  // namespace tailrace::sql
