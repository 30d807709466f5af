#include <algorithm>

#include "base/str.h"
#include "sql/bind_select.h"
#include "sql/functions/resolve.h"

// Queries around SELECT: VALUES, set operations, their ORDER BY and LIMIT. Source: docs/sql-dialect.md, section 3.5.

namespace tailrace::sql {
namespace {

constexpr int kQueriesNestedMax = 100;  // Views put in count.

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

std::string_view SetName(ast::SetOp op) {
  switch (op) {
    case ast::SetOp::kUnion:
      return "UNION";
    case ast::SetOp::kUnionAll:
      return "UNION ALL";
    case ast::SetOp::kIntersect:
      return "INTERSECT";
    case ast::SetOp::kExcept:
      return "EXCEPT";
  }
  return "";
}

// The relation with its columns converted to `types`.
Relation Converted(BindState& state, Relation relation, const std::vector<data::Type>& types, SourceRange range) {
  std::vector<BoundExprPtr> exprs;
  bool changed = false;
  for (size_t index = 0; index < types.size(); ++index) {
    ColumnFacts& column = relation.columns[index];
    BoundExprPtr expr = CastTo(state, MakeColumn(static_cast<int>(index), column, range), types[index], true);
    changed |= column.type != types[index];
    column.type = types[index];
    column.monotonicity = expr->monotonicity;
    exprs.push_back(std::move(expr));
  }
  if (changed && relation.ok()) {
    relation.plan =
        MakePlan(Project{.input = std::move(relation.plan), .exprs = std::move(exprs)}, relation.columns, range);
  }
  return relation;
}

// What still holds of a column when rows of both relations are mixed in order of ROWTIME.
void MergeFacts(std::vector<ColumnFacts>& columns, const std::vector<ColumnFacts>& others) {
  for (size_t index = 0; index < columns.size(); ++index) {
    ColumnFacts& column = columns[index];
    const ColumnFacts& other = others[index];
    column.nullable |= other.nullable;
    column.hidden &= other.hidden;
    column.counts_own_row &= other.counts_own_row;
    column.integer_average |= other.integer_average;
    // Both columns follow ROWTIME in the same way, so they stay in order when the rows are mixed.
    if (column.time == other.time && column.time.kind != TimeForm::Kind::kNone &&
        column.time.kind != TimeForm::Kind::kPure) {
      continue;
    }
    column.time = {};
    column.monotonicity = Monotonicity::kNone;
  }
}

class QueryBinder {
 public:
  QueryBinder(BindState& state, const ast::Query& query, const QueryPlace& place)
      : state_(state), query_(query), place_(place) {}

  Relation operator()(const ast::Select& select) { return BindSelect(state_, query_, select, place_); }
  Relation operator()(const ast::Values& values) { return Ordered(BindValues(values)); }
  Relation operator()(const ast::SetOperation& node) { return Ordered(BindSet(node)); }

 private:
  Relation BindValues(const ast::Values& values);
  Relation BindSet(const ast::SetOperation& node);
  Relation Ordered(Relation relation);
  bool CheckSet(const ast::SetOperation& node, const Relation& left, const Relation& right);
  std::vector<TextEdit> AddAll(const ast::SetOperation& node) const;

  BindState& state_;
  const ast::Query& query_;
  const QueryPlace& place_;
};

// ORDER BY and LIMIT over columns by name or number.
Relation QueryBinder::Ordered(Relation relation) {
  const size_t width = relation.columns.size();
  std::vector<SortColumn> columns;
  const Scope scope = ScopeOf(relation, "");
  std::vector<BoundExprPtr> extra;
  for (const ast::OrderItem& item : query_.order_by) {
    if (!relation.ok()) break;
    int column = OrdinalOf(state_, *item.expr, width);
    if (column == -1) {
      const ExprPlace place{.clause = "ORDER BY", .scope = &scope, .query = place_};
      const BoundExprPtr expr = ExprBinder(state_, place).Bind(*item.expr);
      if (expr != nullptr) {
        column = static_cast<int>(width + extra.size());
        extra.push_back(expr);
      }
    }
    if (column < 0) {
      relation.plan = nullptr;
      continue;
    }
    columns.push_back({.column = column, .descending = item.descending, .range = item.expr->range});
  }
  if (!extra.empty() && relation.ok()) {
    const std::vector<TimeForm> times = TimesOf(relation.columns);
    std::vector<BoundExprPtr> exprs;
    for (size_t index = 0; index < width; ++index) {
      exprs.push_back(MakeColumn(static_cast<int>(index), relation.columns[index], query_.range));
    }
    for (const BoundExprPtr& expr : extra) {
      relation.columns.push_back({.name = StrCat("SORT$", relation.columns.size()),
                                  .type = expr->type,
                                  .nullable = expr->nullable,
                                  .monotonicity = expr->monotonicity,
                                  .time = TimeFormOf(*expr, times),
                                  .range = expr->range});
      exprs.push_back(expr);
    }
    relation.plan =
        MakePlan(Project{.input = std::move(relation.plan), .exprs = std::move(exprs)}, relation.columns, query_.range);
  }
  relation = Sorted(state_, std::move(relation), columns, query_.range);
  relation = FirstColumns(std::move(relation), width, query_.range);
  if (query_.limit != nullptr) relation = Limited(state_, std::move(relation), *query_.limit);
  return relation;
}

Relation QueryBinder::BindValues(const ast::Values& values) {
  Relation relation{.finite = true, .timed = false};
  const size_t width = values.rows.empty() ? 0 : values.rows[0].size();
  std::vector<std::vector<BoundExprPtr>> rows;
  std::vector<data::Type> types(width);
  std::vector<bool> nullable(width, false);
  bool good = width > 0;
  if (!good) state_.Error(query_.range, "VALUES needs at least one value");
  const ExprPlace place{.clause = "VALUES", .query = place_};
  for (const std::vector<ast::ExprPtr>& row : values.rows) {
    if (row.size() != width) {
      state_.Error(row.empty() ? query_.range : row[0]->range,
                   StrCat("this row of VALUES has ", row.size(), " values, the first has ", width));
      good = false;
      continue;
    }
    std::vector<BoundExprPtr> bound;
    for (size_t index = 0; index < width; ++index) {
      BoundExprPtr value = ExprBinder(state_, place).Bind(*row[index]);
      if (value == nullptr) {
        good = false;
        bound.push_back(nullptr);
        continue;
      }
      const std::optional<data::Type> common = CommonType(types[index], value->type);
      if (!common.has_value()) {
        state_.Error(row[index]->range, StrCat("column ", index + 1, " of VALUES is ", types[index].ToString(),
                                               " before, here ", value->type.ToString()));
        good = false;
      } else {
        types[index] = *common;
      }
      nullable[index] = nullable[index] || value->nullable;
      bound.push_back(std::move(value));
    }
    rows.push_back(std::move(bound));
  }
  for (size_t index = 0; index < width; ++index) {
    relation.columns.push_back(
        {.name = StrCat("EXPR$", index), .type = types[index], .nullable = nullable[index], .range = query_.range});
  }
  if (!good) return relation;
  for (std::vector<BoundExprPtr>& row : rows) {
    for (size_t index = 0; index < width; ++index) row[index] = CastTo(state_, row[index], types[index], true);
  }
  relation.plan = MakePlan(ValuesNode{.rows = std::move(rows)}, relation.columns, query_.range);
  return relation;
}

std::vector<TextEdit> QueryBinder::AddAll(const ast::SetOperation& node) const {
  const SourceRange between = {node.left->range.end, node.right->range.begin};
  const std::string text = AsciiUpper(state_.TextOf(between));
  const size_t word = text.find("UNION");
  if (word == std::string::npos || text.find("UNION", word + 1) != std::string::npos) return {};
  const auto end = static_cast<uint32_t>(between.begin + word + std::string_view("UNION").size());
  return {{.range = {end, end}, .replacement = " ALL"}};
}

bool QueryBinder::CheckSet(const ast::SetOperation& node, const Relation& left, const Relation& right) {
  const std::string_view name = SetName(node.op);
  if (left.finite != right.finite) {
    state_.Error(query_.range, StrCat(name, " joins a stream with a finite relation"), "both must be streams");
    return false;
  }
  if (!left.finite && node.op != ast::SetOp::kUnionAll) {
    state_.Error(query_.range, StrCat("on streams only UNION ALL is allowed, not ", name), "",
                 node.op == ast::SetOp::kUnion ? AddAll(node) : std::vector<TextEdit>());
    return false;
  }
  if (left.columns.size() != right.columns.size()) {
    state_.Error(node.right->range, StrCat(name, " needs the same number of columns: ", left.columns.size(), " and ",
                                           right.columns.size()));
    return false;
  }
  return true;
}

Relation QueryBinder::BindSet(const ast::SetOperation& node) {
  Relation left = BindQuery(state_, *node.left, place_);
  Relation right = BindQuery(state_, *node.right, place_);
  if (!left.ok() || !right.ok() || !CheckSet(node, left, right)) {
    left.plan = nullptr;
    return left;
  }
  std::vector<data::Type> types;
  bool good = true;
  for (size_t index = 0; index < left.columns.size(); ++index) {
    const ColumnFacts& a = left.columns[index];
    const ColumnFacts& b = right.columns[index];
    const std::optional<data::Type> common = CommonType(a.type, b.type);
    if (!common.has_value()) {
      state_.Error(b.range,
                   StrCat("column ", index + 1, " of ", SetName(node.op), " is ", a.type.ToString(), " on the left, ",
                          b.type.ToString(), " on the right"),
                   "CAST one of them");
      good = false;
    }
    types.push_back(common.value_or(a.type));
  }
  if (!good) {
    left.plan = nullptr;
    return left;
  }
  left = Converted(state_, std::move(left), types, node.left->range);
  right = Converted(state_, std::move(right), types, node.right->range);
  MergeFacts(left.columns, right.columns);
  if (node.op == ast::SetOp::kUnionAll && !left.finite) {
    UnionAll both;
    both.inputs.push_back(std::move(left.plan));
    both.inputs.push_back(std::move(right.plan));
    left.plan = MakePlan(std::move(both), left.columns, query_.range);
  } else {
    left.plan = MakePlan(SetNode{.op = node.op, .left = std::move(left.plan), .right = std::move(right.plan)},
                         left.columns, query_.range);
  }
  left.timed = left.timed && right.timed;
  return left;
}

// Looks for STREAM in everything a query is made of.
class StreamWords {
 public:
  bool In(const ast::Query& query) const {
    return std::visit(Overloaded{
                          [&](const ast::Select& select) {
                            return select.stream || std::ranges::any_of(select.from, [&](const ast::FromPtr& item) {
                                     return In(*item);
                                   });
                          },
                          [&](const ast::Values&) { return false; },
                          [&](const ast::SetOperation& node) { return In(*node.left) || In(*node.right); },
                      },
                      query.node);
  }

 private:
  bool In(const ast::FromItem& item) const {
    return std::visit(Overloaded{
                          [&](const ast::FromName&) { return false; },
                          [&](const ast::FromQuery& node) { return In(*node.query); },
                          [&](const ast::FromTableFunction& node) {
                            bool found = false;
                            VisitParts(*node.call, [&](const ast::Expr& part) {
                              const auto* cursor = std::get_if<ast::Cursor>(&part.node);
                              found |= cursor != nullptr && In(*cursor->query);
                            });
                            return found;
                          },
                          [&](const ast::FromJoin& node) { return In(*node.left) || In(*node.right); },
                      },
                      item.node);
  }
};

}  // namespace

bool SaysStream(const ast::Query& query) { return StreamWords().In(query); }

Relation BindQuery(BindState& state, const ast::Query& query, const QueryPlace& place) {
  if (!state.Spend(query.range)) return Relation{.columns_known = false};
  if (state.query_depth >= kQueriesNestedMax) {
    state.Error(query.range, StrCat("queries are nested deeper than ", kQueriesNestedMax, ", views included"));
    return Relation{.columns_known = false};
  }
  ++state.query_depth;
  Relation relation = std::visit(QueryBinder(state, query, place), query.node);
  --state.query_depth;
  return relation;
}

}  // namespace tailrace::sql
