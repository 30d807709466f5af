#include "sql/functions/time_zone.h"

#include <date/tz.h>

#include <exception>

#include "base/str.h"

namespace tailrace::sql {
namespace {

constexpr int64_t kQuarterMs = 15 * 60 * 1'000;

struct NamedOffset {
  std::string_view name;
  int quarters;  // Hours from UTC times four.
};

// Names as java.text.DateFormatSymbols has them for the zones that logs carry. A name that several zones share has the
// offset that Java finds first in the English locale of the United States.
constexpr NamedOffset kNames[] = {
    {"UTC", 0},
    {"GMT", 0},
    {"UT", 0},
    {"Z", 0},
    {"PST", -32},
    {"PDT", -28},
    {"MST", -28},
    {"MDT", -24},
    {"CST", -24},
    {"CDT", -20},
    {"EST", -20},
    {"EDT", -16},
    {"AKST", -36},
    {"AKDT", -32},
    {"HST", -40},
    {"AST", -16},
    {"ADT", -12},
    {"NST", -14},
    {"NDT", -10},
    {"BRT", -12},
    {"ART", -12},
    {"WET", 0},
    {"WEST", 4},
    {"BST", 4},
    {"IST", 22},
    {"CET", 4},
    {"CEST", 8},
    {"EET", 8},
    {"EEST", 12},
    {"MSK", 12},
    {"SAST", 8},
    {"GST", 16},
    {"PKT", 20},
    {"ICT", 28},
    {"WIB", 28},
    {"SGT", 32},
    {"HKT", 32},
    {"AWST", 32},
    {"JST", 36},
    {"KST", 36},
    {"ACST", 38},
    {"ACDT", 42},
    {"AEST", 40},
    {"AEDT", 44},
    {"NZST", 48},
    {"NZDT", 52},
    {"Coordinated Universal Time", 0},
    {"Greenwich Mean Time", 0},
    {"Pacific Standard Time", -32},
    {"Pacific Daylight Time", -28},
    {"Mountain Standard Time", -28},
    {"Mountain Daylight Time", -24},
    {"Central Standard Time", -24},
    {"Central Daylight Time", -20},
    {"Eastern Standard Time", -20},
    {"Eastern Daylight Time", -16},
    {"Alaska Standard Time", -36},
    {"Alaska Daylight Time", -32},
    {"Hawaii Standard Time", -40},
    {"Atlantic Standard Time", -16},
    {"Atlantic Daylight Time", -12},
    {"Brasilia Time", -12},
    {"Western European Time", 0},
    {"Western European Summer Time", 4},
    {"British Summer Time", 4},
    {"Central European Time", 4},
    {"Central European Summer Time", 8},
    {"Eastern European Time", 8},
    {"Eastern European Summer Time", 12},
    {"Moscow Standard Time", 12},
    {"South Africa Standard Time", 8},
    {"Gulf Standard Time", 16},
    {"India Standard Time", 22},
    {"Indochina Time", 28},
    {"Singapore Time", 32},
    {"Hong Kong Time", 32},
    {"China Standard Time", 32},
    {"Japan Standard Time", 36},
    {"Korea Standard Time", 36},
    {"Australian Eastern Standard Time", 40},
    {"Australian Eastern Daylight Time", 44},
    {"New Zealand Standard Time", 48},
    {"New Zealand Daylight Time", 52},
};

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
         c == '-' || c == '+';
}

const date::time_zone* FindZone(std::string_view id) {
  try {
    return date::locate_zone(std::string(id));
  } catch (const std::exception&) {  // Unknown zone, or no tz database on this machine.
    return nullptr;
  }
}

}  // namespace

std::optional<ZoneName> TakeZoneName(std::string_view text) {
  std::optional<ZoneName> longest;
  for (const NamedOffset& named : kNames) {
    const bool longer = !longest || named.name.size() > longest->size;
    if (longer && EqualsIgnoreCase(text.substr(0, named.name.size()), named.name)) {
      longest = ZoneName{.size = named.name.size(), .offset_ms = named.quarters * kQuarterMs};
    }
  }
  size_t length = 0;
  constexpr size_t kIdLengthMax = 40;
  while (length < text.size() && length < kIdLengthMax && IsIdCharacter(text[length])) ++length;
  const std::string_view id = text.substr(0, length);
  // Ids have a slash; without this test every mistyped abbreviation would search the database.
  if (id.find('/') != std::string_view::npos && FindZone(id) != nullptr) return ZoneName{.size = length, .id = id};
  return longest;
}

std::optional<int64_t> LocalToUnixMs(std::string_view zone_id, int64_t local_ms) {
  const date::time_zone* const zone = FindZone(zone_id);
  if (zone == nullptr) return std::nullopt;
  const date::local_time<std::chrono::milliseconds> local{std::chrono::milliseconds(local_ms)};
  try {
    const date::local_info info = zone->get_info(local);
    if (info.result == date::local_info::nonexistent) return std::nullopt;
    return local_ms - std::chrono::milliseconds(info.first.offset).count();
  } catch (const std::exception&) {  // Beyond the database's years.
    return std::nullopt;
  }
}

}  // namespace tailrace::sql
