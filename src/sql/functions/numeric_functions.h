#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// ABS, CEIL, CEILING, FLOOR, EXP, LN, LOG10, MOD, POWER, SQRT, SIGN, ROUND, TRUNCATE.
void RegisterNumericFunctions(FunctionRegistry& registry);

}  // namespace tailrace::sql
