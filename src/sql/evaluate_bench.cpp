#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/rng.h"
#include "sql/compile.h"
#include "sql/evaluate.h"

// Reports rows/s of single expressions over a stream's columns: parsed, bound and evaluated as in an application.
// Values uniform, seed 1; times ascend by 3 ms a row.

namespace tailrace::sql {
namespace {

data::Schema Columns() {
  return {{{.name = "N", .type = data::Type::Bigint()},
           {.name = "D", .type = data::Type::Double()},
           {.name = "T", .type = data::Type::Timestamp()},
           {.name = "S", .type = data::Type::Varchar(64)},
           {.name = "C", .type = data::Type::Varchar(64)}}};
}

data::Batch MakeBatch(size_t rows) {
  Rng rng(1);
  const data::Schema schema = Columns();
  std::vector<std::shared_ptr<data::Column>> columns;
  for (const data::Field& field : schema.fields) columns.push_back(std::make_shared<data::Column>(field.type));
  auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
  for (size_t row = 0; row < rows; ++row) {
    const int64_t unix_ms = 1'700'000'000'000 + static_cast<int64_t>(row) * 3;
    rowtimes->AppendInt64(unix_ms);
    columns[0]->AppendInt64(static_cast<int64_t>(rng.Below(1'000'000)));
    columns[1]->AppendDouble(rng.Uniform());
    columns[2]->AppendInt64(unix_ms);
    columns[3]->AppendText(rng.Chance(0.5) ? "GET /cart/add?item=1234" : "POST /checkout/payment/confirm");
    columns[4]->AppendText("24/May/2004:22:01:02 -0700");
  }
  return {.rowtimes = rowtimes, .columns = {columns.begin(), columns.end()}};
}

// The expression of the pump's only column.
const BoundExpr* Bind(const CompileResult& compiled) {
  TAILRACE_CHECK(compiled.ok());
  const auto* project = std::get_if<Project>(&compiled.program.pumps.at(0).plan->node);
  TAILRACE_CHECK(project != nullptr);
  return project->exprs.at(0).get();
}

void Expression(benchmark::State& state, const std::string& expression, const std::string& type) {
  const std::string text = "CREATE STREAM out_stream (x " + type +
                           "); CREATE PUMP p AS INSERT INTO out_stream SELECT STREAM " + expression + " FROM s;";
  const CompileResult compiled = Compile({.text = text, .inputs = {{.name = "S", .schema = Columns()}}});
  const BoundExpr& expr = *Bind(compiled);
  const auto rows = static_cast<size_t>(state.range(0));
  const data::Batch batch = MakeBatch(rows);
  RowErrors errors;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(Evaluate(expr, batch, {}, errors));
  TAILRACE_CHECK(errors.empty());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

#define EXPRESSION(name, text, type) BENCHMARK_CAPTURE(Expression, name, text, type)->ArgName("rows")->Arg(1)->Arg(1024)

EXPRESSION(compare_bigint, "n > 500000", "BOOLEAN");
EXPRESSION(add_bigint, "n + 1", "BIGINT");
EXPRESSION(multiply_double, "d * 2.5e0", "DOUBLE");
EXPRESSION(step, "STEP(t BY INTERVAL '10' SECOND)", "TIMESTAMP");
EXPRESSION(equal_text, "s = 'GET /cart/add?item=1234'", "BOOLEAN");
EXPRESSION(like_prefix, "s LIKE 'GET %'", "BOOLEAN");
EXPRESSION(like_contains, "s LIKE '%checkout%'", "BOOLEAN");
EXPRESSION(char_to_timestamp, "CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ss z', c)", "TIMESTAMP");
EXPRESSION(case_two_branches, "CASE WHEN n > 500000 THEN n - 500000 ELSE 0 END", "BIGINT");
EXPRESSION(filter_of_three, "n > 500000 AND d < 0.5e0 AND s LIKE '%cart%'", "BOOLEAN");
EXPRESSION(substring, "SUBSTRING(s FROM 5 FOR 10)", "VARCHAR(64)");
EXPRESSION(upper, "UPPER(s)", "VARCHAR(64)");

}  // namespace
}  // namespace tailrace::sql
