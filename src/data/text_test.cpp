#include "data/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tailrace::data {
namespace {

using ::testing::HasSubstr;
using Field = IntervalField;

TEST(TextNumberTest, PrintsDoublesAsJava) {
  EXPECT_EQ(DoubleToText(1), "1.0");
  EXPECT_EQ(DoubleToText(0.1), "0.1");
  EXPECT_EQ(DoubleToText(-0.0), "-0.0");
  EXPECT_EQ(DoubleToText(100), "100.0");
  EXPECT_EQ(DoubleToText(9999999), "9999999.0");
  EXPECT_EQ(DoubleToText(1e7), "1.0E7");
  EXPECT_EQ(DoubleToText(1e10), "1.0E10");
  EXPECT_EQ(DoubleToText(123456789.125), "1.23456789125E8");
  EXPECT_EQ(DoubleToText(0.001), "0.001");
  EXPECT_EQ(DoubleToText(0.00099), "9.9E-4");
  EXPECT_EQ(DoubleToText(1e-5), "1.0E-5");
  EXPECT_EQ(DoubleToText(5e-324), "4.9E-324");
  EXPECT_EQ(DoubleToText(2e23), "2.0E23");
  EXPECT_EQ(DoubleToText(1.7976931348623157e308), "1.7976931348623157E308");
  EXPECT_EQ(DoubleToText(3.14), "3.14");
  EXPECT_EQ(DoubleToText(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(DoubleToText(std::nan("")), "NaN");
  EXPECT_EQ(FloatToText(0.1F), "0.1");
  EXPECT_EQ(FloatToText(16777216.0F), "1.6777216E7");
}

TEST(TextNumberTest, PrintsAndParsesDecimals) {
  EXPECT_EQ(DecimalToText(1250, 2), "12.50");
  EXPECT_EQ(DecimalToText(-5, 3), "-0.005");
  EXPECT_EQ(DecimalToText(0, 1), "0.0");
  EXPECT_EQ(DecimalToText(std::numeric_limits<int64_t>::min(), 0), "-9223372036854775808");
  EXPECT_EQ(ParseDecimal("12.5", 2), 1250);
  EXPECT_EQ(ParseDecimal("-12.345", 2), -1235);
  EXPECT_EQ(ParseDecimal("12.344", 2), 1234);
  EXPECT_EQ(ParseDecimal("+.5", 0), 1);
  EXPECT_EQ(ParseDecimal("0.49", 0), 0);
  EXPECT_EQ(ParseDecimal("1.5e2", 1), 1500);
  EXPECT_EQ(ParseDecimal("1e-3", 3), 1);
  EXPECT_EQ(ParseDecimal("000123", 0), 123);
  EXPECT_EQ(ParseDecimal("0.05", 1), 1);
  EXPECT_EQ(ParseDecimal("0.04", 1), 0);
  EXPECT_EQ(ParseDecimal("-9223372036854775808", 0), std::numeric_limits<int64_t>::min());
  for (const char* bad : {"", ".", "-", "1.2.3", "abc", "1e", "1e+-2", " 1", "1 ", "9223372036854775808", "1e99"}) {
    EXPECT_EQ(ParseDecimal(bad, 0), std::nullopt) << bad;
  }
}

TEST(TextTimeTest, KnowsTheCalendar) {
  EXPECT_EQ(DaysFromCivil(1970, 1, 1), 0);
  EXPECT_EQ(DaysFromCivil(2004, 9, 24), 12685);
  EXPECT_EQ(DaysFromCivil(1969, 12, 31), -1);
  EXPECT_EQ(DaysFromCivil(2000, 2, 29), 11016);
  EXPECT_EQ(DaysFromCivil(1900, 2, 29), std::nullopt);
  EXPECT_EQ(DaysFromCivil(2004, 13, 1), std::nullopt);
  EXPECT_EQ(DaysFromCivil(2004, 4, 31), std::nullopt);
  for (int64_t days = -800'000; days < 3'000'000; days += 997) {
    const CivilDate date = CivilFromDays(days);
    EXPECT_EQ(DaysFromCivil(date.year, date.month, date.day), days);
  }
}

TEST(TextTimeTest, ParsesStrictForms) {
  EXPECT_EQ(ParseDate("2007-02-19"), 13563);
  EXPECT_EQ(ParseTime("21:23:34.11"), ((21 * 60 + 23) * 60 + 34) * 1000 + 110);
  EXPECT_EQ(ParseTimestamp("1970-01-02 00:00:01.5", false), 86'401'500);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:00.797945", false), 797);
  for (const char* bad : {"2004-12-02 ", "2004-12-2", "04-12-02", "2004-02-30", "2007-02-19 21", "0000-01-01"}) {
    EXPECT_EQ(ParseDate(bad), std::nullopt) << bad;
  }
  for (const char* bad : {"21:23", "21:23:34:11", "24:00:00", "21:60:00", "21:23:60", "21:23:34.", "1:02:03"}) {
    EXPECT_EQ(ParseTime(bad), std::nullopt) << bad;
  }
  for (const char* bad : {"2007-02-19 21:25", "2007-02-19", "2007-02-19T21:25:35", "2007-02-19 21:25:35Z"}) {
    EXPECT_EQ(ParseTimestamp(bad, false), std::nullopt) << bad;
  }
}

TEST(TextTimeTest, ParsesLenientTimestamps) {
  EXPECT_EQ(ParseTimestamp("1970-01-02", true), 86'400'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:01", true), 1'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01T01:00:00Z", true), 3'600'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01T01:00:00+01:00", true), 0);
  EXPECT_EQ(ParseTimestamp("1970-01-01 01:00:00-0130", true), 9'000'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01 01:00:00+01", true), 0);
  EXPECT_EQ(ParseTimestamp("1970-01-01 01:00:00+0", true), std::nullopt);
  EXPECT_EQ(ParseTimestamp("1970-01-01 01:00:00 x", true), std::nullopt);
}

TEST(TextTimeTest, PrintsFractionsOnlyWhenThereAre) {
  EXPECT_EQ(TimestampToText(86'401'000), "1970-01-02 00:00:01");
  EXPECT_EQ(TimestampToText(-1), "1969-12-31 23:59:59.999");
  EXPECT_EQ(TimestampToOutputText(1'541'034'000'000), "2018-11-01 01:00:00.000");
  EXPECT_EQ(TimeToText(1'050), "00:00:01.050");
}

TEST(TextIntervalTest, ParsesEveryQualifier) {
  const auto parse = [](std::string_view text, Field from, Field to, int precision = 2, int scale = 3) {
    return ParseInterval(Type::Interval(from, to, precision, scale), text).value();
  };
  constexpr int64_t kHour = 3'600'000;
  EXPECT_EQ(parse("2 3:4:5.678", Field::kDay, Field::kSecond), 51 * kHour + 245'678);
  EXPECT_EQ(parse("-3 4:20", Field::kDay, Field::kMinute), -(76 * kHour + 1'200'000));
  EXPECT_EQ(parse("25 3", Field::kDay, Field::kHour), 603 * kHour);
  EXPECT_EQ(parse("59:59.999", Field::kMinute, Field::kSecond), kHour - 1);
  EXPECT_EQ(parse("+10", Field::kSecond, Field::kSecond), 10'000);
  EXPECT_EQ(parse("1.1", Field::kSecond, Field::kSecond, 1, 1), 1'100);
  EXPECT_EQ(parse("120", Field::kMinute, Field::kMinute, 3), 2 * kHour);
  EXPECT_EQ(parse("1-11", Field::kYear, Field::kMonth), 23);
  EXPECT_EQ(parse(" 90 ", Field::kSecond, Field::kSecond), 90'000);
}

TEST(TextIntervalTest, SaysWhatIsWrong) {
  const auto error = [](std::string_view text, Field from, Field to, int precision = 2, int scale = 3) {
    return ParseInterval(Type::Interval(from, to, precision, scale), text).error().message;
  };
  EXPECT_EQ(error("120", Field::kMinute, Field::kMinute),
            "Interval field value 120 exceeds precision of MINUTE(2) field");
  EXPECT_THAT(error("3:45:04.0", Field::kDay, Field::kHour), HasSubstr("not in format 'd h'"));
  EXPECT_THAT(error("1", Field::kDay, Field::kHour), HasSubstr("not in format 'd h'"));
  EXPECT_THAT(error("1 24", Field::kDay, Field::kHour), HasSubstr("24 of HOUR out of range: 0 to 23"));
  EXPECT_THAT(error("1:60", Field::kHour, Field::kMinute), HasSubstr("60 of MINUTE out of range"));
  EXPECT_THAT(error("1.1234", Field::kSecond, Field::kSecond), HasSubstr("exceeds the 3 fraction digits"));
  EXPECT_THAT(error("", Field::kSecond, Field::kSecond), HasSubstr("not in format"));
  EXPECT_THAT(error("99999999999999999999", Field::kDay, Field::kDay, 10), HasSubstr("not in format"));
  EXPECT_THAT(error("1.", Field::kSecond, Field::kSecond), HasSubstr("not in format"));
}

TEST(TextIntervalTest, PrintsTheSignAlways) {
  const auto text = [](int64_t value, Field from, Field to, int scale = 3) {
    return IntervalToText(Type::Interval(from, to, 2, scale), value);
  };
  constexpr int64_t kHour = 3'600'000;
  EXPECT_EQ(text(100 * kHour, Field::kDay, Field::kHour), "+4 04");
  EXPECT_EQ(text(-52 * kHour, Field::kDay, Field::kHour), "-2 04");
  EXPECT_EQ(text(371'000, Field::kMinute, Field::kSecond), "+6:11");
  EXPECT_EQ(text(371'000, Field::kSecond, Field::kSecond), "+371");
  EXPECT_EQ(text(371'000, Field::kMinute, Field::kMinute), "+6");
  EXPECT_EQ(text(48 * kHour + 371'000, Field::kDay, Field::kSecond), "+2 00:06:11");
  EXPECT_EQ(text(1'100, Field::kSecond, Field::kSecond, 1), "+1.1");
  EXPECT_EQ(text(23, Field::kYear, Field::kMonth), "+1-11");
  EXPECT_EQ(text(std::numeric_limits<int64_t>::min(), Field::kDay, Field::kDay), "-106751991167");
}

TEST(TextJsonTest, WritesOneValue) {
  const auto json = [](const Type& type, const Value& value) {
    std::string text;
    AppendJson(text, type, value);
    return text;
  };
  EXPECT_EQ(json(Type::Integer(), 5), "5");
  EXPECT_EQ(json(Type::Double(), 1e-5), "1.0E-5");
  EXPECT_EQ(json(Type::Double(), std::nan("")), "null");
  EXPECT_EQ(json(Type::Decimal(4, 2), 1250), "12.50");
  EXPECT_EQ(json(Type::Boolean(), true), "true");
  EXPECT_EQ(json(Type::Integer(), {}), "null");
  EXPECT_EQ(json(Type::Timestamp(), int64_t{1'513'300'190'000}), "\"2017-12-15 01:09:50.000\"");
  EXPECT_EQ(json(Type::Date(), 0), "\"1970-01-01\"");
  EXPECT_EQ(json(Type{.kind = TypeKind::kVarbinary, .precision = 3}, std::string("\x01\xff", 2)), "\"Af8=\"");
  EXPECT_EQ(json(Type::Varchar(), "a\"b\\c\n\r\t\x01 \u00e9"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001 \u00e9\"");
  EXPECT_EQ(json(Type::Varchar(), "\xff"), "\"\xef\xbf\xbd\"");
}

TEST(SqlTextTest, PrintsEveryType) {
  EXPECT_EQ(ToSqlText(Type::Boolean(), false), "FALSE");
  EXPECT_EQ(ToSqlText(Type::Bigint(), int64_t{-7}), "-7");
  EXPECT_EQ(ToSqlText(Type::Decimal(4, 2), 1250), "12.50");
  EXPECT_EQ(ToSqlText(Type::Of(TypeKind::kReal), static_cast<double>(0.1F)), "0.1");
  EXPECT_EQ(ToSqlText(Type::Char(3), "a  "), "a  ");
  EXPECT_EQ(ToSqlText(Type{.kind = TypeKind::kBinary, .precision = 2}, std::string("\x0a\x1b", 2)), "0a1b");
  EXPECT_EQ(ToSqlText(Type::Time(), 1'000), "00:00:01");
}

}  // namespace
}  // namespace tailrace::data
