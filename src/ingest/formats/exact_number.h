#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tailrace::ingest {

// A number's text ("-12", "1.50", "2e3", blanks around it allowed) times 10^scale, when that is a whole 64-bit number
// and nothing is lost; else nothing.
std::optional<int64_t> ParseExact(std::string_view text, int32_t scale);

// True for the number grammar of JSON. Source: RFC 8259, section 6.
bool IsJsonNumber(std::string_view text);

}  // namespace tailrace::ingest
