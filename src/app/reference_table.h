#pragma once

#include <string>
#include <vector>

#include "base/disk.h"
#include "base/result.h"
#include "data/batch.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::app {

struct ReferenceTable {
  data::Schema schema;
  data::Batch rows;
};

// A reference table from a file: JSON lines when the name ends in .json, .ndjson or .jsonl, else CSV. Without
// `columns` names and types are found from the file.
// Errors  kNotFound, kInvalidArgument with the path.
Result<ReferenceTable> LoadReferenceTable(Disk& disk, const std::string& path,
                                          const std::vector<ingest::InputColumn>& columns);

}  // namespace tailrace::app
