#pragma once

#include "sql/functions/function.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {

// The loop for a op b on numbers; `result` is ArithmeticType of the two. Integers and decimals come as they are, for an
// approximate result both arguments are DOUBLE or REAL.
// Errors  per row: NUMERIC_OVERFLOW, DIVISION_BY_ZERO.
Kernel NumericKernel(ArithmeticOp op, const data::Type& result);

// The same for 64-bit values of any type: interval with interval, TIMESTAMP with day-time interval, interval with
// integer.
Kernel Int64Kernel(ArithmeticOp op);

void RegisterArithmeticOperators(FunctionRegistry& registry);

}  // namespace tailrace::sql
