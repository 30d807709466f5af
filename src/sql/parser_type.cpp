#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/keywords.h"
#include "sql/parser_rules.h"

namespace tailrace::sql {
namespace {

using data::IntervalField;

constexpr std::array<std::string_view, 6> kFields = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"};
constexpr std::array<std::string_view, 18> kTypeWords = {
    "VARCHAR", "CHAR", "CHARACTER", "INTEGER", "INT",     "BIGINT",    "SMALLINT",  "TINYINT", "DOUBLE",
    "FLOAT",   "REAL", "DECIMAL",   "NUMERIC", "BOOLEAN", "TIMESTAMP", "VARBINARY", "BINARY",  "DATE"};

// Type names of other systems and what they are called here.
struct ForeignType {
  std::string_view word;
  std::string_view ours;
};
constexpr ForeignType kForeignTypes[] = {
    {"STRING", "VARCHAR(n)"},  {"TEXT", "VARCHAR(n)"},   {"VARCHAR2", "VARCHAR(n)"}, {"NVARCHAR", "VARCHAR(n)"},
    {"CLOB", "VARCHAR(n)"},    {"BOOL", "BOOLEAN"},      {"LONG", "BIGINT"},         {"INT64", "BIGINT"},
    {"INT8", "BIGINT"},        {"INT4", "INTEGER"},      {"INT2", "SMALLINT"},       {"NUMBER", "DECIMAL(p,s)"},
    {"FLOAT8", "DOUBLE"},      {"FLOAT64", "DOUBLE"},    {"DATETIME", "TIMESTAMP"},  {"TIMESTAMPTZ", "TIMESTAMP"},
    {"BYTES", "VARBINARY(n)"}, {"BLOB", "VARBINARY(n)"}, {"UUID", "VARCHAR(36)"},    {"JSON", "VARCHAR(n)"}};

std::optional<IntervalField> FieldOf(const Token& token) {
  if (token.kind != TokenKind::kWord) return std::nullopt;
  const auto found = std::ranges::find(kFields, token.text);
  if (found == kFields.end()) return std::nullopt;
  return static_cast<IntervalField>(found - kFields.begin());
}

bool MayRange(IntervalField from, IntervalField to) {
  const bool same_family = (from <= IntervalField::kMonth) == (to <= IntervalField::kMonth);
  return same_family && from < to;
}

}  // namespace

void ParserRules::ForeignTypeHint(const Token& word, std::string& hint) const {
  for (const ForeignType& foreign : kForeignTypes) {
    if (word.IsWord(foreign.word)) hint = StrCat("the dialect calls it ", foreign.ours);
  }
}

ast::TypeName ParserRules::TypeName(IntervalTypes intervals) {
  ast::TypeName name;
  const uint32_t begin = Begin();
  if (Peek().kind != TokenKind::kWord || IsStructural(Peek().text)) {
    if (!Is("INTERVAL")) {
      FailExpected("a type");
      return name;
    }
    Next();
    const auto qualifier = IntervalQualifier(UnitSlips::kRepair);
    if (!qualifier) FailExpected("YEAR, MONTH, DAY, HOUR, MINUTE or SECOND after INTERVAL");
    if (intervals == IntervalTypes::kRefuse) {
      Fault(RangeFrom(begin), "INTERVAL cannot be the type of a column", "store milliseconds as BIGINT");
    }
    if (qualifier) name.type = qualifier->type;
    name.range = RangeFrom(begin);
    return name;
  }
  const bool known = data::ParseType(Peek().text).ok();
  const std::string_view meant = known ? "" : SlipOf(Peek().text, kTypeWords);
  if (!meant.empty()) ReadAs(meant, StrCat("unknown column type: ", Describe(Peek())));
  std::string hint;
  if (!known) ForeignTypeHint(Peek(), hint);
  std::string text = Next().text;
  if (Is("VARYING") || Is("PRECISION")) text += StrCat(" ", Next().text);
  if (AcceptSymbol("(")) {
    text += "(";
    while (!AtEnd() && !IsSymbol(")")) {
      if (Peek().kind != TokenKind::kInteger && !IsSymbol(",")) FailExpected("a length in digits");
      text += Next().text;
    }
    ExpectSymbol(")");
    text += ")";
  }
  name.range = RangeFrom(begin);
  if (failed_) return name;
  const auto type = data::ParseType(text);
  if (type.ok()) {
    name.type = type.value();
  } else {
    Fault(name.range, type.error().message, std::move(hint));
  }
  return name;
}

std::optional<int32_t> ParserRules::DigitCount(int32_t least, int32_t most) {
  const Token& token = Peek();
  const auto value = token.kind == TokenKind::kInteger ? ParseInt64(token.text) : std::nullopt;
  if (!value) {
    FailExpected("a number of digits");
    return std::nullopt;
  }
  Next();
  if (*value >= least && *value <= most) return static_cast<int32_t>(*value);
  Fault(token.range, StrCat("number of digits out of range: ", token.text, ", allowed ", least, " to ", most));
  return std::nullopt;
}

std::optional<ParserRules::Qualifier> ParserRules::IntervalQualifier(UnitSlips slips) {
  constexpr int32_t kPrecisionMax = 10;
  constexpr int32_t kScaleMax = 3;
  if (slips == UnitSlips::kRepair && Peek().kind == TokenKind::kWord && !FieldOf(Peek())) {
    const std::string_view meant = SlipOf(Peek().text, kFields);
    if (!meant.empty()) ReadAs(meant, StrCat("unknown interval unit ", Describe(Peek())));
  }
  const auto from = FieldOf(Peek());
  if (!from) return std::nullopt;
  const uint32_t begin = Begin();
  Next();
  Qualifier qualifier{.type = data::Type::Interval(*from, *from)};
  if (AcceptSymbol("(")) {
    qualifier.type.precision = DigitCount(1, kPrecisionMax).value_or(kPrecisionMax);
    if (*from == IntervalField::kSecond && AcceptSymbol(",")) {
      qualifier.type.scale = DigitCount(0, kScaleMax).value_or(kScaleMax);
    }
    ExpectSymbol(")");
  }
  qualifier.leading = RangeFrom(begin);
  // FLOOR((a - b) SECOND TO MINUTE): a TO that leads to no finer field belongs to the function.
  const auto to = Is("TO") ? FieldOf(Peek(1)) : std::nullopt;
  if (!to || !MayRange(*from, *to)) return qualifier;
  Next();
  Next();
  qualifier.type.to = *to;
  if (*to == IntervalField::kSecond && AcceptSymbol("(")) {
    qualifier.type.scale = DigitCount(0, kScaleMax).value_or(kScaleMax);
    ExpectSymbol(")");
  }
  return qualifier;
}

}  // namespace tailrace::sql
