#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// NOT, IS NULL, IS TRUE, IS FALSE, IS UNKNOWN.
void RegisterLogicOperators(FunctionRegistry& registry);

}  // namespace tailrace::sql
