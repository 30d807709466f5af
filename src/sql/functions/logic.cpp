#include "sql/functions/logic.h"

#include "sql/functions/lift.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

bool Not(bool value) { return !value; }

Result<Resolution> ResolveNot(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (TypeOr(args[0], Type::Boolean()).kind != TypeKind::kBoolean) return CannotApply("NOT", args);
  return Resolution{.kernel = Lift<&Not>(),
                    .result = Type::Boolean(),
                    .arg_types = {Type::Boolean()},
                    .monotonicity = ConstantIfAll(args)};
}

ColumnPtr IsNullKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(Type::Boolean(), input.rows);
  const Column& argument = *input.args[0];
  if (argument.type().kind != TypeKind::kNull && argument.validity().all_valid()) return result;
  const auto out = result->mutable_bools();
  for (size_t row = 0; row < input.rows; ++row) out[row] = argument.null(row) ? 1 : 0;
  return result;
}

Result<Resolution> ResolveIsNull(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  return Resolution{.kernel = &IsNullKernel,
                    .result = Type::Boolean(),
                    .arg_types = {args[0].type},
                    .nullable = false,
                    .monotonicity = ConstantIfAll(args)};
}

// Value and validity are what is asked for.
template <bool kValue>
ColumnPtr IsTruthKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(Type::Boolean(), input.rows);
  const auto values = input.args[0]->bools();
  const data::Validity& validity = input.args[0]->validity();
  const auto out = result->mutable_bools();
  for (size_t row = 0; row < input.rows; ++row) out[row] = (values[row] != 0) == kValue && validity.valid(row) ? 1 : 0;
  return result;
}

void AddTruthTest(FunctionRegistry& registry, std::string name, Kernel kernel, std::string summary,
                  std::vector<FunctionExample> examples) {
  registry.Add(
      {.name = name,
       .family = "operator",
       .syntax = "a IS [NOT] " + name.substr(3),
       .summary = std::move(summary),
       .examples = std::move(examples),
       .args_min = 1,
       .args_max = 1,
       .resolve = [name, kernel](std::span<const ArgInfo> args, const ast::Call& /*call*/) -> Result<Resolution> {
         if (TypeOr(args[0], Type::Boolean()).kind != TypeKind::kBoolean) return CannotApply(name, args);
         return Resolution{.kernel = kernel,
                           .result = Type::Boolean(),
                           .arg_types = {Type::Boolean()},
                           .nullable = false,
                           .monotonicity = ConstantIfAll(args)};
       }});
}

}  // namespace

void RegisterLogicOperators(FunctionRegistry& registry) {
  registry.Add({.name = "NOT",
                .family = "operator",
                .syntax = "NOT a",
                .summary = "TRUE for FALSE, FALSE for TRUE, UNKNOWN for UNKNOWN.",
                .examples = {{"NOT TRUE", "FALSE"}, {"NOT UNKNOWN IS TRUE", "FALSE"}, {"NOT UNKNOWN", "NULL"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveNot});
  registry.Add({.name = "IS NULL",
                .family = "operator",
                .syntax = "a IS [NOT] NULL",
                .summary = "Whether a has no value.",
                .examples = {{"NULL IS NULL", "TRUE"}, {"'' IS NULL", "FALSE"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveIsNull});
  AddTruthTest(registry, "IS TRUE", &IsTruthKernel<true>, "TRUE when a is TRUE, else FALSE.",
               {{"(1 = 1) IS TRUE", "TRUE"}, {"UNKNOWN IS TRUE", "FALSE"}});
  AddTruthTest(registry, "IS FALSE", &IsTruthKernel<false>, "TRUE when a is FALSE, else FALSE.",
               {{"(1 = 2) IS FALSE", "TRUE"}, {"UNKNOWN IS FALSE", "FALSE"}});
  AddTruthTest(registry, "IS UNKNOWN", &IsNullKernel, "TRUE when a is neither TRUE nor FALSE.",
               {{"(1 = NULL) IS UNKNOWN", "TRUE"}, {"TRUE IS UNKNOWN", "FALSE"}});
}

}  // namespace tailrace::sql
