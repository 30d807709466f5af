#include <string>
#include <vector>

#include "base/str.h"
#include "data/text.h"
#include "sql/compile.h"

namespace tailrace::sql {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

constexpr std::string_view kAtOnce = "emits at once";
constexpr std::string_view kNoState = "none";

// What one line says of an operator, and the operators below it.
struct Line {
  std::string what;
  std::string state;
  std::string emission;
  std::vector<const PlanNode*> inputs;
};

std::string Milliseconds(int64_t milliseconds) {
  struct Unit {
    int64_t size;
    std::string_view name;
  };
  static constexpr Unit kUnits[] = {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1'000, "s"}};
  for (const Unit& unit : kUnits) {
    if (milliseconds != 0 && milliseconds % unit.size == 0) return StrCat(milliseconds / unit.size, " ", unit.name);
  }
  return StrCat(milliseconds, " ms");
}

std::string_view TableFunctionName(TableFunctionKind kind) {
  switch (kind) {
    case TableFunctionKind::kRandomCutForest:
      return "RANDOM_CUT_FOREST";
    case TableFunctionKind::kRandomCutForestWithExplanation:
      return "RANDOM_CUT_FOREST_WITH_EXPLANATION";
    case TableFunctionKind::kHotspots:
      return "HOTSPOTS";
    case TableFunctionKind::kCountDistinctItemsTumbling:
      return "COUNT_DISTINCT_ITEMS_TUMBLING";
    case TableFunctionKind::kTopKItemsTumbling:
      return "TOP_K_ITEMS_TUMBLING";
    case TableFunctionKind::kGroupRank:
      return "GROUP_RANK";
  }
  return "";
}

std::string_view JoinName(ast::JoinKind kind) {
  switch (kind) {
    case ast::JoinKind::kInner:
      return "Inner join";
    case ast::JoinKind::kLeft:
      return "Left join";
    case ast::JoinKind::kRight:
      return "Right join";
    case ast::JoinKind::kFull:
      return "Full join";
    case ast::JoinKind::kCross:
      return "Cross join";
  }
  return "";
}

std::string_view SetName(ast::SetOp op) {
  switch (op) {
    case ast::SetOp::kUnion:
      return "Union";
    case ast::SetOp::kUnionAll:
      return "Union all";
    case ast::SetOp::kIntersect:
      return "Intersect";
    case ast::SetOp::kExcept:
      return "Except";
  }
  return "";
}

// When a window ends, in words.
std::string EndText(const WindowEnd& end) {
  switch (end.kind) {
    case WindowEnd::Kind::kFixedStep:
      return end.origin_ms == 0 ? StrCat("every ", Milliseconds(end.step_ms))
                                : StrCat("every ", Milliseconds(end.step_ms), " + ", Milliseconds(end.origin_ms));
    case WindowEnd::Kind::kCalendar:
      if (end.months == 1) return "every month";
      return end.months == 12 ? "every year" : StrCat("every ", end.months, " months");
    case WindowEnd::Kind::kEvaluate:
      return "when the key's value at the present time changes";
    case WindowEnd::Kind::kEveryRowtime:
      return "when ROWTIME moves on";
    case WindowEnd::Kind::kAsserted:
      return "when a row with another value of the key comes";
  }
  return "";
}

std::string ValueText(const data::Value& value) {
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string("NULL"); },
                        [](int64_t number) { return StrCat(number); },
                        [](double number) { return data::DoubleToText(number); },
                        [](bool truth) { return std::string(truth ? "TRUE" : "FALSE"); },
                        [](const std::string& text) { return StrCat("'", text, "'"); },
                    },
                    value.data);
}

class Explainer {
 public:
  explicit Explainer(const BoundProgram& program) : program_(program) {}

  std::string Run();

 private:
  void Add(const PlanNode& plan, int depth);
  std::string Text(const BoundExpr& expr, const data::Schema& input) const;
  std::string TextOfBoth(const BoundExpr& left, const BoundExpr& right, const PlanNode& left_plan,
                         const PlanNode& right_plan) const;
  std::string List(const std::vector<BoundExprPtr>& exprs, const data::Schema& input) const;
  std::string Keys(const std::vector<BoundExprPtr>& keys, const PlanNode& plan, const data::Schema& input,
                   int left_out) const;
  std::string Call(const AggregateCall& call, const data::Schema& input) const;
  std::string Calls(const std::vector<AggregateCall>& calls, size_t first, const PlanNode& plan,
                    const data::Schema& input) const;
  std::string Frame(const WindowFrame& frame, const data::Schema& input) const;
  std::string Conditions(const std::vector<std::pair<BoundExprPtr, BoundExprPtr>>& equalities,
                         const BoundExprPtr& residual, const PlanNode& left, const PlanNode& right,
                         const data::Schema& joined) const;

  Line Describe(const StreamScan& node, const PlanNode& plan) const;
  Line Describe(const TableScan& node, const PlanNode& plan) const;
  Line Describe(const ValuesNode& node, const PlanNode& plan) const;
  Line Describe(const Filter& node, const PlanNode& plan) const;
  Line Describe(const Project& node, const PlanNode& plan) const;
  Line Describe(const TumblingAggregate& node, const PlanNode& plan) const;
  Line Describe(const FiniteAggregate& node, const PlanNode& plan) const;
  Line Describe(const StaggerAggregate& node, const PlanNode& plan) const;
  Line Describe(const WindowAggregate& node, const PlanNode& plan) const;
  Line Describe(const Distinct& node, const PlanNode& plan) const;
  Line Describe(const Sort& node, const PlanNode& plan) const;
  Line Describe(const Limit& node, const PlanNode& plan) const;
  Line Describe(const StreamJoin& node, const PlanNode& plan) const;
  Line Describe(const Restamp& node, const PlanNode& plan) const;
  Line Describe(const TableJoin& node, const PlanNode& plan) const;
  Line Describe(const SubqueryMark& node, const PlanNode& plan) const;
  Line Describe(const UnionAll& node, const PlanNode& plan) const;
  Line Describe(const SetNode& node, const PlanNode& plan) const;
  Line Describe(const TableFunction& node, const PlanNode& plan) const;

  const BoundProgram& program_;
  std::string text_;
};

std::string Explainer::Text(const BoundExpr& expr, const data::Schema& input) const {
  return ToString(expr, [&](int index) {
    const auto at = static_cast<size_t>(index);
    return at < input.fields.size() ? input.fields[at].name : StrCat("#", index);
  });
}

std::string Explainer::TextOfBoth(const BoundExpr& left, const BoundExpr& right, const PlanNode& left_plan,
                                  const PlanNode& right_plan) const {
  return StrCat("left.", Text(left, left_plan.schema), " = right.", Text(right, right_plan.schema));
}

std::string Explainer::List(const std::vector<BoundExprPtr>& exprs, const data::Schema& input) const {
  std::vector<std::string> parts;
  for (const BoundExprPtr& expr : exprs) parts.push_back(Text(*expr, input));
  return Join(parts, ", ");
}

std::string Explainer::Call(const AggregateCall& call, const data::Schema& input) const {
  const bool star = call.kind == AggregateKind::kCountStar;
  return StrCat(AggregateName(call.kind), "(", call.distinct ? "DISTINCT " : "", star ? "*" : List(call.args, input),
                ")", call.from_last ? " FROM LAST" : "", call.ignore_nulls ? " IGNORE NULLS" : "");
}

// "NAME = expression", or the name alone when the expression is that column.
std::string Named(const std::string& name, const std::string& expr) {
  return name == expr ? name : StrCat(name, " = ", expr);
}

std::string Explainer::Keys(const std::vector<BoundExprPtr>& keys, const PlanNode& plan, const data::Schema& input,
                            int left_out) const {
  std::vector<std::string> parts;
  for (size_t index = 0; index < keys.size(); ++index) {
    if (static_cast<int>(index) == left_out) continue;
    parts.push_back(Named(plan.schema.fields[index].name, Text(*keys[index], input)));
  }
  return Join(parts, ", ");
}

std::string Explainer::Calls(const std::vector<AggregateCall>& calls, size_t first, const PlanNode& plan,
                             const data::Schema& input) const {
  std::vector<std::string> parts;
  for (size_t index = 0; index < calls.size(); ++index) {
    parts.push_back(Named(plan.schema.fields[first + index].name, Call(calls[index], input)));
  }
  return Join(parts, ", ");
}

std::string Explainer::Frame(const WindowFrame& frame, const data::Schema& input) const {
  std::string text;
  if (!frame.partition_by.empty()) text = StrCat("PARTITION BY ", List(frame.partition_by, input), " ");
  const bool rows = frame.unit == ast::FrameUnit::kRows;
  if (frame.order_by != nullptr) text += StrCat("ORDER BY ", Text(*frame.order_by, input), " ");
  text += rows ? "ROWS " : "RANGE ";
  if (!frame.preceding.has_value()) return text + "UNBOUNDED PRECEDING";
  if (frame.order_by != nullptr && frame.order_by->type.is_exact()) {
    return StrCat(text, data::ToSqlText(frame.order_by->type, data::Value(*frame.preceding)), " PRECEDING");
  }
  return StrCat(text, rows ? StrCat(*frame.preceding) : Milliseconds(*frame.preceding), " PRECEDING");
}

Line Explainer::Describe(const StreamScan& node, const PlanNode&) const {
  return {.what = StrCat("Read stream ", program_.streams[static_cast<size_t>(node.stream)].name)};
}

Line Explainer::Describe(const TableScan& node, const PlanNode&) const {
  return {.what = StrCat("Read table ", program_.tables[static_cast<size_t>(node.table)].name)};
}

Line Explainer::Describe(const ValuesNode& node, const PlanNode&) const {
  return {.what = StrCat("Values, ", node.rows.size(), node.rows.size() == 1 ? " row" : " rows")};
}

Line Explainer::Describe(const Filter& node, const PlanNode&) const {
  return {.what = StrCat("Filter ", Text(*node.predicate, node.input->schema)),
          .state = std::string(kNoState),
          .emission = std::string(kAtOnce),
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const Project& node, const PlanNode& plan) const {
  std::vector<std::string> items;
  for (size_t index = 0; index < node.exprs.size(); ++index) {
    const std::string expr = Text(*node.exprs[index], node.input->schema);
    const std::string& name = plan.schema.fields[index].name;
    items.push_back(expr == name ? name : StrCat(expr, " AS ", name));
  }
  if (node.rowtime != nullptr) items.push_back(StrCat(Text(*node.rowtime, node.input->schema), " AS ROWTIME"));
  return {.what = StrCat("Project ", Join(items, ", ")),
          .state = std::string(kNoState),
          .emission = node.rowtime == nullptr ? std::string(kAtOnce)
                                              : "emits each row at once with the given ROWTIME, late ones are refused",
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const TumblingAggregate& node, const PlanNode& plan) const {
  const data::Schema& input = node.input->schema;
  const auto window = static_cast<size_t>(node.window_key);
  const std::string others = Keys(node.keys, plan, input, node.window_key);
  const std::string calls = Calls(node.aggregates, node.keys.size(), plan, input);
  return {.what = StrCat("Tumbling window ", Named(plan.schema.fields[window].name, Text(*node.keys[window], input)),
                         others.empty() ? "" : StrCat("; keys ", others), calls.empty() ? "" : StrCat("; ", calls)),
          .state = others.empty()    ? "one group"
                   : node.emit_empty ? StrCat("a group a key of the open window, and the keys of the last ",
                                              node.emit_empty_for_ms, " ms")
                                     : "a group a key of the open window",
          .emission = StrCat("emits ", EndText(node.window_end), ", ROWTIME = end of the window",
                             !node.emit_empty ? ""
                             : others.empty() ? ", also without rows"
                                              : ", also for those keys without rows"),
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const FiniteAggregate& node, const PlanNode& plan) const {
  const data::Schema& input = node.input->schema;
  return {.what = StrCat("Group", node.keys.empty() ? "" : StrCat(" by ", Keys(node.keys, plan, input, -1)), "; ",
                         Calls(node.aggregates, node.keys.size(), plan, input)),
          .state = "a group a key",
          .emission = "emits at the end of the input",
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const StaggerAggregate& node, const PlanNode& plan) const {
  const data::Schema& input = node.input->schema;
  return {.what = StrCat("Stagger window of ", Milliseconds(node.length_ms), "; keys ",
                         Keys(node.keys, plan, input, -1), "; ", Calls(node.aggregates, node.keys.size(), plan, input)),
          .state = StrCat("a group a key seen within ", Milliseconds(node.length_ms)),
          .emission = StrCat("emits each key ", Milliseconds(node.length_ms), " after its first row"),
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const WindowAggregate& node, const PlanNode& plan) const {
  const data::Schema& input = node.input->schema;
  std::vector<std::string> calls;
  for (size_t index = 0; index < node.calls.size(); ++index) {
    const AggregateCall& call = node.calls[index];
    calls.push_back(StrCat(plan.schema.fields[input.fields.size() + index].name, " = ", Call(call, input), " OVER (",
                           Frame(node.windows[static_cast<size_t>(call.window)], input), ")"));
  }
  std::vector<std::string> states;
  for (const WindowFrame& frame : node.windows) {
    std::string kept = "the totals";
    if (frame.preceding.has_value() && frame.unit == ast::FrameUnit::kRows) {
      kept = StrCat("the last ", *frame.preceding + 1, " rows");
    } else if (frame.preceding.has_value() && frame.order_by != nullptr) {
      kept = "rows of the range";
    } else if (frame.preceding.has_value()) {
      kept = StrCat("rows of ", Milliseconds(*frame.preceding));
    }
    states.push_back(frame.partition_by.empty() ? kept : StrCat(kept, " a key"));
  }
  return {.what = StrCat("Sliding window ", Join(calls, ", ")),
          .state = Join(states, ", "),
          .emission = "emits with each row",
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const Distinct& node, const PlanNode& plan) const {
  if (node.monotonic_column < 0) {
    return {.what = "Distinct", .state = "all rows", .emission = std::string(kAtOnce), .inputs = {node.input.get()}};
  }
  const std::string& column = plan.schema.fields[static_cast<size_t>(node.monotonic_column)].name;
  return {.what = "Distinct",
          .state = StrCat("distinct rows of one value of ", column),
          .emission = "emits the first of equal rows at once",
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const Sort& node, const PlanNode&) const {
  std::vector<std::string> keys;
  for (const SortKey& key : node.keys) {
    keys.push_back(StrCat(Text(*key.expr, node.input->schema), key.descending ? " DESC" : ""));
  }
  return {.what = StrCat("Sort by ", Join(keys, ", ")),
          .state = node.finite ? "all rows" : "rows of one value of the first key",
          .emission = node.finite ? "emits at the end of the input" : StrCat("emits ", EndText(node.window_end)),
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const Limit& node, const PlanNode&) const {
  return {.what = StrCat("Limit ", node.rows),
          .state = "a counter",
          .emission = std::string(kAtOnce),
          .inputs = {node.input.get()}};
}

std::string Explainer::Conditions(const std::vector<std::pair<BoundExprPtr, BoundExprPtr>>& equalities,
                                  const BoundExprPtr& residual, const PlanNode& left, const PlanNode& right,
                                  const data::Schema& joined) const {
  std::vector<std::string> parts;
  for (const auto& [of_left, of_right] : equalities) parts.push_back(TextOfBoth(*of_left, *of_right, left, right));
  if (residual != nullptr) parts.push_back(Text(*residual, joined));
  return parts.empty() ? "" : StrCat(" on ", Join(parts, " and "));
}

Line Explainer::Describe(const StreamJoin& node, const PlanNode& plan) const {
  const auto window = [](const std::optional<JoinWindow>& side) -> std::string {
    if (!side.has_value()) return "rows of the same ROWTIME";
    if (side->unit == ast::FrameUnit::kRows) return StrCat("the last ", side->preceding, " rows");
    return side->preceding == kJoinWindowUnbounded ? "all rows" : StrCat("rows of ", Milliseconds(side->preceding));
  };
  std::string what =
      StrCat(JoinName(node.kind), Conditions(node.equalities, node.residual, *node.left, *node.right, plan.schema));
  if (node.equal_rowtime) what += " with equal ROWTIME";
  const bool waits =
      node.kind == ast::JoinKind::kLeft || node.kind == ast::JoinKind::kRight || node.kind == ast::JoinKind::kFull;
  return {.what = std::move(what),
          .state = StrCat("left ", window(node.left_window), ", right ", window(node.right_window)),
          .emission = StrCat("emits pairs as they meet, ROWTIME = the later of both",
                             waits ? "; rows without a partner when their window has passed" : ""),
          .inputs = {node.left.get(), node.right.get()}};
}

Line Explainer::Describe(const Restamp& node, const PlanNode& plan) const {
  return {.what = StrCat("ROWTIME = ", plan.schema.fields[static_cast<size_t>(node.time_column)].name),
          .state = StrCat("rows of ", Milliseconds(node.delay_ms)),
          .emission = StrCat("emits ", Milliseconds(node.delay_ms), " after ROWTIME"),
          .inputs = {node.input.get()}};
}

Line Explainer::Describe(const TableJoin& node, const PlanNode& plan) const {
  return {.what = StrCat(JoinName(node.kind), " with a table",
                         Conditions(node.equalities, node.residual, *node.input, *node.relation, plan.schema)),
          .state = "the table",
          .emission = std::string(kAtOnce),
          .inputs = {node.input.get(), node.relation.get()}};
}

Line Explainer::Describe(const SubqueryMark& node, const PlanNode& plan) const {
  const std::string what = node.operand == nullptr
                               ? "Exists in a finite query"
                               : StrCat(Text(*node.operand, node.input->schema), " in a finite query");
  return {.what = StrCat(what, " AS ", plan.schema.fields.back().name),
          .state = "the query's rows",
          .emission = std::string(kAtOnce),
          .inputs = {node.input.get(), node.relation.get()}};
}

Line Explainer::Describe(const UnionAll& node, const PlanNode&) const {
  Line line{.what = "Union all",
            .state = "rows ahead of the slowest input",
            .emission = "emits in order of ROWTIME, when no input can give an earlier row"};
  for (const PlanPtr& input : node.inputs) line.inputs.push_back(input.get());
  return line;
}

Line Explainer::Describe(const SetNode& node, const PlanNode&) const {
  return {.what = std::string(SetName(node.op)),
          .state = "all rows",
          .emission = "emits at the end of the input",
          .inputs = {node.left.get(), node.right.get()}};
}

Line Explainer::Describe(const TableFunction& node, const PlanNode&) const {
  std::vector<std::string> columns;
  for (const int column : node.columns) columns.push_back(node.input->schema.fields[static_cast<size_t>(column)].name);
  std::vector<std::string> args;
  for (const data::Value& arg : node.args) args.push_back(ValueText(arg));
  Line line{.what = StrCat(TableFunctionName(node.kind), "(", Join(args, ", "), ") over ", Join(columns, ", ")),
            .emission = std::string(kAtOnce),
            .inputs = {node.input.get()}};
  switch (node.kind) {
    case TableFunctionKind::kRandomCutForest:
    case TableFunctionKind::kRandomCutForestWithExplanation:
      line.state = StrCat(node.args[0].int64(), " trees of ", node.args[1].int64(), " points");
      break;
    case TableFunctionKind::kHotspots:
      line.state = StrCat("the last ", node.args[0].int64(), " rows");
      break;
    case TableFunctionKind::kCountDistinctItemsTumbling:
    case TableFunctionKind::kTopKItemsTumbling:
      line.state = "distinct items of the open window";
      line.emission = StrCat("emits every ", node.args.back().int64(), " s, ROWTIME = end of the window");
      break;
    case TableFunctionKind::kGroupRank:
      line.state = "rows of one ROWTIME";
      line.emission = "emits when ROWTIME moves on";
      break;
  }
  return line;
}

void Explainer::Add(const PlanNode& plan, int depth) {
  const Line line = std::visit([&](const auto& node) { return Describe(node, plan); }, plan.node);
  text_.append(static_cast<size_t>(2 * depth), ' ');
  text_ += line.what;
  if (!line.state.empty()) text_ += StrCat(" | state: ", line.state);
  if (!line.emission.empty()) text_ += StrCat(" | ", line.emission);
  text_ += '\n';
  for (const PlanNode* input : line.inputs) Add(*input, depth + 1);
}

std::string Explainer::Run() {
  for (const PumpInfo& pump : program_.pumps) {
    text_ += StrCat("pump ", pump.name, " -> ", program_.streams[static_cast<size_t>(pump.target)].name,
                    pump.stopped ? " (stopped)" : "", "\n");
    Add(*pump.plan, 1);
  }
  for (const PlanPtr& query : program_.queries) {
    text_ += "query\n";
    Add(*query, 1);
  }
  return std::move(text_);
}

}  // namespace

std::string Explain(const BoundProgram& program) { return Explainer(program).Run(); }

}  // namespace tailrace::sql
