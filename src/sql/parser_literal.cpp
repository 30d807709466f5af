#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/str.h"
#include "data/text.h"
#include "sql/parser_rules.h"

namespace tailrace::sql {
namespace {

using ast::ExprPtr;
using data::IntervalField;
using data::Type;
using data::TypeKind;

constexpr int32_t kIntervalDigitsMax = 10;

// Digits of the leading field in an interval's text.
int32_t LeadingDigits(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  int32_t digits = 0;
  bool significant = false;
  for (const char c : text) {
    if (c < '0' || c > '9' || digits > kIntervalDigitsMax) break;
    significant = significant || c != '0';
    digits += significant ? 1 : 0;
  }
  return digits;
}

// "SECOND(3,3)", "MINUTE(3)".
std::string LeadingField(const Type& type) {
  if (type.from == IntervalField::kSecond) return StrCat("SECOND(", type.precision, ",", type.scale, ")");
  return StrCat(data::IntervalFieldName(type.from), "(", type.precision, ")");
}

}  // namespace

ExprPtr ParserRules::MakeLiteral(Type type, data::Value value, uint32_t begin) {
  return Make(ast::Literal{std::move(type), std::move(value)}, begin, 0);
}

ExprPtr ParserRules::NumberLiteral(bool negative, uint32_t begin) {
  const Token& token = Next();
  const std::string text = StrCat(negative ? "-" : "", token.text);
  if (token.kind == TokenKind::kApproximate) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // A number too near to zero is zero; from_chars calls both ends out of range.
    const bool tiny = error == std::errc::result_out_of_range && token.text.find_first_of("eE") != std::string::npos &&
                      token.text.find('-') != std::string::npos;
    if (error != std::errc() && !tiny) Fail(token.range, StrCat("number out of range of DOUBLE: ", text));
    return MakeLiteral(Type::Double(), data::Value(tiny ? 0.0 : value), begin);
  }
  const size_t point = token.text.find('.');
  if (point == std::string::npos) {
    const auto value = ParseInt64(text);
    if (!value) Fail(token.range, StrCat("number out of range of BIGINT: ", text));
    const bool small =
        value && *value >= std::numeric_limits<int32_t>::min() && *value <= std::numeric_limits<int32_t>::max();
    return MakeLiteral(small ? Type::Integer() : Type::Bigint(), data::Value(value.value_or(0)), begin);
  }
  const size_t whole_begin = std::min(token.text.find_first_not_of('0'), point);
  const size_t whole_digits = std::max<size_t>(point - whole_begin, point > 0 ? 1 : 0);
  const size_t scale = token.text.size() - point - 1;
  const size_t precision = std::max<size_t>(whole_digits + scale, 1);
  constexpr size_t kDigitsMax = 18;
  // The leading zero of 0.5 counts as a digit, but must not push a number over the limit.
  if (precision - (whole_begin == point ? whole_digits : 0) > kDigitsMax) {
    Fail(token.range, StrCat("DECIMAL literal of ", precision, " digits, at most ", kDigitsMax),
         "write it as DOUBLE, with an exponent: 1.5E0");
    return nullptr;
  }
  const auto value = data::ParseDecimal(text.ends_with('.')     ? text + "0"
                                        : text.starts_with('.') ? "0" + text
                                                                : text,
                                        static_cast<int32_t>(scale));
  if (!value) Fail(token.range, StrCat("number out of range of DECIMAL: ", text));
  return MakeLiteral(Type::Decimal(static_cast<int32_t>(precision), static_cast<int32_t>(scale)),
                     data::Value(value.value_or(0)), begin);
}

ExprPtr ParserRules::StringLiteral() {
  const uint32_t begin = Begin();
  const std::string& text = Next().text;
  return MakeLiteral(Type::Char(static_cast<int32_t>(Utf8Length(text))), data::Value(text), begin);
}

ExprPtr ParserRules::BinaryLiteral() {
  const uint32_t begin = Begin();
  const std::string& bytes = Next().text;
  const Type type{.kind = TypeKind::kBinary, .precision = static_cast<int32_t>(bytes.size())};
  return MakeLiteral(type, data::Value(bytes), begin);
}

ExprPtr ParserRules::WordLiteral() {
  const uint32_t begin = Begin();
  const std::string& word = Next().text;
  if (word == "NULL") return MakeLiteral(Type::Null(), {}, begin);
  if (word == "UNKNOWN") return MakeLiteral(Type::Boolean(), {}, begin);
  return MakeLiteral(Type::Boolean(), data::Value(word == "TRUE"), begin);
}

ExprPtr ParserRules::DatetimeLiteral(TypeKind kind, uint32_t begin) {
  if (Peek().kind == TokenKind::kWord) Next();
  if (Peek().kind != TokenKind::kString) {
    FailExpected("the value in quotes");
    return nullptr;
  }
  const Token& token = Next();
  std::optional<int64_t> value;
  std::string_view format;
  if (kind == TypeKind::kDate) {
    value = data::ParseDate(token.text);
    format = "yyyy-MM-dd";
  } else if (kind == TypeKind::kTime) {
    value = data::ParseTime(token.text);
    format = "HH:mm:ss";
  } else {
    value = data::ParseTimestamp(token.text, false);
    format = "yyyy-MM-dd HH:mm:ss";
  }
  const Type type = Type::Of(kind);
  if (!value) {
    // The statement's shape is clear all the same, so reading goes on.
    Fault(token.range,
          StrCat("Illegal ", type.ToString(), " literal '", token.text, "': not in format '", format, "'"));
  }
  return MakeLiteral(type, data::Value(value.value_or(0)), begin);
}

ExprPtr ParserRules::IntervalLiteral() {
  const uint32_t begin = Begin();
  Expect("INTERVAL");
  bool negative = false;
  while (IsSymbol("+") || IsSymbol("-")) negative = negative != (Next().text == "-");
  if (Peek().from_parameter) {
    // INTERVAL :window SECOND: the value as it is.
  } else if (Peek().kind == TokenKind::kInteger || Peek().kind == TokenKind::kDecimal) {
    const SourceRange range = Peek().range;
    Repaired(range, StrCat("the value of an INTERVAL stands in quotes: '", Peek().text, "'"), {},
             {{range, StrCat("'", Peek().text, "'")}});
  } else if (Peek().kind != TokenKind::kString) {
    FailExpected("the interval's value in quotes, as in INTERVAL '10' SECOND");
    return nullptr;
  }
  const Token& text = Next();
  auto qualifier = IntervalQualifier(UnitSlips::kRepair);
  if (!qualifier) {
    FailExpected("YEAR, MONTH, DAY, HOUR, MINUTE or SECOND after the interval's value",
                 text.text.find(' ') == std::string::npos ? "" : "the unit stands outside the quotes");
    return nullptr;
  }
  Type& type = qualifier->type;
  const int32_t digits = LeadingDigits(text.text);
  const int32_t precision = type.precision;
  const bool widens = digits > precision && digits <= kIntervalDigitsMax;
  if (widens) type.precision = digits;
  const auto value = data::ParseInterval(type, text.text);
  if (!value.ok()) {
    Fault(text.range, value.error().message);
  } else if (widens && !options().lenient_interval_precision && !text.from_parameter) {
    const std::string wide = LeadingField(type);
    Type narrow = type;
    narrow.precision = precision;
    const auto refused = data::ParseInterval(narrow, text.text);
    TAILRACE_CHECK(!refused.ok());  // It has more digits than the field takes.
    Repaired(text.range, refused.error().message, StrCat("write ", wide), {{qualifier->leading, wide}});
  }
  const int64_t magnitude = value.ok() ? value.value() : 0;
  return MakeLiteral(type, data::Value(negative ? -magnitude : magnitude), begin);
}

}  // namespace tailrace::sql
