#include "app/reference_table.h"

#include <algorithm>

#include "base/str.h"
#include "ingest/formats/csv_table.h"
#include "sink/delivery/s3_store.h"

namespace tailrace::app {
namespace {

class FileReference final : public ReferenceSource {
 public:
  FileReference(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  Result<std::optional<ReferenceContent>> Read(const std::string& known_version) override {
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk_.Stat(path_));
    ReferenceContent content{.version = StrCat(info.inode, " ", info.size_bytes, " ", ToUnixMs(info.modified))};
    if (content.version == known_version) return std::optional<ReferenceContent>();
    if (info.size_bytes > ingest::kTableBytesMax) {
      return Error{ErrorCode::kLimitExceeded, StrCat(path_, ": ", FormatBytes(info.size_bytes), ", a table may have ",
                                                     FormatBytes(ingest::kTableBytesMax))};
    }
    TAILRACE_ASSIGN_OR_RETURN(content.bytes, ReadFile(disk_, path_));
    return std::optional<ReferenceContent>(std::move(content));
  }

 private:
  Disk& disk_;
  const std::string path_;
};

class ObjectReference final : public ReferenceSource {
 public:
  ObjectReference(const ReferenceObject& object, Net& net, const Clock& clock)
      : key_(object.key), client_(object.bucket, net, clock) {}

  Result<std::optional<ReferenceContent>> Read(const std::string& known_version) override {
    TAILRACE_ASSIGN_OR_RETURN(auto object, client_.Get(key_, known_version, ingest::kTableBytesMax));
    if (!object.has_value()) return std::optional<ReferenceContent>();
    return std::optional<ReferenceContent>({.version = std::move(object->etag), .bytes = std::move(object->bytes)});
  }

 private:
  const std::string key_;
  sink::delivery::S3Client client_;
};

}  // namespace

std::unique_ptr<ReferenceSource> MakeFileReference(Disk& disk, std::string path) {
  return std::make_unique<FileReference>(disk, std::move(path));
}

std::unique_ptr<ReferenceSource> MakeObjectReference(const ReferenceObject& object, Net& net, const Clock& clock) {
  return std::make_unique<ObjectReference>(object, net, clock);
}

std::string ReferencePlace(const ReferenceTableConfig& config, const std::string& folder) {
  if (!config.object.has_value()) return ResolvePath(folder, config.file);
  return StrCat("s3://", config.object->bucket.bucket, "/", config.object->key);
}

Result<ReferenceTable> LoadReferenceFile(Disk& disk, const std::string& path, ingest::InputSchema schema) {
  TAILRACE_ASSIGN_OR_RETURN(const auto content, FileReference(disk, path).Read(""));
  if (schema.columns.empty()) {
    auto inferred = ingest::InferTableSchema(content->bytes, schema.format);
    if (!inferred.ok()) return std::move(inferred).error().Context(path);
    schema = std::move(inferred).value();
  }
  auto rows = ingest::ReadTable(content->bytes, schema);
  if (!rows.ok()) return std::move(rows).error().Context(path);
  return ReferenceTable{schema.ToSchema(), std::move(rows).value(), content->version};
}

Result<ReferenceTable> LoadReferenceFile(Disk& disk, const std::string& path) {
  const bool json = path.ends_with(".json") || path.ends_with(".ndjson") || path.ends_with(".jsonl");
  return LoadReferenceFile(disk, path, {.format = json ? "json" : "csv"});
}

Status FetchReferenceObjects(std::vector<Definition>& definitions, Net& net, const Clock& clock) {
  std::vector<std::pair<ReferenceTableConfig, data::Batch>> read;
  for (Definition& definition : definitions) {
    for (size_t i = 0; i < definition.config.reference_tables.size(); ++i) {
      const ReferenceTableConfig& config = definition.config.reference_tables[i];
      if (!config.object.has_value()) continue;
      auto known = std::ranges::find_if(read, [&](const auto& entry) {
        return entry.first.object == config.object && entry.first.schema == config.schema;
      });
      if (known == read.end()) {
        const auto content = MakeObjectReference(*config.object, net, clock)->Read("");
        if (!content.ok()) return Error(content.error()).Context("reference table " + config.name);
        auto rows = ingest::ReadTable((*content)->bytes, config.schema);
        if (!rows.ok()) return std::move(rows).error().Context("reference table " + config.name);
        known = read.insert(read.end(), {config, std::move(rows).value()});
      }
      definition.tables[i] = known->second;
    }
  }
  return Ok();
}

}  // namespace tailrace::app
