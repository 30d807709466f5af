#include <bit>
#include <cmath>

#include "base/str.h"
#include "data/text.h"
#include "sql/functions/arithmetic.h"
#include "sql/functions/lift.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::TypeKind;

constexpr char Symbol(ArithmeticOp op) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return '+';
    case ArithmeticOp::kSubtract:
      return '-';
    case ArithmeticOp::kMultiply:
      return '*';
    case ArithmeticOp::kDivide:
      return '/';
  }
  return '?';
}

std::shared_ptr<Column> ResultColumn(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  result->mutable_validity() = data::Validity::And(input.args[0]->validity(), input.args[1]->validity(), input.rows);
  return result;
}

// Runs once a batch contains a bad row: `check` says of every valid row what is wrong, or nothing.
template <typename Check>
void ReportRows(const KernelInput& input, Column& result, Check check) {
  const data::Validity valid = result.validity();
  for (uint32_t row = 0; row < input.rows; ++row) {
    if (valid.null(row)) continue;
    std::optional<RowFailure> failure = check(row);
    if (!failure) continue;
    input.errors.Add(row, failure->name, std::move(failure->message));
    result.SetNull(row);
  }
}

RowFailure Overflow(const std::string& a, ArithmeticOp op, const std::string& b, const data::Type& type) {
  return {kNumericOverflow, StrCat(a, " ", Symbol(op), " ", b, " does not fit ", type.ToString())};
}

RowFailure ByZero(const std::string& a) { return {kDivisionByZero, StrCat("division by zero: ", a, " / 0")}; }

template <ArithmeticOp kOp>
std::optional<RowFailure> CheckInt64(int64_t a, int64_t b, const data::Type& type) {
  if (kOp == ArithmeticOp::kDivide && b == 0) return ByZero(StrCat(a));
  int64_t value = 0;
  bool overflow = false;
  if constexpr (kOp == ArithmeticOp::kAdd) overflow = __builtin_add_overflow(a, b, &value);
  if constexpr (kOp == ArithmeticOp::kSubtract) overflow = __builtin_sub_overflow(a, b, &value);
  if constexpr (kOp == ArithmeticOp::kMultiply) overflow = __builtin_mul_overflow(a, b, &value);
  if constexpr (kOp == ArithmeticOp::kDivide) {
    overflow = b == -1 && a == std::numeric_limits<int64_t>::min();
    value = overflow ? 0 : a / b;
  }
  const Int64Range range = RangeOf(type);
  if (!overflow && value >= range.low && value <= range.high) return std::nullopt;
  return Overflow(StrCat(a), kOp, StrCat(b), type);
}

// Stores a op b modulo 2^64 and tells by the top bit whether it went beyond 64 bits: branch-free, so that the loop
// becomes vector instructions.
template <ArithmeticOp kOp>
uint64_t ApplyInt64(int64_t a, int64_t b, int64_t& out) {
  const auto x = static_cast<uint64_t>(a);
  const auto y = static_cast<uint64_t>(b);
  if constexpr (kOp == ArithmeticOp::kAdd) {
    const uint64_t sum = x + y;
    out = static_cast<int64_t>(sum);
    return (x ^ sum) & (y ^ sum);
  } else if constexpr (kOp == ArithmeticOp::kSubtract) {
    const uint64_t difference = x - y;
    out = static_cast<int64_t>(difference);
    return (x ^ y) & (x ^ difference);
  } else if constexpr (kOp == ArithmeticOp::kMultiply) {
    return static_cast<uint64_t>(__builtin_mul_overflow(a, b, &out)) << 63;
  } else {
    const bool bad = b == 0 || (b == -1 && a == std::numeric_limits<int64_t>::min());
    out = bad ? 0 : a / b;
    return static_cast<uint64_t>(bad) << 63;
  }
}

template <ArithmeticOp kOp>
ColumnPtr Int64Loop(const KernelInput& input) {
  auto result = ResultColumn(input);
  const auto a = input.args[0]->int64s();
  const auto b = input.args[1]->int64s();
  const auto out = result->mutable_int64s();
  uint64_t bad = 0;
  for (size_t row = 0; row < input.rows; ++row) bad |= ApplyInt64<kOp>(a[row], b[row], out[row]);
  if (input.result_type.kind == TypeKind::kInteger) {
    uint64_t wide = 0;
    for (size_t row = 0; row < input.rows; ++row) wide |= (static_cast<uint64_t>(out[row]) + 0x8000'0000U) >> 32;
    if (wide != 0) bad |= uint64_t{1} << 63;
  }
  if ((bad >> 63) != 0) {
    ReportRows(input, *result, [&](uint32_t row) { return CheckInt64<kOp>(a[row], b[row], input.result_type); });
  }
  return result;
}

bool IsFinite(double value) {
  constexpr uint64_t kExponent = uint64_t{0x7ff} << 52;
  return (std::bit_cast<uint64_t>(value) & kExponent) != kExponent;
}

template <ArithmeticOp kOp>
double ApplyDouble(double a, double b) {
  if constexpr (kOp == ArithmeticOp::kAdd) return a + b;
  if constexpr (kOp == ArithmeticOp::kSubtract) return a - b;
  if constexpr (kOp == ArithmeticOp::kMultiply) return a * b;
  if constexpr (kOp == ArithmeticOp::kDivide) return a / b;
}

template <ArithmeticOp kOp>
ColumnPtr DoubleLoop(const KernelInput& input) {
  auto result = ResultColumn(input);
  const auto a = input.args[0]->doubles();
  const auto b = input.args[1]->doubles();
  const auto out = result->mutable_doubles();
  bool finite = true;
  for (size_t row = 0; row < input.rows; ++row) out[row] = ApplyDouble<kOp>(a[row], b[row]);
  if (input.result_type.kind == TypeKind::kReal) {
    for (size_t row = 0; row < input.rows; ++row) out[row] = static_cast<double>(static_cast<float>(out[row]));
  }
  for (size_t row = 0; row < input.rows; ++row) finite &= IsFinite(out[row]);
  if (finite) return result;
  ReportRows(input, *result, [&](uint32_t row) -> std::optional<RowFailure> {
    if (IsFinite(out[row])) return std::nullopt;
    if (kOp == ArithmeticOp::kDivide && b[row] == 0) return ByZero(data::DoubleToText(a[row]));
    return Overflow(data::DoubleToText(a[row]), kOp, data::DoubleToText(b[row]), input.result_type);
  });
  return result;
}

// value * 10^digits, rounded when digits < 0.
__int128 Rescale(__int128 value, int digits) {
  return digits >= 0 ? value * PowerOfTen(digits) : DivideRounded(value, PowerOfTen(-digits));
}

struct Scales {
  int a;
  int b;
  int result;
};

// b != 0 when dividing.
template <ArithmeticOp kOp>
__int128 ApplyDecimal(int64_t a, int64_t b, const Scales& scales) {
  if constexpr (kOp == ArithmeticOp::kAdd) {
    return Rescale(a, scales.result - scales.a) + Rescale(b, scales.result - scales.b);
  } else if constexpr (kOp == ArithmeticOp::kSubtract) {
    return Rescale(a, scales.result - scales.a) - Rescale(b, scales.result - scales.b);
  } else if constexpr (kOp == ArithmeticOp::kMultiply) {
    return Rescale(static_cast<__int128>(a) * b, scales.result - scales.a - scales.b);
  } else {
    const int digits = scales.result - scales.a + scales.b;
    __int128 numerator = a;
    __int128 divisor = b;
    (digits >= 0 ? numerator : divisor) *= PowerOfTen(digits >= 0 ? digits : -digits);
    return divisor > 0 ? DivideRounded(numerator, divisor) : DivideRounded(-numerator, -divisor);
  }
}

template <ArithmeticOp kOp>
ColumnPtr DecimalLoop(const KernelInput& input) {
  auto result = ResultColumn(input);
  const auto a = input.args[0]->int64s();
  const auto b = input.args[1]->int64s();
  const auto out = result->mutable_int64s();
  const Scales scales{
      .a = input.args[0]->type().scale, .b = input.args[1]->type().scale, .result = input.result_type.scale};
  const Int64Range range = RangeOf(input.result_type);
  ReportRows(input, *result, [&](uint32_t row) -> std::optional<RowFailure> {
    if (kOp == ArithmeticOp::kDivide && b[row] == 0) return ByZero(data::DecimalToText(a[row], scales.a));
    const __int128 value = ApplyDecimal<kOp>(a[row], b[row], scales);
    if (value < range.low || value > range.high) {
      return Overflow(data::DecimalToText(a[row], scales.a), kOp, data::DecimalToText(b[row], scales.b),
                      input.result_type);
    }
    out[row] = static_cast<int64_t>(value);
    return std::nullopt;
  });
  return result;
}

template <ArithmeticOp kOp>
Kernel KernelOf(const data::Type& result) {
  if (result.is_approximate()) return &DoubleLoop<kOp>;
  return result.kind == TypeKind::kDecimal ? &DecimalLoop<kOp> : &Int64Loop<kOp>;
}

}  // namespace

Kernel NumericKernel(ArithmeticOp op, const data::Type& result) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return KernelOf<ArithmeticOp::kAdd>(result);
    case ArithmeticOp::kSubtract:
      return KernelOf<ArithmeticOp::kSubtract>(result);
    case ArithmeticOp::kMultiply:
      return KernelOf<ArithmeticOp::kMultiply>(result);
    case ArithmeticOp::kDivide:
      return KernelOf<ArithmeticOp::kDivide>(result);
  }
  return nullptr;
}

Kernel Int64Kernel(ArithmeticOp op) { return NumericKernel(op, data::Type::Bigint()); }

}  // namespace tailrace::sql
