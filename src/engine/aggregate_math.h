#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "data/type.h"
#include "data/value.h"
#include "sql/plan.h"

// The arithmetic of the aggregate functions, shared by every window that computes them.

namespace tailrace::engine {

using Int128 = __int128;

// A sum of doubles kept as two, about 106 bits: sums do not depend on the order in any digit that is shown.
// Source  D. E. Knuth, TAOCP volume 2, 4.2.2, theorem B (exact sum of two); T. J. Dekker, "A floating-point technique
//         for extending the available precision", 1971.
struct PairSum {
  double high = 0;
  double low = 0;

  void Add(double value);
  void Add(const PairSum& other);
  void AddProduct(double a, double b);
  double value() const { return high + low; }
};

// The sum of squares of numbers below 2^63, exact.
struct SquareSum {
  unsigned __int128 low = 0;
  int64_t carry = 0;  // Of 2^128.

  void Add(int64_t value);
  void Remove(int64_t value);
};

// What an aggregate's rows amount to; each kind uses the members that it needs.
struct ExactMoments {
  int64_t count = 0;  // Rows that are not NULL.
  Int128 sum = 0;
  SquareSum squares;
};
struct ApproximateMoments {
  int64_t count = 0;
  PairSum sum;
  PairSum squares;
};

bool IsSumOrAverage(sql::AggregateKind kind);
bool IsSpread(sql::AggregateKind kind);  // STDDEV_..., VAR_...

// The value of a SUM, AVG, STDDEV or VAR; NULL for too few rows, nothing when it does not fit the result's type.
// `argument` is the type of what was summed: its scale is that of `sum`.
std::optional<data::Value> FinishExact(sql::AggregateKind kind, const ExactMoments& moments, const data::Type& argument,
                                       const data::Type& result);
std::optional<data::Value> FinishApproximate(sql::AggregateKind kind, const ApproximateMoments& moments,
                                             const data::Type& result);

// Whether the number, unscaled for DECIMAL, is a value of the type.
bool FitsType(Int128 value, const data::Type& type);

// "SUM: value out of range of INTEGER"
std::string OutOfRangeMessage(sql::AggregateKind kind, const data::Type& result);
inline constexpr std::string_view kOutOfRangeName = "NUMERIC_VALUE_OUT_OF_RANGE";

// Errors of the readers: kCorruption.
void SaveExactMoments(ByteWriter& writer, const ExactMoments& moments);
Result<ExactMoments> LoadExactMoments(ByteReader& reader);
void SaveApproximateMoments(ByteWriter& writer, const ApproximateMoments& moments);
Result<ApproximateMoments> LoadApproximateMoments(ByteReader& reader);

}  // namespace tailrace::engine
