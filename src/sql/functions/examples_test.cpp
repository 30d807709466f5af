#include <gtest/gtest.h>

#include "data/text.h"
#include "sql/compile.h"
#include "sql/function_documents.h"
#include "sql/functions/function.h"

// Every function's examples are true, and every function has some.

namespace tailrace::sql {
namespace {

// "NULL", "ERROR", the text that CAST(... AS VARCHAR) prints, or why the expression does not compile.
std::string Outcome(const std::string& expression) {
  const std::string program = "VALUES (" + expression + ")";
  CompileResult compiled = Compile({.text = program});
  if (!compiled.ok()) return compiled.diagnostics[0].message;
  const auto* values = std::get_if<ValuesNode>(&compiled.program.queries.at(0)->node);
  if (values == nullptr) return "not a constant query";
  const BoundExpr& expr = *values->rows.at(0).at(0);
  data::Batch batch;
  batch.rowtimes = data::Column::MakeConstant(data::Type::Timestamp(), int64_t{0}, 1);
  RowErrors errors;
  constexpr int64_t kNowUnixMs = 1'717'200'000'000;  // 2024-06-01
  const EvalContext context{.query_start_unix_ms = kNowUnixMs, .now_unix_ms = kNowUnixMs};
  const data::ColumnPtr column = Evaluate(expr, batch, context, errors);
  if (!errors.empty()) return "ERROR";
  return column->null(0) ? "NULL" : data::ToSqlText(expr.type, column->ValueAt(0));
}

TEST(FunctionExamplesTest, AreTrue) {
  for (const FunctionDocument& function : FunctionDocuments()) {
    for (const FunctionExample& example : function.examples) {
      EXPECT_EQ(Outcome(example.sql), example.result) << function.name << ": " << example.sql;
    }
  }
}

TEST(FunctionExamplesTest, DocumentEveryFunction) {
  for (const auto& [name, function] : BuiltinFunctions().all()) {
    EXPECT_FALSE(function.summary.empty()) << name;
    EXPECT_FALSE(function.syntax.empty()) << name;
    EXPECT_FALSE(function.family.empty()) << name;
    EXPECT_LE(function.args_min, function.args_max) << name;
    EXPECT_TRUE(function.family == "log parsing" || !function.examples.empty()) << name;
  }
}

}  // namespace
}  // namespace tailrace::sql
