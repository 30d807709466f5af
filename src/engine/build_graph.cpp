#include <utility>
#include <variant>
#include <vector>

#include "engine/evaluation.h"
#include "engine/graph.h"
#include "engine/operators/distinct.h"
#include "engine/operators/filter.h"
#include "engine/operators/finite_aggregate.h"
#include "engine/operators/limit.h"
#include "engine/operators/project.h"
#include "engine/operators/restamp.h"
#include "engine/operators/set_operation.h"
#include "engine/operators/sort.h"
#include "engine/operators/stagger_aggregate.h"
#include "engine/operators/stream_join.h"
#include "engine/operators/subquery_mark.h"
#include "engine/operators/table_functions.h"
#include "engine/operators/table_join.h"
#include "engine/operators/tumbling_aggregate.h"
#include "engine/operators/union_all.h"
#include "engine/operators/window_aggregate.h"
#include "engine/plan_walk.h"
#include "engine/state.h"

// Makes the operators of a plan. Every node of the plan has its case in Builder; a node without one does not compile.

namespace tailrace::engine {
namespace {

using sql::PlanNode;

class Builder {
 public:
  explicit Builder(const GraphInput& input) : input_(input) {}

  // Builds `node` and what is below it; its rows go to `next`. Gives whether their bounds follow time.
  Result<bool> Build(const PlanNode& node, Port next) {
    return std::visit([&](const auto& plan) { return Visit(plan, node, next); }, node.node);
  }
  Graph Take(bool follows_time) {
    graph_.follows_time = follows_time;
    return std::move(graph_);
  }

 private:
  const OperatorContext& context() const { return input_.context; }

  // Adds the operator above `inputs`. The stage is made before its inputs, because they need it as their next.
  Result<bool> Add(std::unique_ptr<Operator> op, std::vector<const PlanNode*> inputs, Port next,
                   bool keeps_time = true) {
    const bool below_follows = AllFollow(inputs);
    graph_.stages.push_back(std::make_unique<Stage>(std::move(op), inputs.size(), next, below_follows,
                                                    graph_.stages.size(), context().errors));
    Stage* const stage = graph_.stages.back().get();
    for (size_t i = 0; i < inputs.size(); ++i) {
      TAILRACE_ASSIGN_OR_RETURN([[maybe_unused]] const bool built, Build(*inputs[i], {stage, i}));
    }
    return keeps_time && below_follows;
  }

  bool AllFollow(const std::vector<const PlanNode*>& inputs) const {
    for (const PlanNode* input : inputs) {
      if (!FollowsTime(*input)) return false;
    }
    return true;
  }

  // Whether the bounds of a node's output follow those of the streams below it.
  bool FollowsTime(const PlanNode& node) const {
    if (const auto* scan = std::get_if<sql::StreamScan>(&node.node)) {
      return input_.stream_follows_time[static_cast<size_t>(scan->stream)];
    }
    if (const auto* project = std::get_if<sql::Project>(&node.node)) {
      return !ColumnsDecideTime(*project) && FollowsTime(*project->input);
    }
    bool follows = true;
    ForEachInput(node, [&](const PlanNode& input) { follows = follows && FollowsTime(input); });
    return follows;
  }

  static bool ColumnsDecideTime(const sql::Project& project) {
    return project.rowtime != nullptr &&
           (DependsOnColumns(*project.rowtime) || project.rowtime->monotonicity != sql::Monotonicity::kAscending);
  }

  // The input's columns that a projection takes; empty when it may have to report whole rows, or knows none.
  static std::vector<bool> ColumnsTaken(const sql::Project& project, const data::Schema& input) {
    std::vector<bool> taken(input.fields.size());
    if (project.rowtime != nullptr) return {};
    for (const sql::BoundExprPtr& expr : project.exprs) {
      const bool plain =
          std::holds_alternative<sql::BoundColumn>(expr->node) || std::holds_alternative<sql::BoundRowtime>(expr->node);
      if (!plain) return {};
      MarkColumns(*expr, taken);
    }
    return taken;
  }

  Result<bool> Visit(const sql::StreamScan& plan, const PlanNode& node, Port next) {
    graph_.sources.push_back({.stream = plan.stream, .port = next});
    return FollowsTime(node);
  }
  Result<bool> Visit(const sql::TableScan&, const PlanNode& node, Port next) { return AddFinite(node, next); }
  Result<bool> Visit(const sql::ValuesNode&, const PlanNode& node, Port next) { return AddFinite(node, next); }
  Result<bool> AddFinite(const PlanNode& node, Port next) {
    graph_.finite_sources.push_back({.node = &node, .port = next});
    return true;
  }
  Result<bool> Visit(const sql::Filter& plan, const PlanNode&, Port next) {
    return Add(std::make_unique<Filter>(*plan.predicate, plan.input->schema, context()), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::Project& plan, const PlanNode& node, Port next) {
    const PlanNode* input = plan.input.get();
    const sql::BoundExpr* predicate = nullptr;
    if (const auto* filter = std::get_if<sql::Filter>(&input->node)) {  // One pass for both.
      predicate = filter->predicate.get();
      input = filter->input.get();
    } else if (std::holds_alternative<sql::StreamJoin>(input->node)) {
      wanted_columns_ = ColumnsTaken(plan, input->schema);
    }
    return Add(std::make_unique<Project>(plan, predicate, input->schema, node.schema, context()), {input}, next,
               !ColumnsDecideTime(plan));
  }
  Result<bool> Visit(const sql::TumblingAggregate& plan, const PlanNode& node, Port next) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Operator> op,
                              TumblingAggregate::Make(plan, plan.input->schema, node.schema, context()));
    return Add(std::move(op), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::FiniteAggregate& plan, const PlanNode& node, Port next) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Operator> op,
                              FiniteAggregate::Make(plan, plan.input->schema, node.schema, context()));
    return Add(std::move(op), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::StaggerAggregate& plan, const PlanNode& node, Port next) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Operator> op,
                              StaggerAggregate::Make(plan, plan.input->schema, node.schema, context()));
    return Add(std::move(op), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::WindowAggregate& plan, const PlanNode& node, Port next) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Operator> op,
                              WindowAggregate::Make(plan, plan.input->schema, node.schema, context()));
    return Add(std::move(op), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::Distinct& plan, const PlanNode& node, Port next) {
    return Add(std::make_unique<Distinct>(plan, TypesOf(node.schema), context().lanes), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::Sort& plan, const PlanNode&, Port next) {
    return Add(std::make_unique<Sort>(plan, plan.input->schema, context()), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::Limit& plan, const PlanNode&, Port next) {
    return Add(std::make_unique<Limit>(plan), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::StreamJoin& plan, const PlanNode& node, Port next) {
    std::vector<bool> wanted = std::exchange(wanted_columns_, {});
    if (wanted.empty()) wanted.assign(node.schema.fields.size(), true);
    return Add(std::make_unique<StreamJoin>(plan, node.schema, std::move(wanted), context()),
               {plan.left.get(), plan.right.get()}, next);
  }
  Result<bool> Visit(const sql::Restamp& plan, const PlanNode& node, Port next) {
    return Add(std::make_unique<Restamp>(plan, node.schema, context()), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::TableJoin& plan, const PlanNode& node, Port next) {
    auto op = std::make_unique<TableJoin>(plan, node.schema, context());
    graph_.relations.push_back({.plan = plan.relation.get(), .user = op.get()});
    return Add(std::move(op), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::SubqueryMark& plan, const PlanNode&, Port next) {
    auto op = std::make_unique<SubqueryMark>(plan, plan.input->schema, context());
    graph_.relations.push_back({.plan = plan.relation.get(), .user = op.get()});
    return Add(std::move(op), {plan.input.get()}, next);
  }
  Result<bool> Visit(const sql::UnionAll& plan, const PlanNode& node, Port next) {
    std::vector<const PlanNode*> inputs;
    for (const sql::PlanPtr& input : plan.inputs) inputs.push_back(input.get());
    auto op = std::make_unique<UnionAll>(inputs.size(), TypesOf(node.schema));
    return Add(std::move(op), std::move(inputs), next);
  }
  Result<bool> Visit(const sql::SetNode& plan, const PlanNode& node, Port next) {
    return Add(std::make_unique<SetOperation>(plan, node.schema, context()), {plan.left.get(), plan.right.get()}, next);
  }
  Result<bool> Visit(const sql::TableFunction& plan, const PlanNode& node, Port next) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Operator> op, MakeTableFunction(plan, node.schema, context()));
    return Add(std::move(op), {plan.input.get()}, next);
  }

  const GraphInput& input_;
  Graph graph_;
  std::vector<bool> wanted_columns_;  // Of the node built next; empty: all.
};

}  // namespace

Result<Graph> BuildGraph(const PlanNode& plan, const GraphInput& input, Receiver& end) {
  Builder builder(input);
  TAILRACE_ASSIGN_OR_RETURN(const bool follows_time, builder.Build(plan, {&end, 0}));
  return builder.Take(follows_time);
}

}  // namespace tailrace::engine
