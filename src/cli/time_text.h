#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace tailrace::cli {

// A time on the command line: ISO 8601 ("2018-11-01T01:00:00Z", zone and time may be left out, UTC) or epoch ms.
std::optional<Timestamp> ParseTimeText(std::string_view text);

}  // namespace tailrace::cli
