#pragma once

#include <memory>

#include "base/result.h"
#include "ingest/formats/decoder.h"

namespace tailrace::ingest {

// Access logs as web servers write them, one or several lines a record: columns are fields by name (log_line.h).
// A field that is "-" is NULL. A TIMESTAMP column takes the line's time in UTC. Escapes are undone.
// Errors: kInvalidArgument: a column that is no field.
Result<std::unique_ptr<Decoder>> MakeCommonLogDecoder(const InputSchema& schema, UsedColumns used);
Result<std::unique_ptr<Decoder>> MakeCombinedLogDecoder(const InputSchema& schema, UsedColumns used);

}  // namespace tailrace::ingest
