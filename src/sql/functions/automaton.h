#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

// Regular expressions without captures, made into deterministic automata: matching takes one step a character whatever
// the expression. With intersection, which backtracking engines do not have.
// Source  J. A. Brzozowski, "Derivatives of Regular Expressions", 1964.

namespace tailrace::sql {

// Code points [first, last].
struct CharRange {
  uint32_t first;
  uint32_t last;
  auto operator<=>(const CharRange&) const = default;
};
inline constexpr uint32_t kCodePointMax = 0x10ffff;

// Expressions, equal ones stored once. Ids are small numbers; 0 is the empty language, 1 the empty text.
class ExpressionPool {
 public:
  using Id = uint32_t;
  static constexpr Id kNothing = 0;
  static constexpr Id kEmptyText = 1;

  ExpressionPool();

  Id Chars(std::vector<CharRange> ranges);  // Any order; may overlap.
  Id Concat(Id first, Id second);
  Id Either(Id a, Id b);
  Id Both(Id a, Id b);
  Id Star(Id a);
  // `low` to `high` times; no `high` for any number. Errors: kLimitExceeded.
  Result<Id> Repeat(Id a, uint32_t low, std::optional<uint32_t> high);

  bool AcceptsEmpty(Id id) const { return nodes_[id].accepts_empty; }
  // How many characters every matching text has; nothing when they differ or nothing matches.
  std::optional<uint32_t> FixedLength(Id id) const { return nodes_[id].fixed_length; }
  size_t size() const { return nodes_.size(); }

  static constexpr size_t kNodesMax = 20'000;
  static constexpr uint32_t kRepeatMax = 1'000;

 private:
  friend class Automaton;
  enum class Kind : uint8_t { kNothing, kEmptyText, kChars, kConcat, kEither, kBoth, kStar };
  struct Node {
    Kind kind;
    Id a = 0;
    Id b = 0;
    std::vector<CharRange> ranges;  // kChars: ascending, apart.
    bool accepts_empty = false;
    std::optional<uint32_t> fixed_length;
    auto Key() const { return std::tie(kind, a, b, ranges); }
  };
  struct NodeLess {
    bool operator()(const Node& x, const Node& y) const { return x.Key() < y.Key(); }
  };
  Id Add(Node node);
  Id Derive(Id id, uint32_t character, std::map<Id, Id>& known);

  std::vector<Node> nodes_;
  std::map<Node, Id, NodeLess> ids_;
};

// Immutable. Threads: any.
class Automaton {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;

  // Errors  kLimitExceeded: more than kStatesMax states.
  static Result<Automaton> Make(ExpressionPool& pool, ExpressionPool::Id expression);

  State start() const { return start_; }
  State Next(State state, uint32_t character) const { return table_[state * class_count_ + ClassOf(character)]; }
  bool accepts(State state) const { return accepts_[state] != 0; }

  static constexpr size_t kStatesMax = 2'000;

 private:
  uint32_t ClassOf(uint32_t character) const;

  std::vector<uint32_t> class_starts_;  // First code point of every class, ascending; [0] is 0.
  std::array<uint16_t, 128> ascii_classes_{};
  uint32_t class_count_ = 0;
  std::vector<State> table_;  // State by class.
  std::vector<uint8_t> accepts_;
  State start_ = kDead;
};

}  // namespace tailrace::sql
