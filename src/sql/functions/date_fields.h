#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

// The fields a date format reads, and the instant they make up. Like java.util.GregorianCalendar when it is not lenient
// (weeks begin on Sunday, the week of January 1 is the first), but Gregorian throughout.

namespace tailrace::sql {

struct DateFields {
  std::optional<int64_t> year;  // Of the era.
  bool before_christ = false;
  std::optional<int64_t> week_year;
  std::optional<int64_t> month;  // 1 to 12.
  std::optional<int64_t> week_in_year;
  std::optional<int64_t> week_in_month;
  std::optional<int64_t> day_in_year;
  std::optional<int64_t> day;
  std::optional<int64_t> day_of_week_in_month;
  std::optional<int64_t> day_of_week;    // 1 = Sunday ... 7 = Saturday.
  std::optional<int64_t> hour;           // 0 to 23.
  std::optional<int64_t> half_day_hour;  // 0 to 11.
  std::optional<int64_t> half_day;       // 0 = AM, 1 = PM.
  std::optional<int64_t> minute;
  std::optional<int64_t> second;
  std::optional<int64_t> millisecond;
  std::optional<int64_t> zone_offset_ms;
  std::string_view zone_id;  // "Europe/Berlin": the offset follows from the local time.

  // Nothing when a field is out of its range or contradicts another.
  std::optional<int64_t> ToUnixMs() const;
};

// The same numbers of a day, for formatting and for checks.
struct WeekNumbers {
  int64_t day_of_week;  // 1 = Sunday.
  int64_t day_in_year;
  int64_t week_year;
  int64_t week_in_year;
  int64_t week_in_month;
  int64_t day_of_week_in_month;
};
WeekNumbers WeekNumbersOf(int64_t days);

inline constexpr std::array<std::string_view, 12> kMonthNames = {"January",   "February", "March",    "April",
                                                                 "May",       "June",     "July",     "August",
                                                                 "September", "October",  "November", "December"};
inline constexpr std::array<std::string_view, 7> kDayNames = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                              "Thursday", "Friday", "Saturday"};

}  // namespace tailrace::sql
