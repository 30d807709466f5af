#pragma once

#include "data/column.h"

namespace tailrace::engine {

// The order of two rows of a column: below, above or equal to zero. NULL comes before every value.
int CompareRows(const data::Column& column, size_t a, size_t b);

}  // namespace tailrace::engine
