#include <algorithm>
#include <limits>

#include "base/str.h"
#include "sql/bind_select.h"

// ORDER BY, DISTINCT and LIMIT. Source: docs/sql-dialect.md, sections 4.10 and 4.11.

namespace tailrace::sql {
namespace {

bool IsMonotonic(const ColumnFacts& column) {
  return column.monotonicity == Monotonicity::kAscending || column.monotonicity == Monotonicity::kDescending;
}

// Sorting lets rows overtake each other, and all rows of a batch get its latest ROWTIME. What was known of the order of
// other columns than the leading one is lost, unless all rows of a batch had one ROWTIME anyway.
void ForgetOrder(std::vector<ColumnFacts>& columns, const std::vector<SortColumn>& keys) {
  const ColumnFacts leading = columns[static_cast<size_t>(keys[0].column)];
  if (keys.size() == 1 || leading.time.at_boundary) return;
  for (size_t index = 0; index < columns.size(); ++index) {
    ColumnFacts& column = columns[index];
    const bool same_as_leading = static_cast<int>(index) == keys[0].column ||
                                 (column.time == leading.time && leading.time.kind != TimeForm::Kind::kNone);
    if (same_as_leading || column.monotonicity == Monotonicity::kConstant) continue;
    column.monotonicity = Monotonicity::kNone;
    column.time = {};
  }
}

}  // namespace

int BestMonotonicColumn(const std::vector<ColumnFacts>& columns) {
  int best = -1;
  int64_t best_step = std::numeric_limits<int64_t>::max();
  for (size_t index = 0; index < columns.size(); ++index) {
    const ColumnFacts& column = columns[index];
    if (!IsMonotonic(column)) continue;
    int64_t step = std::numeric_limits<int64_t>::max() - 1;
    if (column.time.kind == TimeForm::Kind::kStep) step = column.time.step_ms;
    if (column.time.kind == TimeForm::Kind::kCalendar || column.time.kind == TimeForm::Kind::kPure) --step;
    if (step < best_step) {
      best = static_cast<int>(index);
      best_step = step;
    }
  }
  return best;
}

int OrdinalOf(BindState& state, const ast::Expr& expr, size_t columns) {
  const auto* literal = std::get_if<ast::Literal>(&expr.node);
  if (literal == nullptr || !literal->type.is_integer() || literal->value.is_null()) return -1;
  const int64_t ordinal = literal->value.int64();
  if (ordinal >= 1 && ordinal <= static_cast<int64_t>(columns)) return static_cast<int>(ordinal - 1);
  state.Error(expr.range,
              StrCat("ORDER BY ", ordinal, ": the select list has ", columns, columns == 1 ? " column" : " columns"));
  return -2;
}

Relation Sorted(BindState& state, Relation relation, const std::vector<SortColumn>& columns, SourceRange range) {
  if (!relation.ok() || columns.empty()) return relation;
  std::vector<SortKey> keys;
  for (const SortColumn& column : columns) {
    const ColumnFacts& facts = relation.columns[static_cast<size_t>(column.column)];
    if (facts.type.kind == data::TypeKind::kRow) {
      state.Error(column.range, "a row-typed column has no order");
      relation.plan = nullptr;
      return relation;
    }
    keys.push_back({.expr = MakeColumn(column.column, facts, column.range), .descending = column.descending});
  }
  const ColumnFacts& leading = relation.columns[static_cast<size_t>(columns[0].column)];
  WindowEnd end;
  if (!relation.finite) {
    if (!IsMonotonic(leading)) {
      state.Error(columns[0].range, "ORDER BY on a stream must begin with a monotonic expression",
                  "ROWTIME, FLOOR(ROWTIME TO SECOND) or STEP(ROWTIME BY INTERVAL '10' SECOND) first, then the rest");
      relation.plan = nullptr;
      return relation;
    }
    if (columns[0].descending) {
      state.Warn(columns[0].range, "DESC has no effect on the leading key: rows come out as time goes on");
    }
    end = SortEndOf(*keys[0].expr, leading.time);
  }
  const bool finite = relation.finite;
  if (!finite) ForgetOrder(relation.columns, columns);
  relation.plan =
      MakePlan(Sort{.input = std::move(relation.plan), .keys = std::move(keys), .window_end = end, .finite = finite},
               relation.columns, range);
  return relation;
}

Relation FirstColumns(Relation relation, size_t columns, SourceRange range) {
  if (relation.columns.size() <= columns) return relation;
  relation.columns.resize(columns);
  if (!relation.ok()) return relation;
  std::vector<BoundExprPtr> exprs;
  for (size_t index = 0; index < columns; ++index) {
    exprs.push_back(MakeColumn(static_cast<int>(index), relation.columns[index], relation.columns[index].range));
  }
  relation.plan =
      MakePlan(Project{.input = std::move(relation.plan), .exprs = std::move(exprs)}, relation.columns, range);
  return relation;
}

Relation Limited(BindState& state, Relation relation, const ast::Expr& limit) {
  if (!relation.ok()) return relation;
  const auto* literal = std::get_if<ast::Literal>(&limit.node);
  const bool number = literal != nullptr && literal->type.is_integer() && !literal->value.is_null();
  if (!number || literal->value.int64() < 0) {
    state.Error(limit.range, "LIMIT takes a whole number, 0 or more");
    relation.plan = nullptr;
    return relation;
  }
  if (!relation.finite) {
    state.Error(limit.range, "LIMIT works on finite queries, this one never ends");
    relation.plan = nullptr;
    return relation;
  }
  relation.plan =
      MakePlan(Limit{.input = std::move(relation.plan), .rows = static_cast<uint64_t>(literal->value.int64())},
               relation.columns, limit.range);
  return relation;
}

Relation WithoutDuplicates(BindState& state, Relation relation, SourceRange range) {
  if (!relation.ok()) return relation;
  for (const ColumnFacts& column : relation.columns) {
    if (column.type.kind != data::TypeKind::kRow) continue;
    state.Error(column.range, "DISTINCT cannot compare a row-typed column");
    relation.plan = nullptr;
    return relation;
  }
  int monotonic_column = -1;
  if (!relation.finite) {
    monotonic_column = BestMonotonicColumn(relation.columns);
    if (monotonic_column < 0) {
      state.Error(range, "SELECT DISTINCT on a stream needs a monotonic expression in the select list",
                  "for example FLOOR(ROWTIME TO MINUTE): rows are compared until it moves on");
      relation.plan = nullptr;
      return relation;
    }
  }
  relation.plan = MakePlan(Distinct{.input = std::move(relation.plan), .monotonic_column = monotonic_column},
                           relation.columns, range);
  return relation;
}

}  // namespace tailrace::sql
