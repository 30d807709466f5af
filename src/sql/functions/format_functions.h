#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// CHAR_TO_TIMESTAMP, CHAR_TO_DATE, CHAR_TO_TIME, TIMESTAMP_TO_CHAR, DATE_TO_CHAR, TIME_TO_CHAR.
void RegisterFormatFunctions(FunctionRegistry& registry);

}  // namespace tailrace::sql
