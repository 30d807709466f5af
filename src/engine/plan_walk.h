#pragma once

#include <variant>

#include "sql/plan.h"

namespace tailrace::engine {

// Calls `visit` with each input of a node, not with the finite relations beside it.
template <typename Visit>
void ForEachInput(const sql::PlanNode& node, const Visit& visit) {
  std::visit(
      [&](const auto& plan) {
        if constexpr (requires { plan.input; }) visit(*plan.input);
        if constexpr (requires { plan.left; }) {
          visit(*plan.left);
          visit(*plan.right);
        }
        if constexpr (requires { plan.inputs; }) {
          for (const sql::PlanPtr& input : plan.inputs) visit(*input);
        }
      },
      node.node);
}

}  // namespace tailrace::engine
