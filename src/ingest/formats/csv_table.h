#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/disk.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/ports.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::ingest {

inline constexpr uint64_t kTableBytesMax = 1 << 30;  // Of a reference table's file.

// A reference table's rows from the bytes of a file. In CSV the first row is a header when it names every column of the
// schema, in any order; else columns are positional. JSON: one object a row.
// Output  Columns of the schema; no ROWTIME.
// Errors  kInvalidArgument: the first row that does not fit. kLimitExceeded: kTableBytesMax.
Result<data::Batch> ReadTable(std::string_view bytes, const InputSchema& schema);

// A schema for such a file, from its header and values. Names stay as they are in the file.
// Errors  kInvalidArgument: no rows; a CSV file without a header.
Result<InputSchema> InferTableSchema(std::string_view bytes, std::string_view format);

// The file at `path`, read anew at every Read. Errors of Read: those of ReadTable and of the disk; kInvalidArgument
// when a column it is asked for is not in `schema`.
std::unique_ptr<data::TableReader> MakeFileTable(Disk& disk, std::string path, InputSchema schema);

}  // namespace tailrace::ingest
