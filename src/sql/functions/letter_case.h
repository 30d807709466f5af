#pragma once

#include <string>
#include <string_view>

namespace tailrace::sql {

// Case mapping of UTF-8 text for the Latin, Greek, Cyrillic and Armenian scripts, as java.lang.String does it in the
// root locale. Other characters and invalid bytes stay.
std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);
// The first letter of every word upper, the rest lower; words are separated by blanks.
std::string ToInitialCapitals(std::string_view text);

}  // namespace tailrace::sql
