#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::data {
namespace {

// Significant digits and the decimal exponent of the first one: 1250 is "125", 3.
struct Digits {
  bool negative = false;
  std::string digits;
  int exponent = 0;
};

// The shortest digits that read back as the same value, two at least, as Java chooses them: when one digit would do,
// the nearest two-digit number is taken ("4.9E-324").
template <typename Float>
Digits ShortestDigits(Float value) {
  std::array<char, 64> buffer;
  char* const begin = buffer.data();
  const auto end = std::to_chars(begin, begin + buffer.size(), value, std::chars_format::scientific).ptr;
  std::string_view text(begin, static_cast<size_t>(end - begin));
  if (text.find('.') == std::string_view::npos) {
    const int length = std::snprintf(begin, buffer.size(), "%.1e", static_cast<double>(value));
    text = std::string_view(begin, static_cast<size_t>(length));
  }
  Digits result;
  result.negative = text.front() == '-';
  if (result.negative) text.remove_prefix(1);
  const size_t e = text.find('e');
  for (const char c : text.substr(0, e)) {
    if (c != '.') result.digits += c;
  }
  std::string_view exponent = text.substr(e + 1);
  if (exponent.front() == '+') exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), result.exponent);
  return result;
}

template <typename Float>
std::string JavaText(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  auto [negative, digits, exponent] = ShortestDigits(value);
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  std::string text = negative ? "-" : "";
  if (exponent < -3 || exponent >= 7) {
    text += digits[0];
    text += '.';
    text += digits.size() > 1 ? digits.substr(1) : "0";
    return text + StrCat("E", exponent);
  }
  if (exponent < 0) return text + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return text + digits + std::string(whole - digits.size(), '0') + ".0";
  return text + digits.substr(0, whole) + "." + digits.substr(whole);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A decimal number cut apart: value = digits * 10^exponent.
struct DecimalParts {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
};

std::optional<DecimalParts> CutDecimal(std::string_view text) {
  DecimalParts parts;
  size_t at = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) parts.negative = text[at++] == '-';
  bool any_digit = false;
  for (bool point = false; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (IsDigit(text[at])) {
      any_digit = true;
      if (!parts.digits.empty() || text[at] != '0') parts.digits += text[at];
      if (point) --parts.exponent;
    } else {
      break;
    }
  }
  if (!any_digit) return std::nullopt;
  if (at == text.size()) return parts;
  if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
  std::string_view exponent_text = text.substr(at + 1);
  if (exponent_text.starts_with('+')) {
    exponent_text.remove_prefix(1);
    if (exponent_text.starts_with('-')) return std::nullopt;
  }
  const auto exponent = ParseInt64(exponent_text);
  constexpr int64_t kExponentMax = 1'000'000;
  if (!exponent || *exponent > kExponentMax || *exponent < -kExponentMax) return std::nullopt;
  parts.exponent += *exponent;
  return parts;
}

}  // namespace

std::string DoubleToText(double value) { return JavaText(value); }

std::string FloatToText(float value) { return JavaText(value); }

std::string DecimalToText(int64_t unscaled, int32_t scale) {
  const bool negative = unscaled < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(unscaled) : static_cast<uint64_t>(unscaled);
  std::string digits = StrCat(magnitude);
  if (scale > 0) {
    const auto fraction = static_cast<size_t>(scale);
    if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
    digits.insert(digits.size() - fraction, 1, '.');
  }
  return negative ? "-" + digits : digits;
}

std::optional<int64_t> ParseDecimal(std::string_view text, int32_t scale) {
  const auto parts = CutDecimal(text);
  if (!parts) return std::nullopt;
  if (parts->digits.empty()) return 0;
  // Digits in front of the rounding place; what follows only decides the rounding.
  const int64_t kept = static_cast<int64_t>(parts->digits.size()) + parts->exponent + scale;
  constexpr int64_t kDigitsMax = 19;
  if (kept > kDigitsMax) return std::nullopt;
  if (kept < 0) return 0;
  unsigned __int128 magnitude = 0;
  const auto kept_digits = static_cast<size_t>(kept);
  for (size_t i = 0; i < kept_digits; ++i) {
    const int digit = i < parts->digits.size() ? parts->digits[i] - '0' : 0;
    magnitude = magnitude * 10 + static_cast<unsigned>(digit);
  }
  if (kept_digits < parts->digits.size() && parts->digits[kept_digits] >= '5') ++magnitude;
  constexpr auto kMax = static_cast<unsigned __int128>(std::numeric_limits<int64_t>::max());
  if (magnitude > kMax + (parts->negative ? 1 : 0)) return std::nullopt;
  const auto unsigned_value = static_cast<uint64_t>(magnitude);
  return static_cast<int64_t>(parts->negative ? 0 - unsigned_value : unsigned_value);
}

}  // namespace tailrace::data
