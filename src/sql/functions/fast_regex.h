#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/functions/automaton.h"

namespace tailrace::sql {

// Patterns of FAST_REGEX_LOG_PARSE: the syntax of dk.brics.automaton, one column a group, no backtracking.
//
// The pattern is cut into pieces inside and outside of its groups. The part of a piece's beginning that has a fixed
// length goes to the piece before. Then each piece takes the shortest text that it matches; one that begins outside of
// a group goes on from there as long as it still matches with every further character. The last piece must reach the
// end.
// Source  docs/sql-dialect.md, section 6.13; dk.brics.automaton.RegExp.
class FastRegex {
 public:
  // Errors  kInvalidArgument: syntax, no group. kLimitExceeded: too large.
  static Result<FastRegex> Compile(std::string_view pattern);

  size_t group_count() const { return groups_.size(); }
  // Writes the groups' texts; false when the pattern does not match. `groups` has group_count() places.
  bool Match(std::string_view text, std::span<std::string_view> groups) const;

 private:
  struct Matcher {
    Automaton automaton;
    bool begins_in_group;
  };
  // A place in the text: `chars_back` characters before the end of what `matcher` took; -1 is the text's begin.
  struct Place {
    int matcher;
    uint32_t chars_back;
  };
  struct Group {
    Place begin;
    Place end;
    bool to_end = false;  // Of the text, in place of `end`.
  };

  std::vector<Matcher> matchers_;
  std::vector<Group> groups_;
};

}  // namespace tailrace::sql
