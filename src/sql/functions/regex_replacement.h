#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/java_regex.h"
#include "sql/functions/lift.h"

namespace tailrace::sql {

// Whether `replacement` is one for the pattern, as Matcher.appendReplacement reads it: $n and ${name} are groups, a
// backslash makes the next character plain.
// Errors  kInvalidArgument: a group that is not there, a $ or backslash without a follower.
Status CheckReplacement(std::string_view replacement, const JavaRegex& regex);

// REGEX_REPLACE of one row after the other; keeps scratch space between them.
class RegexReplacer {
 public:
  struct Call {
    std::string_view text;
    std::string_view replacement;
    int64_t start;       // Character to begin at, from 1. Beyond the end: the text stays.
    int64_t occurrence;  // 0: all matches; n: only the n-th.
  };
  // Errors  INVALID_ARGUMENT (start, occurrence, replacement), REGEX_LIMIT_EXCEEDED, STRING_TOO_LONG.
  RowResult<std::string> Replace(const JavaRegex& regex, const Call& call);

 private:
  RegexScratch scratch_;
  std::vector<RegexGroup> groups_;
};

}  // namespace tailrace::sql
