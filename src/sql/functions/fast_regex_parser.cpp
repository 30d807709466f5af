#include "sql/functions/fast_regex_parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/str.h"

namespace tailrace::sql {
namespace {

using Id = ExpressionPool::Id;

constexpr int kNestingMax = 100;
constexpr size_t kPatternBytesMax = 4 << 10;

// POSIX classes of ASCII, as the documentation lists them.
std::optional<std::vector<CharRange>> NamedClass(std::string_view name) {
  static const std::pair<std::string_view, std::vector<CharRange>> kClasses[] = {
      {"Digit", {{'0', '9'}}},
      {"Upper", {{'A', 'Z'}}},
      {"Lower", {{'a', 'z'}}},
      {"ASCII", {{0, 0x7f}}},
      {"Alpha", {{'A', 'Z'}, {'a', 'z'}}},
      {"Alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
      {"Punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
      {"Blank", {{' ', ' '}, {'\t', '\t'}}},
      {"Space", {{' ', ' '}, {'\t', '\r'}}},
      {"Cntrl", {{0, 0x1f}, {0x7f, 0x7f}}},
      {"XDigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
      {"Print", {{' ', '~'}}},
      {"Graph", {{'!', '~'}}},
  };
  for (const auto& [class_name, ranges] : kClasses) {
    if (EqualsIgnoreCase(class_name, name)) return ranges;
  }
  return std::nullopt;
}

std::vector<CharRange> Complement(std::vector<CharRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<CharRange> rest;
  uint32_t next = 0;
  for (const CharRange& range : ranges) {
    if (range.first > next) rest.push_back({next, range.first - 1});
    next = std::max(next, range.last + 1);
  }
  if (next <= kCodePointMax) rest.push_back({next, kCodePointMax});
  return rest;
}

class Parser {
 public:
  Parser(std::string_view pattern, ExpressionPool& pool) : pattern_(pattern), pool_(pool) {}

  Result<std::vector<FastRegexPiece>> Parse() {
    if (pattern_.size() > kPatternBytesMax) {
      return Error{ErrorCode::kLimitExceeded,
                   StrCat("pattern of ", pattern_.size(), " bytes, at most ", kPatternBytesMax)};
    }
    std::vector<FastRegexPiece> pieces;
    while (at_ < pattern_.size()) {
      if (Peek() == ')') return Bad("unmatched )");
      if (Peek() == '|' || Peek() == '&') return Bad("| and & must stand inside a group");
      TAILRACE_ASSIGN_OR_RETURN(FastRegexPiece piece, ParsePiece());
      if (!piece.group && !pieces.empty() && !pieces.back().group) {
        std::ranges::copy(piece.elements, std::back_inserter(pieces.back().elements));
      } else {
        pieces.push_back(std::move(piece));
      }
    }
    return pieces;
  }

 private:
  Error Bad(std::string_view what) const {
    return Error{ErrorCode::kInvalidArgument, StrCat("pattern '", pattern_, "', byte ", at_, ": ", what)};
  }

  char Peek() const { return pattern_[at_]; }
  bool Take(char c) {
    if (at_ >= pattern_.size() || pattern_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool RepetitionFollows() const {
    return at_ < pattern_.size() && std::string_view("?*+{").find(Peek()) != std::string_view::npos;
  }

  // One group, or one item outside of groups with its repetition.
  Result<FastRegexPiece> ParsePiece() {
    const size_t start = at_;
    if (Take('(')) {
      FastRegexPiece group{.group = true};
      if (Take(')')) {
        group.elements = {ExpressionPool::kEmptyText};
      } else {
        TAILRACE_ASSIGN_OR_RETURN(group.elements, ParseSequenceOrUnion());
        if (!Take(')')) return Bad("( without )");
      }
      if (!RepetitionFollows()) return group;
      at_ = start;  // A repeated parenthesis is no group: read it again as an item.
    }
    FastRegexPiece item;
    TAILRACE_TRY(ParseRepeated(item.elements));
    return item;
  }

  // The elements of a concatenation, or the one element that a union or intersection makes.
  Result<std::vector<Id>> ParseSequenceOrUnion() {
    TAILRACE_ASSIGN_OR_RETURN(std::vector<Id> elements, ParseSequence());
    if (at_ >= pattern_.size() || (Peek() != '|' && Peek() != '&')) return elements;
    Id first = Join(elements);
    while (Take('&')) {
      TAILRACE_ASSIGN_OR_RETURN(const std::vector<Id> next, ParseSequence());
      first = pool_.Both(first, Join(next));
    }
    if (Take('|')) {
      TAILRACE_ASSIGN_OR_RETURN(const std::vector<Id> rest, ParseSequenceOrUnion());
      first = pool_.Either(first, Join(rest));
    }
    return std::vector<Id>{first};
  }

  Id Join(const std::vector<Id>& elements) {
    Id joined = ExpressionPool::kEmptyText;
    for (size_t i = elements.size(); i-- > 0;) joined = pool_.Concat(elements[i], joined);
    return joined;
  }

  Result<std::vector<Id>> ParseSequence() {
    std::vector<Id> elements;
    while (at_ < pattern_.size() && Peek() != ')' && Peek() != '|' && Peek() != '&') {
      TAILRACE_TRY(ParseRepeated(elements));
    }
    if (elements.empty()) return Bad("expression missing");
    return elements;
  }

  // Appends an item with its repetition, what must be there apart from what may follow: x+ is x, x*.
  Status ParseRepeated(std::vector<Id>& elements) {
    TAILRACE_ASSIGN_OR_RETURN(Id item, ParseItem());
    while (at_ < pattern_.size()) {
      uint32_t low = 0;
      std::optional<uint32_t> high;
      if (Take('?')) {
        high = 1;
      } else if (Take('+')) {
        low = 1;
      } else if (Take('{')) {
        TAILRACE_TRY(ParseCounts(low, high));
      } else if (!Take('*')) {
        break;
      }
      if (high && *high < low) return Bad("repetition's second number is less than its first");
      if (high) *high -= low;
      TAILRACE_ASSIGN_OR_RETURN(const Id required, pool_.Repeat(item, low, low));
      TAILRACE_ASSIGN_OR_RETURN(const Id optional, pool_.Repeat(item, 0, high));
      if (!RepetitionFollows()) {
        for (const Id part : {required, optional}) {
          if (part != ExpressionPool::kEmptyText) elements.push_back(part);
        }
        return Ok();
      }
      item = pool_.Concat(required, optional);
    }
    if (pool_.size() > ExpressionPool::kNodesMax) return Error{ErrorCode::kLimitExceeded, "the pattern is too large"};
    elements.push_back(item);
    return Ok();
  }

  Result<uint32_t> ParseNumber() {
    size_t end = at_;
    while (end < pattern_.size() && pattern_[end] >= '0' && pattern_[end] <= '9') ++end;
    constexpr size_t kDigitsMax = 9;
    if (end == at_ || end - at_ > kDigitsMax) return Bad("number expected");
    const auto number = ParseInt64(pattern_.substr(at_, end - at_));
    at_ = end;
    return static_cast<uint32_t>(number.value_or(0));
  }

  Status ParseCounts(uint32_t& low, std::optional<uint32_t>& high) {
    TAILRACE_ASSIGN_OR_RETURN(low, ParseNumber());
    high = low;
    if (Take(',')) {
      high.reset();
      if (at_ < pattern_.size() && Peek() != '}') {
        TAILRACE_ASSIGN_OR_RETURN(high, ParseNumber());
      }
    }
    return Take('}') ? Ok() : Status(Bad("{ without }"));
  }

  Id Character(std::string_view character) { return pool_.Chars({{CodePoint(character), CodePoint(character)}}); }

  static uint32_t CodePoint(std::string_view character) {
    const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(character[i])); };
    switch (character.size()) {
      case 2:
        return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
      case 3:
        return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
      case 4:
        return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
      default:
        return byte(0);
    }
  }

  std::string_view TakeCharacter() {
    const std::string_view character = Utf8Prefix(pattern_.substr(at_), 1);
    at_ += character.size();
    return character;
  }

  Result<Id> ParseItem() {
    switch (Peek()) {
      case '.':
        ++at_;
        return pool_.Chars({{0, kCodePointMax}});
      case '#':
        ++at_;
        return Id{ExpressionPool::kNothing};
      case '@':
        ++at_;
        return pool_.Star(pool_.Chars({{0, kCodePointMax}}));
      case '"':
        ++at_;
        return ParseQuoted();
      case '(':
        ++at_;
        return ParseParenthesis();
      case '[':
        ++at_;
        return ParseClass();
      case '<':
        ++at_;
        return ParseAngle();
      case '\\':
        ++at_;
        if (at_ == pattern_.size()) return Bad("\\ at the end");
        return Character(TakeCharacter());
      case '?':
      case '*':
      case '+':
      case '{':
        return Bad("nothing to repeat");
      default:
        return Character(TakeCharacter());
    }
  }

  Result<Id> ParseQuoted() {
    const size_t end = pattern_.find('"', at_);
    if (end == std::string_view::npos) return Bad("\" without end");
    std::vector<Id> characters;
    while (at_ < end) characters.push_back(Character(TakeCharacter()));
    ++at_;
    return Join(characters);
  }

  Result<Id> ParseParenthesis() {
    if (Take(')')) return Id{ExpressionPool::kEmptyText};
    if (++depth_ > kNestingMax) return Error{ErrorCode::kLimitExceeded, StrCat("more than ", kNestingMax, " levels")};
    TAILRACE_ASSIGN_OR_RETURN(const std::vector<Id> elements, ParseSequenceOrUnion());
    --depth_;
    if (!Take(')')) return Bad("( without )");
    return Join(elements);
  }

  Result<uint32_t> ParseClassCharacter() {
    Take('\\');
    if (at_ == pattern_.size()) return Bad("[ without ]");
    return CodePoint(TakeCharacter());
  }

  Result<Id> ParseClass() {
    const bool negated = Take('^');
    std::vector<CharRange> ranges;
    do {
      TAILRACE_ASSIGN_OR_RETURN(const uint32_t first, ParseClassCharacter());
      uint32_t last = first;
      const bool range = at_ + 1 < pattern_.size() && Peek() == '-' && pattern_[at_ + 1] != ']';
      if (range) {
        ++at_;
        TAILRACE_ASSIGN_OR_RETURN(last, ParseClassCharacter());
      }
      if (last < first) return Bad("range's end before its begin");
      ranges.push_back({first, last});
    } while (at_ < pattern_.size() && Peek() != ']');
    if (!Take(']')) return Bad("[ without ]");
    return pool_.Chars(negated ? Complement(std::move(ranges)) : std::move(ranges));
  }

  // <Name> or <n-m>.
  Result<Id> ParseAngle() {
    const size_t end = pattern_.find('>', at_);
    if (end == std::string_view::npos) return Bad("< without >");
    const std::string_view inside = pattern_.substr(at_, end - at_);
    if (auto ranges = NamedClass(inside)) {
      at_ = end + 1;
      return pool_.Chars(*std::move(ranges));
    }
    const size_t dash = inside.find('-');
    const std::string_view low = inside.substr(0, dash);
    const std::string_view high = dash == std::string_view::npos ? "" : inside.substr(dash + 1);
    constexpr size_t kDigitsMax = 9;
    const auto is_number = [](std::string_view text) {
      return !text.empty() && text.size() <= kDigitsMax && text.find_first_not_of("0123456789") == text.npos;
    };
    if (!is_number(low) || !is_number(high)) return Bad(StrCat("unknown class <", inside, ">"));
    at_ = end + 1;
    return Numbers(low, high);
  }

  // Decimal numbers from low to high: of exactly their width when both have the same, else with any leading zeros.
  Id Numbers(std::string_view low, std::string_view high) {
    const bool fixed_width = low.size() == high.size();
    std::string from(low);
    std::string to(high);
    if (ParseInt64(from) > ParseInt64(to)) std::swap(from, to);
    if (fixed_width) return FixedWidthNumbers(from, to);
    const auto strip = [](std::string& digits) {
      digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    };
    strip(from);
    strip(to);
    Id numbers = ExpressionPool::kNothing;
    for (size_t width = from.size(); width <= to.size(); ++width) {
      const std::string first = width == from.size() ? from : "1" + std::string(width - 1, '0');
      const std::string last = width == to.size() ? to : std::string(width, '9');
      numbers = pool_.Either(numbers, FixedWidthNumbers(first, last));
    }
    return pool_.Concat(pool_.Star(pool_.Chars({{'0', '0'}})), numbers);
  }

  Id FixedWidthNumbers(std::string_view low, std::string_view high) {
    if (low.empty()) return ExpressionPool::kEmptyText;
    const auto digit = [](char c) { return static_cast<uint32_t>(static_cast<uint8_t>(c)); };
    const uint32_t a = digit(low.front());
    const uint32_t b = digit(high.front());
    const std::string_view low_rest = low.substr(1);
    const std::string_view high_rest = high.substr(1);
    if (a == b) return pool_.Concat(pool_.Chars({{a, a}}), FixedWidthNumbers(low_rest, high_rest));
    const std::string nines(low_rest.size(), '9');
    const std::string zeros(low_rest.size(), '0');
    Id numbers = pool_.Concat(pool_.Chars({{a, a}}), FixedWidthNumbers(low_rest, nines));
    numbers = pool_.Either(numbers, pool_.Concat(pool_.Chars({{b, b}}), FixedWidthNumbers(zeros, high_rest)));
    if (b > a + 1) {
      numbers = pool_.Either(numbers, pool_.Concat(pool_.Chars({{a + 1, b - 1}}), FixedWidthNumbers(zeros, nines)));
    }
    return numbers;
  }

  std::string_view pattern_;
  ExpressionPool& pool_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<std::vector<FastRegexPiece>> ParseFastRegex(std::string_view pattern, ExpressionPool& pool) {
  return Parser(pattern, pool).Parse();
}

}  // namespace tailrace::sql
