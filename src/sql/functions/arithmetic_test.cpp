#include "sql/functions/arithmetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using ::testing::StartsWith;

TEST(ArithmeticTest, FollowsTheNumericTypingRules) {
  EXPECT_EQ(CallText("/", {Int(5), Int(2)}), "2");
  EXPECT_EQ(CallText("/", {Int(-5), Int(2)}), "-2");
  EXPECT_EQ(CallText("/", {Dec("5.0"), Int(2)}), "2.500000000000");
  EXPECT_EQ(CallText("+", {Dec("3.0"), Int(2)}), "5.0");
  EXPECT_EQ(CallText("+", {Dec("2.0"), Dec("2.0")}), "4.0");
  EXPECT_EQ(CallText("*", {Dec("1.5"), Dec("-0.25")}), "-0.375");
  EXPECT_EQ(CallText("*", {Dbl(0.5), Dec("100.000")}), "50.0");
  EXPECT_EQ(Call("+", {Int(1), Big(1)}).type, data::Type::Bigint());
  EXPECT_EQ(Call("+", {Dec("12345.67"), Dec("1.234")}).type, data::Type::Decimal(9, 3));
  EXPECT_EQ(Call("*", {Dec("12345.67"), Dec("1.234")}).type, data::Type::Decimal(11, 5));
  EXPECT_EQ(Call("/", {Int(1), Dbl(2)}).type, data::Type::Double());
}

TEST(ArithmeticTest, KeepsTheFractionWhenThePrecisionIsCapped) {
  const TestValue money{data::Type::Decimal(18, 2), 12'550};
  EXPECT_EQ(Call("+", {money, money}).type, data::Type::Decimal(18, 2));
  EXPECT_EQ(CallText("+", {money, money}), "251.00");
  EXPECT_EQ(CallText("*", {money, money}), "15750.25");
  EXPECT_EQ(CallText("/", {money, Int(3)}), "41.83");
}

TEST(ArithmeticTest, RoundsDecimalsHalfAwayFromZero) {
  const TestValue wide{data::Type::Decimal(18, 10), 5};  // 0.0000000005
  EXPECT_EQ(CallText("/", {wide, Int(-10)}), "-0.0000000001");
}

TEST(ArithmeticTest, ReportsOverflowAndDivisionByZero) {
  EXPECT_EQ(CallText("+", {Int(2'147'483'647), Int(1)}), "ERROR NUMERIC_OVERFLOW: 2147483647 + 1 does not fit INTEGER");
  EXPECT_EQ(CallText("-", {Int(-2'147'483'647), Int(2)}),
            "ERROR NUMERIC_OVERFLOW: -2147483647 - 2 does not fit INTEGER");
  EXPECT_EQ(CallText("+", {Big(1), Int(2'147'483'647)}), "2147483648");
  EXPECT_THAT(CallText("*", {Big(4'000'000'000), Big(4'000'000'000)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
  EXPECT_THAT(CallText("-", {Big(INT64_MIN), Big(1)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
  EXPECT_THAT(CallText("/", {Big(INT64_MIN), Big(-1)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
  EXPECT_THAT(CallText("NEGATE", {Big(INT64_MIN)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
  EXPECT_EQ(CallText("/", {Int(7), Int(0)}), "ERROR DIVISION_BY_ZERO: division by zero: 7 / 0");
  EXPECT_THAT(CallText("/", {Dec("7.5"), Int(0)}), StartsWith("ERROR DIVISION_BY_ZERO"));
  EXPECT_THAT(CallText("/", {Dbl(7.5), Int(0)}), StartsWith("ERROR DIVISION_BY_ZERO"));
  EXPECT_THAT(CallText("*", {Dbl(1e300), Dbl(1e300)}), StartsWith("ERROR NUMERIC_OVERFLOW"));
}

TEST(ArithmeticTest, NullInNullOut) {
  EXPECT_EQ(CallText("+", {Null(), Int(1)}), "NULL");
  EXPECT_EQ(CallText("/", {Null(), Int(0)}), "NULL");
  EXPECT_EQ(CallText("-", {Ts("2004-05-01 12:03:34"), Null()}), "NULL");
  EXPECT_EQ(CallText("*", {Null(), Null()}), "NULL");
}

TEST(ArithmeticTest, RoundsRealAfterEveryOperation) {
  const TestValue tenth{data::Type::Of(data::TypeKind::kReal), static_cast<double>(0.1F)};
  const TestValue fifth{data::Type::Of(data::TypeKind::kReal), static_cast<double>(0.2F)};
  EXPECT_EQ(CallText("+", {tenth, fifth}), "0.3");
}

TEST(ArithmeticTest, ComputesWithIntervals) {
  const TestValue day = Interval("1", Field::kDay);
  const TestValue day_to_hour = Interval("3 4", Field::kDay, Field::kHour);
  EXPECT_EQ(CallText("+", {day, day_to_hour}), "+4 04");
  EXPECT_EQ(CallText("-", {day, day_to_hour}), "-2 04");
  EXPECT_EQ(CallText("*", {Int(2), day_to_hour}), "+6 08");
  EXPECT_EQ(CallText("/", {day_to_hour, Int(2)}), "+1 14");
  EXPECT_EQ(CallText("*", {day, Dec("1.5")}), "+1");
  EXPECT_EQ(CallText("*", {Dbl(0.5), Interval("5", Field::kSecond)}), "+2.500");
  EXPECT_THAT(CallText("/", {day, Int(0)}), StartsWith("ERROR DIVISION_BY_ZERO"));
  EXPECT_THAT(CallText("+", {day, Interval("1", Field::kMonth)}), StartsWith("REFUSED Cannot apply '+'"));
  EXPECT_THAT(CallText("/", {Int(2), day}), StartsWith("REFUSED"));
}

TEST(ArithmeticTest, MovesDatetimesByIntervals) {
  EXPECT_EQ(CallText("-", {Ts("2004-05-01 12:03:34"), Interval("5", Field::kMinute)}), "2004-05-01 11:58:34");
  EXPECT_EQ(CallText("+", {Interval("1", Field::kDay), Date("2004-02-28")}), "2004-02-29");
  EXPECT_EQ(CallText("-", {Date("2004-03-01"), Interval("1", Field::kHour)}), "2004-02-29");
  EXPECT_EQ(CallText("+", {Time("23:30:00"), Interval("1", Field::kHour)}), "00:30:00");
  EXPECT_EQ(CallText("-", {Time("00:30:00"), Interval("1", Field::kHour)}), "23:30:00");
  EXPECT_EQ(CallText("+", {Date("2004-01-31"), Interval("1", Field::kMonth)}), "2004-02-29");
  EXPECT_EQ(CallText("-", {Ts("2004-03-31 01:02:03"), Interval("1-1", Field::kYear, Field::kMonth)}),
            "2003-02-28 01:02:03");
  EXPECT_THAT(CallText("+", {Date("9999-12-31"), Interval("1", Field::kDay)}), StartsWith("ERROR DATETIME_OVERFLOW"));
  EXPECT_THAT(CallText("-", {Interval("1", Field::kDay), Date("2004-02-28")}), StartsWith("REFUSED"));
}

TEST(ArithmeticTest, DifferencesNeedAQualifier) {
  const auto difference = [](const TestValue& a, const TestValue& b, Field from, Field to) {
    return CallText("DIFFERENCE", {a, b, {data::Type::Interval(from, to), {}}});
  };
  const TestValue late = Time("12:03:34");
  const TestValue early = Time("11:57:23");
  EXPECT_EQ(difference(late, early, Field::kMinute, Field::kSecond), "+6:11");
  EXPECT_EQ(difference(late, early, Field::kSecond, Field::kSecond), "+371");
  EXPECT_EQ(difference(late, early, Field::kMinute, Field::kMinute), "+6");
  EXPECT_EQ(difference(Time("12:03:23"), early, Field::kMinute, Field::kMinute), "+6");
  EXPECT_EQ(difference(early, late, Field::kMinute, Field::kMinute), "-6");
  const TestValue base = Ts("2004-04-29 11:57:23");
  EXPECT_EQ(difference(Ts("2004-05-01 12:03:34"), base, Field::kDay, Field::kSecond), "+2 00:06:11");
  EXPECT_EQ(difference(Ts("2004-05-01 12:03:34"), base, Field::kDay, Field::kDay), "+2");
  EXPECT_EQ(difference(Ts("2004-05-01 01:03:34"), base, Field::kDay, Field::kSecond), "+1 13:06:11");
  EXPECT_EQ(difference(Ts("2004-05-01 13:03:34"), base, Field::kDay, Field::kSecond), "+2 01:06:11");
  EXPECT_EQ(difference(Date("2004-12-02"), Date("2003-12-01"), Field::kDay, Field::kDay), "+367");
  EXPECT_EQ(difference(Date("2004-12-02"), Date("2003-12-03"), Field::kMonth, Field::kMonth), "+11");
  EXPECT_EQ(difference(Date("2004-12-02"), Null(), Field::kDay, Field::kDay), "NULL");
  EXPECT_EQ(difference(late, base, Field::kDay, Field::kDay), "REFUSED Parameters must be of the same type");
  EXPECT_EQ(CallText("-", {Date("2004-12-02"), Date("2003-12-01")}),
            "REFUSED Cannot apply '-' to arguments of type '<DATE> - <DATE>'");
}

TEST(ArithmeticTest, KnowsMonotonicity) {
  TestValue rising = Ts("2004-05-01 00:00:00");
  rising.monotonicity = Monotonicity::kAscending;
  TestValue number = Int(7);
  number.monotonicity = Monotonicity::kAscending;
  EXPECT_EQ(Call("+", {rising, Interval("1", Field::kDay)}).monotonicity, Monotonicity::kAscending);
  EXPECT_EQ(Call("-", {Int(5), number}).monotonicity, Monotonicity::kDescending);
  EXPECT_EQ(Call("*", {number, Int(-2)}).monotonicity, Monotonicity::kDescending);
  EXPECT_EQ(Call("*", {Int(0), number}).monotonicity, Monotonicity::kConstant);
  EXPECT_EQ(Call("/", {number, Int(2)}).monotonicity, Monotonicity::kAscending);
  EXPECT_EQ(Call("+", {number, number}).monotonicity, Monotonicity::kAscending);
  EXPECT_EQ(Call("-", {number, number}).monotonicity, Monotonicity::kNone);
  EXPECT_EQ(Call("NEGATE", {number}).monotonicity, Monotonicity::kDescending);
  EXPECT_EQ(Call("DIFFERENCE", {rising, Ts("1970-01-01 00:00:00"), Interval("1", Field::kSecond)}).monotonicity,
            Monotonicity::kAscending);
}

}  // namespace
}  // namespace tailrace::sql
