#include "ingest/formats/coercion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/str.h"
#include "data/text.h"
#include "ingest/formats/exact_number.h"

namespace tailrace::ingest {
namespace {

using data::Type;
using data::TypeKind;
using Kind = RawValue::Kind;

constexpr int64_t kMsPerDay = 86'400'000;
constexpr size_t kShownBytesMax = 64;

constexpr std::array<int64_t, 19> kPowersOfTen = [] {
  std::array<int64_t, 19> powers{};
  int64_t power = 1;
  for (int64_t& entry : powers) {
    entry = power;
    if (power <= std::numeric_limits<int64_t>::max() / 10) power *= 10;
  }
  return powers;
}();

struct Range {
  int64_t low;
  int64_t high;
};

Range IntegerRange(TypeKind kind) {
  switch (kind) {
    case TypeKind::kTinyint:
      return {-128, 127};
    case TypeKind::kSmallint:
      return {-32'768, 32'767};
    case TypeKind::kInteger:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    default:
      return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  }
}

bool CoerceNumber(const Type& type, std::string_view text, Slot& slot) {
  if (type.is_approximate()) {
    text = Trim(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    const std::optional<double> value = ParseDouble(text);
    if (!value.has_value() || !std::isfinite(*value)) return false;
    slot.float64 = *value;
    if (type.kind == TypeKind::kReal) {
      const auto rounded = static_cast<float>(*value);
      if (!std::isfinite(rounded)) return false;
      slot.float64 = rounded;
    }
    return true;
  }
  const std::optional<int64_t> value = ParseExact(text, type.kind == TypeKind::kDecimal ? type.scale : 0);
  if (!value.has_value()) return false;
  slot.int64 = *value;
  if (type.kind == TypeKind::kDecimal) {
    if (static_cast<size_t>(type.precision) >= kPowersOfTen.size()) return true;
    const int64_t limit = kPowersOfTen[static_cast<size_t>(type.precision)];
    return *value < limit && *value > -limit;
  }
  const Range range = IntegerRange(type.kind);
  return *value >= range.low && *value <= range.high;
}

bool CoerceNumeric(const Type& type, const RawValue& raw, Slot& slot) {
  switch (raw.kind) {
    case Kind::kNull:
      slot.null = true;
      return true;
    case Kind::kTrue:
    case Kind::kFalse:
      return CoerceNumber(type, raw.kind == Kind::kTrue ? "1" : "0", slot);
    case Kind::kNumber:
    case Kind::kString:
      return CoerceNumber(type, raw.text, slot);
    case Kind::kNested:
    case Kind::kInstant:
      return false;
  }
  return false;
}

void SetText(const Type& type, std::string_view text, data::Arena& arena, Slot& slot) {
  const auto chars = static_cast<size_t>(type.precision);
  const std::string_view cut = Utf8Prefix(text, chars);
  slot.truncated = cut.size() < text.size();
  slot.text = cut;
  if (type.kind != TypeKind::kChar) return;
  const size_t length = Utf8Length(cut);
  if (length >= chars) return;
  const size_t blanks = chars - length;
  char* const padded = arena.Allocate(cut.size() + blanks);
  if (!cut.empty()) std::memcpy(padded, cut.data(), cut.size());
  std::memset(padded + cut.size(), ' ', blanks);
  slot.text = {padded, cut.size() + blanks};
}

void CoerceText(const Type& type, const RawValue& raw, data::Arena& arena, Slot& slot) {
  switch (raw.kind) {
    case Kind::kNull:
      slot.null = true;
      return;
    case Kind::kTrue:
      return SetText(type, "true", arena, slot);
    case Kind::kFalse:
      return SetText(type, "false", arena, slot);
    case Kind::kNumber:
    case Kind::kString:
    case Kind::kNested:
    case Kind::kInstant:
      return SetText(type, raw.text, arena, slot);
  }
}

bool CoerceBoolean(const RawValue& raw, Slot& slot) {
  switch (raw.kind) {
    case Kind::kNull:
      slot.null = true;
      return true;
    case Kind::kTrue:
      slot.int64 = 1;
      return true;
    case Kind::kFalse:
      slot.int64 = 0;
      return true;
    case Kind::kNumber: {
      const std::optional<double> value = ParseDouble(raw.text);
      if (!value.has_value()) return false;
      slot.int64 = *value != 0 ? 1 : 0;
      return true;
    }
    case Kind::kString:
      slot.int64 = EqualsIgnoreCase(raw.text, "true") ? 1 : 0;
      return true;
    case Kind::kNested:
    case Kind::kInstant:
      return false;
  }
  return false;
}

bool CoerceDatetime(const Type& type, const RawValue& raw, Slot& slot) {
  if (raw.kind == Kind::kNull) {
    slot.null = true;
    return true;
  }
  if (raw.kind != Kind::kString && raw.kind != Kind::kInstant) return false;
  const std::string_view text = Trim(raw.text);
  std::optional<int64_t> value;
  if (raw.kind == Kind::kString && type.kind == TypeKind::kDate) value = data::ParseDate(text);
  if (raw.kind == Kind::kString && type.kind == TypeKind::kTime) value = data::ParseTime(text);
  if (!value.has_value()) {
    value = raw.kind == Kind::kInstant ? raw.instant_unix_ms : data::ParseTimestamp(text, /*lenient=*/true);
    if (!value.has_value()) return false;
    const int64_t time_of_day = ((*value % kMsPerDay) + kMsPerDay) % kMsPerDay;
    if (type.kind == TypeKind::kDate) value = (*value - time_of_day) / kMsPerDay;
    if (type.kind == TypeKind::kTime) value = time_of_day;
  }
  slot.int64 = *value;
  return true;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// BINARY is filled up with zero bytes, as CHAR is with blanks.
bool CoerceBinary(const Type& type, const RawValue& raw, data::Arena& arena, Slot& slot) {
  const auto length_max = static_cast<size_t>(type.precision);
  const bool fixed = type.kind == TypeKind::kBinary;
  switch (raw.kind) {
    case Kind::kNull:
      slot.null = true;
      return true;
    case Kind::kTrue:
    case Kind::kFalse: {  // The lowest bit is the last byte's.
      const size_t size = fixed ? length_max : 1;
      char* const bytes = arena.Allocate(size);
      std::memset(bytes, 0, size);
      bytes[size - 1] = raw.kind == Kind::kTrue ? 1 : 0;
      slot.text = {bytes, size};
      return true;
    }
    case Kind::kString: {
      std::string_view hex = raw.text;
      if (hex.size() < 3 || (hex[0] != 'X' && hex[0] != 'x') || hex[1] != '\'' || hex.back() != '\'') return false;
      hex = hex.substr(2, hex.size() - 3);
      if (hex.size() % 2 != 0) return false;
      const size_t given = hex.size() / 2;
      const size_t size = fixed ? length_max : std::min(given, length_max);
      char* const bytes = arena.Allocate(std::max(size, given));
      std::memset(bytes, 0, size);
      for (size_t i = 0; i < given; ++i) {
        const int high = HexDigit(hex[2 * i]);
        const int low = HexDigit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = static_cast<char>(high * 16 + low);
      }
      slot.truncated = given > length_max;
      slot.text = {bytes, size};
      return true;
    }
    case Kind::kNumber:
    case Kind::kNested:
    case Kind::kInstant:
      return false;
  }
  return false;
}

}  // namespace

bool Coerce(const Type& type, const RawValue& raw, data::Arena& arena, Slot& slot) {
  slot.null = false;
  slot.truncated = false;
  switch (type.kind) {
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInteger:
    case TypeKind::kBigint:
    case TypeKind::kDecimal:
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return CoerceNumeric(type, raw, slot);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      CoerceText(type, raw, arena, slot);
      return true;
    case TypeKind::kBoolean:
      return CoerceBoolean(raw, slot);
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return CoerceDatetime(type, raw, slot);
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
      return CoerceBinary(type, raw, arena, slot);
    case TypeKind::kNull:
      slot.null = true;
      return true;
    case TypeKind::kInterval:  // Not a column type of an input.
    case TypeKind::kRow:
      return false;
  }
  return false;
}

std::string CoercionMessage(std::string_view column, const Type& type, const RawValue& raw) {
  std::string shown;
  switch (raw.kind) {
    case Kind::kNull:
      shown = "null";
      break;
    case Kind::kTrue:
      shown = "true";
      break;
    case Kind::kFalse:
      shown = "false";
      break;
    case Kind::kNumber:
    case Kind::kNested:
    case Kind::kInstant:
      shown = raw.text;
      break;
    case Kind::kString:
      shown = StrCat("\"", raw.text, "\"");
      break;
  }
  if (shown.size() > kShownBytesMax) shown = StrCat(Utf8Prefix(shown, kShownBytesMax), "...");
  return StrCat("column \"", column, "\": ", shown, " is not ", type.ToString());
}

}  // namespace tailrace::ingest
