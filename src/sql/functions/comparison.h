#pragma once

#include "sql/functions/function.h"

namespace tailrace::sql {

enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

// Order of two texts as if the shorter one were padded with blanks: how CHAR compares.
int ComparePadded(std::string_view a, std::string_view b);

void RegisterComparisonOperators(FunctionRegistry& registry);

}  // namespace tailrace::sql
