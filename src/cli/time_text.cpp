#include "cli/time_text.h"

#include "base/str.h"
#include "data/text.h"

namespace tailrace::cli {

std::optional<Timestamp> ParseTimeText(std::string_view text) {
  if (const auto unix_ms = ParseInt64(text)) return FromUnixMs(*unix_ms);
  const auto time = data::ParseTimestamp(text, true);
  if (!time.has_value()) return std::nullopt;
  return FromUnixMs(*time);
}

}  // namespace tailrace::cli
