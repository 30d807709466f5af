#include "sql/cast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using data::Type;
using data::TypeKind;
using ::testing::StartsWith;

// As CAST AS VARCHAR prints it; "illegal"; "ERROR name".
std::string Cast(const TestValue& value, const Type& to, bool implicit = false) {
  const bool legal = implicit ? CanAssign(value.type, to) : CanCast(value.type, to);
  if (!legal) return "illegal";
  RowErrors errors;
  const EvalContext context{.query_start_unix_ms = 1'717'200'000'000};  // 2024-06-01 00:00:00
  const auto column = CastColumn(data::Column::MakeConstant(value.type, value.value, 2), to, implicit, context, errors);
  if (!errors.empty()) {
    EXPECT_TRUE(CastCanFail(value.type, to, implicit));
    return StrCat("ERROR ", errors.entries()[0].name);
  }
  EXPECT_EQ(column->type(), to);
  return column->null(1) ? "NULL" : data::ToSqlText(to, column->ValueAt(1));
}

Type Of(TypeKind kind) { return Type::Of(kind); }

TEST(CastTest, TextToDatetime) {
  EXPECT_EQ(Cast(Text("2007-02-19 21:23:45"), Type::Timestamp()), "2007-02-19 21:23:45");
  EXPECT_EQ(Cast(Text("2007-02-19 21:23:45.0"), Type::Timestamp()), "2007-02-19 21:23:45");
  EXPECT_EQ(Cast(Ts("2007-02-19 21:23:45.0"), Type::Date()), "2007-02-19");
  EXPECT_EQ(Cast(Text("2007-02-19"), Type::Date()), "2007-02-19");
  EXPECT_EQ(Cast(Text(" 21:23:45.0"), Type::Time()), "21:23:45");
  EXPECT_EQ(Cast(Text("21:23:34.11"), Type::Time()), "21:23:34.110");
  EXPECT_EQ(Cast(Text("2007-02-19 21:23:45.0"), Type::Time()), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Text("2007-02-19 21:23:45.0"), Type::Date()), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Text("2007-02-19 21"), Type::Date()), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Text("21:23"), Type::Time()), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Text("21:23:34:11"), Type::Time()), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Text("2007-02-19"), Type::Timestamp()), "ERROR CAST_FAILED");
}

TEST(CastTest, DatetimeToText) {
  EXPECT_EQ(Cast(Date("2008-08-23"), Type::Varchar(25)), "2008-08-23");
  EXPECT_EQ(Cast(Date("2008-08-23"), Type::Varchar(9)), "ERROR STRING_TOO_LONG");
  EXPECT_EQ(Cast(Date("2008-08-23"), Type::Char(25)), "2008-08-23               ");
  EXPECT_EQ(Cast(Ts("2007-02-19 21:25:35"), Type::Varchar(25)), "2007-02-19 21:25:35");
  EXPECT_EQ(Cast(Ts("2007-02-19 21:25:35"), Type::Varchar(18)), "ERROR STRING_TOO_LONG");
  EXPECT_EQ(Cast(Ts("2007-02-19 21:25:35.5"), Type::Varchar(25)), "2007-02-19 21:25:35.500");
}

TEST(CastTest, DatetimeToDatetime) {
  EXPECT_EQ(Cast(Date("2008-08-23"), Type::Timestamp()), "2008-08-23 00:00:00");
  EXPECT_EQ(Cast(Ts("1969-12-31 23:00:01"), Type::Date()), "1969-12-31");
  EXPECT_EQ(Cast(Ts("1969-12-31 23:00:01"), Type::Time()), "23:00:01");
  EXPECT_EQ(Cast(Time("21:00:00"), Type::Timestamp()), "2024-06-01 21:00:00");
  EXPECT_EQ(Cast(Date("2008-08-23"), Type::Time()), "illegal");
}

TEST(CastTest, IntervalToNumber) {
  const TestValue minutes = Interval("120", Field::kMinute, Field::kMinute, 3);
  EXPECT_EQ(Cast(minutes, Type::Decimal(4, 0)), "120");
  EXPECT_EQ(Cast(minutes, Type::Decimal(3, 0)), "120");
  EXPECT_EQ(Cast(minutes, Type::Decimal(2, 0)), "ERROR NUMERIC_OVERFLOW");
  EXPECT_EQ(Cast(minutes, Type::Decimal(4, 2)), "ERROR NUMERIC_OVERFLOW");
  EXPECT_EQ(Cast(minutes, Type::Bigint()), "120");
  const TestValue seconds = Interval("1.1", Field::kSecond, Field::kSecond, 1, 1);
  EXPECT_EQ(Cast(seconds, Type::Decimal(2, 1)), "1.1");
  EXPECT_EQ(Cast(seconds, Type::Decimal(1, 1)), "ERROR NUMERIC_OVERFLOW");
  EXPECT_EQ(Cast(Interval("1", Field::kYear, Field::kYear, 1), Type::Decimal(2, 1)), "1.0");
  EXPECT_EQ(Cast(Interval("3 4", Field::kDay, Field::kHour), Type::Bigint()), "illegal");
  EXPECT_EQ(Cast(Int(5), Type::Interval(Field::kDay, Field::kDay)), "illegal");
}

TEST(CastTest, IntervalToText) {
  EXPECT_EQ(Cast(Interval("4 4", Field::kDay, Field::kHour), Type::Varchar(11)), "+4 04");
  EXPECT_EQ(Cast(Interval("2 0:6:11", Field::kDay, Field::kSecond), Type::Varchar(11)), "+2 00:06:11");
  EXPECT_EQ(Cast(Interval("2 0:6:11", Field::kDay, Field::kSecond), Type::Varchar(8)), "+2 00:06");
  EXPECT_EQ(Cast(Text("2 0:6:11"), Type::Interval(Field::kDay, Field::kSecond)), "+2 00:06:11");
  EXPECT_EQ(Cast(Text("x"), Type::Interval(Field::kDay, Field::kSecond)), "ERROR CAST_FAILED");
}

TEST(CastTest, IntervalToInterval) {
  const TestValue value = Interval("2 5:6:11", Field::kDay, Field::kSecond);
  EXPECT_EQ(Cast(value, Type::Interval(Field::kHour, Field::kHour)), "+53");
  EXPECT_EQ(Cast(value, Type::Interval(Field::kMinute, Field::kMinute)), "ERROR NUMERIC_OVERFLOW");
  EXPECT_EQ(Cast(value, Type::Interval(Field::kYear, Field::kYear)), "illegal");
}

TEST(CastTest, NumbersRoundHalfAwayFromZero) {
  EXPECT_EQ(Cast(Dec("-1.7"), Type::Integer()), "-2");
  EXPECT_EQ(Cast(Dec("1.5"), Type::Integer()), "2");
  EXPECT_EQ(Cast(Dec("-1.5"), Type::Integer()), "-2");
  EXPECT_EQ(Cast(Dec("1.49"), Type::Integer()), "1");
  EXPECT_EQ(Cast(Dbl(-1.5), Type::Bigint()), "-2");
  EXPECT_EQ(Cast(Dbl(423.345), Type::Decimal(5, 2)), "423.35");
  EXPECT_EQ(Cast(Int(300), Of(TypeKind::kTinyint)), "ERROR NUMERIC_OVERFLOW");
  EXPECT_EQ(Cast(Dbl(1e19), Type::Bigint()), "ERROR NUMERIC_OVERFLOW");
  EXPECT_EQ(Cast(Dbl(1e300), Of(TypeKind::kReal)), "ERROR NUMERIC_OVERFLOW");
  EXPECT_EQ(Cast(Dbl(0.1), Of(TypeKind::kReal)), "0.1");
  EXPECT_EQ(Cast(Int(5), Type::Decimal(3, 2)), "5.00");
  EXPECT_EQ(Cast(Int(50), Type::Decimal(3, 2)), "ERROR NUMERIC_OVERFLOW");
  EXPECT_EQ(Cast(Dec("12.50"), Type::Double()), "12.5");
  EXPECT_EQ(Cast(Int(5), Type::Bigint()), "5");
}

TEST(CastTest, NumbersAndText) {
  EXPECT_EQ(Cast(Dec("12.50"), Type::Varchar(9)), "12.50");
  EXPECT_EQ(Cast(Dbl(1e10), Type::Varchar(9)), "1.0E10");
  EXPECT_EQ(Cast(Int(12345), Type::Varchar(4)), "ERROR STRING_TOO_LONG");
  EXPECT_EQ(Cast(Text(" 12 "), Type::Integer()), "12");
  EXPECT_EQ(Cast(Text("12.5"), Type::Decimal(5, 2)), "12.50");
  EXPECT_EQ(Cast(Text("1e2"), Type::Double()), "100.0");
  EXPECT_EQ(Cast(Text("+1.5"), Type::Double()), "1.5");
  EXPECT_EQ(Cast(Text("twelve"), Type::Integer()), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Text("128"), Of(TypeKind::kTinyint)), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Text("nan"), Type::Double()), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Text("inf"), Type::Double()), "ERROR CAST_FAILED");
}

TEST(CastTest, TextToText) {
  EXPECT_EQ(Cast(Text("abcdef"), Type::Varchar(3)), "abc");
  EXPECT_EQ(Cast(Text("\u00e9\u00e8z"), Type::Varchar(2)), "\u00e9\u00e8");
  EXPECT_EQ(Cast(Text("\u00e9"), Type::Char(3)), "\u00e9  ");
  EXPECT_EQ(Cast(Char("ab  "), Type::Varchar(9)), "ab  ");
}

TEST(CastTest, BooleansAndBytes) {
  EXPECT_EQ(Cast(Bool(true), Type::Varchar(5)), "TRUE");
  EXPECT_EQ(Cast(Bool(false), Type::Varchar(4)), "ERROR STRING_TOO_LONG");
  EXPECT_EQ(Cast(Text("tRue"), Type::Boolean()), "TRUE");
  EXPECT_EQ(Cast(Text("1"), Type::Boolean()), "ERROR CAST_FAILED");
  EXPECT_EQ(Cast(Int(1), Type::Boolean()), "illegal");
  const TestValue bytes{{.kind = TypeKind::kVarbinary, .precision = 3}, "abc"};
  EXPECT_EQ(Cast(bytes, {.kind = TypeKind::kBinary, .precision = 4}), "61626300");
  EXPECT_EQ(Cast(bytes, {.kind = TypeKind::kVarbinary, .precision = 2}), "6162");
  EXPECT_EQ(Cast(bytes, Type::Varchar(9)), "illegal");
}

TEST(CastTest, NullTakesAnyType) {
  for (const Type& type : {Type::Integer(), Type::Varchar(3), Type::Timestamp(), Type::Boolean()}) {
    EXPECT_EQ(Cast(Null(), type), "NULL");
    EXPECT_EQ(Cast({Type::Varchar(3), {}}, type), "NULL");
  }
}

TEST(CastTest, AssignmentConvertsLess) {
  EXPECT_EQ(Cast(Dec("2.5"), Type::Integer(), true), "3");
  EXPECT_EQ(Cast(Text("17"), Type::Integer(), true), "17");
  EXPECT_EQ(Cast(Int(17), Type::Varchar(9), true), "illegal");
  EXPECT_EQ(Cast(Ts("2007-02-19 21:25:35"), Type::Bigint(), true), "illegal");
  EXPECT_EQ(Cast(Ts("2007-02-19 21:25:35"), Type::Date(), true), "illegal");
  EXPECT_EQ(Cast(Text("2007-02-19"), Type::Date(), true), "illegal");
}

TEST(CastTest, AssignmentCountsWhatItCuts) {
  RowErrors errors;
  const auto column = data::Column::MakeConstant(Type::Varchar(6), "abcdef", 3);
  CastColumn(column, Type::Varchar(4), true, {}, errors);
  EXPECT_EQ(errors.cuts(), 3U);
  CastColumn(column, Type::Varchar(4), false, {}, errors);
  EXPECT_EQ(errors.cuts(), 3U);
  EXPECT_TRUE(errors.empty());
}

TEST(CastTest, KnowsWhatCannotFail) {
  EXPECT_FALSE(CastCanFail(Type::Integer(), Type::Bigint(), true));
  EXPECT_TRUE(CastCanFail(Type::Bigint(), Type::Integer(), true));
  EXPECT_FALSE(CastCanFail(Type::Varchar(9), Type::Varchar(3), true));
  EXPECT_FALSE(CastCanFail(Type::Date(), Type::Timestamp(), false));
  EXPECT_TRUE(CastKeepsOrder(Type::Timestamp(), Type::Date()));
  EXPECT_FALSE(CastKeepsOrder(Type::Timestamp(), Type::Time()));
  EXPECT_FALSE(CastKeepsOrder(Type::Bigint(), Type::Varchar(20)));
}

}  // namespace
}  // namespace tailrace::sql
