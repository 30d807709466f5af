#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/str.h"
#include "sql/compile.h"

// What the binder's tests share: a compiler with some declared streams and tables, and ways to look into its results.

namespace tailrace::sql {

// Input streams:
//   SOURCE_SQL_STREAM_001, _002   TICKER_SYMBOL VARCHAR(4), SECTOR VARCHAR(16), CHANGE REAL, PRICE REAL,
//                                 EVENT_TIME TIMESTAMP, "deviceId" VARCHAR(20), QUANTITY INTEGER, TOTAL BIGINT,
//                                 COST DECIMAL(10,2), FLAG BOOLEAN, RATIO DOUBLE
// Tables: "CompanyName"("Ticker" VARCHAR(4), "Company" VARCHAR(20)), LIMITS(SECTOR VARCHAR(16), HIGH INTEGER)
inline CompileResult CompileForTest(std::string_view text, CompileOptions options = {}) {
  using data::Type;
  const data::Schema ticker = {{{"TICKER_SYMBOL", Type::Varchar(4)},
                                {"SECTOR", Type::Varchar(16)},
                                {"CHANGE", Type::Of(data::TypeKind::kReal)},
                                {"PRICE", Type::Of(data::TypeKind::kReal)},
                                {"EVENT_TIME", Type::Timestamp()},
                                {"deviceId", Type::Varchar(20)},
                                {"QUANTITY", Type::Integer()},
                                {"TOTAL", Type::Bigint()},
                                {"COST", Type::Decimal(10, 2)},
                                {"FLAG", Type::Boolean()},
                                {"RATIO", Type::Double()}}};
  CompileInput input{.text = text, .options = options};
  input.inputs.push_back({"SOURCE_SQL_STREAM_001", ticker});
  input.inputs.push_back({"SOURCE_SQL_STREAM_002", ticker});
  input.tables.push_back({"CompanyName", {{{"Ticker", Type::Varchar(4)}, {"Company", Type::Varchar(20)}}}});
  input.tables.push_back({"LIMITS", {{{"SECTOR", Type::Varchar(16)}, {"HIGH", Type::Integer()}}}});
  return Compile(input);
}

// "line:column message; hint" of every diagnostic of the severity.
inline std::vector<std::string> Messages(std::string_view text, Severity severity, CompileOptions options = {}) {
  std::vector<std::string> messages;
  for (const Diagnostic& each : CompileForTest(text, options).diagnostics) {
    if (each.severity != severity) continue;
    const LineColumn place = Locate(text, each.range.begin);
    messages.push_back(
        StrCat(place.line, ":", place.column, " ", each.message, each.hint.empty() ? "" : StrCat("; ", each.hint)));
  }
  return messages;
}
inline std::vector<std::string> Errors(std::string_view text, CompileOptions options = {}) {
  return Messages(text, Severity::kError, options);
}
inline std::vector<std::string> Warnings(std::string_view text) { return Messages(text, Severity::kWarning); }

// The statement `SELECT ...` as it would stand alone, bound; fails the program when it is not legal.
inline PlanPtr QueryPlan(std::string_view text, CompileOptions options = {}) {
  CompileResult result = CompileForTest(text, options);
  for (const Diagnostic& each : result.diagnostics) {
    if (each.severity == Severity::kError) CheckFailed(Format(each, "test", text), "compile_for_test.h", 0);
  }
  TAILRACE_CHECK(!result.program.queries.empty());
  return std::move(result.program.queries.back());
}

// The operators right below one.
inline std::vector<const PlanNode*> Inputs(const PlanNode& plan) {
  return std::visit(
      [](const auto& node) -> std::vector<const PlanNode*> {
        using Node = std::remove_cvref_t<decltype(node)>;
        if constexpr (requires { node.inputs; }) {
          std::vector<const PlanNode*> inputs;
          for (const PlanPtr& input : node.inputs) inputs.push_back(input.get());
          return inputs;
        } else if constexpr (requires {
                               node.input;
                               node.relation;
                             }) {
          return {node.input.get(), node.relation.get()};
        } else if constexpr (requires { node.input; }) {
          return {node.input.get()};
        } else if constexpr (requires { node.left; }) {
          return {node.left.get(), node.right.get()};
        } else {
          static_assert(std::is_same_v<Node, StreamScan> || std::is_same_v<Node, TableScan> ||
                        std::is_same_v<Node, ValuesNode>);
          return {};
        }
      },
      plan.node);
}

// The first operator of a kind, from the top; null when there is none.
template <typename Node>
const Node* FindNode(const PlanNode& plan) {
  if (const auto* node = std::get_if<Node>(&plan.node)) return node;
  for (const PlanNode* input : Inputs(plan)) {
    if (const Node* node = FindNode<Node>(*input)) return node;
  }
  return nullptr;
}

// Types of the output's columns, in SQL.
inline std::vector<std::string> Types(const PlanNode& plan) {
  std::vector<std::string> types;
  for (const data::Field& field : plan.schema.fields) types.push_back(field.type.ToString());
  return types;
}
inline std::vector<std::string> Names(const PlanNode& plan) {
  std::vector<std::string> names;
  for (const data::Field& field : plan.schema.fields) names.push_back(field.name);
  return names;
}
// The type of one expression over SOURCE_SQL_STREAM_001, or the first error's message.
inline std::string TypeOf(std::string_view expression, CompileOptions options = {}) {
  const std::string text = StrCat("SELECT STREAM ", expression, " FROM SOURCE_SQL_STREAM_001");
  const CompileResult result = CompileForTest(text, options);
  for (const Diagnostic& each : result.diagnostics) {
    if (each.severity == Severity::kError) return each.message;
  }
  return Types(*result.program.queries.at(0)).at(0);
}
// The expression bound over SOURCE_SQL_STREAM_001, as text.
inline std::string BoundText(std::string_view expression) {
  const PlanPtr plan = QueryPlan(StrCat("SELECT STREAM ", expression, " FROM SOURCE_SQL_STREAM_001"));
  return ToString(*FindNode<Project>(*plan)->exprs.at(0));
}

}  // namespace tailrace::sql
