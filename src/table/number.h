#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tailrace::table {

// An exact decimal number of up to 38 significant digits, 1E-130 to 9.99...E+125 in size, or zero.
// Source  Amazon DynamoDB Developer Guide, "Number" under data types.
class Number {
 public:
  static constexpr size_t kDigitsMax = 38;
  static constexpr int32_t kExponentMin = -130;  // Of the first digit.
  static constexpr int32_t kExponentMax = 125;

  Number() = default;  // Zero.
  explicit Number(int64_t value);

  // "-12", "2.55", "1e3"; blanks around it are not allowed.
  // Errors  kInvalidArgument: form, digits, size.
  static Result<Number> Parse(std::string_view text);

  // Plain digits ("100", "2.55", "-0.001"), or "1E+60" when those would be more than 50.
  std::string ToString() const;

  // The exact sum. Errors: kInvalidArgument when it has more digits than a Number may have.
  static Result<Number> Add(const Number& a, const Number& b);
  Number Negated() const;

  bool zero() const { return digits_.empty(); }
  // The value if it is whole and fits; else nothing.
  bool ToInt64(int64_t& value) const;

  // Bytes whose order is the order of the numbers; no encoding is the beginning of another one.
  void AppendOrdered(std::string& bytes) const;

  std::strong_ordering operator<=>(const Number& other) const;
  bool operator==(const Number& other) const = default;

 private:
  static Result<Number> Normalise(bool negative, std::string digits, int32_t exponent, std::string_view text);

  // The value is 0.d1d2d3... * 10^exponent_, d1 and the last digit not 0. Zero has no digits.
  bool negative_ = false;
  std::string digits_;  // '0' to '9'.
  int32_t exponent_ = 0;
};

}  // namespace tailrace::table
