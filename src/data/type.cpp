#include "data/type.h"

#include <array>
#include <optional>

#include "base/str.h"

namespace tailrace::data {
namespace {

struct TypeName {
  std::string_view words;  // Upper case, single blanks.
  TypeKind kind;
};

// Every spelling of a column type. The first spelling of a kind is the one that is printed.
constexpr TypeName kTypeNames[] = {
    {"BOOLEAN", TypeKind::kBoolean},
    {"TINYINT", TypeKind::kTinyint},
    {"SMALLINT", TypeKind::kSmallint},
    {"INTEGER", TypeKind::kInteger},
    {"INT", TypeKind::kInteger},
    {"BIGINT", TypeKind::kBigint},
    {"DECIMAL", TypeKind::kDecimal},
    {"DEC", TypeKind::kDecimal},
    {"NUMERIC", TypeKind::kDecimal},
    {"REAL", TypeKind::kReal},
    {"DOUBLE", TypeKind::kDouble},
    {"DOUBLE PRECISION", TypeKind::kDouble},
    {"FLOAT", TypeKind::kDouble},
    {"CHAR", TypeKind::kChar},
    {"CHARACTER", TypeKind::kChar},
    {"VARCHAR", TypeKind::kVarchar},
    {"CHARACTER VARYING", TypeKind::kVarchar},
    {"CHAR VARYING", TypeKind::kVarchar},
    {"BINARY", TypeKind::kBinary},
    {"VARBINARY", TypeKind::kVarbinary},
    {"BINARY VARYING", TypeKind::kVarbinary},
    {"DATE", TypeKind::kDate},
    {"TIME", TypeKind::kTime},
    {"TIMESTAMP", TypeKind::kTimestamp},
};

std::string_view KindName(TypeKind kind) {
  for (const TypeName& name : kTypeNames) {
    if (name.kind == kind) return name.words;
  }
  return kind == TypeKind::kRow ? "ROW" : "NULL";
}

std::string IntervalToTypeText(const Type& type) {
  std::string text = StrCat("INTERVAL ", IntervalFieldName(type.from));
  const bool single = type.from == type.to;
  if (single && type.from == IntervalField::kSecond && type.scale != 3) {
    return text + StrCat("(", type.precision, ",", type.scale, ")");
  }
  if (type.precision != 2) text += StrCat("(", type.precision, ")");
  if (single) return text;
  text += StrCat(" TO ", IntervalFieldName(type.to));
  if (type.to == IntervalField::kSecond) text += StrCat("(", type.scale, ")");
  return text;
}

// The text cut into upper-case words before the parenthesis, and the numbers inside it.
struct TypeText {
  std::string words;
  std::vector<int64_t> numbers;
  bool parenthesis = false;
};

std::optional<TypeText> CutTypeText(std::string_view text) {
  TypeText cut;
  const size_t open = text.find('(');
  for (std::string_view word : Split(text.substr(0, open), ' ')) {
    word = Trim(word);
    if (word.empty()) continue;
    if (!cut.words.empty()) cut.words += ' ';
    cut.words += AsciiUpper(word);
  }
  if (open == std::string_view::npos) return cut;
  const size_t close = text.find(')', open);
  if (close == std::string_view::npos || !Trim(text.substr(close + 1)).empty()) return std::nullopt;
  cut.parenthesis = true;
  for (const std::string_view part : Split(text.substr(open + 1, close - open - 1), ',')) {
    const auto number = ParseInt64(Trim(part));
    if (!number) return std::nullopt;
    cut.numbers.push_back(*number);
  }
  return cut;
}

Result<Type> DecimalType(const std::vector<int64_t>& numbers) {
  const int64_t precision = numbers.empty() ? 18 : numbers[0];
  const int64_t scale = numbers.size() > 1 ? numbers[1] : 0;
  if (numbers.size() > 2 || precision < 1 || precision > kDecimalPrecisionMax || scale < 0 || scale > precision) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("DECIMAL precision ", precision, ", scale ", scale, " out of range: precision 1 to ",
                        kDecimalPrecisionMax, ", scale 0 to the precision")};
  }
  return Type::Decimal(static_cast<int32_t>(precision), static_cast<int32_t>(scale));
}

Result<Type> LengthType(TypeKind kind, const std::vector<int64_t>& numbers) {
  const bool varying = kind == TypeKind::kVarchar || kind == TypeKind::kVarbinary;
  const int64_t length = numbers.empty() ? (varying ? kVarcharLengthMax : 1) : numbers[0];
  if (numbers.size() > 1 || length < 1 || length > kVarcharLengthMax) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat(KindName(kind), " length ", length, " out of range: 1 to ", kVarcharLengthMax)};
  }
  return Type{.kind = kind, .precision = static_cast<int32_t>(length)};
}

}  // namespace

Physical Type::physical() const {
  switch (kind) {
    case TypeKind::kNull:
      return Physical::kNone;
    case TypeKind::kBoolean:
      return Physical::kBool;
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInteger:
    case TypeKind::kBigint:
    case TypeKind::kDecimal:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return Physical::kInt64;
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return Physical::kDouble;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
      return Physical::kText;
    case TypeKind::kRow:
      return Physical::kRow;
  }
  return Physical::kNone;
}

std::string Type::ToString() const {
  if (is_interval()) return IntervalToTypeText(*this);
  std::string text(KindName(kind));
  if (kind == TypeKind::kDecimal) return text + StrCat("(", precision, ",", scale, ")");
  if (is_character() || is_binary()) return text + StrCat("(", precision, ")");
  if (kind != TypeKind::kRow || row == nullptr) return text;
  text += "(";
  for (const Field& field : row->fields) {
    if (text.back() != '(') text += ", ";
    text += StrCat(field.name, " ", field.type.ToString());
  }
  return text + ")";
}

bool Type::operator==(const Type& other) const {
  if (kind != other.kind || precision != other.precision || scale != other.scale) return false;
  if (is_interval()) return from == other.from && to == other.to;
  if (kind != TypeKind::kRow || row == other.row) return true;
  return row != nullptr && other.row != nullptr && row->fields == other.row->fields;
}

std::string_view IntervalFieldName(IntervalField field) {
  static constexpr std::array<std::string_view, 6> kNames = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"};
  return kNames[static_cast<size_t>(field)];
}

int64_t IntervalFieldUnit(IntervalField field) {
  static constexpr std::array<int64_t, 6> kUnits = {12, 1, 86'400'000, 3'600'000, 60'000, 1'000};
  return kUnits[static_cast<size_t>(field)];
}

Result<Type> ParseType(std::string_view text) {
  const auto cut = CutTypeText(text);
  for (const TypeName& name : kTypeNames) {
    if (!cut || cut->words != name.words) continue;
    if (name.kind == TypeKind::kDecimal) return DecimalType(cut->numbers);
    const Type type = Type::Of(name.kind);
    if (type.is_character() || type.is_binary()) return LengthType(name.kind, cut->numbers);
    if (cut->parenthesis) {
      return Error{ErrorCode::kInvalidArgument, StrCat("type ", name.words, " takes no length: '", Trim(text), "'")};
    }
    return type;
  }
  return Error{ErrorCode::kInvalidArgument, StrCat("unknown column type: '", Trim(text), "'")};
}

}  // namespace tailrace::data
