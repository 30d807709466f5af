#pragma once

#include <string>

#include "data/batch.h"

namespace tailrace::engine {

// A row as outputs write it: {"NAME":value,...} in the schema's order. Hidden columns and those that the batch lacks
// are left out.
std::string RowToJson(const data::Schema& schema, const data::Batch& batch, size_t row);

}  // namespace tailrace::engine
