#include "sql/bind_select.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::sql {
namespace {

using data::TypeKind;

// Whether an aggregate without OVER stands in the expression.
bool HasAggregate(const ast::Expr& expr, const BindState& state) {
  bool found = false;
  VisitParts(expr, [&](const ast::Expr& part) {
    const auto* call = std::get_if<ast::Call>(&part.node);
    found |= call != nullptr && call->over == nullptr && FindAggregate(call->name.name).has_value() &&
             !state.user_functions.contains(call->name.name);
  });
  return found;
}

class SelectBinder {
 public:
  SelectBinder(BindState& state, const ast::Query& query, const ast::Select& select, const QueryPlace& place)
      : state_(state), query_(query), select_(select), query_place_(place) {}

  Relation Bind();

 private:
  void BindWhere(std::vector<Conjunct>& conjuncts);
  void BindGrouping();
  bool HasPlainAggregate() const;
  void RefuseLooseAggregate();
  void BindItems();
  bool CheckCount(size_t items, SourceRange range);
  void BindItem(const ast::SelectItem& item);
  void ExpandStar(const ast::Star& star, SourceRange range);
  void AddColumn(int index, std::string name, SourceRange range);
  void AddItem(BoundExprPtr expr, std::string name, SourceRange range, bool hidden);
  void SetRowtime(const ast::SelectItem& item, BoundExprPtr expr);
  void BindOrder();
  int FindAlias(const ast::Expr& expr) const;
  void BindHaving();
  void BindEmitEmpty();
  void CheckUnusedWindows();
  void AddAggregateNode();
  void AddMarks(SubqueryMarks& marks);
  void AddFilter(std::vector<BoundExprPtr> conditions, SourceRange range);
  Relation Finish();

  // What item and sort expressions are bound over: the columns of the input or of its groups, then the calls' results.
  std::vector<ColumnFacts> InputFacts() const;
  const ColumnFacts* FindFacts(int index) const;
  ExprPlace ItemPlace(std::string_view clause);

  BindState& state_;
  const ast::Query& query_;
  const ast::Select& select_;
  const QueryPlace& query_place_;

  FromResult from_;
  bool ok_ = true;
  bool grouped_ = false;
  Grouping grouping_;
  std::optional<WindowKey> window_key_;
  std::optional<int64_t> stagger_ms_;
  int64_t emit_empty_for_ms_ = 0;
  Windowing windowing_;
  std::vector<BoundExprPtr> having_;
  SubqueryMarks having_marks_;
  std::vector<TimeForm> input_times_;  // Of the columns; nothing is known of the calls' results.

  std::vector<BoundExprPtr> exprs_;   // Items, then expressions that only ORDER BY uses.
  std::vector<ColumnFacts> columns_;  // Of `exprs_`.
  std::vector<std::string> aliases_;  // Of the items, empty without one.
  bool items_known_ = true;
  size_t item_count_ = 0;
  BoundExprPtr rowtime_;
  std::vector<SortColumn> sort_;
};

void SelectBinder::AddMarks(SubqueryMarks& marks) {
  for (SubqueryMarks::Mark& mark : marks.marks) {
    from_.scope.columns.push_back({.name = StrCat("MARK$", from_.scope.columns.size()),
                                   .type = data::Type::Boolean(),
                                   .hidden = true,
                                   .range = mark.range});
    if (!from_.ok()) continue;
    from_.plan = MakePlan(
        SubqueryMark{
            .input = std::move(from_.plan), .relation = std::move(mark.relation), .operand = std::move(mark.operand)},
        from_.scope.columns, mark.range);
  }
}

void SelectBinder::AddFilter(std::vector<BoundExprPtr> conditions, SourceRange range) {
  if (conditions.empty() || !from_.ok()) return;
  for (const BoundExprPtr& condition : conditions) WarnOfIdleCondition(state_, *condition, from_.scope.columns);
  from_.plan = MakePlan(Filter{.input = std::move(from_.plan), .predicate = MakeAnd(std::move(conditions))},
                        from_.scope.columns, range);
}

void SelectBinder::BindWhere(std::vector<Conjunct>& conjuncts) {
  SubqueryMarks marks{.first_column = static_cast<int>(from_.scope.columns.size())};
  const ExprPlace place{.clause = "WHERE", .scope = &from_.scope, .query = query_place_, .marks = &marks};
  std::vector<BoundExprPtr> conditions;
  for (const Conjunct& conjunct : conjuncts) {
    if (conjunct.used) continue;
    BoundExprPtr condition = ExprBinder(state_, place).BindCondition(*conjunct.expr);
    ok_ &= condition != nullptr;
    if (condition != nullptr) conditions.push_back(std::move(condition));
  }
  AddMarks(marks);
  AddFilter(std::move(conditions), select_.where != nullptr ? select_.where->range : query_.range);
}

bool SelectBinder::HasPlainAggregate() const {
  const auto has = [&](const ast::ExprPtr& expr) { return expr != nullptr && HasAggregate(*expr, state_); };
  return has(select_.having) ||
         std::ranges::any_of(select_.items, [&](const ast::SelectItem& item) { return has(item.expr); }) ||
         std::ranges::any_of(query_.order_by, [&](const ast::OrderItem& item) { return has(item.expr); });
}

// SELECT STREAM COUNT(*) FROM s: nothing says when the count is complete.
void SelectBinder::RefuseLooseAggregate() {
  SourceRange range = query_.range;
  for (const ast::SelectItem& item : select_.items) {
    if (!HasAggregate(*item.expr, state_)) continue;
    range = item.expr->range;
    break;
  }
  state_.Error(range, "an aggregate over a stream needs a window",
               "add GROUP BY STEP(ROWTIME BY INTERVAL '1' MINUTE), or OVER (RANGE INTERVAL '1' MINUTE PRECEDING)");
  ok_ = false;
  items_known_ = false;
}

void SelectBinder::BindGrouping() {
  grouping_.input = &from_.scope;
  grouping_.timed = from_.timed && !from_.finite;
  const ExprPlace place{.clause = select_.stagger.has_value() ? "PARTITION BY" : "GROUP BY",
                        .scope = &from_.scope,
                        .query = query_place_};
  if (select_.stagger.has_value()) {
    grouped_ = true;
    ok_ &= BindKeys(state_, select_.stagger->partition_by, place, grouping_);
    for (ColumnFacts& key : grouping_.keys) key.time = {};
    stagger_ms_ = BindLength(state_, *select_.stagger->range_interval, "the length of a STAGGER window");
    ok_ &= stagger_ms_.has_value();
    if (from_.ok() && from_.finite) {
      state_.Error(select_.stagger->range_interval->range, "STAGGER windows need a stream");
      ok_ = false;
    }
    return;
  }
  if (select_.group_by.empty()) {
    if (!HasPlainAggregate()) return;
    grouped_ = true;
    if (from_.ok() && !from_.finite) RefuseLooseAggregate();
    if (!from_.ok()) ok_ = items_known_ = false;
    return;
  }
  grouped_ = true;
  const bool keys_good = BindKeys(state_, select_.group_by, place, grouping_);
  ok_ &= keys_good;
  if (from_.finite || !keys_good || !from_.ok()) return;
  const SourceRange range = {select_.group_by.front()->range.begin, select_.group_by.back()->range.end};
  window_key_ = FindWindowKey(state_, grouping_, range);
  ok_ &= window_key_.has_value();
}

// EMIT EMPTY wants windows that end by time alone, and to know which keys a row without input is for.
void SelectBinder::BindEmitEmpty() {
  if (!select_.emit_empty.has_value() || !ok_ || !from_.ok()) return;
  const SourceRange range = select_.emit_empty->range;
  const auto refuse = [&](std::string message, std::string hint) {
    state_.Error(range, std::move(message), std::move(hint));
    ok_ = false;
  };
  if (!window_key_.has_value()) {
    return refuse("EMIT EMPTY needs GROUP BY with a window over ROWTIME",
                  "GROUP BY STEP(ROWTIME BY INTERVAL '1' MINUTE) EMIT EMPTY");
  }
  bool over_columns = false;
  Visit(*grouping_.key_exprs[static_cast<size_t>(window_key_->key)],
        [&](const BoundExpr& part) { over_columns |= std::holds_alternative<BoundColumn>(part.node); });
  if (window_key_->end.kind == WindowEnd::Kind::kAsserted || over_columns) {
    return refuse("EMIT EMPTY needs a window that ends by time", "its key must be a function of ROWTIME");
  }
  if (window_key_->end.kind == WindowEnd::Kind::kEveryRowtime) {
    return refuse("EMIT EMPTY needs windows longer than one ROWTIME", "use STEP or FLOOR of ROWTIME");
  }
  const bool keyed = grouping_.keys.size() > 1;
  const ast::Expr* const interval = select_.emit_empty->for_interval.get();
  if (keyed != (interval != nullptr)) {
    return refuse(keyed ? "EMIT EMPTY with further keys must say how long a key is remembered"
                        : "EMIT EMPTY takes FOR only with further keys",
                  keyed ? "EMIT EMPTY FOR INTERVAL '10' MINUTE" : "remove FOR");
  }
  if (!keyed) return;
  const auto length = BindLength(state_, *interval, "the time that EMIT EMPTY remembers a key");
  ok_ &= length.has_value();
  emit_empty_for_ms_ = length.value_or(0);
}

ExprPlace SelectBinder::ItemPlace(std::string_view clause) {
  ExprPlace place{.clause = clause, .scope = &from_.scope, .query = query_place_};
  if (grouped_) {
    place.grouping = &grouping_;
  } else {
    place.windowing = &windowing_;
  }
  return place;
}

std::vector<ColumnFacts> SelectBinder::InputFacts() const {
  std::vector<ColumnFacts> facts = grouped_ ? grouping_.keys : from_.scope.columns;
  const std::vector<ColumnFacts>& calls = grouped_ ? grouping_.call_facts : windowing_.call_facts;
  facts.insert(facts.end(), calls.begin(), calls.end());
  return facts;
}

const ColumnFacts* SelectBinder::FindFacts(int index) const {
  const std::vector<ColumnFacts>& columns = grouped_ ? grouping_.keys : from_.scope.columns;
  const std::vector<ColumnFacts>& calls = grouped_ ? grouping_.call_facts : windowing_.call_facts;
  const auto at = static_cast<size_t>(index);
  if (at < columns.size()) return &columns[at];
  return at - columns.size() < calls.size() ? &calls[at - columns.size()] : nullptr;
}

void SelectBinder::AddItem(BoundExprPtr expr, std::string name, SourceRange range, bool hidden) {
  ColumnFacts facts{.name = std::move(name), .hidden = hidden, .range = range};
  if (expr == nullptr) {
    ok_ = false;
    facts.faulty = true;
    columns_.push_back(std::move(facts));
    exprs_.push_back(nullptr);
    return;
  }
  const auto* column = std::get_if<BoundColumn>(&expr->node);
  const ColumnFacts* source = column != nullptr ? FindFacts(column->index) : nullptr;
  if (source != nullptr) {
    facts.counts_own_row = source->counts_own_row && !select_.emit_empty.has_value();
    facts.integer_average = source->integer_average;
  }
  facts.type = expr->type;
  facts.nullable = expr->nullable;
  facts.monotonicity = expr->monotonicity;
  facts.time = TimeFormOf(*expr, input_times_);
  columns_.push_back(std::move(facts));
  exprs_.push_back(std::move(expr));
}

void SelectBinder::AddColumn(int index, std::string name, SourceRange range) {
  AddItem(MakeColumn(index, from_.scope.columns[static_cast<size_t>(index)], range), std::move(name), range, false);
  aliases_.emplace_back();
}

// All declared columns of all items, those of USING first and once.
void SelectBinder::ExpandStar(const ast::Star& star, SourceRange range) {
  if (grouped_) {
    state_.Error(range, "* does not go with grouping", "list the keys and aggregates");
    ok_ = items_known_ = false;
    return;
  }
  const Scope& scope = from_.scope;
  const ScopeSource* only = nullptr;
  if (!star.qualifier.empty()) {
    const ast::Identifier& alias = star.qualifier.back();
    only = FindSource(scope, alias.name);
    if (only == nullptr) {
      std::vector<std::string> names;
      for (const ScopeSource& source : scope.sources) names.push_back(source.alias);
      Suggestion suggestion = Suggest(alias.name, names, alias.range);
      state_.Error(alias.range, StrCat("no FROM item is called ", WrittenName(alias.name)), std::move(suggestion.hint),
                   std::move(suggestion.fixes));
      ok_ = items_known_ = false;
      return;
    }
  }
  std::vector<int> shown;
  if (only == nullptr) {
    for (const MergedColumn& merged : scope.merged) {
      const ast::Expr name{.node = ast::Name{.parts = {{.name = merged.name, .quoted = true, .range = range}}},
                           .range = range};
      AddItem(ExprBinder(state_, ItemPlace("the select list")).Bind(name), merged.name, range, false);
      aliases_.emplace_back();
      for (const ScopeSource& source : scope.sources) {
        for (const int index : source.columns) {
          if (scope.columns[static_cast<size_t>(index)].name == merged.name) shown.push_back(index);
        }
      }
    }
  }
  for (const ScopeSource& source : scope.sources) {
    if (only != nullptr && only != &source) continue;
    if (!source.columns_known) ok_ = items_known_ = false;
    for (const int index : source.columns) {
      const ColumnFacts& column = scope.columns[static_cast<size_t>(index)];
      if (column.hidden || std::ranges::find(shown, index) != shown.end()) continue;
      if (column.faulty) {
        AddItem(nullptr, column.name, range, false);
        aliases_.emplace_back();
        continue;
      }
      if (!state_.Spend(range) || !CheckCount(exprs_.size(), range)) return;
      AddColumn(index, column.name, range);
    }
  }
}

void SelectBinder::SetRowtime(const ast::SelectItem& item, BoundExprPtr expr) {
  if (expr == nullptr) {
    ok_ = false;
    return;
  }
  if (expr->type.kind != TypeKind::kTimestamp) {
    state_.Error(item.expr->range, StrCat("AS ROWTIME needs a TIMESTAMP, this is ", expr->type.ToString()));
    ok_ = false;
    return;
  }
  if (rowtime_ != nullptr) {
    state_.Error(item.alias->range, "the select list sets ROWTIME twice");
    ok_ = false;
    return;
  }
  rowtime_ = std::move(expr);
}

void SelectBinder::BindItem(const ast::SelectItem& item) {
  if (const auto* star = std::get_if<ast::Star>(&item.expr->node)) {
    ExpandStar(*star, item.expr->range);
    return;
  }
  BoundExprPtr expr = ExprBinder(state_, ItemPlace("the select list")).Bind(*item.expr);
  const auto* name = std::get_if<ast::Name>(&item.expr->node);
  if (item.alias.has_value() && item.alias->name == "ROWTIME") {
    // ROWTIME AS ROWTIME changes nothing.
    if (expr == nullptr || !std::holds_alternative<BoundRowtime>(expr->node)) SetRowtime(item, std::move(expr));
    return;
  }
  const bool plain_rowtime =
      expr != nullptr && std::holds_alternative<BoundRowtime>(expr->node) && name != nullptr && !item.alias.has_value();
  std::string column_name = StrCat("EXPR$", exprs_.size());
  if (name != nullptr) column_name = name->parts.back().name;
  if (item.alias.has_value()) column_name = item.alias->name;
  AddItem(std::move(expr), std::move(column_name), item.expr->range, plain_rowtime);
  aliases_.push_back(item.alias.has_value() ? item.alias->name : "");
}

void SelectBinder::BindItems() {
  windowing_.named = &select_.windows;
  windowing_.first_column = static_cast<int>(from_.scope.columns.size());
  input_times_ = TimesOf(grouped_ ? grouping_.keys : from_.scope.columns);
  if (!items_known_) return;
  for (const ast::SelectItem& item : select_.items) {
    if (!items_known_ || !CheckCount(exprs_.size(), item.expr->range)) break;
    BindItem(item);
  }
  item_count_ = exprs_.size();
}

// Guards against texts that are made to take long.
bool SelectBinder::CheckCount(size_t items, SourceRange range) {
  const size_t calls = grouping_.calls.size() + windowing_.calls.size();
  if (items < kSelectItemsMax && calls < kSelectItemsMax) return true;
  const std::string_view what = items >= kSelectItemsMax ? " columns" : " aggregates";
  state_.Error(range, StrCat("a query may have ", kSelectItemsMax, what));
  ok_ = items_known_ = false;
  return false;
}

int SelectBinder::FindAlias(const ast::Expr& expr) const {
  const auto* name = std::get_if<ast::Name>(&expr.node);
  if (name == nullptr || name->parts.size() != 1) return -1;
  const auto found = std::ranges::find(aliases_, name->parts[0].name);
  return found == aliases_.end() ? -1 : static_cast<int>(found - aliases_.begin());
}

void SelectBinder::BindOrder() {
  if (!items_known_) return;
  for (const ast::OrderItem& item : query_.order_by) {
    if (!CheckCount(sort_.size(), item.expr->range)) return;
    int column = OrdinalOf(state_, *item.expr, item_count_);
    if (column == -2) {
      ok_ = false;
      continue;
    }
    if (column < 0) column = FindAlias(*item.expr);
    if (column < 0) {
      // The same expression in the select list serves as it is.
      for (size_t index = 0, position = 0; index < select_.items.size(); ++index) {
        if (std::holds_alternative<ast::Star>(select_.items[index].expr->node)) break;
        const auto& alias = select_.items[index].alias;
        if (alias.has_value() && alias->name == "ROWTIME") continue;
        if (SameMeaning(*select_.items[index].expr, *item.expr, from_.scope)) column = static_cast<int>(position);
        ++position;
      }
    }
    if (column < 0) {
      BoundExprPtr expr = ExprBinder(state_, ItemPlace("ORDER BY")).Bind(*item.expr);
      if (select_.distinct && expr != nullptr) {
        state_.Error(item.expr->range, "ORDER BY of SELECT DISTINCT may use only what is selected");
        ok_ = false;
        continue;
      }
      column = static_cast<int>(exprs_.size());
      AddItem(std::move(expr), StrCat("SORT$", column), item.expr->range, true);
    }
    sort_.push_back({.column = column, .descending = item.descending, .range = item.expr->range});
  }
}

void SelectBinder::BindHaving() {
  if (select_.having == nullptr) return;
  if (!grouped_) {
    state_.Error(select_.having->range, "HAVING needs GROUP BY", "WHERE tests single rows");
    ok_ = false;
    return;
  }
  if (!items_known_) return;
  std::vector<Conjunct> conjuncts;
  CutAtAnd(*select_.having, conjuncts);
  ExprPlace place = ItemPlace("HAVING");
  // Collects aggregates first: the marks' columns come after all of them.
  SubqueryMarks unused;
  place.marks = &unused;
  {
    const Muted muted(state_);
    for (const Conjunct& conjunct : conjuncts) ExprBinder(state_, place).Bind(*conjunct.expr);
  }
  having_marks_.first_column = static_cast<int>(grouping_.keys.size() + grouping_.calls.size());
  place.marks = &having_marks_;
  for (const Conjunct& conjunct : conjuncts) {
    BoundExprPtr condition = ExprBinder(state_, place).BindCondition(*conjunct.expr);
    ok_ &= condition != nullptr;
    if (condition != nullptr) having_.push_back(std::move(condition));
  }
}

// A window that nobody uses is checked all the same.
void SelectBinder::CheckUnusedWindows() {
  for (const ast::NamedWindow& window : select_.windows) {
    if (std::ranges::find(windowing_.specs, &window.spec) != windowing_.specs.end()) continue;
    const bool joined = std::ranges::any_of(
        select_.from, [](const ast::FromPtr& item) { return std::holds_alternative<ast::FromJoin>(item->node); });
    if (OrdersByValue(window.spec)) continue;
    if (!joined && select_.from.size() < 2) ok_ &= BindFrame(state_, window.spec, FrameUse::kOver).has_value();
  }
}

void SelectBinder::AddAggregateNode() {
  if (!from_.ok() || !ok_) return;
  const std::vector<ColumnFacts> output = InputFacts();
  std::vector<ColumnFacts> named = output;
  for (size_t index = 0; index < grouping_.calls.size(); ++index) {
    named[grouping_.keys.size() + index].name = StrCat("AGGREGATE$", index);
    named[grouping_.keys.size() + index].counts_own_row &= !select_.emit_empty.has_value();
  }
  if (stagger_ms_.has_value()) {
    from_.plan = MakePlan(StaggerAggregate{.input = std::move(from_.plan),
                                           .keys = grouping_.key_exprs,
                                           .length_ms = *stagger_ms_,
                                           .aggregates = std::move(grouping_.calls)},
                          named, query_.range);
  } else if (from_.finite) {
    from_.plan = MakePlan(
        FiniteAggregate{
            .input = std::move(from_.plan), .keys = grouping_.key_exprs, .aggregates = std::move(grouping_.calls)},
        named, query_.range);
    from_.timed = false;
  } else {
    from_.plan = MakePlan(TumblingAggregate{.input = std::move(from_.plan),
                                            .keys = grouping_.key_exprs,
                                            .window_key = window_key_->key,
                                            .window_end = window_key_->end,
                                            .aggregates = std::move(grouping_.calls),
                                            .emit_empty = select_.emit_empty.has_value(),
                                            .emit_empty_for_ms = emit_empty_for_ms_},
                          named, query_.range);
  }
  from_.scope = Scope{.columns = std::move(named)};
}

Relation SelectBinder::Finish() {
  if (grouped_) {
    AddAggregateNode();
    if (ok_) {
      AddMarks(having_marks_);
      AddFilter(std::move(having_), select_.having != nullptr ? select_.having->range : query_.range);
    }
  } else if (!windowing_.calls.empty() && from_.ok() && ok_) {
    std::vector<ColumnFacts> output = InputFacts();
    for (size_t index = from_.scope.columns.size(); index < output.size(); ++index) {
      output[index].name = StrCat("OVER$", index - from_.scope.columns.size());
    }
    from_.plan = MakePlan(WindowAggregate{.input = std::move(from_.plan),
                                          .windows = std::move(windowing_.frames),
                                          .calls = std::move(windowing_.calls)},
                          output, query_.range);
  }
  Relation relation;
  relation.columns = columns_;
  relation.columns_known = items_known_;
  relation.finite = from_.finite;
  relation.timed = from_.timed;
  if (rowtime_ != nullptr) {
    // What followed from the old ROWTIME says nothing of the new one.
    for (ColumnFacts& column : relation.columns) column.time = {};
  }
  if (from_.ok() && ok_) {
    relation.plan =
        MakePlan(Project{.input = std::move(from_.plan), .exprs = std::move(exprs_), .rowtime = std::move(rowtime_)},
                 relation.columns, query_.range);
  }
  if (select_.distinct) relation = WithoutDuplicates(state_, std::move(relation), query_.range);
  relation = Sorted(state_, std::move(relation), sort_, query_.range);
  relation = FirstColumns(std::move(relation), item_count_, query_.range);
  if (query_.limit != nullptr) relation = Limited(state_, std::move(relation), *query_.limit);
  return relation;
}

Relation SelectBinder::Bind() {
  std::vector<Conjunct> conjuncts;
  if (select_.where != nullptr) CutAtAnd(*select_.where, conjuncts);
  from_ = BindFrom(state_, select_, query_place_, query_.range, conjuncts);
  BindWhere(conjuncts);
  BindGrouping();
  BindItems();
  BindOrder();
  BindHaving();
  BindEmitEmpty();
  CheckUnusedWindows();
  if (!windowing_.calls.empty() && !from_.timed && from_.ok()) {
    state_.Error(query_.range, "OVER needs rows with ROWTIME, a table has none");
    ok_ = false;
  }
  if (items_known_ && exprs_.empty() && ok_ && from_.ok()) {
    state_.Error(query_.range, "the select list gives no column");
    ok_ = false;
  }
  return Finish();
}

}  // namespace

Relation BindSelect(BindState& state, const ast::Query& query, const ast::Select& select, const QueryPlace& place) {
  return SelectBinder(state, query, select, place).Bind();
}

}  // namespace tailrace::sql
