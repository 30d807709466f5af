#include "sql/functions/fast_regex.h"

#include <optional>

#include "base/str.h"
#include "sql/functions/fast_regex_parser.h"

namespace tailrace::sql {
namespace {

// The next character and how many bytes it has. A byte that is no valid UTF-8 stands for itself.
struct Character {
  uint32_t code_point;
  size_t size;
};

Character CharacterAt(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const size_t size = Utf8Prefix(text, 1).size();
  if (size == 2) return {(byte(0) & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  if (size == 3) return {(byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
  if (size == 4) {
    return {(byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f), 4};
  }
  return {byte(0), 1};
}

enum class Take : uint8_t { kShortest, kShortestThenWhileMatching, kAll };

// Bytes that the automaton takes at the front of `text`; nothing when it does not match.
std::optional<size_t> Run(const Automaton& automaton, std::string_view text, Take take) {
  Automaton::State state = automaton.start();
  size_t at = 0;
  bool matched = false;
  while (true) {
    const bool accepts = automaton.accepts(state);
    if (accepts && take == Take::kShortest) return at;
    if (take == Take::kShortestThenWhileMatching && matched && !accepts) break;
    matched = accepts;
    if (at == text.size()) return accepts ? std::optional(at) : std::nullopt;
    const Character character = CharacterAt(text.substr(at));
    const Automaton::State next = automaton.Next(state, character.code_point);
    if (take == Take::kShortestThenWhileMatching && matched && !automaton.accepts(next)) return at;
    if (next == Automaton::kDead) return std::nullopt;
    state = next;
    at += character.size;
  }
  return std::nullopt;
}

size_t StepBack(std::string_view text, size_t at, uint32_t chars) {
  for (; chars > 0 && at > 0; --chars) {
    --at;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80) --at;
  }
  return at;
}

}  // namespace

Result<FastRegex> FastRegex::Compile(std::string_view pattern) {
  ExpressionPool pool;
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<FastRegexPiece> pieces, ParseFastRegex(pattern, pool));
  // What each matcher is made of, and how many characters later pieces added at its end.
  struct Draft {
    std::vector<ExpressionPool::Id> elements;
    bool begins_in_group;
    uint32_t added_chars = 0;
  };
  std::vector<Draft> drafts;
  struct Begin {
    int matcher;
    uint32_t added_before;
  };
  std::vector<Begin> begins;  // Of every piece.
  for (const FastRegexPiece& piece : pieces) {
    size_t moved = 0;
    begins.push_back({static_cast<int>(drafts.size()) - 1, drafts.empty() ? 0 : drafts.back().added_chars});
    while (!drafts.empty() && moved < piece.elements.size()) {
      const auto length = pool.FixedLength(piece.elements[moved]);
      if (!length) break;
      drafts.back().elements.push_back(piece.elements[moved++]);
      drafts.back().added_chars += *length;
    }
    if (moved == piece.elements.size()) continue;
    drafts.push_back({{piece.elements.begin() + static_cast<ptrdiff_t>(moved), piece.elements.end()}, piece.group});
  }
  FastRegex regex;
  const auto place = [&](size_t piece) -> Place {
    const Begin& begin = begins[piece];
    if (begin.matcher < 0) return {-1, 0};
    return {begin.matcher, drafts[static_cast<size_t>(begin.matcher)].added_chars - begin.added_before};
  };
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].group) continue;
    const bool last = i + 1 == pieces.size();
    regex.groups_.push_back({.begin = place(i), .end = last ? Place{} : place(i + 1), .to_end = last});
  }
  if (regex.groups_.empty()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("pattern '", pattern, "' has no group, so no column")};
  }
  for (const Draft& draft : drafts) {
    ExpressionPool::Id expression = ExpressionPool::kEmptyText;
    for (size_t i = draft.elements.size(); i-- > 0;) expression = pool.Concat(draft.elements[i], expression);
    TAILRACE_ASSIGN_OR_RETURN(Automaton automaton, Automaton::Make(pool, expression));
    regex.matchers_.push_back({std::move(automaton), draft.begins_in_group});
  }
  return regex;
}

bool FastRegex::Match(std::string_view text, std::span<std::string_view> groups) const {
  std::vector<size_t> ends;
  ends.reserve(matchers_.size());
  size_t at = 0;
  for (const Matcher& matcher : matchers_) {
    const bool last = &matcher == &matchers_.back();
    const Take take = last ? Take::kAll : matcher.begins_in_group ? Take::kShortest : Take::kShortestThenWhileMatching;
    const auto taken = Run(matcher.automaton, text.substr(at), take);
    if (!taken) return false;
    at += *taken;
    ends.push_back(at);
  }
  const auto position = [&](const Place& place) {
    return place.matcher < 0 ? 0 : StepBack(text, ends[static_cast<size_t>(place.matcher)], place.chars_back);
  };
  for (size_t i = 0; i < groups_.size(); ++i) {
    const size_t begin = position(groups_[i].begin);
    const size_t end = groups_[i].to_end ? text.size() : position(groups_[i].end);
    groups[i] = text.substr(begin, end - begin);
  }
  return true;
}

}  // namespace tailrace::sql
