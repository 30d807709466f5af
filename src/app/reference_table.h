#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/definition.h"
#include "base/disk.h"
#include "base/net.h"
#include "base/result.h"
#include "data/batch.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::app {

struct ReferenceContent {
  std::string
      version;  // Differs whenever the bytes may: of a file from its inode, size and time; of an object its ETag.
  std::string bytes;
};

// Where the content of one reference table is kept.
class ReferenceSource {
 public:
  virtual ~ReferenceSource() = default;
  // Nothing when it still is of `known_version`. It may block for as long as the network does.
  virtual Result<std::optional<ReferenceContent>> Read(const std::string& known_version) = 0;
};

// `disk`, `net` and `clock` are borrowed.
std::unique_ptr<ReferenceSource> MakeFileReference(Disk& disk, std::string path);
std::unique_ptr<ReferenceSource> MakeObjectReference(const ReferenceObject& object, Net& net, const Clock& clock);

// What messages call the place: the path, "s3://bucket/key".
std::string ReferencePlace(const ReferenceTableConfig& config, const std::string& folder);

struct ReferenceTable {
  data::Schema schema;
  data::Batch rows;
  std::string version;
};

// The rows of a file. Without columns in `schema` names and types are found from the file.
// Errors  kNotFound, kInvalidArgument with the path.
Result<ReferenceTable> LoadReferenceFile(Disk& disk, const std::string& path, ingest::InputSchema schema);
// Of a file on a command line: JSON lines when the name ends in .json, .ndjson or .jsonl, else CSV.
Result<ReferenceTable> LoadReferenceFile(Disk& disk, const std::string& path);

// Puts the rows of objects into the definitions' tables, for runs that do not watch them. Each object is read once.
// Errors  Those of S3Client::Get and ingest::ReadTable, with the table's name.
Status FetchReferenceObjects(std::vector<Definition>& definitions, Net& net, const Clock& clock);

}  // namespace tailrace::app
