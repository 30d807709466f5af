#pragma once

#include <vector>

#include "sql/bind_from.h"

namespace tailrace::sql {

// A column of a relation to sort by.
struct SortColumn {
  int column;
  bool descending;
  SourceRange range;
};

// bind_order.cpp
// ORDER BY over a relation's own columns. On streams the first must be monotonic.
Relation Sorted(BindState& state, Relation relation, const std::vector<SortColumn>& columns, SourceRange range);
// The first `columns` columns alone.
Relation FirstColumns(Relation relation, size_t columns, SourceRange range);
Relation Limited(BindState& state, Relation relation, const ast::Expr& limit);
// The 1-based position that an item of ORDER BY names, as an index; -1 when it is no number, -2 when it is out of
// range, which has been reported.
int OrdinalOf(BindState& state, const ast::Expr& expr, size_t columns);
// SELECT DISTINCT. On streams some column must be monotonic.
Relation WithoutDuplicates(BindState& state, Relation relation, SourceRange range);
// The column that is best to tell when time goes on: one that follows ROWTIME, the finest of these; else any monotonic
// one; -1.
int BestMonotonicColumn(const std::vector<ColumnFacts>& columns);

// bind_group.cpp
// Binds the keys of GROUP BY or STAGGER into `grouping`; false when something is wrong.
bool BindKeys(BindState& state, const std::vector<ast::ExprPtr>& keys, const ExprPlace& place, Grouping& grouping);
// Finds the key that closes the windows of GROUP BY on a stream and sets its facts; nothing when there is none, which
// has been reported.
struct WindowKey {
  int key;
  WindowEnd end;
};
std::optional<WindowKey> FindWindowKey(BindState& state, Grouping& grouping, SourceRange range);

// bind_select.cpp
// A SELECT with the ORDER BY and LIMIT of its query.
Relation BindSelect(BindState& state, const ast::Query& query, const ast::Select& select, const QueryPlace& place);

// warnings.cpp
// Warns when a part of a condition compares a count with a number that it always reaches.
void WarnOfIdleCondition(BindState& state, const BoundExpr& condition, const std::vector<ColumnFacts>& columns);
// Warns of a window key that moves on only with data, or never.
void WarnOfWindowKey(BindState& state, const BoundExpr& key, const WindowEnd& end);
// Warnings about the program as a whole: columns too short for addresses, streams that nobody writes.
void WarnOfProgram(BindState& state, const ast::Program& program);

}  // namespace tailrace::sql
