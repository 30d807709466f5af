#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::sql {

// A LIKE pattern: % any run of characters, _ one character, everything else itself; matched against the whole text.
class LikePattern {
 public:
  // `escape`: one character that takes the special meaning from the next one; empty for none.
  // Errors  kInvalidArgument: an escape of more than one character, or one at the pattern's end.
  static Result<LikePattern> Compile(std::string_view pattern, std::string_view escape);

  // Time  a text of n bytes: n for patterns without _, n x pattern at worst.
  bool Matches(std::string_view text) const;

 private:
  // One piece between two %: literal text and single-character wildcards.
  struct Piece {
    std::vector<std::string> texts;  // texts[0] _ texts[1] _ ... texts[n]
  };
  // Bytes of `text` that the piece takes at its front; npos when it does not match there.
  static size_t MatchFront(const Piece& piece, std::string_view text);
  static bool MatchBack(const Piece& piece, std::string_view text, size_t& length);
  static bool Find(const Piece& piece, std::string_view text, size_t& begin, size_t& length);

  std::vector<Piece> pieces_;  // At least one; % stands between them.
};

}  // namespace tailrace::sql
