#include "sql/functions/calendar.h"

#include <algorithm>

#include "data/text.h"

namespace tailrace::sql {
namespace {

constexpr int64_t kEpochMonths = 1970 * 12;

}  // namespace

int64_t MonthsFromDays(int64_t days) {
  const data::CivilDate date = data::CivilFromDays(days);
  return date.year * 12 + date.month - 1 - kEpochMonths;
}

int64_t DaysFromMonths(int64_t months) {
  const int64_t since_year_zero = months + kEpochMonths;
  const auto days = data::DaysFromCivil(FloorDivide(since_year_zero, 12), FloorModulo(since_year_zero, 12) + 1, 1);
  return days.value_or(since_year_zero < 0 ? kDaysMin - 1 : kDaysMax + 1);
}

int64_t AddMonths(int64_t days, int64_t months) {
  const int64_t month = MonthsFromDays(days) + months;
  const int64_t first = DaysFromMonths(month);
  const int64_t length = DaysFromMonths(month + 1) - first;
  const int64_t day_of_month = data::CivilFromDays(days).day;
  return first + std::min(day_of_month, length) - 1;
}

}  // namespace tailrace::sql
