#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "ingest/formats/discover.h"

namespace tailrace::app {

// The column that tells when a row happened: the first TIMESTAMP, else the first text or number that samples show to
// be a time. Nothing when there is none.
std::optional<size_t> FindTimeColumn(const ingest::Discovery& discovery);

// Whether values of this type can be times at all.
bool CanBeTime(const data::Type& type);

// The times of a column's rows in ms since 1970 UTC: TIMESTAMP, numbers in seconds or milliseconds, ISO 8601 and access
// log text. A row without a readable time has that of the row before it, the first one `before`.
std::vector<int64_t> TimesOf(const data::Column& column, int64_t before);

}  // namespace tailrace::app
