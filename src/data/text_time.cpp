#include <limits>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::data {
namespace {

constexpr int64_t kSecondMs = 1'000;
constexpr int64_t kMinuteMs = 60 * kSecondMs;
constexpr int64_t kHourMs = 60 * kMinuteMs;
constexpr int64_t kDayMs = 24 * kHourMs;

// Reads a text from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits.
  std::optional<int32_t> Digits(size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!IsDigit(rest_[i])) return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // One digit or more after the point, in ms; further digits are cut off.
  std::optional<int32_t> FractionMs() {
    size_t count = 0;
    int32_t value = 0;
    for (; count < rest_.size() && IsDigit(rest_[count]); ++count) {
      if (count < 3) value = value * 10 + (rest_[count] - '0');
    }
    if (count == 0) return std::nullopt;
    for (size_t digit = count; digit < 3; ++digit) value *= 10;
    rest_.remove_prefix(count);
    return value;
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  std::string_view rest_;
};

std::optional<int64_t> TakeDate(Scanner& scanner) {
  const auto year = scanner.Digits(4);
  if (!year || *year == 0 || !scanner.Take('-')) return std::nullopt;
  const auto month = scanner.Digits(2);
  if (!month || !scanner.Take('-')) return std::nullopt;
  const auto day = scanner.Digits(2);
  if (!day) return std::nullopt;
  return DaysFromCivil(*year, *month, *day);
}

std::optional<int64_t> TakeTime(Scanner& scanner) {
  const auto hour = scanner.Digits(2);
  if (!hour || *hour > 23 || !scanner.Take(':')) return std::nullopt;
  const auto minute = scanner.Digits(2);
  if (!minute || *minute > 59 || !scanner.Take(':')) return std::nullopt;
  const auto second = scanner.Digits(2);
  if (!second || *second > 59) return std::nullopt;
  const int64_t ms = *hour * kHourMs + *minute * kMinuteMs + *second * kSecondMs;
  if (!scanner.Take('.')) return ms;
  const auto fraction = scanner.FractionMs();
  if (!fraction) return std::nullopt;
  return ms + *fraction;
}

// Z, +hh, +hhmm or +hh:mm at the end: the offset from UTC in ms.
std::optional<int64_t> TakeOffset(Scanner& scanner) {
  if (scanner.at_end() || scanner.Take('Z')) return 0;
  const bool east = scanner.Take('+');
  if (!east && !scanner.Take('-')) return std::nullopt;
  const auto hour = scanner.Digits(2);
  if (!hour || *hour > 18) return std::nullopt;
  int64_t offset = *hour * kHourMs;
  if (!scanner.at_end()) {
    scanner.Take(':');
    const auto minute = scanner.Digits(2);
    if (!minute || *minute > 59) return std::nullopt;
    offset += *minute * kMinuteMs;
  }
  return east ? offset : -offset;
}

std::string DateText(int64_t days) {
  const CivilDate date = CivilFromDays(days);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string TimeText(int64_t ms) {
  return fmt::format("{:02}:{:02}:{:02}", ms / kHourMs, ms / kMinuteMs % 60, ms / kSecondMs % 60);
}

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

std::optional<int64_t> DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  static constexpr int8_t kMonthDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  constexpr int64_t kYearMax = 100'000'000;  // Far beyond a TIMESTAMP, and nothing below overflows.
  if (year > kYearMax || year < -kYearMax || month < 1 || month > 12 || day < 1) return std::nullopt;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day > kMonthDays[month - 1] + (leap && month == 2 ? 1 : 0)) return std::nullopt;
  // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
  const int64_t shifted = month <= 2 ? year - 1 : year;
  const int64_t era = FloorDivide(shifted, 400);
  const int64_t year_of_era = shifted - era * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

CivilDate CivilFromDays(int64_t days) {
  // Source: the same, civil_from_days.
  const int64_t shifted = days + 719'468;
  const int64_t era = FloorDivide(shifted, 146'097);
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
          .month = static_cast<int32_t>(month),
          .day = static_cast<int32_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1)};
}

std::optional<int64_t> ParseDate(std::string_view text) {
  Scanner scanner(text);
  const auto days = TakeDate(scanner);
  return scanner.at_end() ? days : std::nullopt;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  Scanner scanner(text);
  const auto ms = TakeTime(scanner);
  return scanner.at_end() ? ms : std::nullopt;
}

namespace {

// "2018-11-01 12:50:00", by far the most: nothing for any other look or value.
std::optional<int64_t> ParseUsualTimestamp(std::string_view text) {
  constexpr std::string_view kLook = "0000-00-00 00:00:00";
  if (text.size() != kLook.size()) return std::nullopt;
  int64_t digits[kLook.size()];
  bool other = false;
  for (size_t i = 0; i < kLook.size(); ++i) {
    digits[i] = text[i] - '0';
    other |= kLook[i] == '0' ? digits[i] < 0 || digits[i] > 9 : text[i] != kLook[i];
  }
  if (other) return std::nullopt;
  const auto two = [&](size_t at) { return digits[at] * 10 + digits[at + 1]; };
  const auto days = DaysFromCivil(two(0) * 100 + two(2), two(5), two(8));
  if (!days || two(11) > 23 || two(14) > 59 || two(17) > 59) return std::nullopt;
  return *days * kDayMs + two(11) * kHourMs + two(14) * kMinuteMs + two(17) * kSecondMs;
}

}  // namespace

std::optional<int64_t> ParseTimestamp(std::string_view text, bool lenient) {
  if (const auto usual = ParseUsualTimestamp(text)) return usual;
  Scanner scanner(text);
  const auto days = TakeDate(scanner);
  if (!days) return std::nullopt;
  if (lenient && scanner.at_end()) return *days * kDayMs;
  if (!scanner.Take(' ') && !(lenient && (scanner.Take('T') || scanner.Take('t')))) return std::nullopt;
  const auto ms = TakeTime(scanner);
  if (!ms) return std::nullopt;
  const auto offset = lenient ? TakeOffset(scanner) : 0;
  if (!offset || !scanner.at_end()) return std::nullopt;
  return *days * kDayMs + *ms - *offset;
}

std::string TimestampToOutputText(int64_t unix_ms) {
  const int64_t days = FloorDivide(unix_ms, kDayMs);
  const int64_t ms = unix_ms - days * kDayMs;
  return fmt::format("{} {}.{:03}", DateText(days), TimeText(ms), ms % kSecondMs);
}

std::string DateToText(int64_t days) { return DateText(days); }

std::string TimeToText(int64_t ms) {
  return ms % kSecondMs == 0 ? TimeText(ms) : fmt::format("{}.{:03}", TimeText(ms), ms % kSecondMs);
}

std::string TimestampToText(int64_t unix_ms) {
  const int64_t days = FloorDivide(unix_ms, kDayMs);
  return fmt::format("{} {}", DateText(days), TimeToText(unix_ms - days * kDayMs));
}

}  // namespace tailrace::data
