#include "sql/functions/date_fields.h"

#include "data/text.h"
#include "sql/functions/calendar.h"
#include "sql/functions/time_zone.h"

namespace tailrace::sql {
namespace {

using Number = std::optional<int64_t>;

// 1 = Sunday; 1970-01-01 was a Thursday.
int64_t DayOfWeek(int64_t days) { return FloorModulo(days + 4, 7) + 1; }

// The Sunday that begins the week of the day.
int64_t WeekStart(int64_t days) { return days - (DayOfWeek(days) - 1); }

Number FirstOfYear(int64_t year) { return data::DaysFromCivil(year, 1, 1); }

bool InRange(const Number& value, int64_t low, int64_t high) { return !value || (*value >= low && *value <= high); }

bool Agrees(const Number& wanted, int64_t actual) { return !wanted || *wanted == actual; }

// The time of day in ms.
Number TimeOfDay(const DateFields& fields) {
  if (!InRange(fields.hour, 0, 23) || !InRange(fields.half_day_hour, 0, 11) || !InRange(fields.minute, 0, 59) ||
      !InRange(fields.second, 0, 59) || !InRange(fields.millisecond, 0, 999)) {
    return std::nullopt;
  }
  const int64_t hour = fields.hour.value_or(fields.half_day.value_or(0) * 12 + fields.half_day_hour.value_or(0));
  if (!Agrees(fields.half_day, hour / 12) || !Agrees(fields.half_day_hour, hour % 12)) return std::nullopt;
  return hour * kHourMs + fields.minute.value_or(0) * kMinuteMs + fields.second.value_or(0) * kSecondMs +
         fields.millisecond.value_or(0);
}

// The day, from the most telling set of fields that is there.
Number Day(const DateFields& fields, int64_t year) {
  if (fields.day_in_year && !fields.day) {
    const Number first = FirstOfYear(year);
    return first ? Number(*first + *fields.day_in_year - 1) : std::nullopt;
  }
  const int64_t day_of_week = fields.day_of_week.value_or(1);
  if ((fields.week_in_year || fields.week_year) && !fields.day && !fields.month) {
    const Number first = FirstOfYear(fields.week_year.value_or(year));
    if (!first) return std::nullopt;
    return WeekStart(*first) + (fields.week_in_year.value_or(1) - 1) * 7 + day_of_week - 1;
  }
  const bool by_week = !fields.day && (fields.week_in_month || fields.day_of_week_in_month || fields.day_of_week);
  const Number first = data::DaysFromCivil(year, fields.month.value_or(1), by_week ? 1 : fields.day.value_or(1));
  if (!first || !by_week) return first;
  if (fields.day_of_week_in_month) {
    return *first + FloorModulo(day_of_week - DayOfWeek(*first), 7) + (*fields.day_of_week_in_month - 1) * 7;
  }
  return WeekStart(*first) + (fields.week_in_month.value_or(1) - 1) * 7 + day_of_week - 1;
}

bool DayAgrees(const DateFields& fields, int64_t days) {
  const data::CivilDate date = data::CivilFromDays(days);
  if (!Agrees(fields.month, date.month) || !Agrees(fields.day, date.day)) return false;
  if (!fields.day_of_week && !fields.day_in_year && !fields.week_in_year && !fields.week_in_month &&
      !fields.day_of_week_in_month) {
    return true;
  }
  const WeekNumbers numbers = WeekNumbersOf(days);
  return Agrees(fields.day_of_week, numbers.day_of_week) && Agrees(fields.day_in_year, numbers.day_in_year) &&
         Agrees(fields.week_in_year, numbers.week_in_year) && Agrees(fields.week_in_month, numbers.week_in_month) &&
         Agrees(fields.day_of_week_in_month, numbers.day_of_week_in_month);
}

}  // namespace

WeekNumbers WeekNumbersOf(int64_t days) {
  const data::CivilDate date = data::CivilFromDays(days);
  const int64_t year_start = DaysFromMonths((date.year - 1970) * 12);
  const int64_t next_year_start = DaysFromMonths((date.year - 1969) * 12);
  const int64_t week = WeekStart(days);
  const bool next = week == WeekStart(next_year_start);  // The week of next January 1 is its first.
  return {.day_of_week = DayOfWeek(days),
          .day_in_year = days - year_start + 1,
          .week_year = next ? date.year + 1 : date.year,
          .week_in_year = next ? 1 : (week - WeekStart(year_start)) / 7 + 1,
          .week_in_month = (week - WeekStart(days - date.day + 1)) / 7 + 1,
          .day_of_week_in_month = (date.day - 1) / 7 + 1};
}

std::optional<int64_t> DateFields::ToUnixMs() const {
  constexpr int64_t kYearMax = 9'999'999;
  const int64_t year_of_era = year.value_or(1970);
  if (year_of_era < 1 || year_of_era > kYearMax || !InRange(week_year, 1, kYearMax)) return std::nullopt;
  if (!InRange(month, 1, 12) || !InRange(day, 1, 31) || !InRange(day_in_year, 1, 366) ||
      !InRange(week_in_year, 1, 53) || !InRange(week_in_month, 0, 6) || !InRange(day_of_week_in_month, 1, 5)) {
    return std::nullopt;
  }
  const Number time = TimeOfDay(*this);
  const Number days = Day(*this, before_christ ? 1 - year_of_era : year_of_era);
  if (!time || !days || !DayAgrees(*this, *days)) return std::nullopt;
  const int64_t local_ms = *days * kDayMs + *time;
  if (!zone_id.empty()) return LocalToUnixMs(zone_id, local_ms);
  return local_ms - zone_offset_ms.value_or(0);
}

}  // namespace tailrace::sql
