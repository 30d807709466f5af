#include "sql/functions/resolve.h"

#include <algorithm>
#include <limits>

#include "base/str.h"

namespace tailrace::sql {
namespace {

using data::Type;
using data::TypeKind;

constexpr int32_t kComputedPrecisionMax = 18;

// Written between its operands.
bool IsInfix(std::string_view name) {
  const char first = name.front();
  const bool word = (first >= 'A' && first <= 'Z') || first == '_';
  return !word || name == "LIKE" || name == "SIMILAR TO" || name == "IS DISTINCT FROM";
}

std::string TypeText(const Type& type) { return StrCat("<", type.ToString(), ">"); }

Type DecimalArithmeticType(ArithmeticOp op, const Type& a, const Type& b) {
  const int32_t whole_a = a.precision - a.scale;
  const int32_t whole_b = b.precision - b.scale;
  int32_t whole = 0;
  int32_t scale = 0;
  int32_t scale_kept = 0;  // Not cut when the precision is capped.
  switch (op) {
    case ArithmeticOp::kAdd:
    case ArithmeticOp::kSubtract:
      scale = std::max(a.scale, b.scale);
      whole = std::max(whole_a, whole_b) + 1;
      scale_kept = scale;
      break;
    case ArithmeticOp::kMultiply:
      scale = a.scale + b.scale;
      whole = whole_a + whole_b;
      scale_kept = std::max(a.scale, b.scale);
      break;
    case ArithmeticOp::kDivide:
      scale = std::max(6, a.scale + b.precision + 1);
      whole = whole_a + b.scale;
      scale_kept = a.scale;
      break;
  }
  // When the cap cuts, whole digits come first, but the operands' own fraction digits stay.
  if (whole + scale > kComputedPrecisionMax) scale = std::max(kComputedPrecisionMax - whole, scale_kept);
  scale = std::min(scale, kComputedPrecisionMax);
  return Type::Decimal(std::min(whole + scale, kComputedPrecisionMax), scale);
}

Type CommonInterval(const Type& a, const Type& b) {
  return Type::Interval(std::min(a.from, b.from), std::max(a.to, b.to), std::max(a.precision, b.precision),
                        std::max(a.scale, b.scale));
}

Type CommonNumber(const Type& a, const Type& b) {
  if (a.is_approximate() && b.is_approximate()) return a.kind == b.kind ? a : Type::Double();
  if (a.is_approximate() || b.is_approximate()) return Type::Double();
  if (a.is_integer() && b.is_integer()) return Type::Of(std::max(a.kind, b.kind));
  const Type x = AsDecimal(a);
  const Type y = AsDecimal(b);
  const int32_t scale = std::max(x.scale, y.scale);
  const int32_t whole = std::max(x.precision - x.scale, y.precision - y.scale);
  return Type::Decimal(std::min(whole + scale, data::kDecimalPrecisionMax), scale);
}

bool IsMonotonic(Monotonicity monotonicity) {
  return monotonicity == Monotonicity::kAscending || monotonicity == Monotonicity::kDescending;
}

Monotonicity BySign(Monotonicity monotonicity, std::optional<int> sign) {
  if (!sign) return Monotonicity::kNone;
  if (*sign == 0) return Monotonicity::kConstant;
  return *sign > 0 ? monotonicity : Reverse(monotonicity);
}

}  // namespace

Error CannotApply(std::string_view name, std::span<const ArgInfo> args) {
  std::string text;
  if (args.size() == 2 && IsInfix(name)) {
    text = StrCat(TypeText(args[0].type), " ", name, " ", TypeText(args[1].type));
  } else {
    text = StrCat(name, "(");
    for (const ArgInfo& arg : args) {
      if (&arg != args.data()) text += ", ";
      text += TypeText(arg.type);
    }
    text += ")";
  }
  return Error{ErrorCode::kInvalidArgument, StrCat("Cannot apply '", name, "' to arguments of type '", text, "'")};
}

Type TypeOr(const ArgInfo& arg, const Type& type) { return arg.type.kind == TypeKind::kNull ? type : arg.type; }

bool IsText(const ArgInfo& arg) { return arg.type.is_character() || arg.type.kind == TypeKind::kNull; }

bool IsNumber(const ArgInfo& arg) { return arg.type.is_numeric() || arg.type.kind == TypeKind::kNull; }

const std::string* ConstantText(const ArgInfo& arg) {
  if (arg.constant == nullptr) return nullptr;
  return std::get_if<std::string>(&arg.constant->data);
}

std::optional<int> ConstantSign(const ArgInfo& arg) {
  if (arg.constant == nullptr) return std::nullopt;
  if (const auto* integer = std::get_if<int64_t>(&arg.constant->data)) return (*integer > 0) - (*integer < 0);
  if (const auto* number = std::get_if<double>(&arg.constant->data)) return (*number > 0) - (*number < 0);
  return std::nullopt;
}

Type AsDecimal(const Type& type) {
  switch (type.kind) {
    case TypeKind::kTinyint:
      return Type::Decimal(3, 0);
    case TypeKind::kSmallint:
      return Type::Decimal(5, 0);
    case TypeKind::kInteger:
      return Type::Decimal(10, 0);
    case TypeKind::kBigint:
      return Type::Decimal(19, 0);
    default:
      return type;
  }
}

Type ArithmeticType(ArithmeticOp op, const Type& a, const Type& b) {
  if (a.kind == TypeKind::kReal && b.kind == TypeKind::kReal) return a;
  if (a.is_approximate() || b.is_approximate()) return Type::Double();
  if (a.is_integer() && b.is_integer()) {
    return a.kind == TypeKind::kBigint || b.kind == TypeKind::kBigint ? Type::Bigint() : Type::Integer();
  }
  return DecimalArithmeticType(op, AsDecimal(a), AsDecimal(b));
}

std::optional<Type> CommonType(const Type& a, const Type& b) {
  if (a.kind == TypeKind::kNull) return b;
  if (b.kind == TypeKind::kNull || a == b) return a;
  if (a.is_numeric() && b.is_numeric()) return CommonNumber(a, b);
  if (a.is_character() && b.is_character()) return Type::Varchar(std::max(a.precision, b.precision));
  if (a.is_binary() && b.is_binary()) {
    return Type{.kind = TypeKind::kVarbinary, .precision = std::max(a.precision, b.precision)};
  }
  if (a.is_interval() && b.is_interval() && a.is_year_month() == b.is_year_month()) return CommonInterval(a, b);
  return std::nullopt;
}

bool Comparable(const Type& a, const Type& b) {
  if (a.kind == TypeKind::kRow || b.kind == TypeKind::kRow) return false;
  return CommonType(a, b).has_value();
}

Monotonicity Reverse(Monotonicity monotonicity) {
  if (monotonicity == Monotonicity::kAscending) return Monotonicity::kDescending;
  if (monotonicity == Monotonicity::kDescending) return Monotonicity::kAscending;
  return monotonicity;
}

Monotonicity ArithmeticMonotonicity(ArithmeticOp op, const ArgInfo& a, const ArgInfo& b) {
  const bool a_constant = a.monotonicity == Monotonicity::kConstant;
  const bool b_constant = b.monotonicity == Monotonicity::kConstant;
  if (a_constant && b_constant) return Monotonicity::kConstant;
  switch (op) {
    case ArithmeticOp::kAdd:
      if (b_constant) return a.monotonicity;
      if (a_constant) return b.monotonicity;
      return a.monotonicity == b.monotonicity && IsMonotonic(a.monotonicity) ? a.monotonicity : Monotonicity::kNone;
    case ArithmeticOp::kSubtract:
      if (b_constant) return a.monotonicity;
      if (a_constant) return Reverse(b.monotonicity);
      return Monotonicity::kNone;
    case ArithmeticOp::kMultiply:
      if (b_constant) return BySign(a.monotonicity, ConstantSign(b));
      if (a_constant) return BySign(b.monotonicity, ConstantSign(a));
      return Monotonicity::kNone;
    case ArithmeticOp::kDivide:
      // c / m is left out: it turns round where m crosses zero.
      return b_constant && ConstantSign(b) != 0 ? BySign(a.monotonicity, ConstantSign(b)) : Monotonicity::kNone;
  }
  return Monotonicity::kNone;
}

Monotonicity KeepsOrder(std::span<const ArgInfo> args) {
  for (const ArgInfo& arg : args.subspan(1)) {
    if (arg.monotonicity != Monotonicity::kConstant) return Monotonicity::kNone;
  }
  return args[0].monotonicity;
}

Monotonicity ConstantIfAll(std::span<const ArgInfo> args) {
  const bool constant =
      std::ranges::all_of(args, [](const ArgInfo& arg) { return arg.monotonicity == Monotonicity::kConstant; });
  return constant && !args.empty() ? Monotonicity::kConstant : Monotonicity::kNone;
}

__int128 PowerOfTen(int exponent) {
  __int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

__int128 DivideRounded(__int128 value, __int128 divisor) {
  const __int128 quotient = value / divisor;
  const __int128 rest = value % divisor;
  const __int128 magnitude = rest < 0 ? -rest : rest;
  if (magnitude < divisor - magnitude) return quotient;
  return value < 0 ? quotient - 1 : quotient + 1;
}

Int64Range RangeOf(const Type& type) {
  switch (type.kind) {
    case TypeKind::kTinyint:
      return {std::numeric_limits<int8_t>::min(), std::numeric_limits<int8_t>::max()};
    case TypeKind::kSmallint:
      return {std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max()};
    case TypeKind::kInteger:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    case TypeKind::kDecimal: {
      if (type.precision > kComputedPrecisionMax) break;  // 19 digits fill the storage.
      const auto limit = static_cast<int64_t>(PowerOfTen(type.precision) - 1);
      return {-limit, limit};
    }
    default:
      break;
  }
  return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
}

std::string Quoted(std::string_view text) {
  constexpr size_t kCharsMax = 100;
  const std::string_view cut = Utf8Prefix(text, kCharsMax);
  return StrCat("'", cut, cut.size() < text.size() ? "..." : "", "'");
}

}  // namespace tailrace::sql
