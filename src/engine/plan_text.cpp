#include "engine/plan_text.h"

#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"
#include "engine/aggregate_math.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

std::string SchemaText(const data::Schema& schema) {
  std::string text = "(";
  for (const data::Field& field : schema.fields) {
    text += StrCat('"', field.name, "\" ", field.type.ToString(), field.not_null ? " NOT NULL," : ",");
  }
  return text + ")";
}

std::string Digest(std::string_view text) {
  const auto hash = Sha256(text);
  return ToHex({reinterpret_cast<const char*>(hash.data()), 16});
}

// Writes every member of the plan that decides about the state, one node a bracket.
class PlanPrinter {
 public:
  explicit PlanPrinter(const sql::BoundProgram& program) : program_(program) {}

  void Print(const sql::PlanNode& node) {
    text_ += '[';
    std::visit([this](const auto& plan) { Members(plan); }, node.node);
    text_ += SchemaText(node.schema);
    text_ += ']';
  }
  const std::string& text() const { return text_; }

 private:
  void Word(std::string_view word) {
    text_ += word;
    text_ += ' ';
  }
  void Number(int64_t number) { Word(StrCat(number)); }
  void Expr(const sql::BoundExprPtr& expr) {
    Word(expr == nullptr ? "-" : StrCat(sql::ToString(*expr), ":", expr->type.ToString()));
  }
  void Exprs(const std::vector<sql::BoundExprPtr>& exprs) {
    for (const sql::BoundExprPtr& expr : exprs) Expr(expr);
    Word(";");
  }
  void Pairs(const std::vector<std::pair<sql::BoundExprPtr, sql::BoundExprPtr>>& pairs) {
    for (const auto& [left, right] : pairs) {
      Expr(left);
      Expr(right);
    }
    Word(";");
  }
  void Calls(const std::vector<sql::AggregateCall>& calls) {
    for (const sql::AggregateCall& call : calls) {
      Word(sql::AggregateName(call.kind));
      Number(static_cast<int>(call.kind));
      Exprs(call.args);
      Number(call.distinct * 4 + call.ignore_nulls * 2 + call.from_last);
      Word(call.result.ToString());
      Number(call.window);
    }
    Word(";");
  }
  void End(const sql::WindowEnd& end) {
    Number(static_cast<int>(end.kind));
    Number(end.step_ms);
    Number(end.origin_ms);
    Number(end.months);
  }
  void Window(const std::optional<sql::JoinWindow>& window) {
    if (!window.has_value()) return Word("-");
    Number(static_cast<int>(window->unit));
    Number(window->preceding);
  }

  void Members(const sql::StreamScan& plan) {
    Word("stream");
    const sql::StreamInfo& info = program_.streams[static_cast<size_t>(plan.stream)];
    Word(info.name);
    Word(SchemaText(*info.schema));
  }
  void Members(const sql::TableScan& plan) {
    Word("table");
    Word(program_.tables[static_cast<size_t>(plan.table)].name);
  }
  void Members(const sql::ValuesNode& plan) {
    Word("values");
    for (const auto& row : plan.rows) Exprs(row);
  }
  void Members(const sql::Filter& plan) {
    Word("filter");
    Expr(plan.predicate);
    Print(*plan.input);
  }
  void Members(const sql::Project& plan) {
    Word("project");
    Exprs(plan.exprs);
    Expr(plan.rowtime);
    Print(*plan.input);
  }
  void Members(const sql::TumblingAggregate& plan) {
    Word("tumbling");
    Exprs(plan.keys);
    Number(plan.window_key);
    End(plan.window_end);
    Calls(plan.aggregates);
    Number(plan.emit_empty);
    if (plan.emit_empty_for_ms > 0) Number(plan.emit_empty_for_ms);
    Print(*plan.input);
  }
  void Members(const sql::FiniteAggregate& plan) {
    Word("aggregate");
    Exprs(plan.keys);
    Calls(plan.aggregates);
    Print(*plan.input);
  }
  void Members(const sql::StaggerAggregate& plan) {
    Word("stagger");
    Exprs(plan.keys);
    Number(plan.length_ms);
    Calls(plan.aggregates);
    Print(*plan.input);
  }
  void Members(const sql::WindowAggregate& plan) {
    Word("over");
    for (const sql::WindowFrame& frame : plan.windows) {
      Exprs(frame.partition_by);
      Number(static_cast<int>(frame.unit));
      Number(frame.preceding.value_or(-1));
      if (frame.order_by != nullptr) Expr(frame.order_by);
    }
    Calls(plan.calls);
    Print(*plan.input);
  }
  void Members(const sql::Distinct& plan) {
    Word("distinct");
    Number(plan.monotonic_column);
    Print(*plan.input);
  }
  void Members(const sql::Sort& plan) {
    Word("sort");
    for (const sql::SortKey& key : plan.keys) {
      Expr(key.expr);
      Number(key.descending);
    }
    End(plan.window_end);
    Number(plan.finite);
    Print(*plan.input);
  }
  void Members(const sql::Limit& plan) {
    Word("limit");
    Number(static_cast<int64_t>(plan.rows));
    Print(*plan.input);
  }
  void Members(const sql::StreamJoin& plan) {
    Word("join");
    Number(static_cast<int>(plan.kind));
    Window(plan.left_window);
    Window(plan.right_window);
    Pairs(plan.equalities);
    Number(plan.equal_rowtime);
    Expr(plan.residual);
    Print(*plan.left);
    Print(*plan.right);
  }
  void Members(const sql::Restamp& plan) {
    Word("restamp");
    Number(plan.time_column);
    Number(plan.delay_ms);
    Print(*plan.input);
  }
  void Members(const sql::TableJoin& plan) {
    Word("tablejoin");
    Number(static_cast<int>(plan.kind));
    Pairs(plan.equalities);
    Expr(plan.residual);
    Print(*plan.input);
    Print(*plan.relation);
  }
  void Members(const sql::SubqueryMark& plan) {
    Word("mark");
    Expr(plan.operand);
    Print(*plan.input);
    Print(*plan.relation);
  }
  void Members(const sql::UnionAll& plan) {
    Word("union");
    for (const sql::PlanPtr& input : plan.inputs) Print(*input);
  }
  void Members(const sql::SetNode& plan) {
    Word("set");
    Number(static_cast<int>(plan.op));
    Print(*plan.left);
    Print(*plan.right);
  }
  void Members(const sql::TableFunction& plan) {
    Word("function");
    Number(static_cast<int>(plan.kind));
    ByteWriter args;
    for (const data::Value& value : plan.args) SaveValue(args, value);
    Word(ToHex(args.bytes()));
    for (const int column : plan.columns) Number(column);
    Print(*plan.input);
  }

  const sql::BoundProgram& program_;
  std::string text_;
};

}  // namespace

std::string Fingerprint(const sql::BoundProgram& program, const sql::PlanNode& plan, const data::Schema* target) {
  PlanPrinter printer(program);
  printer.Print(plan);
  return Digest(target == nullptr ? printer.text() : StrCat(printer.text(), " into ", SchemaText(*target)));
}

std::string Fingerprint(const data::Schema& schema) { return Digest(SchemaText(schema)); }

}  // namespace tailrace::engine
