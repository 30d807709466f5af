#pragma once

#include <string>

#include "base/result.h"
#include "data/ports.h"
#include "table/table_store.h"

namespace tailrace::sink {

// The last ordinal that a sink took, kept among the table store's notes. 0: none yet.
Result<data::Ordinal> LoadLastOrdinal(const table::TableStore& store, const std::string& sink);
void StoreLastOrdinal(table::Changes& changes, const std::string& sink, data::Ordinal ordinal);

}  // namespace tailrace::sink
