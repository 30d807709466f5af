#pragma once

#include <memory>

#include "base/result.h"
#include "ingest/formats/decoder.h"

namespace tailrace::ingest {

// Rows of delimited fields, one or several a record. Columns are positional; surplus fields are ignored, missing ones
// and empty unquoted fields of columns that are not text are NULL. Invalid UTF-8 is replaced.
// Errors: kInvalidArgument: an empty delimiter.
Result<std::unique_ptr<Decoder>> MakeCsvDecoder(const InputSchema& schema, UsedColumns used);

}  // namespace tailrace::ingest
