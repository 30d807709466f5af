#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/java_regex.h"
#include "sql/functions/lift.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {

// The patterns of a batch's rows: the literal's that `resolve` compiled, or compiled anew whenever the text changes.
// `Pattern` is what compiling gives.
template <typename Pattern>
class PatternCache {
 public:
  using Compile = std::function<Result<Pattern>(std::string_view pattern, std::string_view escape)>;

  // `constant` is borrowed and may be null.
  PatternCache(const Pattern* constant, Compile compile) : constant_(constant), compile_(std::move(compile)) {}

  RowResult<const Pattern*> For(std::string_view pattern, std::string_view escape = {}) {
    if (constant_ != nullptr) return constant_;
    if (!last_ || pattern != last_pattern_ || escape != last_escape_) {
      last_.reset();
      auto compiled = compile_(pattern, escape);
      if (!compiled.ok()) return Fail(kInvalidPattern, std::move(compiled).error().message);
      last_ = std::move(compiled).value();
      last_pattern_ = pattern;
      last_escape_ = escape;
    }
    return &*last_;
  }

 private:
  const Pattern* constant_;
  Compile compile_;
  std::optional<Pattern> last_;
  std::string last_pattern_;
  std::string last_escape_;
};

// Match with the failure as a row's error.
inline RowResult<bool> MatchRow(const JavaRegex& regex, std::string_view subject, size_t from, RegexScratch& scratch,
                                std::span<RegexGroup> groups) {
  auto matched = regex.Match(subject, from, scratch, groups);
  if (matched.ok()) return *matched;
  const bool limit = matched.error().code == ErrorCode::kLimitExceeded;
  return Fail(limit ? kRegexLimit : kInvalidArgument, std::move(matched).error().message);
}

}  // namespace tailrace::sql
