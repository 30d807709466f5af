#pragma once

#include <optional>
#include <vector>

#include "sql/bind_expr.h"

namespace tailrace::sql {

// A part of WHERE. Joins written with commas take the parts that compare their sides; the rest stays a filter.
struct Conjunct {
  const ast::Expr* expr;
  bool used = false;
};

// What FROM gives: rows and the names for them. Without a plan when something was wrong; the names are good all the
// same, as far as they are known.
struct FromResult {
  PlanPtr plan;
  Scope scope;
  bool finite = false;
  bool timed = true;
  std::optional<JoinWindow> window;       // OVER on the item, for the join around it.
  int64_t following_ms = 0;               // How far that window looks ahead.
  std::optional<SourceRange> over_range;  // Where OVER stands.

  bool ok() const { return plan != nullptr; }
};

// Binds all FROM items of a SELECT, joined. `conjuncts`: WHERE, cut at AND.
FromResult BindFrom(BindState& state, const ast::Select& select, const QueryPlace& place, SourceRange range,
                    std::vector<Conjunct>& conjuncts);

// bind_join.cpp
struct JoinSpec {
  ast::JoinKind kind = ast::JoinKind::kInner;
  bool natural = false;
  bool comma = false;  // Joined by a comma: takes conjuncts of WHERE.
  const ast::Expr* on = nullptr;
  std::vector<ast::Identifier> using_columns;
  QueryPlace place;
  SourceRange range;
};
FromResult BindJoin(BindState& state, FromResult left, FromResult right, const JoinSpec& spec,
                    std::vector<Conjunct>& conjuncts);

// bind_table_function.cpp: TABLE(f(CURSOR(query), ...)).
Relation BindTableFunction(BindState& state, const ast::Expr& call, const QueryPlace& place);

// The parts of a condition joined by AND.
void CutAtAnd(const ast::Expr& condition, std::vector<Conjunct>& conjuncts);

}  // namespace tailrace::sql
