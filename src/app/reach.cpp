#include "app/reach.h"

#include <algorithm>

#include "engine/plan_walk.h"

namespace tailrace::app {
namespace {

using Reach = std::optional<int64_t>;  // Milliseconds.

constexpr int64_t kMonthMsMax = int64_t{31} * 24 * 60 * 60 * 1000;

Reach Longer(Reach a, Reach b) {
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  return std::max(*a, *b);
}

Reach WindowOf(const sql::WindowEnd& end) {
  switch (end.kind) {
    case sql::WindowEnd::Kind::kFixedStep:
      return end.step_ms;
    case sql::WindowEnd::Kind::kCalendar:
      return end.months * kMonthMsMax;
    case sql::WindowEnd::Kind::kEveryRowtime:
      return 1;
    case sql::WindowEnd::Kind::kEvaluate:
    case sql::WindowEnd::Kind::kAsserted:
      break;
  }
  return std::nullopt;
}

// What a node adds to the reach of its inputs.
struct NodeReach {
  Reach operator()(const sql::StreamScan&) const { return 0; }
  Reach operator()(const sql::TableScan&) const { return 0; }
  Reach operator()(const sql::ValuesNode&) const { return 0; }
  Reach operator()(const sql::Filter&) const { return 0; }
  Reach operator()(const sql::Project&) const { return 0; }
  Reach operator()(const sql::TumblingAggregate& node) const {
    const Reach window = WindowOf(node.window_end);
    return window.has_value() ? Reach(*window + node.emit_empty_for_ms) : window;
  }
  Reach operator()(const sql::FiniteAggregate&) const { return 0; }
  Reach operator()(const sql::StaggerAggregate& node) const { return node.length_ms; }
  Reach operator()(const sql::WindowAggregate& node) const {
    Reach longest = 0;
    for (const sql::WindowFrame& frame : node.windows) {
      const bool by_rowtime = frame.unit == sql::ast::FrameUnit::kRange && frame.order_by == nullptr;
      longest = Longer(longest, by_rowtime ? frame.preceding : std::nullopt);
    }
    return longest;
  }
  Reach operator()(const sql::Distinct& node) const { return node.monotonic_column < 0 ? Reach(0) : std::nullopt; }
  Reach operator()(const sql::Sort& node) const { return node.finite ? Reach(0) : WindowOf(node.window_end); }
  Reach operator()(const sql::Limit&) const { return 0; }
  Reach operator()(const sql::StreamJoin& node) const {
    Reach longest = 0;
    for (const auto* window : {&node.left_window, &node.right_window}) {
      if (!window->has_value()) continue;
      const bool bounded =
          (*window)->unit == sql::ast::FrameUnit::kRange && (*window)->preceding != sql::kJoinWindowUnbounded;
      longest = Longer(longest, bounded ? Reach((*window)->preceding) : std::nullopt);
    }
    return longest;
  }
  Reach operator()(const sql::Restamp& node) const { return node.delay_ms; }
  Reach operator()(const sql::TableJoin&) const { return 0; }
  Reach operator()(const sql::SubqueryMark&) const { return 0; }
  Reach operator()(const sql::UnionAll&) const { return 0; }
  Reach operator()(const sql::SetNode&) const { return 0; }
  Reach operator()(const sql::TableFunction&) const { return std::nullopt; }
};

Reach OfStream(const sql::BoundProgram& program, int stream);

Reach OfPlan(const sql::BoundProgram& program, const sql::PlanNode& plan) {
  Reach inputs = 0;
  if (const auto* scan = std::get_if<sql::StreamScan>(&plan.node)) inputs = OfStream(program, scan->stream);
  engine::ForEachInput(plan, [&](const sql::PlanNode& input) { inputs = Longer(inputs, OfPlan(program, input)); });
  const Reach own = std::visit(NodeReach(), plan.node);
  if (!inputs.has_value() || !own.has_value()) return std::nullopt;
  return *inputs + *own;
}

Reach OfStream(const sql::BoundProgram& program, int stream) {
  Reach longest = 0;
  for (const sql::PumpInfo& pump : program.pumps) {
    if (pump.target == stream && !pump.stopped) longest = Longer(longest, OfPlan(program, *pump.plan));
  }
  return longest;
}

}  // namespace

std::optional<Milliseconds> ReachOf(const sql::BoundProgram& program, int stream) {
  const Reach reach = OfStream(program, stream);
  return reach.has_value() ? std::optional(Milliseconds(*reach)) : std::nullopt;
}

}  // namespace tailrace::app
