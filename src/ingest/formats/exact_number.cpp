#include "ingest/formats/exact_number.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::ingest {
namespace {

constexpr size_t kSafeDigits = 18;  // Any so many digits fit 64 bits.
constexpr int64_t kExponentMax = 1'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

size_t CountDigits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  return count;
}

struct Sign {
  bool negative = false;
};

Sign TakeSign(std::string_view& text) {
  Sign sign;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    sign.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  return sign;
}

// Appends one digit; false on overflow of 64 bits.
bool Push(uint64_t& value, uint64_t digit) {
  return !__builtin_mul_overflow(value, uint64_t{10}, &value) && !__builtin_add_overflow(value, digit, &value);
}

std::optional<int64_t> WithSign(uint64_t magnitude, Sign sign) {
  constexpr uint64_t kMax = static_cast<uint64_t>(INT64_MAX);
  if (sign.negative) {
    if (magnitude > kMax + 1) return std::nullopt;
    return static_cast<int64_t>(~magnitude + 1);
  }
  if (magnitude > kMax) return std::nullopt;
  return static_cast<int64_t>(magnitude);
}

// Digits with point and exponent, sign already taken.
std::optional<int64_t> ParseDecimalForm(std::string_view text, Sign sign, int32_t scale) {
  const size_t whole_count = CountDigits(text);
  const std::string_view whole = text.substr(0, whole_count);
  text.remove_prefix(whole_count);
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = text.substr(0, CountDigits(text));
    text.remove_prefix(fraction.size());
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  int64_t exponent = 0;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    const std::optional<int64_t> parsed = ParseInt64(text);
    if (!parsed.has_value() || *parsed > kExponentMax || *parsed < -kExponentMax) return std::nullopt;
    exponent = *parsed;
    text = {};
  }
  if (!text.empty()) return std::nullopt;

  // The value is digits * 10^shift once all fraction digits are in; trailing zeros may be taken off again.
  int64_t shift = exponent + scale - static_cast<int64_t>(fraction.size());
  const size_t total = whole.size() + fraction.size();
  const auto digit_at = [&](size_t i) {
    return static_cast<uint64_t>((i < whole.size() ? whole[i] : fraction[i - whole.size()]) - '0');
  };
  size_t used = total;
  while (used > 0 && shift < 0 && digit_at(used - 1) == 0) {
    --used;
    ++shift;
  }
  uint64_t magnitude = 0;
  for (size_t i = 0; i < used; ++i) {
    if (!Push(magnitude, digit_at(i))) return std::nullopt;
  }
  if (magnitude == 0) return 0;
  if (shift < 0) return std::nullopt;  // Digits would be lost.
  for (; shift > 0; --shift) {
    if (!Push(magnitude, 0)) return std::nullopt;
  }
  return WithSign(magnitude, sign);
}

}  // namespace

std::optional<int64_t> ParseExact(std::string_view text, int32_t scale) {
  if (scale == 0 && text.size() <= kSafeDigits) {  // By far the most: a few digits and nothing else.
    int64_t value = 0;
    size_t digits = 0;
    while (digits < text.size() && IsDigit(text[digits])) value = value * 10 + (text[digits++] - '0');
    if (digits == text.size() && digits > 0) return value;
  }
  text = Trim(text);
  const Sign sign = TakeSign(text);
  return ParseDecimalForm(text, sign, scale);
}

bool IsJsonNumber(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  const size_t whole = CountDigits(text);
  if (whole == 0 || (whole > 1 && text[0] == '0')) return false;
  text.remove_prefix(whole);
  if (!text.empty() && text[0] == '.') {
    const size_t fraction = CountDigits(text.substr(1));
    if (fraction == 0) return false;
    text.remove_prefix(1 + fraction);
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && CountDigits(text) == text.size();
}

}  // namespace tailrace::ingest
