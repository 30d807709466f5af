#include "sql/used_columns.h"

#include <span>
#include <utility>

namespace tailrace::sql {
namespace {

// One flag an output column of a node: whether somebody above looks at it.
using Needed = std::vector<bool>;

void AddColumnsOf(const BoundExpr& expr, Needed& needed) {
  Visit(expr, [&](const BoundExpr& part) {
    const auto* column = std::get_if<BoundColumn>(&part.node);
    if (column == nullptr) return;
    const auto index = static_cast<size_t>(column->index);
    if (index < needed.size()) needed[index] = true;
  });
}

// Walks a plan from its output down to the scan of the stream.
class Walk {
 public:
  Walk(int stream, bool error_rows, Needed& used) : stream_(stream), error_rows_(error_rows), used_(used) {}

  void Down(const PlanNode& node, const Needed& needed) {
    std::visit([&](const auto& plan) { Visit(plan, needed); }, node.node);
  }

 private:
  void AddColumns(const BoundExprPtr& expr, Needed& needed) const {
    if (expr == nullptr) return;
    if (error_rows_ && expr->can_fail) needed.assign(needed.size(), true);
    AddColumnsOf(*expr, needed);
  }
  static Needed None(const PlanPtr& input) { return Needed(input->schema.fields.size(), false); }
  static Needed All(const PlanPtr& input) { return Needed(input->schema.fields.size(), true); }
  // The part of `needed` that belongs to the columns of `input`, which come first or from `offset` on.
  static Needed Part(const Needed& needed, const PlanPtr& input, size_t offset = 0) {
    Needed part = None(input);
    for (size_t i = 0; i < part.size() && offset + i < needed.size(); ++i) part[i] = needed[offset + i];
    return part;
  }

  void Visit(const StreamScan& scan, const Needed& needed) {
    if (scan.stream != stream_) return;
    for (size_t i = 0; i < used_.size() && i < needed.size(); ++i) used_[i] = used_[i] || needed[i];
  }
  void Visit(const TableScan&, const Needed&) {}
  void Visit(const ValuesNode&, const Needed&) {}
  void Visit(const Filter& filter, const Needed& needed) {
    Needed below = needed;
    AddColumns(filter.predicate, below);
    Down(*filter.input, below);
  }
  void Visit(const Project& project, const Needed& needed) {
    Needed below = None(project.input);
    for (size_t i = 0; i < project.exprs.size(); ++i) {
      // What is computed is computed for every row, also when nobody looks at it: it may end in a runtime error.
      const bool passed_on = std::holds_alternative<BoundColumn>(project.exprs[i]->node);
      if (!passed_on || (i < needed.size() && needed[i])) AddColumns(project.exprs[i], below);
    }
    AddColumns(project.rowtime, below);
    if (error_rows_ && project.rowtime != nullptr) below.assign(below.size(), true);  // Its row may be late.
    Down(*project.input, below);
  }
  void VisitAggregates(const PlanPtr& input, std::span<const BoundExprPtr> keys,
                       std::span<const AggregateCall> aggregates) {
    Needed below = None(input);
    for (const BoundExprPtr& key : keys) AddColumns(key, below);
    AddArguments(aggregates, below);
    Down(*input, below);
  }
  void AddArguments(std::span<const AggregateCall> calls, Needed& needed) const {
    for (const AggregateCall& call : calls) {
      for (const BoundExprPtr& argument : call.args) AddColumns(argument, needed);
    }
  }
  void Visit(const TumblingAggregate& node, const Needed&) { VisitAggregates(node.input, node.keys, node.aggregates); }
  void Visit(const FiniteAggregate& node, const Needed&) { VisitAggregates(node.input, node.keys, node.aggregates); }
  void Visit(const StaggerAggregate& node, const Needed&) { VisitAggregates(node.input, node.keys, node.aggregates); }
  void Visit(const WindowAggregate& node, const Needed& needed) {
    Needed below = Part(needed, node.input);
    for (const WindowFrame& window : node.windows) {
      for (const BoundExprPtr& key : window.partition_by) AddColumns(key, below);
      AddColumns(window.order_by, below);
    }
    AddArguments(node.calls, below);
    Down(*node.input, below);
  }
  void Visit(const Distinct& distinct, const Needed&) { Down(*distinct.input, All(distinct.input)); }
  void Visit(const Sort& sort, const Needed& needed) {
    Needed below = needed;
    for (const SortKey& key : sort.keys) AddColumns(key.expr, below);
    Down(*sort.input, below);
  }
  void Visit(const Limit& limit, const Needed& needed) { Down(*limit.input, needed); }
  void Visit(const StreamJoin& join, const Needed& needed) {
    Needed joined = needed;
    AddColumns(join.residual, joined);
    Needed left = Part(joined, join.left);
    Needed right = Part(joined, join.right, left.size());
    for (const auto& [left_key, right_key] : join.equalities) {
      AddColumns(left_key, left);
      AddColumns(right_key, right);
    }
    Down(*join.left, left);
    Down(*join.right, right);
  }
  void Visit(const Restamp& restamp, const Needed& needed) {
    Needed below = needed;
    below[static_cast<size_t>(restamp.time_column)] = true;
    Down(*restamp.input, below);
  }
  void Visit(const TableJoin& join, const Needed& needed) {
    Needed joined = needed;
    AddColumns(join.residual, joined);
    Needed below = Part(joined, join.input);
    for (const auto& [stream_key, table_key] : join.equalities) AddColumns(stream_key, below);
    Down(*join.input, below);
    Down(*join.relation, All(join.relation));
  }
  void Visit(const SubqueryMark& mark, const Needed& needed) {
    Needed below = Part(needed, mark.input);
    AddColumns(mark.operand, below);
    Down(*mark.input, below);
    Down(*mark.relation, All(mark.relation));
  }
  void Visit(const UnionAll& node, const Needed& needed) {
    for (const PlanPtr& input : node.inputs) Down(*input, needed);
  }
  void Visit(const SetNode& node, const Needed&) {
    Down(*node.left, All(node.left));
    Down(*node.right, All(node.right));
  }
  void Visit(const TableFunction& function, const Needed&) { Down(*function.input, All(function.input)); }

  const int stream_;
  const bool error_rows_;
  Needed& used_;
};

}  // namespace

std::vector<bool> UsedColumns(const BoundProgram& program, int stream, bool error_rows) {
  const StreamInfo& info = program.streams[static_cast<size_t>(stream)];
  Needed used(info.schema->fields.size() + static_cast<size_t>(info.metadata_columns), false);
  Walk walk(stream, error_rows, used);
  const auto walk_all = [&](const PlanPtr& plan) { walk.Down(*plan, Needed(plan->schema.fields.size(), true)); };
  for (const PumpInfo& pump : program.pumps) walk_all(pump.plan);
  for (const PlanPtr& query : program.queries) walk_all(query);
  return used;
}

}  // namespace tailrace::sql
