#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/functions/function.h"

// What the functions' resolvers share: the dialect's typing rules, monotonicity, error texts.
// Source: docs/sql-dialect.md, sections 2.4 and 4.12.

namespace tailrace::sql {

// "Cannot apply '-' to arguments of type '<DATE> - <DATE>'".
Error CannotApply(std::string_view name, std::span<const ArgInfo> args);

// A NULL literal takes `type`; others stay.
data::Type TypeOr(const ArgInfo& arg, const data::Type& type);

bool IsText(const ArgInfo& arg);    // Character, or NULL.
bool IsNumber(const ArgInfo& arg);  // Numeric, or NULL.

// The text of a constant argument; nothing when it is no literal or NULL.
const std::string* ConstantText(const ArgInfo& arg);
// -1, 0, 1 for a numeric or interval literal; nothing otherwise.
std::optional<int> ConstantSign(const ArgInfo& arg);

enum class ArithmeticOp : uint8_t { kAdd, kSubtract, kMultiply, kDivide };

// An exact type as DECIMAL: INTEGER is DECIMAL(10,0).
data::Type AsDecimal(const data::Type& type);
// The type of a op b for numbers.
data::Type ArithmeticType(ArithmeticOp op, const data::Type& a, const data::Type& b);
// The narrowest type that holds both, for CASE, COALESCE and UNION: numbers widen, texts take the longer length,
// intervals the union of fields. Nothing when the types have nothing in common. NULL gives way to the other.
std::optional<data::Type> CommonType(const data::Type& a, const data::Type& b);
// Whether = and < may compare the two.
bool Comparable(const data::Type& a, const data::Type& b);

Monotonicity Reverse(Monotonicity monotonicity);
Monotonicity ArithmeticMonotonicity(ArithmeticOp op, const ArgInfo& a, const ArgInfo& b);
// A function that keeps order in its first argument while the others are constant: FLOOR(m TO unit), STEP(m BY c).
Monotonicity KeepsOrder(std::span<const ArgInfo> args);
// All arguments constant: constant; else none.
Monotonicity ConstantIfAll(std::span<const ArgInfo> args);

// 10^exponent, exponent 0 to 38.
__int128 PowerOfTen(int exponent);
// value / divisor, half away from zero. divisor > 0.
__int128 DivideRounded(__int128 value, __int128 divisor);
// Range of an integer or DECIMAL type's stored values.
struct Int64Range {
  int64_t low;
  int64_t high;
};
Int64Range RangeOf(const data::Type& type);

// Text for an error message: quoted, cut to a readable length.
std::string Quoted(std::string_view text);

inline constexpr char kDivisionByZero[] = "DIVISION_BY_ZERO";
inline constexpr char kNumericOverflow[] = "NUMERIC_OVERFLOW";
inline constexpr char kDatetimeOverflow[] = "DATETIME_OVERFLOW";
inline constexpr char kDomainError[] = "DOMAIN_ERROR";
inline constexpr char kInvalidArgument[] = "INVALID_ARGUMENT";
inline constexpr char kInvalidPattern[] = "INVALID_PATTERN";
inline constexpr char kInvalidFormat[] = "INVALID_FORMAT";
inline constexpr char kFormatMismatch[] = "FORMAT_MISMATCH";
inline constexpr char kRegexLimit[] = "REGEX_LIMIT_EXCEEDED";
inline constexpr char kParseMismatch[] = "LOG_PARSE_MISMATCH";

}  // namespace tailrace::sql
