#pragma once

#include <string_view>

#include "base/result.h"
#include "data/batch.h"

namespace tailrace::sink {

// The row that data::RowWriter wrote as JSON, as a batch of one row without ROWTIME. Absent members are NULL; numbers
// keep all their digits, and may stand in quotes.
// Errors: kInvalidArgument: not an object, a value that is not of its column's type.
Result<data::Batch> RowFromJson(const data::Schema& schema, std::string_view json);

}  // namespace tailrace::sink
