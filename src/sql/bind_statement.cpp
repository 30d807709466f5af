#include <algorithm>
#include <deque>

#include "base/str.h"
#include "sql/bind_select.h"
#include "sql/cast.h"

// Statements: what they add to the program, in order of the text. Source: docs/sql-dialect.md, section 3.

namespace tailrace::sql {
namespace {

constexpr size_t kColumnsMax = 1'000;
constexpr std::string_view kErrorStream = "error_stream";

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

// Which stream flows into which, through which pump.
struct Edge {
  int from;
  int to;
  std::string pump;
};

class ProgramBinder {
 public:
  explicit ProgramBinder(BindState& state) : state_(state) {}

  void AddDeclared();
  void Bind(const ast::Program& program);

 private:
  void CollectNames(const ast::Program& program);
  void BindStatement(const ast::CreateStream& node, SourceRange range);
  void BindStatement(const ast::CreatePump& node, SourceRange range);
  void BindStatement(const ast::CreateFunction& node, SourceRange range);
  void BindStatement(const ast::CreateView& node, SourceRange range);
  void BindStatement(const ast::Insert& node, SourceRange range);
  void BindStatement(const ast::QueryPtr& node, SourceRange range);

  bool CheckFree(const ast::Identifier& name, std::string_view what, bool or_replace, int existing_stream);
  bool CheckColumns(const ast::CreateStream& node);
  bool HasPump(int stream) const;
  bool CheckPumpName(const ast::CreatePump& node);
  int FindTarget(const ast::Identifier& name);
  std::optional<std::vector<int>> TargetColumns(const ast::Insert& node, const data::Schema& schema);
  PlanPtr BindInsert(const ast::Insert& node, int target);
  std::string CountHint(const ast::Insert& node, const Relation& relation, const data::Schema& schema,
                        const std::vector<int>& columns) const;
  PlanPtr Assign(const ast::Insert& node, Relation relation, int target, const std::vector<int>& columns);
  BoundExprPtr AssignColumn(const ColumnFacts& from, BoundExprPtr value, const data::Field& to);
  bool CheckCircle(const ast::CreatePump& node, int target);
  void AddErrorStream();

  BindState& state_;
  std::vector<Edge> edges_;
};

void ProgramBinder::AddDeclared() {
  for (const DeclaredStream& stream : state_.input.inputs) {
    state_.program.streams.push_back({.name = stream.name,
                                      .kind = StreamKind::kInput,
                                      .schema = std::make_shared<const data::Schema>(stream.schema),
                                      .metadata_columns = kMetadataColumns});
  }
  for (const DeclaredTable& table : state_.input.tables) {
    state_.program.tables.push_back({.name = table.name, .schema = std::make_shared<const data::Schema>(table.schema)});
  }
  state_.program.eval_options = state_.input.options.eval;
}

void ProgramBinder::AddErrorStream() {
  state_.program.streams.push_back({.name = std::string(kErrorStream),
                                    .kind = StreamKind::kError,
                                    .schema = std::make_shared<const data::Schema>(ErrorStreamSchema())});
}

void ProgramBinder::CollectNames(const ast::Program& program) {
  for (const ast::Statement& statement : program.statements) {
    const ast::Identifier* name = nullptr;
    if (const auto* stream = std::get_if<ast::CreateStream>(&statement.node)) name = &stream->name;
    if (const auto* function = std::get_if<ast::CreateFunction>(&statement.node)) name = &function->name;
    if (const auto* view = std::get_if<ast::CreateView>(&statement.node)) name = &view->name;
    if (name != nullptr) state_.later_names.emplace(name->name, name->range);
  }
}

void ProgramBinder::Bind(const ast::Program& program) {
  CollectNames(program);
  for (const ast::Statement& statement : program.statements) {
    std::visit([&](const auto& node) { BindStatement(node, statement.range); }, statement.node);
  }
  AddErrorStream();
}

bool ProgramBinder::HasPump(int stream) const {
  return std::ranges::any_of(edges_, [&](const Edge& edge) { return edge.from == stream || edge.to == stream; });
}

// Whether a stream or view may be created under the name.
bool ProgramBinder::CheckFree(const ast::Identifier& name, std::string_view what, bool or_replace,
                              int existing_stream) {
  const std::string written = WrittenName(name.name);
  if (EqualsIgnoreCase(name.name, kErrorStream)) {
    state_.Error(name.range, StrCat("the name error_stream is taken: it collects the rows that fail"),
                 "choose another name");
    return false;
  }
  if (state_.FindTable(name.name) >= 0) {
    state_.Error(name.range, StrCat(written, " is a reference table already"));
    return false;
  }
  if (existing_stream >= 0 && state_.program.streams[static_cast<size_t>(existing_stream)].kind == StreamKind::kInput) {
    state_.Error(name.range, StrCat(written, " is an input stream, it exists already"), "remove this statement");
    return false;
  }
  const bool exists = existing_stream >= 0 || state_.views.contains(name.name);
  if (!exists || or_replace) return true;
  state_.Error(name.range, StrCat(what, " ", written, " exists already"),
               StrCat("choose another name, or write CREATE OR REPLACE ", what));
  return false;
}

bool ProgramBinder::CheckColumns(const ast::CreateStream& node) {
  bool good = true;
  std::set<std::string_view> names;
  if (node.columns.size() > kColumnsMax) {
    state_.Error(node.name.range,
                 StrCat("a stream may have ", kColumnsMax, " columns, this has ", node.columns.size()));
    return false;
  }
  for (const ast::ColumnDefinition& column : node.columns) {
    const std::string& name = column.name.name;
    if (name == "ROWTIME") {
      state_.Error(column.name.range, "every stream has ROWTIME, it is not declared", "remove the column");
      good = false;
    }
    if (!names.insert(name).second) {
      state_.Error(column.name.range, StrCat("column ", WrittenName(name), " is declared twice"));
      good = false;
    }
    const data::TypeKind kind = column.type.type.kind;
    if (kind == data::TypeKind::kInterval || kind == data::TypeKind::kRow || kind == data::TypeKind::kNull) {
      state_.Error(column.type.range, StrCat(column.type.type.ToString(), " is no type for a column"),
                   kind == data::TypeKind::kInterval ? "BIGINT can hold its milliseconds" : "");
      good = false;
    }
  }
  return good;
}

void ProgramBinder::BindStatement(const ast::CreateStream& node, SourceRange) {
  const int existing = state_.FindStream(node.name.name);
  state_.later_names.erase(node.name.name);
  const bool good = CheckFree(node.name, "STREAM", node.or_replace, existing);
  const bool columns_good = CheckColumns(node);
  if (!good) {
    if (existing < 0) state_.faulty_names.insert(node.name.name);
    return;
  }
  if (existing >= 0 && HasPump(existing)) {
    state_.Error(node.name.range,
                 StrCat("stream ", WrittenName(node.name.name), " is created again after a pump has used it"),
                 "keep one CREATE STREAM, before the pump");
    return;
  }
  if (!columns_good) {
    state_.faulty_names.insert(node.name.name);
    return;
  }
  data::Schema schema;
  for (const ast::ColumnDefinition& column : node.columns) {
    schema.fields.push_back({.name = column.name.name, .type = column.type.type, .not_null = column.not_null});
  }
  StreamInfo info{.name = node.name.name,
                  .kind = StreamKind::kIntermediate,
                  .schema = std::make_shared<const data::Schema>(std::move(schema))};
  state_.faulty_names.erase(node.name.name);
  state_.views.erase(node.name.name);
  if (existing >= 0) {
    state_.program.streams[static_cast<size_t>(existing)] = std::move(info);
  } else {
    state_.program.streams.push_back(std::move(info));
  }
}

void ProgramBinder::BindStatement(const ast::CreateView& node, SourceRange) {
  const int existing = state_.FindStream(node.name.name);
  if (existing >= 0) {
    state_.Error(node.name.range, StrCat(WrittenName(node.name.name), " is a stream already"));
    return;
  }
  if (!CheckFree(node.name, "VIEW", node.or_replace, existing)) return;
  const Relation relation = BindQuery(state_, *node.query, {});
  state_.later_names.erase(node.name.name);
  state_.views[node.name.name] = {.query = node.query.get(), .faulty = !relation.ok()};
}

void ProgramBinder::BindStatement(const ast::CreateFunction& node, SourceRange) {
  std::vector<ParameterValue> parameters;
  std::set<std::string_view> names;
  bool good = true;
  for (const ast::ColumnDefinition& parameter : node.parameters) {
    if (!names.insert(parameter.name.name).second) {
      state_.Error(parameter.name.range, StrCat("parameter ", WrittenName(parameter.name.name), " is declared twice"));
      good = false;
    }
    // A stand-in: every use of the function puts its arguments here.
    const ColumnFacts facts{.name = parameter.name.name, .type = parameter.type.type};
    parameters.push_back({.name = parameter.name.name,
                          .value = MakeColumn(static_cast<int>(parameters.size()), facts, parameter.name.range)});
  }
  good &= BindFunctionBody(state_, node, parameters) != nullptr;
  state_.later_names.erase(node.name.name);
  const UserFunction function{.definition = &node, .faulty = !good};
  std::vector<UserFunction>& overloads = state_.user_functions[node.name.name];
  const auto same = std::ranges::find_if(
      overloads, [&](const UserFunction& known) { return Signature(*known.definition) == Signature(node); });
  if (same == overloads.end()) {
    overloads.push_back(function);
    return;
  }
  if (!node.or_replace) {
    state_.Error(node.name.range, StrCat("function ", Signature(node), " exists already"),
                 "write CREATE OR REPLACE FUNCTION");
    return;
  }
  *same = function;
}

void ProgramBinder::BindStatement(const ast::QueryPtr& node, SourceRange) {
  const QueryPlace place{.finite_streams = !SaysStream(*node)};
  Relation relation = BindQuery(state_, *node, place);
  if (!relation.ok()) return;
  for (const ColumnFacts& column : relation.columns) {
    if (column.type.kind != data::TypeKind::kRow) continue;
    state_.Error(column.range, "a row-typed column cannot be shown", "name its columns: t.r.COLUMN1");
    return;
  }
  state_.program.queries.push_back(std::move(relation.plan));
}

void ProgramBinder::BindStatement(const ast::Insert& node, SourceRange range) {
  const std::string pump = WrittenName(StrCat(node.target.name, "_PUMP"));
  state_.Error(range, "INSERT stands only inside a pump", StrCat("write CREATE PUMP ", pump, " AS before it"),
               {{.range = {range.begin, range.begin}, .replacement = StrCat("CREATE PUMP ", pump, " AS ")}});
}

bool ProgramBinder::CheckPumpName(const ast::CreatePump& node) {
  const auto existing = std::ranges::find(state_.program.pumps, node.name.name, &PumpInfo::name);
  if (existing == state_.program.pumps.end()) return true;
  if (node.or_replace) {
    state_.program.pumps.erase(existing);
    std::erase_if(edges_, [&](const Edge& edge) { return edge.pump == node.name.name; });
    return true;
  }
  state_.Error(node.name.range, StrCat("pump ", WrittenName(node.name.name), " exists already"),
               "choose another name, or write CREATE OR REPLACE PUMP");
  return false;
}

int ProgramBinder::FindTarget(const ast::Identifier& name) {
  const int stream = state_.FindStream(name.name);
  const std::string written = WrittenName(name.name);
  if (stream >= 0) {
    if (state_.program.streams[static_cast<size_t>(stream)].kind == StreamKind::kIntermediate) return stream;
    state_.Error(name.range, StrCat(written, " is an input stream, pumps may not write to it"),
                 "create a stream of your own");
    return -1;
  }
  if (state_.faulty_names.contains(name.name)) return -1;
  if (EqualsIgnoreCase(name.name, kErrorStream)) {
    state_.Error(name.range, "error_stream cannot be written by SQL");
    return -1;
  }
  if (state_.FindTable(name.name) >= 0 || state_.views.contains(name.name)) {
    state_.Error(name.range, StrCat(written, " is no stream, pumps write to streams"));
    return -1;
  }
  if (state_.later_names.contains(name.name)) {
    state_.Error(name.range, StrCat("stream ", written, " is created further down"),
                 "statements take effect in order; move its CREATE STREAM up");
    return -1;
  }
  std::vector<std::string> names;
  for (const StreamInfo& info : state_.program.streams) {
    if (info.kind == StreamKind::kIntermediate) names.push_back(info.name);
  }
  Suggestion suggestion = Suggest(name.name, names, name.range);
  if (suggestion.hint.empty()) suggestion.hint = StrCat("add CREATE STREAM ", written, " (...) before this pump");
  state_.Error(name.range, StrCat("stream ", written, " not defined"), std::move(suggestion.hint),
               std::move(suggestion.fixes));
  return -1;
}

// For each column of the query the target's column; kOwnRowtime for ROWTIME. Without a list: all, by position.
std::optional<std::vector<int>> ProgramBinder::TargetColumns(const ast::Insert& node, const data::Schema& schema) {
  std::vector<int> columns;
  if (node.columns.empty()) {
    for (size_t index = 0; index < schema.fields.size(); ++index) columns.push_back(static_cast<int>(index));
    return columns;
  }
  std::vector<std::string> names;
  for (const data::Field& field : schema.fields) names.push_back(field.name);
  bool good = true;
  for (const ast::Identifier& column : node.columns) {
    const bool rowtime = column.name == "ROWTIME";
    const int index = rowtime ? kOwnRowtime : schema.Find(column.name);
    if (!rowtime && index < 0) {
      Suggestion suggestion = Suggest(column.name, names, column.range);
      state_.Error(column.range,
                   StrCat("column ", WrittenName(column.name), " not found in ", WrittenName(node.target.name)),
                   std::move(suggestion.hint), std::move(suggestion.fixes));
      good = false;
      continue;
    }
    if (std::ranges::find(columns, index) != columns.end()) {
      state_.Error(column.range, StrCat("column ", WrittenName(column.name), " is listed twice"));
      good = false;
    }
    columns.push_back(index);
  }
  for (size_t index = 0; index < schema.fields.size(); ++index) {
    const data::Field& field = schema.fields[index];
    if (!field.not_null || std::ranges::find(columns, static_cast<int>(index)) != columns.end()) continue;
    state_.Error(node.columns[0].range,
                 StrCat("column ", WrittenName(field.name), " of ", WrittenName(node.target.name),
                        " is NOT NULL and not in the list, so it would be NULL"));
    good = false;
  }
  if (!good) return std::nullopt;
  return columns;
}

BoundExprPtr ProgramBinder::AssignColumn(const ColumnFacts& from, BoundExprPtr value, const data::Field& to) {
  const std::string written = WrittenName(to.name);
  if (!CanAssign(from.type, to.type)) {
    std::string hint = StrCat("CAST(... AS ", to.type.ToString(), ")");
    if (!CanCast(from.type, to.type)) hint.clear();
    if (from.type.kind == data::TypeKind::kTimestamp && to.type.is_numeric()) {
      hint = "UNIX_TIMESTAMP(...) gives its milliseconds";
    }
    if (from.type.is_numeric() && to.type.kind == data::TypeKind::kTimestamp) {
      hint = "TO_TIMESTAMP(...) takes milliseconds";
    }
    if (from.type.kind == data::TypeKind::kRow) hint = "name one of its columns: t.r.COLUMN1";
    state_.Error(from.range,
                 StrCat("column ", written, " is ", to.type.ToString(), ", the value is ",
                        from.type.kind == data::TypeKind::kRow ? "a row" : from.type.ToString()),
                 std::move(hint));
    return nullptr;
  }
  const data::Value* literal = LiteralValue(*value);
  if (to.not_null && (from.type.kind == data::TypeKind::kNull || (literal != nullptr && literal->is_null()))) {
    state_.Error(from.range, StrCat("column ", written, " is NOT NULL, the value is NULL"));
    return nullptr;
  }
  if (from.integer_average && (to.type.is_approximate() || to.type.scale > 0)) {
    state_.Warn(from.range,
                StrCat("AVG of ", from.type.ToString(), " is a whole number, its fraction is lost before ",
                       "it gets to ", written),
                "AVG(CAST(x AS DOUBLE)) keeps it");
  }
  return CastTo(state_, std::move(value), to.type, true);
}

// What the target wants, and the slips that make a query one column short.
std::string ProgramBinder::CountHint(const ast::Insert& node, const Relation& relation, const data::Schema& schema,
                                     const std::vector<int>& columns) const {
  if (const auto* select = std::get_if<ast::Select>(&node.query->node)) {
    for (const ast::SelectItem& item : select->items) {
      if (relation.columns.size() > columns.size() || !item.alias.has_value()) continue;
      const std::string& alias = item.alias->name;
      if (alias == "ROWTIME") return "x AS ROWTIME sets the row's time, it is no column";
      // "a" "b": the second was meant as a column of its own.
      const std::string written = state_.TextOf({item.expr->range.end, item.alias->range.begin});
      const bool adjacent = std::ranges::all_of(written, [](char c) { return c == ' ' || c == '\n' || c == '\t'; });
      if (adjacent && item.alias->quoted) {
        return StrCat(WrittenName(alias), " is taken as an alias here: is a ',' missing before it?");
      }
    }
  }
  constexpr size_t kShownMax = 12;
  std::vector<std::string> names;
  for (const int column : columns) {
    if (names.size() == kShownMax) {
      names.emplace_back("...");
      break;
    }
    names.push_back(WrittenName(schema.fields[static_cast<size_t>(column)].name));
  }
  return StrCat("wanted are ", Join(names, ", "));
}

// The query's rows as rows of the target: its columns, in its order and types.
PlanPtr ProgramBinder::Assign(const ast::Insert& node, Relation relation, int target, const std::vector<int>& columns) {
  const data::SchemaPtr schema = state_.program.streams[static_cast<size_t>(target)].schema;
  if (relation.columns.size() != columns.size()) {
    const size_t given = relation.columns.size();
    state_.Error(node.query->range,
                 StrCat("the query gives ", given, given == 1 ? " column, " : " columns, ",
                        node.columns.empty() ? WrittenName(node.target.name) : "the list", " has ", columns.size()),
                 CountHint(node, relation, *schema, columns));
    return nullptr;
  }
  // A projection at the top takes the conversions in; otherwise one is put there when it is needed.
  auto* top = std::get_if<Project>(&relation.plan->node);
  std::vector<BoundExprPtr> values(schema->fields.size());
  BoundExprPtr rowtime = top != nullptr ? top->rowtime : nullptr;
  bool good = true;
  bool identity = top == nullptr;
  for (size_t index = 0; index < columns.size(); ++index) {
    const ColumnFacts& from = relation.columns[index];
    BoundExprPtr value = top != nullptr ? top->exprs[index] : MakeColumn(static_cast<int>(index), from, from.range);
    if (columns[index] == kOwnRowtime) {
      good &= CanAssign(from.type, data::Type::Timestamp());
      if (!good) state_.Error(from.range, StrCat("ROWTIME is a TIMESTAMP, the value is ", from.type.ToString()));
      rowtime = std::move(value);
      identity = false;
      continue;
    }
    const data::Field& to = schema->fields[static_cast<size_t>(columns[index])];
    BoundExprPtr assigned = AssignColumn(from, value, to);
    good &= assigned != nullptr;
    identity &= assigned == value && columns[index] == static_cast<int>(index);
    values[static_cast<size_t>(columns[index])] = std::move(assigned);
  }
  if (!good) return nullptr;
  if (identity && columns.size() == schema->fields.size()) return std::move(relation.plan);
  std::vector<ColumnFacts> output;
  for (size_t index = 0; index < values.size(); ++index) {
    const data::Field& field = schema->fields[index];
    if (values[index] == nullptr) values[index] = MakeLiteral(field.type, data::Value(), node.target.range);
    output.push_back({.name = field.name, .type = field.type, .nullable = !field.not_null});
  }
  PlanPtr below = top != nullptr ? std::move(top->input) : std::move(relation.plan);
  return MakePlan(Project{.input = std::move(below), .exprs = std::move(values), .rowtime = std::move(rowtime)}, output,
                  node.query->range);
}

PlanPtr ProgramBinder::BindInsert(const ast::Insert& node, int target) {
  std::optional<std::vector<int>> columns;
  if (target >= 0) columns = TargetColumns(node, *state_.program.streams[static_cast<size_t>(target)].schema);
  Relation relation = BindQuery(state_, *node.query, {});
  if (!relation.ok() || !columns.has_value()) return nullptr;
  if (relation.finite) {
    state_.Error(node.query->range, "the query of a pump must read a stream, this one ends");
    return nullptr;
  }
  return Assign(node, std::move(relation), target, *columns);
}

// Streams must flow one way: a pump may not feed what it is fed by.
bool ProgramBinder::CheckCircle(const ast::CreatePump& node, int target) {
  std::vector<int> came_from(state_.program.streams.size(), -1);
  std::deque<int> open = {target};
  came_from[static_cast<size_t>(target)] = target;
  while (!open.empty()) {  // Ends: every stream is entered once.
    const int stream = open.front();
    open.pop_front();
    if (state_.streams_read.contains(stream)) {
      std::vector<std::string> path = {WrittenName(node.insert.target.name)};
      for (int back = stream; back != target; back = came_from[static_cast<size_t>(back)]) {
        path.insert(path.begin(), WrittenName(state_.program.streams[static_cast<size_t>(back)].name));
      }
      path.insert(path.begin(), WrittenName(node.insert.target.name));
      state_.Error(node.name.range,
                   StrCat("pump ", WrittenName(node.name.name), " closes a circle of streams: ", Join(path, ", ")),
                   "streams must flow one way");
      return false;
    }
    for (const Edge& edge : edges_) {
      if (edge.from != stream || came_from[static_cast<size_t>(edge.to)] >= 0) continue;
      came_from[static_cast<size_t>(edge.to)] = stream;
      open.push_back(edge.to);
    }
  }
  return true;
}

void ProgramBinder::BindStatement(const ast::CreatePump& node, SourceRange range) {
  const bool name_good = CheckPumpName(node);
  const int target = FindTarget(node.insert.target);
  state_.streams_read.clear();
  PlanPtr plan = BindInsert(node.insert, target);
  if (target < 0 || !CheckCircle(node, target)) return;
  for (const int stream : state_.streams_read) {
    edges_.push_back({.from = stream, .to = target, .pump = node.name.name});
  }
  if (!name_good || plan == nullptr) return;
  state_.program.pumps.push_back({.name = node.name.name,
                                  .target = target,
                                  .plan = std::move(plan),
                                  .stopped = node.stopped && !state_.input.options.start_stopped_pumps,
                                  .range = range});
}

}  // namespace

void BindProgram(BindState& state, const ast::Program& program) {
  ProgramBinder binder(state);
  binder.AddDeclared();
  binder.Bind(program);
}

}  // namespace tailrace::sql
