#include "sql/functions/function.h"

#include "base/check.h"
#include "sql/functions/arithmetic.h"
#include "sql/functions/comparison.h"
#include "sql/functions/datetime_functions.h"
#include "sql/functions/format_functions.h"
#include "sql/functions/log_functions.h"
#include "sql/functions/logic.h"
#include "sql/functions/null_functions.h"
#include "sql/functions/numeric_functions.h"
#include "sql/functions/pattern_operators.h"
#include "sql/functions/string_functions.h"
#include "sql/functions/substring_functions.h"

namespace tailrace::sql {
namespace {

FunctionRegistry MakeBuiltinFunctions() {
  FunctionRegistry registry;
  RegisterArithmeticOperators(registry);
  RegisterComparisonOperators(registry);
  RegisterLogicOperators(registry);
  RegisterPatternOperators(registry);
  RegisterDatetimeFunctions(registry);
  RegisterFormatFunctions(registry);
  RegisterNullFunctions(registry);
  RegisterNumericFunctions(registry);
  RegisterStringFunctions(registry);
  RegisterSubstringFunctions(registry);
  RegisterLogFunctions(registry);
  return registry;
}

}  // namespace

void FunctionRegistry::Add(FunctionDef definition) {
  TAILRACE_CHECK(definition.resolve != nullptr);
  std::string name = definition.name;
  const bool added = functions_.emplace(std::move(name), std::move(definition)).second;
  TAILRACE_CHECK(added);
}

const FunctionDef* FunctionRegistry::Find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

const FunctionRegistry& BuiltinFunctions() {
  static const FunctionRegistry registry = MakeBuiltinFunctions();
  return registry;
}

}  // namespace tailrace::sql
