#include <gtest/gtest.h>

#include "sql/parser.h"

namespace tailrace::sql {
namespace {

using data::IntervalField;
using data::Type;
using data::Value;

struct Parsed {
  Type type;
  Value value;
};

Parsed LiteralOf(std::string_view text, const ParseOptions& options = {}) {
  const ParsedExpression parsed = ParseExpression(text, options);
  for (const Diagnostic& diagnostic : parsed.diagnostics) ADD_FAILURE() << Format(diagnostic, "", text);
  if (parsed.expr == nullptr) return {};
  const auto& literal = std::get<ast::Literal>(parsed.expr->node);
  return {literal.type, literal.value};
}

std::string ErrorOf(std::string_view text) {
  const ParsedExpression parsed = ParseExpression(text);
  EXPECT_EQ(parsed.diagnostics.size(), 1u) << text;
  EXPECT_EQ(parsed.expr, nullptr) << text;
  return parsed.diagnostics.empty() ? "" : Format(parsed.diagnostics[0], "", text);
}

void ExpectLiteral(std::string_view text, const Type& type, const Value& value) {
  SCOPED_TRACE(text);
  const Parsed parsed = LiteralOf(text);
  EXPECT_EQ(parsed.type.ToString(), type.ToString());
  EXPECT_EQ(parsed.type, type);
  EXPECT_EQ(parsed.value, value);
}

TEST(LiteralTest, ExactNumbers) {
  ExpectLiteral("12", Type::Integer(), 12);
  ExpectLiteral("2147483647", Type::Integer(), 2147483647);
  ExpectLiteral("2147483648", Type::Bigint(), Value(int64_t{2147483648}));
  ExpectLiteral("-3", Type::Integer(), -3);
  ExpectLiteral("-9223372036854775808", Type::Bigint(), Value(INT64_MIN));
  ExpectLiteral("0.5", Type::Decimal(2, 1), 5);
  ExpectLiteral("100.000", Type::Decimal(6, 3), 100'000);
  ExpectLiteral("-1.25", Type::Decimal(3, 2), -125);
  ExpectLiteral(".5", Type::Decimal(1, 1), 5);
  ExpectLiteral("5.", Type::Decimal(1, 0), 5);
  ExpectLiteral("007.10", Type::Decimal(3, 2), 710);
  EXPECT_EQ(ErrorOf("9223372036854775808"), "1:1: number out of range of BIGINT: 9223372036854775808");
  EXPECT_EQ(ErrorOf("1.2345678901234567890"),
            "1:1: DECIMAL literal of 20 digits, at most 18; write it as DOUBLE, with an exponent: 1.5E0");
}

TEST(LiteralTest, ApproximateNumbers) {
  ExpectLiteral("1e2", Type::Double(), 100.0);
  ExpectLiteral("-1.5E-6", Type::Double(), -1.5e-6);
  ExpectLiteral("1e-400", Type::Double(), 0.0);
  EXPECT_EQ(ErrorOf("1e999"), "1:1: number out of range of DOUBLE: 1e999");
  EXPECT_EQ(ErrorOf("1 + 2abc"), "1:5: a name cannot begin with a digit: 2abc; quote it: \"2abc\"");
}

TEST(LiteralTest, Text) {
  ExpectLiteral("'abc'", Type::Char(3), "abc");
  ExpectLiteral("'it''s'", Type::Char(4), "it's");
  ExpectLiteral("''", Type::Char(0), "");
  ExpectLiteral("'\xc3\xa4'", Type::Char(1), "\xc3\xa4");
  ExpectLiteral("u&'\\0009'", Type::Char(1), "\t");
  ExpectLiteral("U&'a\\\\b\\+01F600'", Type::Char(4), "a\\b\xf0\x9f\x98\x80");
  ExpectLiteral("u&'!0041\\' UESCAPE '!'", Type::Char(2), "A\\");
  EXPECT_EQ(ErrorOf("u&'\\00'"), "1:1: bad escape in a Unicode literal; \\XXXX, \\+XXXXXX or \\\\ may follow '\\'");
  EXPECT_EQ(ErrorOf("u&'a' UESCAPE '1'"), "1:1: UESCAPE needs one character in quotes, no hexadecimal digit");
}

TEST(LiteralTest, Binary) {
  ExpectLiteral("X'0A1b'", {.kind = data::TypeKind::kBinary, .precision = 2}, std::string("\x0a\x1b"));
  EXPECT_EQ(ErrorOf("X'0A1'"), "1:1: binary literal has an odd number of hexadecimal digits");
  EXPECT_EQ(ErrorOf("X'0G'"), "1:1: binary literal holds something else than hexadecimal digits");
}

TEST(LiteralTest, Words) {
  ExpectLiteral("TRUE", Type::Boolean(), true);
  ExpectLiteral("false", Type::Boolean(), false);
  ExpectLiteral("UNKNOWN", Type::Boolean(), Value());
  ExpectLiteral("null", Type::Null(), Value());
}

TEST(LiteralTest, Datetimes) {
  ExpectLiteral("DATE '1970-01-02'", Type::Date(), 1);
  ExpectLiteral("DATE'2008-08-23'", Type::Date(), 14'114);
  ExpectLiteral("TIME '01:02:03'", Type::Time(), 3'723'000);
  ExpectLiteral("TIMESTAMP '1970-01-01 00:00:01.500'", Type::Timestamp(), 1'500);
  ExpectLiteral("{d '1970-01-02'}", Type::Date(), 1);
  ExpectLiteral("{t '00:00:01'}", Type::Time(), 1'000);
  ExpectLiteral("{ts '1970-01-01 00:01:00'}", Type::Timestamp(), 60'000);
  EXPECT_EQ(ErrorOf("DATE '2004-12-02 '"), "1:6: Illegal DATE literal '2004-12-02 ': not in format 'yyyy-MM-dd'");
  EXPECT_EQ(ErrorOf("TIMESTAMP '2007-02-19 21:25'"),
            "1:11: Illegal TIMESTAMP literal '2007-02-19 21:25': not in format 'yyyy-MM-dd HH:mm:ss'");
  EXPECT_EQ(ErrorOf("TIME '21:25'"), "1:6: Illegal TIME literal '21:25': not in format 'HH:mm:ss'");
}

TEST(IntervalTest, ValuesByQualifier) {
  using enum IntervalField;
  ExpectLiteral("INTERVAL '10' SECOND", Type::Interval(kSecond, kSecond), 10'000);
  ExpectLiteral("INTERVAL '2 3:4:5.678' DAY TO SECOND", Type::Interval(kDay, kSecond), 183'845'678);
  ExpectLiteral("INTERVAL '-3 4:20' DAY TO MINUTE", Type::Interval(kDay, kMinute), -274'800'000);
  ExpectLiteral("INTERVAL '25 3' DAY TO HOUR", Type::Interval(kDay, kHour), 2'170'800'000);
  ExpectLiteral("INTERVAL '59:59.999' MINUTE TO SECOND(3)", Type::Interval(kMinute, kSecond), 3'599'999);
  ExpectLiteral("INTERVAL '1.1' SECOND(1,1)", Type::Interval(kSecond, kSecond, 1, 1), 1'100);
  ExpectLiteral("INTERVAL '120' MINUTE(3)", Type::Interval(kMinute, kMinute, 3), 7'200'000);
  ExpectLiteral("interval '1' year(1)", Type::Interval(kYear, kYear, 1), 12);
  ExpectLiteral("INTERVAL '2-3' YEAR TO MONTH", Type::Interval(kYear, kMonth), 27);
  ExpectLiteral("INTERVAL '90' SECOND", Type::Interval(kSecond, kSecond), 90'000);
}

TEST(IntervalTest, SignsMultiply) {
  using enum IntervalField;
  ExpectLiteral("INTERVAL -'1' DAY", Type::Interval(kDay, kDay), -86'400'000);
  ExpectLiteral("INTERVAL - '-1' DAY", Type::Interval(kDay, kDay), 86'400'000);
  ExpectLiteral("INTERVAL + '-1' DAY", Type::Interval(kDay, kDay), -86'400'000);
}

TEST(IntervalTest, LeadingPrecision) {
  EXPECT_EQ(ErrorOf("INTERVAL '120' MINUTE"),
            "1:10: Interval field value 120 exceeds precision of MINUTE(2) field; write MINUTE(3)");
  const Parsed lenient = LiteralOf("INTERVAL '120' MINUTE", {.lenient_interval_precision = true});
  EXPECT_EQ(lenient.type, Type::Interval(IntervalField::kMinute, IntervalField::kMinute, 3));
  EXPECT_EQ(lenient.value, Value(7'200'000));
  ExpectLiteral("INTERVAL '007' DAY", Type::Interval(IntervalField::kDay, IntervalField::kDay), 604'800'000);
  EXPECT_EQ(ErrorOf("INTERVAL '1' DAY(11)"), "1:18: number of digits out of range: 11, allowed 1 to 10");
  EXPECT_EQ(ErrorOf("INTERVAL '1' SECOND(2,4)"), "1:23: number of digits out of range: 4, allowed 0 to 3");
  EXPECT_EQ(ErrorOf("INTERVAL '12345678901' DAY(10)"),
            "1:10: Interval field value 12345678901 exceeds precision of DAY(10) field");
}

TEST(IntervalTest, TextMustHaveTheFieldsOfItsQualifier) {
  EXPECT_EQ(ErrorOf("INTERVAL '3:45:04.0' DAY TO HOUR"),
            "1:10: Illegal INTERVAL literal '3:45:04.0': not in format 'd h'");
  EXPECT_EQ(ErrorOf("INTERVAL '1 24' DAY TO HOUR"), "1:10: Interval field value 24 of HOUR out of range: 0 to 23");
  EXPECT_EQ(ErrorOf("INTERVAL '10 seconds'"),
            "1:22: expected YEAR, MONTH, DAY, HOUR, MINUTE or SECOND after the interval's value, found the end of the "
            "text; the unit stands outside the quotes");
  EXPECT_EQ(ErrorOf("INTERVAL '1' MONTH TO DAY"), "1:20: expected the end of the expression, found TO");
}

TEST(LiteralTest, AParameterStandsForItsValue) {
  const Parameter parameters[] = {
      {"threshold", "30", true}, {"low", "-0.5", true}, {"name", "it's", false}, {"window", "120", true}};
  const ParseOptions options{.parameters = parameters};
  const auto expect = [&](std::string_view text, const Type& type, const Value& value) {
    const Parsed parsed = LiteralOf(text, options);
    EXPECT_EQ(parsed.type.ToString(), type.ToString()) << text;
    EXPECT_EQ(parsed.value, value) << text;
  };
  expect(":threshold", Type::Integer(), 30);
  expect(":THRESHOLD", Type::Integer(), 30);
  expect(":low", Type::Decimal(2, 1), -5);
  expect(":name", Type::Char(4), Value("it's"));
  // Whole seconds in ms, with as many digits as it needs.
  EXPECT_EQ(LiteralOf("INTERVAL :window SECOND", options).value, Value(int64_t{120'000}));
  EXPECT_EQ(LiteralOf("INTERVAL :window MINUTE", options).value, Value(int64_t{7'200'000}));

  const auto message = [&](std::string_view text) {
    const ParsedExpression parsed = ParseExpression(text, options);
    return parsed.diagnostics.empty() ? "" : Format(parsed.diagnostics[0], "", text);
  };
  EXPECT_EQ(message(":treshold"), "1:1: there is no parameter treshold; did you mean :threshold?");
  EXPECT_EQ(message("1 : 2").find("':' is no operator"), 5u);
  EXPECT_NE(message("a::integer").find("':' is no operator"), std::string::npos);
}

}  // namespace
}  // namespace tailrace::sql
