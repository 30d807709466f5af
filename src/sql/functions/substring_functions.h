#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

// SUBSTRING(s, n [, m]), SUBSTRING_FROM for SUBSTRING(s FROM n [FOR m]) and SUBSTRING(s FROM 'regex'),
// SUBSTRING_SIMILAR, REGEX_REPLACE.
void RegisterSubstringFunctions(FunctionRegistry& registry);

}  // namespace tailrace::sql
