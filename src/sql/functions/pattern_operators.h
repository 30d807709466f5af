#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// ||, LIKE, SIMILAR TO.
void RegisterPatternOperators(FunctionRegistry& registry);

}  // namespace tailrace::sql
