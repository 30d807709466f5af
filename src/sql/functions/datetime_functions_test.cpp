#include "sql/functions/datetime_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using ::testing::StartsWith;

std::string WithUnit(std::string_view name, const TestValue& value, Field unit) {
  ast::Call call;
  call.unit = unit;
  return Call(name, {value}, call).text;
}

TEST(DatetimeFunctionsTest, ExtractsFields) {
  const TestValue interval = Interval("2 3:4:5.678", Field::kDay, Field::kSecond);
  EXPECT_EQ(WithUnit("EXTRACT", interval, Field::kDay), "2");
  EXPECT_EQ(WithUnit("EXTRACT", interval, Field::kHour), "3");
  EXPECT_EQ(WithUnit("EXTRACT", interval, Field::kMinute), "4");
  EXPECT_EQ(WithUnit("EXTRACT", interval, Field::kSecond), "5.678");
  EXPECT_EQ(WithUnit("EXTRACT", Interval("30", Field::kHour), Field::kHour), "30");
  const TestValue before_epoch = Ts("1969-12-31 23:59:58.5");
  EXPECT_EQ(WithUnit("EXTRACT", before_epoch, Field::kYear), "1969");
  EXPECT_EQ(WithUnit("EXTRACT", before_epoch, Field::kMonth), "12");
  EXPECT_EQ(WithUnit("EXTRACT", before_epoch, Field::kDay), "31");
  EXPECT_EQ(WithUnit("EXTRACT", before_epoch, Field::kHour), "23");
  EXPECT_EQ(WithUnit("EXTRACT", before_epoch, Field::kSecond), "58.500");
  EXPECT_EQ(WithUnit("EXTRACT", Date("2004-09-30"), Field::kHour), "0");
  EXPECT_EQ(WithUnit("EXTRACT", Interval("2-3", Field::kYear, Field::kMonth), Field::kMonth), "3");
  EXPECT_EQ(WithUnit("EXTRACT", Time("01:02:03"), Field::kYear), "REFUSED Cannot extract YEAR from TIME");
}

TEST(DatetimeFunctionsTest, RoundsToUnits) {
  const TestValue value = Ts("2004-09-30 13:48:23");
  EXPECT_EQ(WithUnit("FLOOR_TO", value, Field::kHour), "2004-09-30 13:00:00");
  EXPECT_EQ(WithUnit("CEIL_TO", value, Field::kHour), "2004-09-30 14:00:00");
  EXPECT_EQ(WithUnit("FLOOR_TO", value, Field::kMinute), "2004-09-30 13:48:00");
  EXPECT_EQ(WithUnit("CEIL_TO", value, Field::kMinute), "2004-09-30 13:49:00");
  EXPECT_EQ(WithUnit("FLOOR_TO", value, Field::kDay), "2004-09-30 00:00:00");
  EXPECT_EQ(WithUnit("CEIL_TO", value, Field::kDay), "2004-10-01 00:00:00");
  EXPECT_EQ(WithUnit("FLOOR_TO", value, Field::kYear), "2004-01-01 00:00:00");
  EXPECT_EQ(WithUnit("CEIL_TO", value, Field::kYear), "2005-01-01 00:00:00");
  EXPECT_EQ(WithUnit("CEIL_TO", Ts("2005-01-01 00:00:00"), Field::kYear), "2005-01-01 00:00:00");
  EXPECT_EQ(WithUnit("CEIL_TO", Ts("2005-01-31 12:00:00"), Field::kMonth), "2005-02-01 00:00:00");
  EXPECT_EQ(WithUnit("CEIL_TO", Ts("2005-02-01 00:00:01"), Field::kMonth), "2005-03-01 00:00:00");
  EXPECT_EQ(WithUnit("FLOOR_TO", Date("2004-09-30"), Field::kMonth), "2004-09-01");
  EXPECT_EQ(WithUnit("FLOOR_TO", Date("2004-09-30"), Field::kMinute), "2004-09-30");
  EXPECT_EQ(WithUnit("CEIL_TO", Time("23:30:00"), Field::kHour), "00:00:00");
  EXPECT_EQ(WithUnit("FLOOR_TO", Interval("-5.5", Field::kSecond), Field::kSecond), "-6");
  EXPECT_EQ(WithUnit("FLOOR_TO", Ts("1969-12-31 23:59:58.5"), Field::kSecond), "1969-12-31 23:59:58");
  EXPECT_THAT(WithUnit("FLOOR_TO", Time("23:30:00"), Field::kYear), StartsWith("REFUSED"));
  EXPECT_THAT(WithUnit("FLOOR_TO", Int(5), Field::kYear), StartsWith("REFUSED"));
}

TEST(DatetimeFunctionsTest, Steps) {
  const TestValue value = Ts("2004-09-30 13:48:23");
  EXPECT_EQ(CallText("STEP", {value, Interval("10", Field::kSecond)}), "2004-09-30 13:48:20");
  EXPECT_EQ(CallText("STEP", {value, Interval("2", Field::kHour)}), "2004-09-30 12:00:00");
  EXPECT_EQ(CallText("STEP", {value, Interval("5", Field::kMinute)}), "2004-09-30 13:45:00");
  EXPECT_EQ(CallText("STEP", {value, Interval("1", Field::kYear)}), "2004-01-01 00:00:00");
  EXPECT_EQ(CallText("STEP", {Date("2004-09-27"), Interval("5", Field::kDay)}), "2004-09-24");
  EXPECT_EQ(CallText("STEP", {Time("13:48:23"), Interval("15", Field::kMinute)}), "13:45:00");
  EXPECT_EQ(CallText("STEP", {Ts("1969-12-31 23:59:58"), Interval("10", Field::kSecond)}), "1969-12-31 23:59:50");
  EXPECT_EQ(CallText("STEP", {Int(23), Int(5)}), "20");
  EXPECT_EQ(CallText("STEP", {Int(30), Int(10)}), "30");
  EXPECT_EQ(CallText("STEP", {Null(), Interval("10", Field::kSecond)}), "NULL");
  EXPECT_THAT(CallText("STEP", {Int(23), Int(0)}), StartsWith("ERROR DIVISION_BY_ZERO"));
  EXPECT_THAT(CallText("STEP", {value, Interval("0", Field::kSecond)}), StartsWith("REFUSED STEP"));
  EXPECT_THAT(CallText("STEP", {value, Int(5)}), StartsWith("REFUSED Cannot apply 'STEP'"));
  TestValue rising = value;
  rising.monotonicity = Monotonicity::kAscending;
  EXPECT_EQ(Call("STEP", {rising, Interval("10", Field::kSecond)}).monotonicity, Monotonicity::kAscending);
}

TEST(DatetimeFunctionsTest, ConvertsToAndFromMilliseconds) {
  const TestValue late = Ts("2004-05-01 12:00:01");
  const TestValue early = Ts("2004-05-01 12:00:00");
  EXPECT_EQ(CallText("TSDIFF", {late, early}), "1000");
  EXPECT_EQ(CallText("TSDIFF", {late, Null()}), "NULL");
  EXPECT_EQ(CallText("TSDIFF", {Big(5), Big(7)}), "-2");
  EvalContext documented;
  documented.options.tsdiff_documented_sign = true;
  EXPECT_EQ(Call("TSDIFF", {late, early}, {}, true, documented).text, "-1000");
  EXPECT_EQ(CallText("UNIX_TIMESTAMP", {Ts("1970-01-02 00:00:01")}), "86401000");
  EXPECT_EQ(CallText("TO_TIMESTAMP", {Big(86'401'000)}), "1970-01-02 00:00:01");
  EXPECT_THAT(CallText("TO_TIMESTAMP", {Big(INT64_MAX)}), StartsWith("ERROR DATETIME_OVERFLOW"));
  EXPECT_THAT(CallText("UNIX_TIMESTAMP", {Int(1)}), StartsWith("REFUSED"));
}

}  // namespace
}  // namespace tailrace::sql
