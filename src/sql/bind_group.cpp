#include <algorithm>
#include <limits>

#include "base/str.h"
#include "sql/bind_select.h"

// Keys of GROUP BY and STAGGER. Source: docs/sql-dialect.md, sections 4.7 and 4.8.

namespace tailrace::sql {
namespace {

bool IsMonotonic(const BoundExpr& expr) {
  return expr.monotonicity == Monotonicity::kAscending || expr.monotonicity == Monotonicity::kDescending;
}

// Whether the expression is written over ROWTIME itself, the operator's own or that of one side of a join.
bool IsOverRowtime(const BoundExpr& expr, const Scope& scope) {
  bool found = false;
  Visit(expr, [&](const BoundExpr& part) {
    found |= std::holds_alternative<BoundRowtime>(part.node);
    if (const auto* column = std::get_if<BoundColumn>(&part.node)) {
      found |= std::ranges::any_of(scope.sources, [&](const ScopeSource& s) { return s.rowtime == column->index; });
    }
  });
  return found;
}

std::string KeyName(const ast::Expr& key, size_t index) {
  const auto* name = std::get_if<ast::Name>(&key.node);
  return name != nullptr ? name->parts.back().name : StrCat("KEY$", index);
}

}  // namespace

bool BindKeys(BindState& state, const std::vector<ast::ExprPtr>& keys, const ExprPlace& place, Grouping& grouping) {
  bool good = true;
  const std::vector<TimeForm> times = TimesOf(place.scope->columns);
  if (keys.size() > kSelectItemsMax) {
    state.Error(keys[kSelectItemsMax]->range, StrCat(place.clause, " may have ", kSelectItemsMax, " keys"));
    return false;
  }
  for (const ast::ExprPtr& key : keys) {
    const bool repeated = std::ranges::any_of(
        grouping.key_texts, [&](const ast::Expr* known) { return SameMeaning(*known, *key, *place.scope); });
    if (repeated) continue;
    BoundExprPtr bound = ExprBinder(state, place).Bind(*key);
    if (bound == nullptr) {
      good = false;
      continue;
    }
    if (bound->type.kind == data::TypeKind::kRow) {
      state.Error(key->range, "a row-typed column cannot be a key", "name one of its columns");
      good = false;
      continue;
    }
    ColumnFacts facts{.name = KeyName(*key, grouping.keys.size()),
                      .type = bound->type,
                      .nullable = bound->nullable,
                      .time = TimeFormOf(*bound, times),
                      .range = key->range};
    if (bound->monotonicity == Monotonicity::kConstant) facts.monotonicity = Monotonicity::kConstant;
    grouping.key_texts.push_back(key.get());
    grouping.keys.push_back(std::move(facts));
    grouping.key_exprs.push_back(std::move(bound));
  }
  return good;
}

std::optional<WindowKey> FindWindowKey(BindState& state, Grouping& grouping, SourceRange range) {
  std::vector<ColumnFacts> candidates = grouping.keys;
  std::vector<size_t> over_rowtime;
  for (size_t key = 0; key < candidates.size(); ++key) {
    candidates[key].monotonicity = grouping.key_exprs[key]->monotonicity;
    if (IsMonotonic(*grouping.key_exprs[key]) && IsOverRowtime(*grouping.key_exprs[key], *grouping.input)) {
      over_rowtime.push_back(key);
    }
  }
  if (over_rowtime.size() > 1) {
    state.Error(grouping.key_exprs[over_rowtime[1]]->range, "GROUP BY has more than one expression on ROWTIME",
                "keep the one that is the window");
    return std::nullopt;
  }
  int key = BestMonotonicColumn(candidates);
  if (!over_rowtime.empty()) key = static_cast<int>(over_rowtime[0]);
  if (key < 0) {
    const bool on_constant = std::ranges::any_of(
        grouping.key_exprs, [](const BoundExprPtr& expr) { return std::holds_alternative<BoundClock>(expr->node); });
    const bool on_event_time = std::ranges::any_of(
        grouping.key_exprs, [](const BoundExprPtr& expr) { return expr->type.kind == data::TypeKind::kTimestamp; });
    std::string hint = "add a key such as STEP(ROWTIME BY INTERVAL '1' MINUTE)";
    if (on_constant) {
      hint = "CURRENT_TIMESTAMP is fixed when the query starts; use ROWTIME";
    } else if (on_event_time) {
      hint =
          "event times may come late, so they end no window: add STEP(ROWTIME BY INTERVAL '1' MINUTE) as a key, or "
          "promise with MONOTONIC(...) that they never fall";
    }
    state.Error(range, "GROUP BY on a stream needs a monotonic expression, it says when a group is complete",
                std::move(hint));
    return std::nullopt;
  }
  const auto index = static_cast<size_t>(key);
  const ColumnFacts& facts = grouping.keys[index];
  const WindowEnd end = WindowEndOf(*grouping.key_exprs[index], facts.time);
  WarnOfWindowKey(state, *grouping.key_exprs[index], end);
  // Another key that changes at the same times is as good as the window key; of the rest nothing is known any more.
  const TimeForm window = facts.time;
  for (size_t other = 0; other < grouping.keys.size(); ++other) {
    ColumnFacts& each = grouping.keys[other];
    const bool same_times = window.kind == TimeForm::Kind::kStep && each.time.kind == TimeForm::Kind::kStep &&
                            each.time.step_ms == window.step_ms && each.time.origin_ms == window.origin_ms;
    if (other == index || same_times) {
      each.monotonicity = candidates[other].monotonicity;
      each.time = AfterWindow(each.time);
    } else {
      each.time = {};
    }
  }
  return WindowKey{.key = key, .end = end};
}

}  // namespace tailrace::sql
