#include "sql/functions/automaton.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/str.h"

namespace tailrace::sql {
namespace {

std::vector<CharRange> Normalised(std::vector<CharRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<CharRange> apart;
  for (const CharRange& range : ranges) {
    if (range.first > range.last) continue;
    if (!apart.empty() && range.first <= apart.back().last + 1) {
      apart.back().last = std::max(apart.back().last, range.last);
    } else {
      apart.push_back(range);
    }
  }
  return apart;
}

bool Holds(const std::vector<CharRange>& ranges, uint32_t character) {
  return std::ranges::any_of(
      ranges, [character](const CharRange& range) { return character >= range.first && character <= range.last; });
}

}  // namespace

ExpressionPool::ExpressionPool() {
  Add({.kind = Kind::kNothing});
  Add({.kind = Kind::kEmptyText, .accepts_empty = true, .fixed_length = 0});
}

ExpressionPool::Id ExpressionPool::Add(Node node) {
  const auto found = ids_.find(node);
  if (found != ids_.end()) return found->second;
  const auto id = static_cast<Id>(nodes_.size());
  ids_.emplace(node, id);
  nodes_.push_back(std::move(node));
  return id;
}

ExpressionPool::Id ExpressionPool::Chars(std::vector<CharRange> ranges) {
  ranges = Normalised(std::move(ranges));
  if (ranges.empty()) return kNothing;
  return Add({.kind = Kind::kChars, .ranges = std::move(ranges), .fixed_length = 1});
}

ExpressionPool::Id ExpressionPool::Concat(Id first, Id second) {
  if (first == kNothing || second == kNothing) return kNothing;
  if (first == kEmptyText) return second;
  if (second == kEmptyText) return first;
  // To the right, so that equal sequences are equal nodes.
  if (nodes_[first].kind == Kind::kConcat) return Concat(nodes_[first].a, Concat(nodes_[first].b, second));
  Node node{.kind = Kind::kConcat, .a = first, .b = second};
  node.accepts_empty = AcceptsEmpty(first) && AcceptsEmpty(second);
  if (FixedLength(first) && FixedLength(second)) node.fixed_length = *FixedLength(first) + *FixedLength(second);
  return Add(std::move(node));
}

ExpressionPool::Id ExpressionPool::Either(Id a, Id b) {
  if (a == b || b == kNothing) return a;
  if (a == kNothing) return b;
  // Alternatives form an ascending list to the right without repetition: finitely many derivatives, all found equal.
  if (nodes_[a].kind == Kind::kEither) return Either(nodes_[a].a, Either(nodes_[a].b, b));
  const bool list = nodes_[b].kind == Kind::kEither;
  const Id head = list ? nodes_[b].a : b;
  if (a == head) return b;
  if (a > head) return list ? Either(head, Either(a, nodes_[b].b)) : Either(b, a);
  Node node{.kind = Kind::kEither, .a = a, .b = b};
  node.accepts_empty = AcceptsEmpty(a) || AcceptsEmpty(b);
  if (FixedLength(a) == FixedLength(b)) node.fixed_length = FixedLength(a);
  return Add(std::move(node));
}

ExpressionPool::Id ExpressionPool::Both(Id a, Id b) {
  if (a == b) return a;
  if (a == kNothing || b == kNothing) return kNothing;
  if (nodes_[a].kind == Kind::kBoth) return Both(nodes_[a].a, Both(nodes_[a].b, b));
  const bool list = nodes_[b].kind == Kind::kBoth;
  const Id head = list ? nodes_[b].a : b;
  if (a == head) return b;
  if (a > head) return list ? Both(head, Both(a, nodes_[b].b)) : Both(b, a);
  Node node{.kind = Kind::kBoth, .a = a, .b = b};
  node.accepts_empty = AcceptsEmpty(a) && AcceptsEmpty(b);
  node.fixed_length = FixedLength(a) ? FixedLength(a) : FixedLength(b);
  return Add(std::move(node));
}

ExpressionPool::Id ExpressionPool::Star(Id a) {
  if (a == kNothing || a == kEmptyText) return kEmptyText;
  if (nodes_[a].kind == Kind::kStar) return a;
  return Add({.kind = Kind::kStar, .a = a, .accepts_empty = true});
}

Result<ExpressionPool::Id> ExpressionPool::Repeat(Id a, uint32_t low, std::optional<uint32_t> high) {
  if (low > kRepeatMax || high.value_or(0) > kRepeatMax) {
    return Error{ErrorCode::kLimitExceeded, StrCat("repetition of more than ", kRepeatMax, " times")};
  }
  Id result = high ? kEmptyText : Star(a);
  for (uint32_t i = low; high && i < *high; ++i) result = Either(kEmptyText, Concat(a, result));
  for (uint32_t i = 0; i < low; ++i) {
    result = Concat(a, result);
    if (nodes_.size() > kNodesMax) return Error{ErrorCode::kLimitExceeded, "the expression is too large"};
  }
  return result;
}

// What may follow after `character` in texts of the expression.
ExpressionPool::Id ExpressionPool::Derive(Id id, uint32_t character, std::map<Id, Id>& known) {
  if (const auto found = known.find(id); found != known.end()) return found->second;
  const Node node = nodes_[id];
  Id result = kNothing;
  switch (node.kind) {
    case Kind::kNothing:
    case Kind::kEmptyText:
      break;
    case Kind::kChars:
      result = Holds(node.ranges, character) ? kEmptyText : kNothing;
      break;
    case Kind::kConcat:
      result = Concat(Derive(node.a, character, known), node.b);
      if (AcceptsEmpty(node.a)) result = Either(result, Derive(node.b, character, known));
      break;
    case Kind::kEither:
      result = Either(Derive(node.a, character, known), Derive(node.b, character, known));
      break;
    case Kind::kBoth:
      result = Both(Derive(node.a, character, known), Derive(node.b, character, known));
      break;
    case Kind::kStar:
      result = Concat(Derive(node.a, character, known), id);
      break;
  }
  known.emplace(id, result);
  return result;
}

Result<Automaton> Automaton::Make(ExpressionPool& pool, ExpressionPool::Id expression) {
  Automaton automaton;
  // Characters between two neighbouring ends of ranges behave alike.
  std::set<uint32_t> starts = {0};
  for (const ExpressionPool::Node& node : pool.nodes_) {
    for (const CharRange& range : node.ranges) {
      starts.insert(range.first);
      if (range.last < kCodePointMax) starts.insert(range.last + 1);
    }
  }
  automaton.class_starts_.assign(starts.begin(), starts.end());
  automaton.class_count_ = static_cast<uint32_t>(starts.size());
  constexpr size_t kTableMax = 200'000;
  std::map<ExpressionPool::Id, State> states = {{ExpressionPool::kNothing, kDead}};
  std::vector<ExpressionPool::Id> expressions = {ExpressionPool::kNothing};
  const auto state_of = [&](ExpressionPool::Id id) {
    const auto [found, added] = states.emplace(id, static_cast<State>(expressions.size()));
    if (added) expressions.push_back(id);
    return found->second;
  };
  automaton.start_ = state_of(expression);
  for (size_t state = 0; state < expressions.size(); ++state) {
    automaton.accepts_.push_back(pool.AcceptsEmpty(expressions[state]) ? 1 : 0);
    for (const uint32_t character : automaton.class_starts_) {
      std::map<ExpressionPool::Id, ExpressionPool::Id> known;
      automaton.table_.push_back(state_of(pool.Derive(expressions[state], character, known)));
    }
    if (expressions.size() > kStatesMax || automaton.table_.size() > kTableMax ||
        pool.size() > ExpressionPool::kNodesMax * 10) {
      return Error{ErrorCode::kLimitExceeded, StrCat("the expression needs more than ", kStatesMax, " states")};
    }
  }
  for (uint32_t character = 0; character < automaton.ascii_classes_.size(); ++character) {
    const auto after = std::ranges::upper_bound(automaton.class_starts_, character);
    automaton.ascii_classes_[character] = static_cast<uint16_t>(after - automaton.class_starts_.begin() - 1);
  }
  return automaton;
}

uint32_t Automaton::ClassOf(uint32_t character) const {
  if (character < ascii_classes_.size()) return ascii_classes_[character];
  const auto after = std::ranges::upper_bound(class_starts_, character);
  return static_cast<uint32_t>(after - class_starts_.begin() - 1);
}

}  // namespace tailrace::sql
