#include <algorithm>

#include "base/str.h"
#include "sql/bind_from.h"

// Joins: which node, what its columns mean, and which part of the condition is what. Source: docs/sql-dialect.md, 4.6.

namespace tailrace::sql {
namespace {

using ast::JoinKind;

enum class Side : uint8_t { kNone, kLeft, kRight, kBoth };

Side Both(Side a, Side b) {
  if (a == Side::kNone) return b;
  if (b == Side::kNone || a == b) return a;
  return Side::kBoth;
}

// Which columns of the joined rows belong to which side. Left is the side whose columns come first: of a join with a
// table that is the stream, wherever it is written.
struct Layout {
  int left_columns = 0;
  int right_columns = 0;
  bool rowtime_columns = false;  // Two more at the end: a join of streams.

  int left_rowtime() const { return left_columns + right_columns; }
  Side Of(int index) const {
    if (index < left_columns || (rowtime_columns && index == left_rowtime())) return Side::kLeft;
    return Side::kRight;
  }
  Side Of(const BoundExpr& expr) const {
    Side side = Side::kNone;
    Visit(expr, [&](const BoundExpr& part) {
      if (const auto* column = std::get_if<BoundColumn>(&part.node)) side = Both(side, Of(column->index));
      if (std::holds_alternative<BoundRowtime>(part.node)) side = Both(side, Side::kLeft);
    });
    return side;
  }
};

// An expression over the joined rows as one over its side's own rows.
BoundExprPtr OnSide(const BoundExprPtr& expr, Side side, const Layout& layout) {
  return ReplaceLeaves(expr, [&](const BoundExpr& leaf) -> BoundExprPtr {
    const auto* column = std::get_if<BoundColumn>(&leaf.node);
    if (column == nullptr) return nullptr;
    if (layout.rowtime_columns && column->index >= layout.left_rowtime()) return MakeRowtime(leaf.range);
    if (side == Side::kLeft) return nullptr;
    BoundExpr moved = leaf;
    moved.node = BoundColumn{.index = column->index - layout.left_columns};
    return MakeExpr(std::move(moved));
  });
}

class Joiner {
 public:
  Joiner(BindState& state, const JoinSpec& spec, FromResult left, FromResult right, std::vector<Conjunct>& conjuncts)
      : state_(state), spec_(spec), left_(std::move(left)), right_(std::move(right)), conjuncts_(conjuncts) {}

  FromResult Join();

 private:
  void TurnFollowing();
  void CheckAliases();
  void ChooseNode();
  void CheckKind();
  void MakeScope();
  void AddSources(const Scope& scope, int offset, bool left);
  void AddColumns(const Scope& scope, bool may_be_null, bool keeps_time);
  void AddMerged(const Scope& scope, int offset);
  void AddCommonColumns();
  void MergeColumn(const ast::Identifier& name);
  void BindConditions();
  void TakeConjuncts();
  bool Spans(const ast::Expr& expr) const;
  void Place(BoundExprPtr condition);
  void WarnOfUnrelatedRows() const;
  PlanPtr MakeNode();
  int LeftOffset() const { return swapped_ ? layout_.left_columns : 0; }
  int RightOffset() const { return swapped_ ? 0 : layout_.left_columns; }

  BindState& state_;
  const JoinSpec& spec_;
  FromResult left_;  // As written.
  FromResult right_;
  std::vector<Conjunct>& conjuncts_;

  JoinKind kind_ = JoinKind::kInner;
  bool with_table_ = false;
  bool swapped_ = false;  // The stream is on the right, the table on the left.
  bool faulty_ = false;
  Layout layout_;
  Scope scope_;
  std::vector<std::pair<BoundExprPtr, BoundExprPtr>> equalities_;
  std::vector<BoundExprPtr> residual_;
  bool equal_rowtime_ = false;
  Side waiting_ = Side::kNone;  // Whose ROWTIME the pairs get, when it is not the later one.
};

// A window that looks ahead on one side finds the pairs of one that looks back on the other.
void Joiner::TurnFollowing() {
  const bool left_ahead = left_.following_ms > 0;
  if (state_.input.options.following_join_keeps_time && left_ahead != (right_.following_ms > 0)) {
    waiting_ = left_ahead ? Side::kRight : Side::kLeft;
  }
  for (const bool left : {true, false}) {
    const int64_t ahead = (left ? left_ : right_).following_ms;
    FromResult& side = left ? right_ : left_;
    if (ahead == 0) continue;
    if (side.window.has_value() && side.window->unit == ast::FrameUnit::kRows) {
      state_.Error(*side.over_range, "FOLLOWING on the other side of the join does not go with ROWS",
                   "write RANGE on both sides");
      faulty_ = true;
      continue;
    }
    const int64_t behind = side.window.has_value() ? side.window->preceding : 0;
    side.window = JoinWindow{.unit = ast::FrameUnit::kRange, .preceding = std::max(ahead, behind)};
  }
}

void Joiner::CheckAliases() {
  for (const ScopeSource& left : left_.scope.sources) {
    for (const ScopeSource& right : right_.scope.sources) {
      if (left.alias.empty() || left.alias != right.alias) continue;
      state_.Error(spec_.range, StrCat("two FROM items are called ", WrittenName(left.alias)),
                   "give them different aliases");
      faulty_ = true;
    }
  }
}

void Joiner::ChooseNode() {
  kind_ = spec_.kind;
  with_table_ = !left_.timed || !right_.timed;
  swapped_ = !left_.timed && right_.timed;
  // Between two tables the left one is as good a driver as the right one.
  if (!left_.timed && !right_.timed && kind_ == JoinKind::kRight) swapped_ = true;
  const auto left_size = static_cast<int>(left_.scope.columns.size());
  const auto right_size = static_cast<int>(right_.scope.columns.size());
  layout_ = {.left_columns = swapped_ ? right_size : left_size,
             .right_columns = swapped_ ? left_size : right_size,
             .rowtime_columns = !with_table_};
}

void Joiner::CheckKind() {
  if (!spec_.comma && kind_ != JoinKind::kCross && spec_.on == nullptr && spec_.using_columns.empty() &&
      !spec_.natural) {
    state_.Error(spec_.range, "JOIN needs ON or USING", "CROSS JOIN joins every row with every row");
    faulty_ = true;
  }
  if (!with_table_) return;
  const FromResult& table = swapped_ ? left_ : right_;
  if (table.ok() && ReadsStream(*table.plan)) {
    state_.Error(table.plan->range, "rows of a stream that have been grouped cannot be joined to another stream",
                 "only tables and VALUES are looked up");
    faulty_ = true;
  }
  for (const FromResult* side : {&left_, &right_}) {
    if (!side->over_range.has_value()) continue;
    state_.Error(*side->over_range, "a join with a table needs no window: every row of the stream looks it up",
                 "remove OVER");
    faulty_ = true;
  }
  if (swapped_ && kind_ != JoinKind::kCross && kind_ != JoinKind::kInner) {
    if (kind_ == JoinKind::kRight) {
      kind_ = JoinKind::kLeft;
      return;
    }
  } else if (kind_ != JoinKind::kRight && kind_ != JoinKind::kFull) {
    return;
  }
  state_.Error(spec_.range,
               "rows of a table without a row of the stream cannot come out of a join: there is no time "
               "at which they would",
               "keep the rows of the stream: stream LEFT JOIN table");
  faulty_ = true;
}

void Joiner::AddColumns(const Scope& scope, bool may_be_null, bool keeps_time) {
  for (ColumnFacts column : scope.columns) {
    column.nullable |= may_be_null;
    if (!keeps_time) {
      column.time = {};
      if (column.monotonicity != Monotonicity::kConstant) column.monotonicity = Monotonicity::kNone;
    }
    column.counts_own_row &= !may_be_null;
    scope_.columns.push_back(std::move(column));
  }
}

void Joiner::AddSources(const Scope& scope, int offset, bool left) {
  for (ScopeSource source : scope.sources) {
    for (int& index : source.columns) index += offset;
    if (source.rowtime >= 0) {
      source.rowtime += offset;
    } else if (source.rowtime == kOwnRowtime && layout_.rowtime_columns) {
      source.rowtime = layout_.left_rowtime() + (left ? 0 : 1);
    }
    scope_.sources.push_back(std::move(source));
  }
}

void Joiner::AddMerged(const Scope& scope, int offset) {
  for (MergedColumn merged : scope.merged) {
    for (int& index : merged.columns) index += offset;
    scope_.merged.push_back(std::move(merged));
  }
}

// The joined row's ROWTIME is the later of both. It is that of the side without a window, which contributes the rows of
// the present instant alone; so what follows from that side's ROWTIME still follows from the joined row's.
void Joiner::MakeScope() {
  const bool left_null = kind_ == JoinKind::kRight || kind_ == JoinKind::kFull;
  const bool right_null = kind_ == JoinKind::kLeft || kind_ == JoinKind::kFull;
  if (with_table_) {
    const FromResult& stream = swapped_ ? right_ : left_;
    const FromResult& table = swapped_ ? left_ : right_;
    AddColumns(stream.scope, false, true);
    AddColumns(table.scope, right_null, false);
  } else {
    const auto keeps_time = [&](Side side, const FromResult& from) {
      return waiting_ == Side::kNone ? !from.window.has_value() : waiting_ == side;
    };
    const bool left_keeps = !left_null && keeps_time(Side::kLeft, left_);
    const bool right_keeps = !right_null && keeps_time(Side::kRight, right_);
    AddColumns(left_.scope, left_null, left_keeps);
    AddColumns(right_.scope, right_null, right_keeps);
    for (const bool left : {true, false}) {
      const bool keeps = left ? left_keeps : right_keeps;
      scope_.columns.push_back({.name = left ? "LEFT_ROWTIME" : "RIGHT_ROWTIME",
                                .type = data::Type::Timestamp(),
                                .nullable = left ? left_null : right_null,
                                .hidden = true,
                                .monotonicity = keeps ? Monotonicity::kAscending : Monotonicity::kNone,
                                .time = keeps ? TimeForm::Rowtime() : TimeForm{}});
    }
  }
  AddSources(left_.scope, LeftOffset(), true);
  AddSources(right_.scope, RightOffset(), false);
  AddMerged(left_.scope, LeftOffset());
  AddMerged(right_.scope, RightOffset());
}

// USING (name), or a name that NATURAL found: left.name = right.name, and one column for both.
void Joiner::MergeColumn(const ast::Identifier& name) {
  const auto find = [&](const Scope& scope) { return FindName(scope, ast::Name{.parts = {name}}); };
  const NameTarget left = find(left_.scope);
  const NameTarget right = find(right_.scope);
  bool on_both = true;
  for (const auto& [target, scope] : {std::pair(&left, &left_.scope), std::pair(&right, &right_.scope)}) {
    if (target->kind == NameTarget::Kind::kColumn || target->kind == NameTarget::Kind::kMerged) continue;
    on_both = false;
    if (target->kind == NameTarget::Kind::kFaulty) continue;
    Suggestion suggestion = Suggest(name.name, ColumnNames(*scope, nullptr), name.range);
    state_.Error(name.range,
                 StrCat("column ", WrittenName(name.name), " of USING is not on ",
                        scope == &left_.scope ? "the left side" : "the right side"),
                 std::move(suggestion.hint), std::move(suggestion.fixes));
  }
  faulty_ |= !on_both;
  if (!on_both) return;
  const auto columns_of = [](const NameTarget& target, const Scope& scope, int offset) {
    std::vector<int> columns = {target.index};
    if (target.kind == NameTarget::Kind::kMerged) columns = scope.merged[static_cast<size_t>(target.index)].columns;
    for (int& index : columns) index += offset;
    return columns;
  };
  const std::vector<int> left_columns = columns_of(left, left_.scope, LeftOffset());
  const std::vector<int> right_columns = columns_of(right, right_.scope, RightOffset());
  const auto column = [&](int index) {
    return MakeColumn(index, scope_.columns[static_cast<size_t>(index)], name.range);
  };
  const ExprPlace place{.clause = "USING", .scope = &scope_, .query = spec_.place};
  Place(ExprBinder(state_, place).Equal(column(left_columns[0]), column(right_columns[0]), name.range));
  std::erase_if(scope_.merged, [&](const MergedColumn& merged) { return merged.name == name.name; });
  MergedColumn merged{.name = name.name};
  if (spec_.kind != JoinKind::kRight) merged.columns = left_columns;
  if (spec_.kind == JoinKind::kRight || spec_.kind == JoinKind::kFull) {
    merged.columns.insert(merged.columns.end(), right_columns.begin(), right_columns.end());
  }
  scope_.merged.push_back(std::move(merged));
}

void Joiner::AddCommonColumns() {
  std::vector<std::string> right_names;
  for (const ColumnFacts& column : right_.scope.columns) {
    if (!column.hidden) right_names.push_back(column.name);
  }
  for (const ColumnFacts& column : left_.scope.columns) {
    if (column.hidden || std::ranges::find(right_names, column.name) == right_names.end()) continue;
    MergeColumn({.name = column.name, .quoted = true, .range = spec_.range});
  }
}

// Whether a part of WHERE compares both sides and can be decided when the two rows meet.
bool Joiner::Spans(const ast::Expr& expr) const {
  Side side = Side::kNone;
  bool movable = true;
  VisitParts(expr, [&](const ast::Expr& part) {
    if (const auto* name = std::get_if<ast::Name>(&part.node)) {
      const NameTarget target = FindName(scope_, *name);
      switch (target.kind) {
        case NameTarget::Kind::kColumn:
          side = Both(side, layout_.Of(target.index));
          break;
        case NameTarget::Kind::kMerged:
          side = Side::kBoth;
          break;
        case NameTarget::Kind::kRowtime:
          movable &= name->parts.size() > 1;
          side = Both(side, Side::kLeft);
          break;
        default:
          movable = false;
      }
    }
    const auto* call = std::get_if<ast::Call>(&part.node);
    movable &= call == nullptr || (call->over == nullptr && !FindAggregate(call->name.name).has_value());
    movable &= !std::holds_alternative<ast::InQuery>(part.node) && !std::holds_alternative<ast::ExistsQuery>(part.node);
  });
  return movable && side == Side::kBoth;
}

void Joiner::TakeConjuncts() {
  if (!spec_.comma) return;
  const ExprPlace place{.clause = "WHERE", .scope = &scope_, .query = spec_.place};
  for (Conjunct& conjunct : conjuncts_) {
    if (conjunct.used || !state_.Spend(conjunct.expr->range) || !Spans(*conjunct.expr)) continue;
    conjunct.used = true;
    kind_ = JoinKind::kInner;
    Place(ExprBinder(state_, place).BindCondition(*conjunct.expr));
  }
}

void Joiner::BindConditions() {
  if (spec_.natural) AddCommonColumns();
  for (const ast::Identifier& name : spec_.using_columns) MergeColumn(name);
  if (spec_.on != nullptr) {
    const ExprPlace place{
        .clause = "ON", .scope = &scope_, .query = spec_.place, .rowtime_ambiguous = layout_.rowtime_columns};
    std::vector<Conjunct> parts;
    CutAtAnd(*spec_.on, parts);
    for (const Conjunct& part : parts) Place(ExprBinder(state_, place).BindCondition(*part.expr));
  }
  TakeConjuncts();
}

// Sorts one condition: equality of the ROWTIMEs, equality of values of either side, or the rest.
void Joiner::Place(BoundExprPtr condition) {
  if (condition == nullptr) {
    faulty_ = true;
    return;
  }
  const auto* call = std::get_if<BoundCall>(&condition->node);
  if (call != nullptr && std::string_view(call->name) == "=" && call->args.size() == 2) {
    const Side first = layout_.Of(*call->args[0]);
    const Side second = layout_.Of(*call->args[1]);
    const bool sided =
        (first == Side::kLeft && second == Side::kRight) || (first == Side::kRight && second == Side::kLeft);
    if (sided) {
      const BoundExprPtr& of_left = call->args[first == Side::kLeft ? 0 : 1];
      const BoundExprPtr& of_right = call->args[first == Side::kLeft ? 1 : 0];
      const auto* left_column = std::get_if<BoundColumn>(&of_left->node);
      const auto* right_column = std::get_if<BoundColumn>(&of_right->node);
      if (layout_.rowtime_columns && left_column != nullptr && right_column != nullptr &&
          left_column->index == layout_.left_rowtime() && right_column->index == layout_.left_rowtime() + 1) {
        equal_rowtime_ = true;
        return;
      }
      equalities_.emplace_back(OnSide(of_left, Side::kLeft, layout_), OnSide(of_right, Side::kRight, layout_));
      return;
    }
  }
  residual_.push_back(std::move(condition));
}

// Two sources that know nothing of each other hardly ever give rows of the same millisecond.
void Joiner::WarnOfUnrelatedRows() const {
  if (with_table_ || left_.finite || equal_rowtime_ || left_.window.has_value() || right_.window.has_value()) return;
  const auto input_stream = [&](const FromResult& side) {
    const auto* scan = side.ok() ? std::get_if<StreamScan>(&side.plan->node) : nullptr;
    const bool input =
        scan != nullptr && state_.program.streams[static_cast<size_t>(scan->stream)].kind == StreamKind::kInput;
    return input ? scan->stream : -1;
  };
  const int left = input_stream(left_);
  const int right = input_stream(right_);
  if (left < 0 || right < 0 || left == right) return;
  state_.Warn(spec_.range, "neither side of the join has a window, so only rows with the same ROWTIME meet",
              "write OVER (RANGE INTERVAL '1' MINUTE PRECEDING) before an alias");
}

PlanPtr Joiner::MakeNode() {
  BoundExprPtr residual = residual_.empty() ? nullptr : MakeAnd(std::move(residual_));
  if (with_table_) {
    return MakePlan(TableJoin{.input = std::move(swapped_ ? right_.plan : left_.plan),
                              .relation = std::move(swapped_ ? left_.plan : right_.plan),
                              .kind = kind_,
                              .equalities = std::move(equalities_),
                              .residual = std::move(residual)},
                    scope_.columns, spec_.range);
  }
  const bool finite = left_.finite && right_.finite;
  const JoinWindow whole{.unit = ast::FrameUnit::kRange, .preceding = kJoinWindowUnbounded};
  const int64_t delay_ms = waiting_ == Side::kNone ? 0 : (waiting_ == Side::kLeft ? left_ : right_).window->preceding;
  PlanPtr join = MakePlan(StreamJoin{.left = std::move(left_.plan),
                                     .right = std::move(right_.plan),
                                     .kind = kind_,
                                     .left_window = finite ? std::optional(whole) : left_.window,
                                     .right_window = finite ? std::optional(whole) : right_.window,
                                     .equalities = std::move(equalities_),
                                     .equal_rowtime = equal_rowtime_,
                                     .residual = std::move(residual)},
                          scope_.columns, spec_.range);
  if (waiting_ == Side::kNone || finite) return join;
  const int column = layout_.left_rowtime() + (waiting_ == Side::kLeft ? 0 : 1);
  return MakePlan(Restamp{.input = std::move(join), .time_column = column, .delay_ms = delay_ms}, scope_.columns,
                  spec_.range);
}

FromResult Joiner::Join() {
  if (left_.scope.columns.size() + right_.scope.columns.size() > kJoinedColumnsMax) {
    state_.Error(spec_.range, StrCat("a join may have ", kJoinedColumnsMax, " columns"),
                 "select the columns needed in subqueries");
    return {};
  }
  TurnFollowing();
  CheckAliases();
  ChooseNode();
  CheckKind();
  MakeScope();
  BindConditions();
  WarnOfUnrelatedRows();
  FromResult result;
  result.finite = left_.finite && right_.finite;
  result.timed = left_.timed || right_.timed;
  if (!faulty_ && left_.ok() && right_.ok()) result.plan = MakeNode();
  result.scope = std::move(scope_);
  return result;
}

}  // namespace

FromResult BindJoin(BindState& state, FromResult left, FromResult right, const JoinSpec& spec,
                    std::vector<Conjunct>& conjuncts) {
  return Joiner(state, spec, std::move(left), std::move(right), conjuncts).Join();
}

}  // namespace tailrace::sql
