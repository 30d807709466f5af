#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// The first argument that is not NULL. Evaluate knows this kernel and evaluates each argument only for the rows that
// are still without a value, so that COALESCE(x, 1 / 0) fails for no row that has an x.
data::ColumnPtr CoalesceKernel(const KernelInput& input);

// COALESCE, NULLIF.
void RegisterNullFunctions(FunctionRegistry& registry);

}  // namespace tailrace::sql
