#include "engine/aggregate_math.h"

#include <cmath>

#include "base/str.h"
#include "engine/state.h"

namespace tailrace::engine {

using data::Type;
using data::TypeKind;
using data::Value;
using sql::AggregateKind;

void PairSum::Add(double value) {
  const double sum = high + value;
  const double part = sum - high;
  const double error = (high - (sum - part)) + (value - part);
  if (!std::isfinite(sum)) {  // Infinity and NaN have no error term.
    high = sum;
    low = 0;
    return;
  }
  low += error;
  high = sum + low;
  low -= high - sum;
}

void PairSum::Add(const PairSum& other) {
  Add(other.high);
  if (other.low != 0) Add(other.low);
}

void PairSum::AddProduct(double a, double b) {
  const double product = a * b;
  Add(product);
  if (std::isfinite(product)) Add(std::fma(a, b, -product));
}

namespace {

unsigned __int128 Square(int64_t value) {
  const Int128 wide = value;
  return static_cast<unsigned __int128>(wide * wide);
}

Int128 PowerOfTen(int32_t exponent) {
  Int128 power = 1;
  for (int32_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// Half away from zero.
Int128 DivideRounded(Int128 dividend, Int128 divisor) {
  const Int128 quotient = dividend / divisor;
  const Int128 rest = dividend % divisor;
  const Int128 twice = rest < 0 ? -2 * rest : 2 * rest;
  if (twice < divisor) return quotient;
  return dividend < 0 ? quotient - 1 : quotient + 1;
}

std::optional<Value> ToResult(Int128 unscaled, int32_t scale, const Type& result) {
  if (result.is_approximate()) {
    const auto value = static_cast<double>(static_cast<long double>(unscaled) / std::pow(10.0L, scale));
    return Value(result.kind == TypeKind::kReal ? static_cast<double>(static_cast<float>(value)) : value);
  }
  const int32_t result_scale = result.kind == TypeKind::kDecimal ? result.scale : 0;
  if (scale > result_scale) unscaled = DivideRounded(unscaled, PowerOfTen(scale - result_scale));
  if (scale < result_scale && __builtin_mul_overflow(unscaled, PowerOfTen(result_scale - scale), &unscaled)) {
    return std::nullopt;
  }
  if (!FitsType(unscaled, result)) return std::nullopt;
  return Value(static_cast<int64_t>(unscaled));
}

std::optional<Value> DoubleResult(double value, const Type& result) {
  if (result.is_approximate()) {
    return Value(result.kind == TypeKind::kReal ? static_cast<double>(static_cast<float>(value)) : value);
  }
  const int32_t scale = result.kind == TypeKind::kDecimal ? result.scale : 0;
  const double rounded = std::round(value * std::pow(10.0, scale));
  if (!(std::fabs(rounded) < 9.3e18) || !FitsType(static_cast<Int128>(rounded), result)) return std::nullopt;
  return Value(static_cast<int64_t>(rounded));
}

bool IsSample(AggregateKind kind) { return kind == AggregateKind::kStddevSamp || kind == AggregateKind::kVarSamp; }
bool IsDeviation(AggregateKind kind) { return kind == AggregateKind::kStddevPop || kind == AggregateKind::kStddevSamp; }

// (N * squares - sum^2) / (N * N), or over N * (N - 1); exact before the division as long as 127 bits hold it.
long double ExactVariance(const ExactMoments& moments, bool sample) {
  const auto count = static_cast<long double>(moments.count);
  const long double divisor = count * (sample ? count - 1 : count);
  constexpr Int128 kRootMax = Int128{1} << 62;
  const bool small =
      moments.squares.carry == 0 && moments.sum < kRootMax && moments.sum > -kRootMax &&
      moments.squares.low < (static_cast<unsigned __int128>(1) << 126) / static_cast<unsigned __int128>(moments.count);
  if (small) {
    const Int128 numerator = static_cast<Int128>(moments.squares.low) * moments.count - moments.sum * moments.sum;
    return static_cast<long double>(numerator) / divisor;
  }
  const long double squares = static_cast<long double>(moments.squares.low) +
                              static_cast<long double>(moments.squares.carry) * std::pow(2.0L, 128);
  const auto sum = static_cast<long double>(moments.sum);
  return std::fmax(0.0L, count * squares - sum * sum) / divisor;
}

}  // namespace

void SquareSum::Add(int64_t value) {
  const unsigned __int128 square = Square(value);
  low += square;
  if (low < square) ++carry;
}

void SquareSum::Remove(int64_t value) {
  const unsigned __int128 square = Square(value);
  if (low < square) --carry;
  low -= square;
}

bool IsSumOrAverage(AggregateKind kind) { return kind == AggregateKind::kSum || kind == AggregateKind::kAvg; }
bool IsSpread(AggregateKind kind) {
  return kind == AggregateKind::kStddevPop || kind == AggregateKind::kStddevSamp || kind == AggregateKind::kVarPop ||
         kind == AggregateKind::kVarSamp;
}

std::optional<Value> FinishExact(AggregateKind kind, const ExactMoments& moments, const Type& argument,
                                 const Type& result) {
  const int32_t scale = argument.kind == TypeKind::kDecimal ? argument.scale : 0;
  if (moments.count == 0) return Value();
  if (kind == AggregateKind::kSum) return ToResult(moments.sum, scale, result);
  if (kind == AggregateKind::kAvg) {
    if (result.is_approximate()) {
      const auto mean = static_cast<double>(static_cast<long double>(moments.sum) /
                                            static_cast<long double>(moments.count) / std::pow(10.0L, scale));
      return DoubleResult(mean, result);
    }
    if (result.kind != TypeKind::kDecimal && scale == 0) return ToResult(moments.sum / moments.count, 0, result);
    const int32_t more = result.kind == TypeKind::kDecimal && result.scale > scale ? result.scale - scale : 0;
    Int128 dividend = 0;
    if (__builtin_mul_overflow(moments.sum, PowerOfTen(more), &dividend)) return std::nullopt;
    return ToResult(DivideRounded(dividend, moments.count), scale + more, result);
  }
  if (IsSample(kind) && moments.count < 2) return Value();
  const long double variance = ExactVariance(moments, IsSample(kind)) / std::pow(10.0L, 2 * scale);
  return DoubleResult(static_cast<double>(IsDeviation(kind) ? std::sqrt(variance) : variance), result);
}

std::optional<Value> FinishApproximate(AggregateKind kind, const ApproximateMoments& moments, const Type& result) {
  if (moments.count == 0) return Value();
  if (kind == AggregateKind::kSum) return DoubleResult(moments.sum.value(), result);
  const auto count = static_cast<double>(moments.count);
  if (kind == AggregateKind::kAvg) return DoubleResult(moments.sum.value() / count, result);
  if (IsSample(kind) && moments.count < 2) return Value();
  // squares - sum * sum / N, with the digits that a plain double would cancel away.
  PairSum spread = moments.squares;
  const double mean = moments.sum.value() / count;
  const double rest = std::fma(-mean, count, moments.sum.high) + moments.sum.low;  // sum - mean * N
  spread.AddProduct(-moments.sum.high, mean);
  spread.AddProduct(-moments.sum.low, mean);
  spread.AddProduct(-mean, rest);
  const double divisor = IsSample(kind) ? count - 1 : count;
  const double variance = std::fmax(0.0, spread.value()) / divisor;
  return DoubleResult(IsDeviation(kind) ? std::sqrt(variance) : variance, result);
}

bool FitsType(Int128 value, const Type& type) {
  const auto within = [value](Int128 limit) { return value >= -limit - 1 && value <= limit; };
  switch (type.kind) {
    case TypeKind::kTinyint:
      return within(INT8_MAX);
    case TypeKind::kSmallint:
      return within(INT16_MAX);
    case TypeKind::kInteger:
      return within(INT32_MAX);
    case TypeKind::kDecimal: {
      const Int128 limit = PowerOfTen(type.precision);
      return value < limit && value > -limit && within(INT64_MAX);
    }
    default:
      return within(INT64_MAX);
  }
}

std::string OutOfRangeMessage(AggregateKind kind, const Type& result) {
  return StrCat(sql::AggregateName(kind), ": value out of range of ", result.ToString());
}

namespace {

void SavePairSum(ByteWriter& writer, const PairSum& sum) {
  writer.F64(sum.high);
  writer.F64(sum.low);
}

Result<PairSum> LoadPairSum(ByteReader& reader) {
  PairSum sum;
  TAILRACE_ASSIGN_OR_RETURN(sum.high, reader.F64());
  TAILRACE_ASSIGN_OR_RETURN(sum.low, reader.F64());
  return sum;
}

void SaveWide(ByteWriter& writer, unsigned __int128 value) {
  writer.U64(static_cast<uint64_t>(value));
  writer.U64(static_cast<uint64_t>(value >> 64));
}

Result<unsigned __int128> LoadWide(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t low, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t high, reader.U64());
  return (static_cast<unsigned __int128>(high) << 64) | low;
}

}  // namespace

void SaveExactMoments(ByteWriter& writer, const ExactMoments& moments) {
  writer.I64(moments.count);
  SaveWide(writer, static_cast<unsigned __int128>(moments.sum));
  SaveWide(writer, moments.squares.low);
  writer.I64(moments.squares.carry);
}

Result<ExactMoments> LoadExactMoments(ByteReader& reader) {
  ExactMoments moments;
  TAILRACE_ASSIGN_OR_RETURN(moments.count, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(const unsigned __int128 sum, LoadWide(reader));
  moments.sum = static_cast<Int128>(sum);
  TAILRACE_ASSIGN_OR_RETURN(moments.squares.low, LoadWide(reader));
  TAILRACE_ASSIGN_OR_RETURN(moments.squares.carry, reader.I64());
  const Int128 sum_max = static_cast<Int128>(moments.count) * (Int128{1} << 63);
  if (moments.count < 0 || moments.sum > sum_max || moments.sum < -sum_max || moments.squares.carry < 0 ||
      moments.squares.carry > moments.count) {
    return CorruptState("a sum that its count cannot reach");
  }
  return moments;
}

void SaveApproximateMoments(ByteWriter& writer, const ApproximateMoments& moments) {
  writer.I64(moments.count);
  SavePairSum(writer, moments.sum);
  SavePairSum(writer, moments.squares);
}

Result<ApproximateMoments> LoadApproximateMoments(ByteReader& reader) {
  ApproximateMoments moments;
  TAILRACE_ASSIGN_OR_RETURN(moments.count, reader.I64());
  if (moments.count < 0) return CorruptState("a negative count");
  TAILRACE_ASSIGN_OR_RETURN(moments.sum, LoadPairSum(reader));
  TAILRACE_ASSIGN_OR_RETURN(moments.squares, LoadPairSum(reader));
  return moments;
}

}  // namespace tailrace::engine
