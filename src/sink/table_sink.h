#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "sink/environment.h"
#include "sink/item_mapping.h"

namespace tailrace::sink {

struct TableSinkConfig {
  std::string name;     // Unique among all sinks of the data folder: the ordinal and the dead letters go by it.
  std::string table;    // Must exist.
  data::Schema schema;  // Of the rows.
  std::vector<AttributeRule> item;  // Empty: one attribute a column.
};

// Puts rows into a keyed table: an item replaces the one of the same key, so the last row wins. Rows, the last ordinal
// and the dead letters of a call are stored together.
//
// Errors  kInvalidArgument: mapping, also when it does not make the table's key. kNotFound: table.
Result<std::unique_ptr<RedrivableSink>> MakeTableSink(const TableSinkConfig& config, Environment& environment,
                                                      OriginLookup origin = {});

}  // namespace tailrace::sink
