#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tailrace::sql {

// A zone's name at the front of a text.
struct ZoneName {
  size_t size = 0;           // Bytes of the name.
  int64_t offset_ms = 0;     // From UTC, when `id` is empty.
  std::string_view id = {};  // Borrowed from the text: a zone of the tz database, whose offset depends on the time.
};

// The longest zone name that `text` begins with: abbreviation ("PDT"), English name ("Pacific Standard Time"), both in
// any case, or tz database id ("America/Los_Angeles").
std::optional<ZoneName> TakeZoneName(std::string_view text);

// Of two instants with the same local time the earlier one; nothing when there is none.
std::optional<int64_t> LocalToUnixMs(std::string_view zone_id, int64_t local_ms);

}  // namespace tailrace::sql
