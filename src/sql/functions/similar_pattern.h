#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tailrace::sql {

// Rewrites a pattern of SIMILAR TO as a Java regular expression without anchors and without capturing groups.
// Source  docs/sql-dialect.md, section 6.2.
// Errors  kInvalidArgument: brackets without end, parentheses inside brackets, an escape of more than one character.
Result<std::string> SimilarToJavaRegex(std::string_view pattern, std::string_view escape);

}  // namespace tailrace::sql
