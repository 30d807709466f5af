#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Regular expressions as java.util.regex.Pattern reads them, run by PCRE2 with its JIT. The agent's files and the SQL's
// functions carry such patterns and must keep their meaning.

namespace tailrace {

// Rewrites a Java pattern into one that means the same to PCRE2 in UTF mode: class unions and intersections, \uXXXX,
// octal escapes, POSIX and java property names, quotations, back references, the dot's idea of a line end.
//
// Errors  kInvalidArgument, with the offset (bytes, from 0) in the pattern: what Java refuses or PCRE2 cannot express
//         (blocks such as \p{InGreek}, \b{g}, \N{...}).
// Known differences: with (?i) letters outside ASCII fold too; look-behind needs alternatives of fixed length.
Result<std::string> JavaPatternToPcre2(std::string_view java_pattern);

// Where in the subject a match may lie.
enum class RegexMode : uint8_t {
  kFind,    // Anywhere: Matcher.find().
  kPrefix,  // At the start: Matcher.lookingAt().
  kWhole,   // The whole subject: Matcher.matches().
};

// Scratch space of one thread for matching; kept between calls so that matching allocates nothing.
class RegexScratch {
 public:
  RegexScratch();
  ~RegexScratch();
  RegexScratch(RegexScratch&&) noexcept;
  RegexScratch& operator=(RegexScratch&&) noexcept;

 private:
  friend class JavaRegex;
  struct State;
  std::unique_ptr<State> state_;
};

// One capture: bytes [begin, end) of the subject.
struct RegexGroup {
  size_t begin = 0;
  size_t end = 0;
  bool matched = false;
  std::string_view In(std::string_view subject) const { return subject.substr(begin, end - begin); }
};

// A compiled pattern. Immutable. Threads: any, each with its own scratch.
class JavaRegex {
 public:
  // Errors: kInvalidArgument with the reason and the place in the pattern.
  static Result<JavaRegex> Compile(std::string_view java_pattern, RegexMode mode);
  ~JavaRegex();
  JavaRegex(JavaRegex&&) noexcept;
  JavaRegex& operator=(JavaRegex&&) noexcept;

  size_t group_count() const { return group_count_; }  // Without group 0, the whole match.
  // Of the group (?<name>...); nothing when there is none.
  std::optional<size_t> GroupNumber(std::string_view name) const;
  const std::string& java_pattern() const { return java_pattern_; }

  // Looks for the first match at or after byte `from`. True: `groups` (cut to its size) holds group 0, 1, ...
  // Input   `subject` is valid UTF-8 (see RepairUtf8).
  // Errors  kLimitExceeded: the pattern backtracks too much on this subject. kInvalidArgument: not UTF-8.
  Result<bool> Match(std::string_view subject, size_t from, RegexScratch& scratch, std::span<RegexGroup> groups) const;
  Result<bool> Matches(std::string_view subject, RegexScratch& scratch) const { return Match(subject, 0, scratch, {}); }

 private:
  struct Code;
  JavaRegex(std::unique_ptr<Code> code, std::string java_pattern, size_t group_count);
  std::unique_ptr<Code> code_;
  std::string java_pattern_;
  size_t group_count_ = 0;
};

}  // namespace tailrace
