#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace {

// All arguments as text, one after the other.
template <typename... Args>
std::string StrCat(const Args&... args) {
  std::string text;
  (fmt::format_to(std::back_inserter(text), "{}", args), ...);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator);
std::string_view Trim(std::string_view text);  // ASCII white space at both ends.
std::string AsciiLower(std::string_view text);
std::string AsciiUpper(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);  // ASCII.
std::string Join(std::span<const std::string> parts, std::string_view separator);

// Number of code points; a byte that is not valid UTF-8 counts as one.
size_t Utf8Length(std::string_view text);
// The longest prefix of at most `chars` code points.
std::string_view Utf8Prefix(std::string_view text, size_t chars);
bool IsValidUtf8(std::string_view text);
// Replaces every invalid sequence by U+FFFD.
std::string RepairUtf8(std::string_view text);

// Whole text or nothing; no white space, no leading plus.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);

// Letters to insert, drop, replace or swap with their neighbour to make one text the other, ignoring ASCII case. Takes
// time of the product of the lengths.
size_t EditDistance(std::string_view a, std::string_view b);
// The candidate nearest to `name` by edit distance, ignoring case; nothing when all are too far to be a slip.
std::optional<std::string> NearestName(std::string_view name, std::span<const std::string> candidates);

// "1.5 MiB", "900 B".
std::string FormatBytes(uint64_t bytes);

}  // namespace tailrace
