#pragma once

#include <memory>
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

// Where the content of one reference table is kept.
class ReferenceSource {
 public:
  virtual ~ReferenceSource() = default;
  // A text that differs whenever the content may: of a file from its inode, size and time.
  virtual Result<std::string> Version() = 0;
  virtual Result<std::string> Read() = 0;
};

// `location`: a path. Further kinds are told by their scheme ("s3://...") and come here.
// Errors  kUnsupported: a scheme that is not known.
Result<std::unique_ptr<ReferenceSource>> OpenReferenceSource(Disk& disk, const std::string& location);

// A reference table from its source: JSON lines when the name ends in .json, .ndjson or .jsonl, else CSV. Without
// `columns` names and types are found from the file.
// Errors  kNotFound, kInvalidArgument with the location.
Result<ReferenceTable> LoadReferenceTable(Disk& disk, const std::string& location,
                                          const std::vector<ingest::InputColumn>& columns);

}  // namespace tailrace::app
