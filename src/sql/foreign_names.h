#pragma once

#include <string_view>

namespace tailrace::sql {

// What to write here for a function of other SQL dialects: "write CHAR_LENGTH(text)". Empty when it is not known.
// `name` in upper case.
std::string_view ForeignFunctionHint(std::string_view name);

}  // namespace tailrace::sql
