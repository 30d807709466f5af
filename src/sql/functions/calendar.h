#pragma once

#include <cstdint>

// Arithmetic on days, milliseconds and months that the datetime functions share. All UTC, proleptic Gregorian.

namespace tailrace::sql {

inline constexpr int64_t kSecondMs = 1'000;
inline constexpr int64_t kMinuteMs = 60 * kSecondMs;
inline constexpr int64_t kHourMs = 60 * kMinuteMs;
inline constexpr int64_t kDayMs = 24 * kHourMs;

// Toward minus infinity; divisor > 0.
constexpr int64_t FloorDivide(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}
// In [0, divisor).
constexpr int64_t FloorModulo(int64_t value, int64_t divisor) {
  const int64_t rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

// Days or timestamps outside years 1 to 9999 are no SQL values.
inline constexpr int64_t kDaysMin = -719'162;   // 0001-01-01
inline constexpr int64_t kDaysMax = 2'932'896;  // 9999-12-31

// Months since 1970-01 of a day, and the first day of such a month.
int64_t MonthsFromDays(int64_t days);
int64_t DaysFromMonths(int64_t months);
// The same day of the month `months` later, or that month's last day.
int64_t AddMonths(int64_t days, int64_t months);

}  // namespace tailrace::sql
