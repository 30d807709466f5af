#include "app/reference_table.h"

#include "base/str.h"
#include "ingest/formats/csv_table.h"

namespace tailrace::app {
namespace {

class FileSource final : public ReferenceSource {
 public:
  FileSource(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  Result<std::string> Version() override {
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk_.Stat(path_));
    return StrCat(info.inode, " ", info.size_bytes, " ", ToUnixMs(info.modified));
  }
  Result<std::string> Read() override { return ReadFile(disk_, path_); }

 private:
  Disk& disk_;
  const std::string path_;
};

}  // namespace

Result<std::unique_ptr<ReferenceSource>> OpenReferenceSource(Disk& disk, const std::string& location) {
  const size_t scheme = location.find("://");
  if (scheme != std::string::npos) {
    return Error{ErrorCode::kUnsupported,
                 StrCat(location, ": reference tables come from files, not from ", location.substr(0, scheme))};
  }
  return std::make_unique<FileSource>(disk, location);
}

Result<ReferenceTable> LoadReferenceTable(Disk& disk, const std::string& location,
                                          const std::vector<ingest::InputColumn>& columns) {
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<ReferenceSource> source, OpenReferenceSource(disk, location));
  TAILRACE_ASSIGN_OR_RETURN(const std::string bytes, source->Read());
  const bool json = location.ends_with(".json") || location.ends_with(".ndjson") || location.ends_with(".jsonl");
  ingest::InputSchema schema{.format = json ? "json" : "csv", .columns = columns};
  if (columns.empty()) {
    auto inferred = ingest::InferTableSchema(bytes, schema.format);
    if (!inferred.ok()) return std::move(inferred).error().Context(location);
    schema = std::move(inferred).value();
  }
  auto rows = ingest::ReadTable(bytes, schema);
  if (!rows.ok()) return std::move(rows).error().Context(location);
  return ReferenceTable{schema.ToSchema(), std::move(rows).value()};
}

}  // namespace tailrace::app
