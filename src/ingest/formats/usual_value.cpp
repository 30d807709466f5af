#include "ingest/formats/usual_value.h"

#include <cstring>
#include <limits>
#include <optional>

#include "data/text.h"

namespace tailrace::ingest {
namespace {

using data::TypeKind;

constexpr size_t kWholeDigitsMax = 18;        // Any so many fit 64 bits.
constexpr size_t kApproximateDigitsMax = 15;  // Any so many, and the power of ten below, are exact as double.

constexpr double kPowersOfTen[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits in front and gives how many they are; more than `digits_max` are not taken.
size_t TakeDigits(std::string_view& text, size_t digits_max, int64_t& value) {
  size_t count = 0;
  while (count < text.size() && count < digits_max && IsDigit(text[count])) value = value * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  return count;
}

}  // namespace

UsualValue::UsualValue(const data::Type& type) {
  look_ = Look::kWhole;
  switch (type.kind) {
    case TypeKind::kTinyint:
      whole_max_ = std::numeric_limits<int8_t>::max();
      break;
    case TypeKind::kSmallint:
      whole_max_ = std::numeric_limits<int16_t>::max();
      break;
    case TypeKind::kInteger:
      whole_max_ = std::numeric_limits<int32_t>::max();
      break;
    case TypeKind::kBigint:
      whole_max_ = std::numeric_limits<int64_t>::max();
      break;
    case TypeKind::kDouble:
      look_ = Look::kApproximate;
      break;
    case TypeKind::kTimestamp:
      look_ = Look::kTimestamp;
      break;
    default:
      look_ = Look::kNone;
  }
}

bool UsualValue::ReadWhole(std::string_view text, int64_t& value) const {
  int64_t digits = 0;
  if (TakeDigits(text, kWholeDigitsMax, digits) == 0 || !text.empty() || digits > whole_max_) return false;
  value = digits;
  return true;
}

// Source  W. D. Clinger, "How to Read Floating Point Numbers Accurately": the quotient of two exact doubles is rounded
// once.
bool UsualValue::ReadApproximate(std::string_view text, double& value) {
  int64_t digits = 0;
  const size_t whole = TakeDigits(text, kApproximateDigitsMax, digits);
  size_t fraction = 0;
  if (whole == 0) return false;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = TakeDigits(text, kApproximateDigitsMax - whole, digits);
    if (fraction == 0) return false;
  }
  if (!text.empty()) return false;
  value = static_cast<double>(digits) / kPowersOfTen[fraction];
  return true;
}

bool UsualValue::ReadTimestamp(std::string_view text, int64_t& unix_ms) {
  constexpr size_t kChars = 19;
  if (text.size() != kChars) return false;
  if (std::memcmp(text.data(), day_, kDayChars) != 0) {
    const std::optional<int64_t> time = data::ParseTimestamp(text, /*lenient=*/true);
    const std::optional<int64_t> day = data::ParseTimestamp(text.substr(0, kDayChars - 1), /*lenient=*/true);
    if (!time.has_value() || !day.has_value()) return false;
    unix_ms = *time;
    if (text[kDayChars - 1] == ' ') {
      std::memcpy(day_, text.data(), kDayChars);
      day_unix_ms_ = *day;
    }
    return true;
  }
  const char* const at = text.data() + kDayChars;
  const auto digit = [&](size_t i) { return static_cast<unsigned>(at[i] - '0'); };
  const bool look = at[2] == ':' && at[5] == ':' && digit(0) <= 9 && digit(1) <= 9 && digit(3) <= 5 && digit(4) <= 9 &&
                    digit(6) <= 5 && digit(7) <= 9;
  const int64_t hour = digit(0) * 10 + digit(1);
  if (!look || hour > 23) return false;
  const int64_t second = (hour * 60 + digit(3) * 10 + digit(4)) * 60 + digit(6) * 10 + digit(7);
  unix_ms = day_unix_ms_ + second * 1'000;
  return true;
}

}  // namespace tailrace::ingest
