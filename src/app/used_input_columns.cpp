#include "app/used_input_columns.h"

#include <algorithm>

#include "sql/used_columns.h"

namespace tailrace::app {

ingest::UsedColumns UsedInputColumns(const Definition& definition, const InputConfig& config,
                                     std::span<const int> streams) {
  ingest::UsedColumns used(config.schema.columns.size() + ingest::kMetadataColumns, false);
  for (const int stream : streams) {
    const std::vector<bool> looked_at = sql::UsedColumns(*definition.program, stream);
    const std::string& name = definition.program->streams[static_cast<size_t>(stream)].name;
    const bool whole =
        std::ranges::any_of(definition.config.outputs, [&](const OutputConfig& output) { return output.from == name; });
    for (size_t i = 0; i < used.size(); ++i) {
      const bool may_fail = i < config.schema.columns.size() && !config.schema.columns[i].type.is_character();
      used[i] = used[i] || whole || may_fail || (i < looked_at.size() && looked_at[i]);
    }
  }
  return used;
}

}  // namespace tailrace::app
