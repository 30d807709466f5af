#include "sql/bind_from.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::sql {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

Relation UnknownRelation() {
  Relation relation;
  relation.columns_known = false;
  return relation;
}

std::vector<ColumnFacts> DeclaredColumns(const data::Schema& schema) {
  std::vector<ColumnFacts> columns;
  for (const data::Field& field : schema.fields) {
    columns.push_back({.name = field.name, .type = field.type, .nullable = !field.not_null});
  }
  return columns;
}

class FromBinder {
 public:
  FromBinder(BindState& state, const QueryPlace& place, const std::vector<ast::NamedWindow>& windows,
             std::vector<Conjunct>& conjuncts)
      : state_(state), place_(place), windows_(windows), conjuncts_(conjuncts) {}

  FromResult BindItem(const ast::FromItem& item);

 private:
  Relation BindSource(const ast::FromName& node, const ast::FromItem& item);
  Relation BindSource(const ast::FromQuery& node, const ast::FromItem& item);
  Relation BindSource(const ast::FromTableFunction& node, const ast::FromItem& item);
  FromResult BindJoinItem(const ast::FromJoin& node, const ast::FromItem& item);
  Relation ScanStream(int stream, SourceRange range);
  Relation UnknownName(const ast::Identifier& name);
  void RenameColumns(const ast::FromItem& item, Relation& relation);
  void BindJoinWindow(const ast::FromItem& item, FromResult& result);

  BindState& state_;
  const QueryPlace& place_;
  const std::vector<ast::NamedWindow>& windows_;
  std::vector<Conjunct>& conjuncts_;
  size_t items_ = 0;
};

Relation FromBinder::ScanStream(int stream, SourceRange range) {
  const StreamInfo& info = state_.program.streams[static_cast<size_t>(stream)];
  if (info.kind == StreamKind::kError) {
    state_.Error(range, "error_stream cannot be read by SQL", "bind an output to it");
    return UnknownRelation();
  }
  state_.streams_read.insert(stream);
  Relation relation;
  relation.columns = DeclaredColumns(*info.schema);
  if (info.metadata_columns > 0) {
    for (ColumnFacts& column : DeclaredColumns(data::Schema{MetadataFields()})) {
      column.hidden = true;
      relation.columns.push_back(std::move(column));
    }
  }
  relation.finite = place_.finite_streams;
  relation.plan = MakePlan(StreamScan{.stream = stream}, relation.columns, range);
  return relation;
}

Relation FromBinder::UnknownName(const ast::Identifier& name) {
  if (state_.Silent()) return UnknownRelation();
  if (state_.faulty_names.contains(name.name)) return UnknownRelation();
  if (EqualsIgnoreCase(name.name, "error_stream")) {
    state_.Error(name.range, "error_stream cannot be read by SQL", "bind an output to it");
    return UnknownRelation();
  }
  if (state_.later_names.contains(name.name)) {
    state_.Error(name.range, StrCat(WrittenName(name.name), " is created further down"),
                 "statements take effect in order; move its CREATE up");
    return UnknownRelation();
  }
  const std::vector<std::string> names = state_.RelationNames();
  Suggestion suggestion = Suggest(name.name, names, name.range);
  if (suggestion.hint.empty() && !names.empty()) suggestion.hint = StrCat("there is ", Join(names, ", "));
  state_.Error(name.range, StrCat("no stream or table is called ", WrittenName(name.name)), std::move(suggestion.hint),
               std::move(suggestion.fixes));
  return UnknownRelation();
}

Relation FromBinder::BindSource(const ast::FromName& node, const ast::FromItem& item) {
  if (node.parts.size() != 1) {
    state_.Error(item.range, "streams and tables have a single name", "there are no schemas");
    return UnknownRelation();
  }
  const ast::Identifier& name = node.parts[0];
  if (const int stream = state_.FindStream(name.name); stream >= 0) return ScanStream(stream, name.range);
  if (const int table = state_.FindTable(name.name); table >= 0) {
    Relation relation;
    relation.columns = DeclaredColumns(*state_.program.tables[static_cast<size_t>(table)].schema);
    relation.finite = true;
    relation.timed = false;
    relation.plan = MakePlan(TableScan{.table = table}, relation.columns, name.range);
    return relation;
  }
  if (const auto view = state_.views.find(name.name); view != state_.views.end()) {
    if (view->second.faulty) return UnknownRelation();
    const Muted muted(state_);
    return BindQuery(state_, *view->second.query, place_);
  }
  return UnknownName(name);
}

Relation FromBinder::BindSource(const ast::FromQuery& node, const ast::FromItem&) {
  return BindQuery(state_, *node.query, place_);
}

Relation FromBinder::BindSource(const ast::FromTableFunction& node, const ast::FromItem&) {
  return BindTableFunction(state_, *node.call, place_);
}

FromResult FromBinder::BindJoinItem(const ast::FromJoin& node, const ast::FromItem& item) {
  FromResult left = BindItem(*node.left);
  FromResult right = BindItem(*node.right);
  if (item.alias.has_value()) {
    state_.Error(item.alias->range, "a join in parentheses takes no alias", "give its items aliases");
  }
  JoinSpec spec{.kind = node.kind,
                .natural = node.natural,
                .on = node.on.get(),
                .using_columns = node.using_columns,
                .place = place_,
                .range = item.range};
  return BindJoin(state_, std::move(left), std::move(right), spec, conjuncts_);
}

// AS t(c1, c2)
void FromBinder::RenameColumns(const ast::FromItem& item, Relation& relation) {
  if (item.column_aliases.empty()) return;
  std::vector<ColumnFacts*> visible;
  for (ColumnFacts& column : relation.columns) {
    if (!column.hidden) visible.push_back(&column);
  }
  if (!relation.columns_known) return;
  if (visible.size() != item.column_aliases.size()) {
    state_.Error(item.column_aliases[0].range, StrCat(item.column_aliases.size(), " column names for ", visible.size(),
                                                      visible.size() == 1 ? " column" : " columns"));
    relation.plan = nullptr;
    relation.columns_known = false;
    return;
  }
  for (size_t index = 0; index < visible.size(); ++index) visible[index]->name = item.column_aliases[index].name;
}

void FromBinder::BindJoinWindow(const ast::FromItem& item, FromResult& result) {
  if (item.over == nullptr) return;
  result.over_range = item.over->spec != nullptr    ? item.over->spec->range
                      : item.over->name.has_value() ? item.over->name->range
                                                    : item.range;
  const ast::WindowSpec* spec = FindWindow(state_, *item.over, windows_);
  if (spec == nullptr) {
    result.plan = nullptr;
    return;
  }
  if (!spec->partition_by.empty()) {
    state_.Error(spec->partition_by[0]->range, "PARTITION BY is not allowed in the window of a join",
                 "the join's condition selects the rows");
    result.plan = nullptr;
    return;
  }
  const std::optional<FrameLength> frame = BindFrame(state_, *spec, FrameUse::kJoin);
  if (!frame.has_value()) {
    result.plan = nullptr;
    return;
  }
  if (!frame->preceding.has_value()) {
    state_.Error(spec->range, "the window of a join must have an end: UNBOUNDED would keep every row for ever");
    result.plan = nullptr;
    return;
  }
  result.following_ms = frame->following;
  // RANGE CURRENT ROW is what an item without a window has: the rows of the same ROWTIME.
  if (frame->unit == ast::FrameUnit::kRange && *frame->preceding == 0) return;
  result.window = JoinWindow{.unit = frame->unit, .preceding = *frame->preceding};
}

FromResult FromBinder::BindItem(const ast::FromItem& item) {
  if (!state_.Spend(item.range)) return {};
  if (const auto* join = std::get_if<ast::FromJoin>(&item.node)) return BindJoinItem(*join, item);
  std::string alias;
  if (item.alias.has_value()) {
    alias = item.alias->name;
  } else if (const auto* name = std::get_if<ast::FromName>(&item.node); name != nullptr && !name->parts.empty()) {
    alias = name->parts.back().name;
  }
  Relation relation = std::visit(Overloaded{
                                     [&](const ast::FromJoin&) { return UnknownRelation(); },
                                     [&](const auto& node) { return BindSource(node, item); },
                                 },
                                 item.node);
  RenameColumns(item, relation);
  if (!state_.Spend(item.range, relation.columns.size())) return {};
  if (++items_ == kFromItemsMax + 1) {
    state_.Error(item.range, StrCat("FROM has more than ", kFromItemsMax, " items"));
  }
  if (items_ > kFromItemsMax) return {};
  FromResult result;
  result.scope = ScopeOf(relation, std::move(alias));
  result.plan = std::move(relation.plan);
  result.finite = relation.finite;
  result.timed = relation.timed;
  BindJoinWindow(item, result);
  return result;
}

}  // namespace

void CutAtAnd(const ast::Expr& condition, std::vector<Conjunct>& conjuncts) {
  const auto* binary = std::get_if<ast::Binary>(&condition.node);
  if (binary == nullptr || binary->op != ast::BinaryOp::kAnd) {
    conjuncts.push_back({.expr = &condition});
    return;
  }
  CutAtAnd(*binary->left, conjuncts);
  CutAtAnd(*binary->right, conjuncts);
}

FromResult BindFrom(BindState& state, const ast::Select& select, const QueryPlace& place, SourceRange range,
                    std::vector<Conjunct>& conjuncts) {
  FromBinder binder(state, place, select.windows, conjuncts);
  if (select.from.empty()) {  // SELECT 1: one row without columns.
    FromResult result{.finite = true, .timed = false};
    result.plan = MakePlan(ValuesNode{.rows = {{}}}, {}, range);
    return result;
  }
  FromResult result = binder.BindItem(*select.from[0]);
  if (select.from.size() == 1 && result.over_range.has_value()) {
    state.Error(*result.over_range, "OVER after a FROM item is the window of a join, but nothing is joined",
                "write OVER after an aggregate: COUNT(*) OVER (...)");
    result.plan = nullptr;
  }
  for (size_t index = 1; index < select.from.size(); ++index) {
    FromResult right = binder.BindItem(*select.from[index]);
    const JoinSpec spec{
        .kind = ast::JoinKind::kCross, .comma = true, .place = place, .range = select.from[index]->range};
    result = BindJoin(state, std::move(result), std::move(right), spec, conjuncts);
  }
  return result;
}

}  // namespace tailrace::sql
