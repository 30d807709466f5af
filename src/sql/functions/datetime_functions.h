#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// EXTRACT, FLOOR_TO, CEIL_TO, STEP, TSDIFF, UNIX_TIMESTAMP, TO_TIMESTAMP.
void RegisterDatetimeFunctions(FunctionRegistry& registry);

}  // namespace tailrace::sql
