#include "sql/functions/numeric_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using ::testing::StartsWith;

double Number(std::string_view name, const std::vector<TestValue>& args) {
  const TestCall call = Call(name, args);
  EXPECT_EQ(call.type, data::Type::Double()) << call.text;
  return call.column == nullptr ? 0 : call.column->doubles()[0];
}

TEST(NumericFunctionsTest, WholeNumbersAndSigns) {
  EXPECT_EQ(CallText("ABS", {Int(-5)}), "5");
  EXPECT_EQ(CallText("ABS", {Interval("-3 4:20", Field::kDay, Field::kMinute)}), "+3 04:20");
  EXPECT_THAT(CallText("ABS", {Big(INT64_MIN)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
  EXPECT_EQ(CallText("CEIL", {Dec("-3.3")}), "-3");
  EXPECT_EQ(CallText("CEILING", {Dec("-9.3")}), "-9");
  EXPECT_EQ(CallText("CEIL", {Dec("5.2")}), "6");
  EXPECT_EQ(CallText("CEIL", {Dec("9.9")}), "10");
  EXPECT_EQ(CallText("FLOOR", {Dec("5.2")}), "5");
  EXPECT_EQ(CallText("FLOOR", {Dec("-3.3")}), "-4");
  EXPECT_EQ(CallText("FLOOR", {Dec("-9.3")}), "-10");
  EXPECT_EQ(CallText("FLOOR", {Dbl(-3.3)}), "-4.0");
  EXPECT_EQ(CallText("FLOOR", {Int(7)}), "7");
  EXPECT_EQ(CallText("SIGN", {Dbl(-0.5)}), "-1");
  EXPECT_THAT(CallText("FLOOR", {Text("a")}), StartsWith("REFUSED Cannot apply 'FLOOR'"));
}

TEST(NumericFunctionsTest, ComputesTheDialectsExamples) {
  EXPECT_DOUBLE_EQ(Number("EXP", {Int(1)}), 2.7182818284590455);
  EXPECT_DOUBLE_EQ(Number("EXP", {Int(0)}), 1.0);
  EXPECT_DOUBLE_EQ(Number("EXP", {Int(-1)}), 0.36787944117144233);
  EXPECT_DOUBLE_EQ(Number("EXP", {Int(10)}), 22026.465794806718);
  EXPECT_DOUBLE_EQ(Number("EXP", {Dec("2.5")}), 12.182493960703473);
  EXPECT_DOUBLE_EQ(Number("LN", {Int(1)}), 0);
  EXPECT_DOUBLE_EQ(Number("LN", {Int(10)}), 2.302585092994046);
  EXPECT_DOUBLE_EQ(Number("LN", {Dec("2.5")}), 0.9162907318741551);
  EXPECT_DOUBLE_EQ(Number("LOG10", {Int(1)}), 0);
  EXPECT_DOUBLE_EQ(Number("LOG10", {Int(100)}), 2);
  EXPECT_DOUBLE_EQ(Number("LOG10", {Int(23)}), 1.3617278360175928);
  EXPECT_DOUBLE_EQ(Number("POWER", {Int(3), Int(2)}), 9);
  EXPECT_DOUBLE_EQ(Number("POWER", {Int(-2), Int(3)}), -8);
  EXPECT_DOUBLE_EQ(Number("POWER", {Int(4), Int(-2)}), 0.0625);
  EXPECT_DOUBLE_EQ(Number("POWER", {Dec("10.1"), Dec("2.5")}), 324.19285157140644);
  EXPECT_DOUBLE_EQ(Number("SQRT", {Int(2)}), 1.4142135623730951);
}

TEST(NumericFunctionsTest, ReportsDomainErrors) {
  EXPECT_EQ(CallText("LN", {Int(0)}), "ERROR DOMAIN_ERROR: LN(0.0) is not defined");
  EXPECT_THAT(CallText("LOG10", {Int(-1)}), StartsWith("ERROR DOMAIN_ERROR"));
  EXPECT_THAT(CallText("SQRT", {Int(-1)}), StartsWith("ERROR DOMAIN_ERROR"));
  EXPECT_THAT(CallText("POWER", {Int(0), Int(-1)}), StartsWith("ERROR DOMAIN_ERROR"));
  EXPECT_THAT(CallText("POWER", {Int(-2), Dec("0.5")}), StartsWith("ERROR DOMAIN_ERROR"));
  EXPECT_THAT(CallText("POWER", {Int(10), Int(400)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
  EXPECT_THAT(CallText("EXP", {Int(1000)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
  EXPECT_EQ(CallText("LN", {Null()}), "NULL");
}

TEST(NumericFunctionsTest, ModuloHasTheSignOfTheDividend) {
  EXPECT_EQ(CallText("MOD", {Int(4), Int(2)}), "0");
  EXPECT_EQ(CallText("MOD", {Int(5), Int(3)}), "2");
  EXPECT_EQ(CallText("MOD", {Int(-4), Int(3)}), "-1");
  EXPECT_EQ(CallText("MOD", {Int(5), Int(12)}), "5");
  EXPECT_EQ(CallText("MOD", {Big(INT64_MIN), Int(-1)}), "0");
  EXPECT_EQ(CallText("MOD", {Int(4), Int(0)}), "ERROR DIVISION_BY_ZERO: MOD(4, 0)");
  EXPECT_THAT(CallText("MOD", {Dec("4.5"), Int(2)}), StartsWith("REFUSED"));
}

TEST(NumericFunctionsTest, Rounds) {
  EXPECT_EQ(CallText("ROUND", {Dec("2.55"), Int(1)}), "2.60");
  EXPECT_EQ(CallText("ROUND", {Dec("-2.55"), Int(1)}), "-2.60");
  EXPECT_EQ(CallText("ROUND", {Int(-1250), Int(-2)}), "-1300");
  EXPECT_EQ(CallText("ROUND", {Dbl(2.5)}), "3.0");
  EXPECT_EQ(CallText("TRUNCATE", {Dec("2.59"), Int(1)}), "2.50");
  EXPECT_EQ(CallText("TRUNCATE", {Dbl(-2.59), Int(1)}), "-2.5");
  EXPECT_EQ(CallText("TRUNCATE", {Dec("2.59")}), "2.00");
  EXPECT_THAT(CallText("ROUND", {Int(2'147'483'647), Int(-1)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
}

}  // namespace
}  // namespace tailrace::sql
