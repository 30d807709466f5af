#pragma once

#include <span>
#include <string_view>

// The dialect's words. All arguments are in upper case.
// Source  docs/sql-dialect.md, section 1.5 and appendix A.

namespace tailrace::sql {

// Needs quotes to be a name, by the reference.
bool IsReserved(std::string_view word);

// Reserved, and always part of the syntax: the parser takes every other word as a name where one can stand. So VALUE,
// DATE or COUNT are columns wherever that is unambiguous.
bool IsStructural(std::string_view word);

// Any word with a meaning in the grammar, reserved or not; a misspelt keyword is none of them.
bool IsKeyword(std::string_view word);

// The one of `expected` that `word` is a slip of: one letter wrong, missing, too many, or two swapped. Empty when there
// is none or `word` is a keyword itself.
std::string_view SlipOf(std::string_view word, std::span<const std::string_view> expected);

}  // namespace tailrace::sql
