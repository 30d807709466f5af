#include <date/tz.h>

#include <algorithm>
#include <array>
#include <exception>

#include "base/str.h"
#include "sink/delivery/prefix.h"

namespace tailrace::sink::delivery {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 4> kQuarters = {"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"};

// Letters and how many of each may stand together.
struct LetterLimit {
  char letter;
  int max;
};
constexpr LetterLimit kLetters[] = {
    {'G', 5},  {'u', 9},  {'y', 9},  {'D', 3}, {'M', 5}, {'L', 5}, {'d', 2}, {'Q', 5}, {'q', 5}, {'Y', 9}, {'w', 2},
    {'W', 1},  {'E', 5},  {'e', 5},  {'a', 1}, {'h', 2}, {'K', 2}, {'k', 2}, {'H', 2}, {'m', 2}, {'s', 2}, {'S', 9},
    {'A', 19}, {'n', 19}, {'N', 19}, {'V', 2}, {'z', 3}, {'O', 4}, {'X', 5}, {'x', 5}, {'Z', 5},
};

// The local time with everything that letters ask for.
struct Fields {
  int year = 0;
  int month = 0;
  int day = 0;
  int weekday = 0;  // 0: Sunday.
  int day_of_year = 0;
  int64_t ms_of_day = 0;
  int offset_minutes = 0;
  std::string zone_id;
  std::string zone_short;
};

std::optional<int> ParseOffset(std::string_view zone) {
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
  const auto hours = ParseInt64(zone.substr(1, 2));
  const auto minutes = ParseInt64(zone.substr(4, 2));
  if (!hours || !minutes || *hours < 0 || *hours > 18 || *minutes < 0 || *minutes > 59) return std::nullopt;
  const int total = static_cast<int>(*hours * 60 + *minutes);
  return zone[0] == '-' ? -total : total;
}

const date::time_zone* FindZone(const std::string& zone) {
  try {
    return date::locate_zone(zone);
  } catch (const std::exception&) {
    return nullptr;
  }
}

Fields FieldsOf(Timestamp time, const std::string& zone) {
  Fields fields{.zone_id = zone, .zone_short = zone};
  if (const auto offset = ParseOffset(zone); offset.has_value()) {
    fields.offset_minutes = *offset;
  } else if (zone != "UTC" && zone != "Z" && zone != "GMT") {
    const date::time_zone* const found = FindZone(zone);
    if (found != nullptr) {
      const date::sys_info info = found->get_info(time);
      fields.offset_minutes = static_cast<int>(std::chrono::floor<std::chrono::minutes>(info.offset).count());
      fields.zone_short = info.abbrev;
    }
  }
  const Timestamp local = time + std::chrono::minutes(fields.offset_minutes);
  const auto days = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(days);
  fields.year = static_cast<int>(date.year());
  fields.month = static_cast<int>(static_cast<unsigned>(date.month()));
  fields.day = static_cast<int>(static_cast<unsigned>(date.day()));
  fields.weekday = static_cast<int>(std::chrono::weekday(days).c_encoding());
  fields.day_of_year =
      static_cast<int>((days - std::chrono::sys_days(date.year() / std::chrono::January / 1)).count()) + 1;
  fields.ms_of_day = (local - days).count();
  return fields;
}

// Weeks of the United States: they begin on Sunday, and the first one holds the first of January.
int WeekOf(int day, int weekday) { return (day + 5 - weekday + 1) / 7 + 1; }

struct WeekDate {
  int year;
  int week;
};

WeekDate WeekOfYear(const Fields& fields) {
  const int days_in_year = std::chrono::year(fields.year).is_leap() ? 366 : 365;
  const int days_to_sunday = (7 - fields.weekday) % 7 == 0 ? 7 : 7 - fields.weekday;
  // The next year's first day lies in this week.
  if (fields.day_of_year + days_to_sunday > days_in_year + 1) return {fields.year + 1, 1};
  return {fields.year, WeekOf(fields.day_of_year, fields.weekday)};
}

std::string Padded(int64_t number, int digits) { return fmt::format("{:0{}}", number, digits); }

std::string Year(int year, int count) {
  if (count == 2) return Padded(year % 100, 2);
  return Padded(year, count);
}

// Texts by the count of letters: number, number of two digits, short, whole, first letter.
std::string Named(std::string_view name, int number, int count) {
  switch (count) {
    case 1:
    case 2:
      return Padded(number, count);
    case 3:
      return std::string(name.substr(0, 3));
    case 4:
      return std::string(name);
    default:
      return std::string(name.substr(0, 1));
  }
}

std::string OffsetText(int minutes, bool colon, bool minutes_only_if_any) {
  const int size = std::abs(minutes);
  std::string text = StrCat(minutes < 0 ? "-" : "+", Padded(size / 60, 2));
  if (minutes_only_if_any && size % 60 == 0) return text;
  return StrCat(text, colon ? ":" : "", Padded(size % 60, 2));
}

std::string GmtOffset(int minutes, bool whole) {
  if (minutes == 0) return "GMT";
  if (whole) return StrCat("GMT", OffsetText(minutes, true, false));
  const int size = std::abs(minutes);
  std::string text = StrCat("GMT", minutes < 0 ? "-" : "+", size / 60);
  if (size % 60 != 0) text += StrCat(":", Padded(size % 60, 2));
  return text;
}

std::string Offset(char letter, int minutes, int count) {
  if (letter == 'O') return GmtOffset(minutes, count == 4);
  if (letter == 'Z') {
    if (count == 4) return GmtOffset(minutes, true);
    if (count == 5) return minutes == 0 ? "Z" : OffsetText(minutes, true, false);
    return OffsetText(minutes, false, false);
  }
  if (letter == 'X' && minutes == 0) return "Z";
  return OffsetText(minutes, count == 3 || count == 5, count == 1);
}

std::string DateText(char letter, int count, const Fields& fields) {
  const int quarter = (fields.month - 1) / 3;
  switch (letter) {
    case 'G':
      return count == 4 ? "Anno Domini" : count == 5 ? "A" : "AD";
    case 'u':
    case 'y':
      return Year(fields.year, count);
    case 'Y':
      return Year(WeekOfYear(fields).year, count);
    case 'w':
      return Padded(WeekOfYear(fields).week, count);
    case 'W': {
      const int first_weekday = (fields.weekday - (fields.day - 1) % 7 + 7) % 7;
      return Padded((fields.day - 1 + first_weekday) / 7 + 1, 1);
    }
    case 'D':
      return Padded(fields.day_of_year, count);
    case 'M':
    case 'L':
      return Named(kMonths[static_cast<size_t>(fields.month - 1)], fields.month, count);
    case 'd':
      return Padded(fields.day, count);
    case 'Q':
    case 'q':
      if (count == 3) return StrCat("Q", quarter + 1);
      return Named(kQuarters[static_cast<size_t>(quarter)], quarter + 1, count);
    case 'E':
      return Named(kWeekdays[static_cast<size_t>(fields.weekday)], 0, std::max(count, 3));
    default:  // 'e'
      return Named(kWeekdays[static_cast<size_t>(fields.weekday)], fields.weekday + 1, count);
  }
}

std::string TimeText(char letter, int count, const Fields& fields) {
  const int64_t ms = fields.ms_of_day;
  const int64_t hour = ms / 3'600'000;
  switch (letter) {
    case 'a':
      return hour < 12 ? "AM" : "PM";
    case 'h':
      return Padded(hour % 12 == 0 ? 12 : hour % 12, count);
    case 'K':
      return Padded(hour % 12, count);
    case 'k':
      return Padded(hour == 0 ? 24 : hour, count);
    case 'H':
      return Padded(hour, count);
    case 'm':
      return Padded(ms / 60'000 % 60, count);
    case 's':
      return Padded(ms / 1'000 % 60, count);
    case 'S':
      return (Padded(ms % 1'000, 3) + "000000").substr(0, static_cast<size_t>(count));
    case 'A':
      return Padded(ms, count);
    case 'n':
      return Padded(ms % 1'000 * 1'000'000, count);
    case 'N':
      return Padded(ms * 1'000'000, count);
    case 'V':
      return fields.zone_id;
    case 'z':
      return fields.zone_short;
    default:
      return Offset(letter, fields.offset_minutes, count);
  }
}

constexpr std::string_view kDateLetters = "GuyYwWDMLdQqEe";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

Status CheckTimeZone(const std::string& zone) {
  if (zone == "UTC" || zone == "GMT" || zone == "Z" || ParseOffset(zone) || FindZone(zone) != nullptr) return Ok();
  return Error{ErrorCode::kInvalidArgument,
               StrCat("time zone '", zone, "' is not known; use a name such as Europe/Berlin, UTC or +02:00")};
}

Result<TimePattern> TimePattern::Parse(std::string_view pattern) {
  TimePattern parsed;
  const auto literal = [&](std::string_view text) {
    if (parsed.pieces_.empty() || parsed.pieces_.back().letter != 0) parsed.pieces_.push_back({});
    parsed.pieces_.back().text += text;
  };
  const auto fail = [&](std::string_view why) {
    return Error{ErrorCode::kInvalidArgument, StrCat("time pattern '", pattern, "': ", why)};
  };
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (c == '\'') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '\'') {
        literal("'");
        i += 2;
        continue;
      }
      ++i;
      while (true) {
        const size_t quote = pattern.find('\'', i);
        if (quote == std::string_view::npos) return fail("a quote is not closed");
        literal(pattern.substr(i, quote - i));
        i = quote + 1;
        if (i >= pattern.size() || pattern[i] != '\'') break;
        literal("'");  // Two quotes within quotes.
        ++i;
      }
      continue;
    }
    if (c == '#' || c == '{' || c == '}') return fail(StrCat("'", c, "' is reserved"));
    if (c == '[' || c == ']') {  // Optional sections: everything is there, so all are written.
      ++i;
      continue;
    }
    if (!IsLetter(c)) {
      literal(pattern.substr(i++, 1));
      continue;
    }
    const auto limit = std::ranges::find(kLetters, c, &LetterLimit::letter);
    if (limit == std::end(kLetters)) return fail(StrCat("'", c, "' is no letter of a time; put texts into quotes"));
    const size_t end = std::min(pattern.find_first_not_of(c, i), pattern.size());
    const int count = static_cast<int>(end - i);
    const bool wrong_form = (c == 'V' && count != 2) || (c == 'O' && count != 1 && count != 4);
    if (count > limit->max || wrong_form) return fail(StrCat("'", c, "' cannot stand ", count, " times"));
    parsed.pieces_.push_back({.letter = c, .count = count});
    i = end;
  }
  return parsed;
}

std::string TimePattern::Format(Timestamp time, const std::string& zone) const {
  const Fields fields = FieldsOf(time, zone);
  std::string text;
  for (const Piece& piece : pieces_) {
    if (piece.letter == 0) {
      text += piece.text;
    } else if (kDateLetters.contains(piece.letter)) {
      text += DateText(piece.letter, piece.count, fields);
    } else {
      text += TimeText(piece.letter, piece.count, fields);
    }
  }
  return text;
}

}  // namespace tailrace::sink::delivery
