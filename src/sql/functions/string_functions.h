#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// CHAR_LENGTH, CHARACTER_LENGTH, OCTET_LENGTH, LOWER, UPPER, INITCAP, OVERLAY, POSITION, TRIM.
void RegisterStringFunctions(FunctionRegistry& registry);

}  // namespace tailrace::sql
