#include "sql/functions/date_format.h"

#include <algorithm>

#include "base/str.h"
#include "data/text.h"
#include "sql/functions/calendar.h"
#include "sql/functions/date_fields.h"
#include "sql/functions/time_zone.h"

namespace tailrace::sql {
namespace {

constexpr std::string_view kLetters = "GyYMLwWDdFEuaHkKhmsSzZX";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsMonth(char letter) { return letter == 'M' || letter == 'L'; }

// Whether the field is written in digits.
bool IsNumeric(const DateFormat::Element& element) {
  if (element.letter == 0) return false;
  if (IsMonth(element.letter)) return element.count <= 2;
  return std::string_view("GEazZX").find(element.letter) == std::string_view::npos;
}

// Reads one text along a format's elements.
class FieldReader {
 public:
  FieldReader(std::string_view text, int64_t now_unix_ms) : text_(text), now_unix_ms_(now_unix_ms) {}

  bool Read(const DateFormat::Element& element) {
    if (element.letter == 0) return TakeLiteral(element.literal);
    const size_t start = at_;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    if (at_ == text_.size()) return false;
    return IsNumeric(element) ? ReadNumber(element, start) : ReadText(element);
  }

  // Two digits may mean either end of the hundred years: the date decides.
  std::optional<int64_t> ToUnixMs() {
    const int64_t first_ms = FirstOfCentury();
    const auto unix_ms = fields_.ToUnixMs();
    if (!two_digit_year_ || (unix_ms && *unix_ms >= first_ms)) return unix_ms;
    if (fields_.year != data::CivilFromDays(FloorDivide(first_ms, kDayMs)).year) return unix_ms;
    *fields_.year += 100;
    return fields_.ToUnixMs();
  }

 private:
  bool TakeLiteral(std::string_view literal) {
    if (!text_.substr(at_).starts_with(literal)) return false;
    at_ += literal.size();
    return true;
  }

  bool ReadNumber(const DateFormat::Element& element, size_t start) {
    size_t limit = text_.size();
    if (element.exact_width) {
      limit = start + static_cast<size_t>(element.count);
      if (limit > text_.size()) return false;
    }
    const size_t first = at_;
    int64_t value = 0;
    constexpr size_t kDigitsMax = 18;
    while (at_ < limit && IsDigit(text_[at_])) {
      if (at_ - first >= kDigitsMax) return false;
      value = value * 10 + (text_[at_++] - '0');
    }
    if (at_ == first) return false;
    const bool two_digit_year = element.count <= 2 && at_ - first == 2;
    return Store(element.letter, value, two_digit_year);
  }

  bool Store(char letter, int64_t value, bool two_digit_year) {
    switch (letter) {
      case 'y':
        fields_.year = two_digit_year ? FullYear(value) : value;
        two_digit_year_ = two_digit_year;
        return true;
      case 'Y':
        fields_.week_year = two_digit_year ? FullYear(value) : value;
        return true;
      case 'M':
      case 'L':
        fields_.month = value;
        return true;
      case 'w':
        fields_.week_in_year = value;
        return true;
      case 'W':
        fields_.week_in_month = value;
        return true;
      case 'D':
        fields_.day_in_year = value;
        return true;
      case 'd':
        fields_.day = value;
        return true;
      case 'F':
        fields_.day_of_week_in_month = value;
        return true;
      case 'u':
        fields_.day_of_week = value % 7 + 1;
        return value >= 1 && value <= 7;
      case 'H':
        fields_.hour = value;
        return true;
      case 'k':
        fields_.hour = value == 24 ? 0 : value;
        return value >= 1 && value <= 24;
      case 'K':
        fields_.half_day_hour = value;
        return true;
      case 'h':
        fields_.half_day_hour = value == 12 ? 0 : value;
        return value <= 12;
      case 'm':
        fields_.minute = value;
        return true;
      case 's':
        fields_.second = value;
        return true;
      default:
        fields_.millisecond = value;
        return true;
    }
  }

  // The moment 80 years before now; two digits mean the hundred years from there.
  int64_t FirstOfCentury() const {
    constexpr int64_t kMonths = 80 * 12;
    return FloorDivide(AddMonths(FloorDivide(now_unix_ms_, kDayMs), -kMonths), 1) * kDayMs +
           FloorModulo(now_unix_ms_, kDayMs);
  }

  int64_t FullYear(int64_t digits) const {
    const int64_t first = data::CivilFromDays(FloorDivide(FirstOfCentury(), kDayMs)).year;
    return first + FloorModulo(digits - first, 100);
  }

  bool ReadText(const DateFormat::Element& element) {
    switch (element.letter) {
      case 'G':
        return ReadEra();
      case 'a':
        return ReadName(std::to_array<std::string_view>({"AM", "PM"}), fields_.half_day, 0);
      case 'E':
        return ReadName(kDayNames, fields_.day_of_week, 1);
      case 'X':
        return ReadIsoZone(element.count);
      case 'z':
      case 'Z':
        return ReadZone();
      default:
        return ReadName(kMonthNames, fields_.month, 1);
    }
  }

  bool ReadEra() {
    std::optional<int64_t> era;
    if (!ReadName(std::to_array<std::string_view>({"BC", "AD"}), era, 0)) return false;
    fields_.before_christ = *era == 0;
    return true;
  }

  bool HasPrefix(std::string_view prefix) const { return EqualsIgnoreCase(text_.substr(at_, prefix.size()), prefix); }

  // A name in full or its first three letters, in any case; the longer one when both fit.
  template <typename Names>
  bool ReadName(const Names& names, std::optional<int64_t>& field, int64_t first) {
    constexpr size_t kShort = 3;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!HasPrefix(names[i].substr(0, kShort))) continue;
      at_ += HasPrefix(names[i]) ? names[i].size() : kShort;
      field = static_cast<int64_t>(i) + first;
      return true;
    }
    return false;
  }

  bool ReadZone() {
    if (text_[at_] == '+' || text_[at_] == '-') return ReadOffset(0, false);
    if (HasPrefix("GMT")) {
      at_ += 3;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) return ReadOffset(0, true);
      fields_.zone_offset_ms = 0;
      return true;
    }
    const auto zone = TakeZoneName(text_.substr(at_));
    if (!zone) return false;
    at_ += zone->size;
    fields_.zone_offset_ms = zone->offset_ms;
    fields_.zone_id = zone->id;
    return true;
  }

  bool ReadIsoZone(int count) {
    if (text_[at_] == 'Z') {
      ++at_;
      fields_.zone_offset_ms = 0;
      return true;
    }
    if (text_[at_] != '+' && text_[at_] != '-') return false;
    return ReadOffset(count, count == 3);
  }

  // +hh, +hhmm or +hh:mm. `iso_count` is the number of X, 0 for the other letters; hours may have one digit only in
  // GMT+h:mm.
  bool ReadOffset(int iso_count, bool colon) {
    const bool west = text_[at_++] == '-';
    auto hours = TakeDigit();
    if (!hours) return false;
    if (const auto second = TakeDigit()) {
      hours = *hours * 10 + *second;
    } else if (iso_count > 0 || !colon) {
      return false;
    }
    int64_t minutes = 0;
    if (iso_count != 1) {
      if (colon && !TakeLiteral(":")) return false;
      const auto tens = TakeDigit();
      const auto ones = TakeDigit();
      if (!tens || !ones) return false;
      minutes = *tens * 10 + *ones;
    }
    if (*hours > 23 || minutes > 59) return false;
    const int64_t offset_ms = *hours * kHourMs + minutes * kMinuteMs;
    fields_.zone_offset_ms = west ? -offset_ms : offset_ms;
    return true;
  }

  std::optional<int64_t> TakeDigit() {
    if (at_ >= text_.size() || !IsDigit(text_[at_])) return std::nullopt;
    return text_[at_++] - '0';
  }

  std::string_view text_;
  int64_t now_unix_ms_;
  size_t at_ = 0;
  bool two_digit_year_ = false;
  DateFields fields_;
};

std::string Padded(int64_t value, int width) { return fmt::format("{:0{}}", value, width); }

std::string NameFor(std::string_view name, int count) { return std::string(count >= 4 ? name : name.substr(0, 3)); }

std::string YearText(int64_t year, int count) { return count == 2 ? Padded(year % 100, 2) : Padded(year, count); }

std::string ZoneText(char letter, int count) {
  if (letter == 'X') return "Z";
  if (letter == 'Z') return "+0000";
  return count >= 4 ? "Coordinated Universal Time" : "UTC";
}

// One field of an instant, by its letter.
std::string FieldText(char letter, int count, int64_t days, int64_t ms) {
  const data::CivilDate date = data::CivilFromDays(days);
  const int64_t hour = ms / kHourMs;
  switch (letter) {
    case 'G':
      return date.year > 0 ? "AD" : "BC";
    case 'y':
      return YearText(date.year > 0 ? date.year : 1 - date.year, count);
    case 'Y':
      return YearText(WeekNumbersOf(days).week_year, count);
    case 'M':
    case 'L':
      if (count >= 3) return NameFor(kMonthNames[static_cast<size_t>(date.month - 1)], count);
      return Padded(date.month, count);
    case 'w':
      return Padded(WeekNumbersOf(days).week_in_year, count);
    case 'W':
      return Padded(WeekNumbersOf(days).week_in_month, count);
    case 'D':
      return Padded(WeekNumbersOf(days).day_in_year, count);
    case 'd':
      return Padded(date.day, count);
    case 'F':
      return Padded(WeekNumbersOf(days).day_of_week_in_month, count);
    case 'E':
      return NameFor(kDayNames[static_cast<size_t>(WeekNumbersOf(days).day_of_week - 1)], count);
    case 'u':
      return Padded((WeekNumbersOf(days).day_of_week + 5) % 7 + 1, count);
    case 'a':
      return hour < 12 ? "AM" : "PM";
    case 'H':
      return Padded(hour, count);
    case 'k':
      return Padded(hour == 0 ? 24 : hour, count);
    case 'K':
      return Padded(hour % 12, count);
    case 'h':
      return Padded(hour % 12 == 0 ? 12 : hour % 12, count);
    case 'm':
      return Padded(ms / kMinuteMs % 60, count);
    case 's':
      return Padded(ms / kSecondMs % 60, count);
    case 'S':
      return Padded(ms % kSecondMs, count);
    default:
      return ZoneText(letter, count);
  }
}

// The quoted text that begins at `at`, which moves behind it; '' is one quote. Nothing when it has no end.
std::optional<std::string> TakeQuotation(std::string_view pattern, size_t& at) {
  if (pattern.substr(at).starts_with("''")) {
    at += 2;
    return "'";
  }
  std::string text;
  for (++at; at < pattern.size(); ++at) {
    if (pattern[at] != '\'') {
      text += pattern[at];
    } else if (pattern.substr(at).starts_with("''")) {
      text += pattern[at++];
    } else {
      ++at;
      return text;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<DateFormat> DateFormat::Compile(std::string_view pattern) {
  DateFormat format;
  std::vector<Element>& elements = format.elements_;
  const auto add_literal = [&](std::string_view text) {
    if (elements.empty() || elements.back().letter != 0) elements.emplace_back();
    elements.back().literal += text;
  };
  size_t at = 0;
  while (at < pattern.size()) {
    const char c = pattern[at];
    if (c == '\'') {
      const auto quoted = TakeQuotation(pattern, at);
      if (!quoted) {
        return Error{ErrorCode::kInvalidArgument, StrCat("date format '", pattern, "': quotation without end")};
      }
      add_literal(*quoted);
    } else if (!IsLetter(c)) {
      add_literal(pattern.substr(at++, 1));
    } else if (kLetters.find(c) == std::string_view::npos) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("date format '", pattern, "': no field has the letter '", c, "'")};
    } else {
      constexpr size_t kCountMax = 1'000;
      const size_t end = std::min(pattern.find_first_not_of(c, at), pattern.size());
      if (end - at > kCountMax) {
        return Error{ErrorCode::kLimitExceeded,
                     StrCat("date format: field of ", end - at, " letters, at most ", kCountMax)};
      }
      elements.push_back({.letter = c, .count = static_cast<int>(end - at)});
      at = end;
    }
  }
  for (size_t i = 0; i + 1 < elements.size(); ++i) elements[i].exact_width = IsNumeric(elements[i + 1]);
  return format;
}

std::optional<int64_t> DateFormat::Parse(std::string_view text, int64_t now_unix_ms) const {
  FieldReader reader(text, now_unix_ms);
  for (const Element& element : elements_) {
    if (!reader.Read(element)) return std::nullopt;
  }
  return reader.ToUnixMs();
}

bool DateFormat::depends_on_now() const {
  return std::ranges::any_of(elements_, [](const Element& element) {
    return (element.letter == 'y' || element.letter == 'Y') && element.count <= 2;
  });
}

std::string DateFormat::Format(int64_t unix_ms) const {
  const int64_t days = FloorDivide(unix_ms, kDayMs);
  std::string text;
  for (const Element& element : elements_) {
    text += element.letter == 0 ? element.literal
                                : FieldText(element.letter, element.count, days, FloorModulo(unix_ms, kDayMs));
  }
  return text;
}

}  // namespace tailrace::sql
