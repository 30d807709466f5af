#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// REGEX_LOG_PARSE, FAST_REGEX_LOG_PARSE (also ..._PARSER), FIXED_COLUMN_LOG_PARSE, VARIABLE_COLUMN_LOG_PARSE,
// SYS_LOG_PARSE, W3C_LOG_PARSE.
void RegisterLogFunctions(FunctionRegistry& registry);

}  // namespace tailrace::sql
