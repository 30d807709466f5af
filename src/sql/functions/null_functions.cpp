#include "sql/functions/null_functions.h"

#include <algorithm>

#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;

Result<Resolution> ResolveCoalesce(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  Type common = args[0].type;
  for (const ArgInfo& arg : args.subspan(1)) {
    const auto wider = CommonType(common, arg.type);
    if (!wider) return CannotApply("COALESCE", args);
    common = *wider;
  }
  return Resolution{.kernel = &CoalesceKernel,
                    .result = common,
                    .arg_types = std::vector<Type>(args.size(), common),
                    .monotonicity = ConstantIfAll(args)};
}

// What = of the common type resolves to.
struct NullIfPrepared {
  Kernel equal;
};

ColumnPtr NullIfKernel(const KernelInput& input) {
  const auto& prepared = *static_cast<const NullIfPrepared*>(input.prepared);
  const Type boolean = Type::Boolean();
  const ColumnPtr equal = prepared.equal({.args = input.args,
                                          .rows = input.rows,
                                          .result_type = boolean,
                                          .prepared = nullptr,
                                          .context = input.context,
                                          .errors = input.errors});
  auto result = std::make_shared<Column>(*input.args[0]);
  for (size_t row = 0; row < input.rows; ++row) {
    if (equal->bools()[row] != 0 && !equal->null(row)) result->SetNull(row);
  }
  return result;
}

Result<Resolution> ResolveNullIf(std::span<const ArgInfo> args, const ast::Call& call) {
  const auto common = CommonType(args[0].type, args[1].type);
  if (!common) return CannotApply("NULLIF", args);
  const std::vector<ArgInfo> compared(2, ArgInfo{.type = *common});
  TAILRACE_ASSIGN_OR_RETURN(const Resolution equal, BuiltinFunctions().Find("=")->resolve(compared, call));
  return Resolution{.kernel = &NullIfKernel,
                    .result = *common,
                    .arg_types = {*common, *common},
                    .monotonicity = ConstantIfAll(args),
                    .prepared = std::make_shared<NullIfPrepared>(equal.kernel)};
}

}  // namespace

ColumnPtr CoalesceKernel(const KernelInput& input) {
  for (const ColumnPtr& arg : input.args.first(input.args.size() - 1)) {
    if (arg->validity().all_valid()) return arg;
  }
  auto result = std::make_shared<Column>(input.result_type);
  for (size_t row = 0; row < input.rows; ++row) {
    const auto found = std::ranges::find_if(input.args, [row](const ColumnPtr& arg) { return !arg->null(row); });
    found == input.args.end() ? result->AppendNull() : result->AppendFrom(**found, row);
  }
  return result;
}

void RegisterNullFunctions(FunctionRegistry& registry) {
  constexpr int kArgsMax = 1'000;
  registry.Add({.name = "COALESCE",
                .family = "null",
                .syntax = "COALESCE(a, b, ...)",
                .summary = "The first argument that is not NULL; NULL when all are. Later arguments are evaluated only "
                           "where they are needed.",
                .examples = {{"COALESCE(NULL, 'b', 'c')", "b"}, {"COALESCE(5, 1 / 0)", "5"}},
                .args_min = 1,
                .args_max = kArgsMax,
                .resolve = &ResolveCoalesce});
  registry.Add({.name = "NULLIF",
                .family = "null",
                .syntax = "NULLIF(a, b)",
                .summary = "NULL when a = b, else a.",
                .examples = {{"NULLIF(4, 4)", "NULL"}, {"NULLIF(4, 2)", "4"}, {"NULLIF('-', 'x')", "-"}},
                .args_min = 2,
                .args_max = 2,
                .resolve = &ResolveNullIf});
}

}  // namespace tailrace::sql
