#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

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

// What decoders gave of the records of several in-application input streams up to one moment, for one push.
class DecodedTogether {
 public:
  // `records`: those of `input` that the decoder was given.
  void Add(int input, int stream, const ingest::Decoded& decoded, std::span<const data::Record> records) {
    if (decoded.batch.rows() > 0) batches_.push_back({.stream = stream, .rows = decoded.batch});
    for (const ingest::DecodeError& error : decoded.errors) {
      const data::Record& record = records[error.record];
      errors_.emplace(Place(record.arrival_unix_ms, input, record.shard, record.sequence),
                      engine::RowError{.name = std::string(error.name),
                                       .message = error.message,
                                       .row_bytes = error.bytes,
                                       .rowtime_unix_ms = record.arrival_unix_ms,
                                       .pump = {}});
    }
  }
  // To any number of jobs. No record before `bound_unix_ms` follows.
  Status Push(engine::Job& job, int64_t bound_unix_ms) const {
    for (const auto& [place, error] : errors_) job.ReportError(error);
    return job.PushTogether(batches_, FromUnixMs(bound_unix_ms));
  }
  uint64_t errors() const { return errors_.size(); }

 private:
  using Place = std::tuple<int64_t, int, uint32_t, uint64_t>;  // Arrival, input, shard, sequence: the order of records.

  std::vector<engine::Job::StreamRows> batches_;
  std::multimap<Place, engine::RowError> errors_;
};

}  // namespace tailrace::app
