#pragma once

#include <span>

#include "base/result.h"
#include "engine/job.h"
#include "ingest/formats/decoder.h"

namespace tailrace::app {

// Walks what a decoder gave in the order of the records: `push_rows(first, end)` for rows, `report(error)` for records
// that gave none. So the error stream does not depend on how records were cut into batches.
template <typename PushRows, typename Report>
Status ForEachPiece(const ingest::Decoded& decoded, std::span<const data::Record> records, PushRows push_rows,
                    Report report) {
  size_t row = 0;
  const size_t rows = decoded.batch.rows();
  for (const ingest::DecodeError& error : decoded.errors) {
    size_t end = row;
    while (end < rows && decoded.record_of_row[end] < error.record) ++end;
    if (end > row) TAILRACE_TRY(push_rows(row, end));
    row = end;
    report(engine::RowError{.name = std::string(error.name),
                            .message = error.message,
                            .row_bytes = error.bytes,
                            .rowtime_unix_ms = records[error.record].arrival_unix_ms,
                            .pump = {}});
  }
  return row < rows ? push_rows(row, rows) : Ok();
}

}  // namespace tailrace::app
