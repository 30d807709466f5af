#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/functions/automaton.h"

namespace tailrace::sql {

// A stretch of a pattern inside or outside of its groups, as a sequence of expressions.
struct FastRegexPiece {
  bool group = false;
  std::vector<ExpressionPool::Id> elements;
};

// Reads the syntax of dk.brics.automaton: [..] [^..] | & ? * + {n} {n,} {n,m} . # @ "..." () (...) <name> <n-m> \c.
// A parenthesis that is not repeated and stands in no other one is a group.
// Errors  kInvalidArgument, kLimitExceeded; with the place in the pattern.
Result<std::vector<FastRegexPiece>> ParseFastRegex(std::string_view pattern, ExpressionPool& pool);

}  // namespace tailrace::sql
