#include <array>
#include <charconv>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::data {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

IntervalField Next(IntervalField field) { return static_cast<IntervalField>(static_cast<uint8_t>(field) + 1); }

// What stands in front of a field that is not the first.
char Separator(IntervalField field) {
  switch (field) {
    case IntervalField::kMonth:
      return '-';
    case IntervalField::kHour:
      return ' ';
    case IntervalField::kYear:
    case IntervalField::kDay:
    case IntervalField::kMinute:
    case IntervalField::kSecond:
      break;
  }
  return ':';
}

std::string Shape(const Type& type) {
  std::string shape;
  for (IntervalField field = type.from;; field = Next(field)) {
    if (field != type.from) shape += Separator(field);
    shape += static_cast<char>(IntervalFieldName(field).front() + 32);
    if (field == type.to) break;
  }
  return type.to == IntervalField::kSecond && type.scale > 0 ? shape + "[.f]" : shape;
}

Error BadShape(const Type& type, std::string_view text) {
  return Error{ErrorCode::kInvalidArgument,
               StrCat("Illegal INTERVAL literal '", text, "': not in format '", Shape(type), "'")};
}

std::string LeadingFieldText(const Type& type) {
  if (type.from == IntervalField::kSecond) return StrCat("SECOND(", type.precision, ",", type.scale, ")");
  return StrCat(IntervalFieldName(type.from), "(", type.precision, ")");
}

int64_t FieldMax(IntervalField field) {
  switch (field) {
    case IntervalField::kMonth:
      return 11;
    case IntervalField::kHour:
      return 23;
    case IntervalField::kYear:
    case IntervalField::kDay:
    case IntervalField::kMinute:
    case IntervalField::kSecond:
      break;
  }
  return 59;
}

// Takes the digits at the front of `rest`; nothing when there are none or more than `digits_max`.
std::optional<int64_t> TakeNumber(std::string_view& rest, size_t digits_max) {
  size_t count = 0;
  while (count < rest.size() && IsDigit(rest[count])) ++count;
  if (count == 0 || count > digits_max) return std::nullopt;
  const auto value = ParseInt64(rest.substr(0, count));
  rest.remove_prefix(count);
  return value;
}

// Checks one field's value against precision (leading field) or range (others).
Status CheckField(const Type& type, IntervalField field, int64_t value) {
  if (field != type.from) {
    if (value <= FieldMax(field)) return Ok();
    return Error{ErrorCode::kInvalidArgument, StrCat("Interval field value ", value, " of ", IntervalFieldName(field),
                                                     " out of range: 0 to ", FieldMax(field))};
  }
  int64_t limit = 1;
  for (int32_t digit = 0; digit < type.precision; ++digit) limit *= 10;
  if (value < limit) return Ok();
  return Error{ErrorCode::kInvalidArgument,
               StrCat("Interval field value ", value, " exceeds precision of ", LeadingFieldText(type), " field")};
}

// The fraction of a second in ms, after its point.
Result<int64_t> TakeFraction(const Type& type, std::string_view& rest, std::string_view text) {
  size_t count = 0;
  while (count < rest.size() && IsDigit(rest[count])) ++count;
  if (count == 0) return BadShape(type, text);
  const auto kept = static_cast<size_t>(type.scale);
  if (rest.substr(0, count).find_last_not_of('0') != std::string_view::npos &&
      rest.substr(0, count).find_last_not_of('0') >= kept) {
    return Error{ErrorCode::kInvalidArgument, StrCat("Interval fraction .", rest.substr(0, count), " exceeds the ",
                                                     type.scale, " fraction digits of its SECOND field")};
  }
  int64_t ms = 0;
  for (size_t digit = 0; digit < 3; ++digit) ms = ms * 10 + (digit < count ? rest[digit] - '0' : 0);
  rest.remove_prefix(count);
  return ms;
}

// Cuts the whole units of `field` off `magnitude` and gives their number.
int64_t TakeField(uint64_t& magnitude, IntervalField field) {
  const auto unit = static_cast<uint64_t>(IntervalFieldUnit(field));
  const uint64_t value = magnitude / unit;
  magnitude %= unit;
  return static_cast<int64_t>(value);
}

}  // namespace

std::string IntervalToText(const Type& type, int64_t value) {
  uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string text = value < 0 ? "-" : "+";
  for (IntervalField field = type.from;; field = Next(field)) {
    const int64_t part = TakeField(magnitude, field);
    if (field == type.from) {
      text += StrCat(part);
    } else {
      text += Separator(field);
      text += fmt::format("{:02}", part);
    }
    if (field == type.to) break;
  }
  if (type.to == IntervalField::kSecond && magnitude != 0 && type.scale > 0) {
    const std::string fraction = fmt::format("{:03}", magnitude).substr(0, static_cast<size_t>(type.scale));
    if (fraction.find_first_not_of('0') != std::string::npos) text += "." + fraction;
  }
  return text;
}

Result<int64_t> ParseInterval(const Type& type, std::string_view text) {
  std::string_view rest = Trim(text);
  bool negative = false;
  if (rest.starts_with('+') || rest.starts_with('-')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  int64_t total = 0;
  for (IntervalField field = type.from;; field = Next(field)) {
    if (field != type.from) {
      if (!rest.starts_with(Separator(field))) return BadShape(type, text);
      rest.remove_prefix(1);
    }
    constexpr size_t kLeadingDigitsMax = 18;
    const auto value = TakeNumber(rest, field == type.from ? kLeadingDigitsMax : 2);
    if (!value) return BadShape(type, text);
    TAILRACE_TRY(CheckField(type, field, *value));
    total += *value * IntervalFieldUnit(field);
    if (field == type.to) break;
  }
  if (type.to == IntervalField::kSecond && rest.starts_with('.')) {
    rest.remove_prefix(1);
    TAILRACE_ASSIGN_OR_RETURN(const int64_t fraction_ms, TakeFraction(type, rest, text));
    total += fraction_ms;
  }
  if (!rest.empty()) return BadShape(type, text);
  return negative ? -total : total;
}

}  // namespace tailrace::data
