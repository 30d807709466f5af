#include "app/reference_table.h"

#include "ingest/formats/csv_table.h"

namespace tailrace::app {

Result<ReferenceTable> LoadReferenceTable(Disk& disk, const std::string& path,
                                          const std::vector<ingest::InputColumn>& columns) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(disk, path));
  const bool json = path.ends_with(".json") || path.ends_with(".ndjson") || path.ends_with(".jsonl");
  ingest::InputSchema schema{.format = json ? "json" : "csv", .columns = columns};
  if (columns.empty()) {
    auto inferred = ingest::InferTableSchema(bytes, schema.format);
    if (!inferred.ok()) return std::move(inferred).error().Context(path);
    schema = std::move(inferred).value();
  }
  auto rows = ingest::ReadTable(bytes, schema);
  if (!rows.ok()) return std::move(rows).error().Context(path);
  return ReferenceTable{schema.ToSchema(), std::move(rows).value()};
}

}  // namespace tailrace::app
