#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/batch.h"

namespace tailrace::data {

// Number of the last row of an in-application stream, counted from 1 since the application began. The same row has the
// same ordinal in every run over the same records: sinks recognise by it what they already took.
using Ordinal = uint64_t;

// Where rows of one in-application stream go. One owner thread.
class Sink {
 public:
  virtual ~Sink() = default;
  // Takes rows first_ordinal, first_ordinal + 1, ... and stores their effect together with the last ordinal in one
  // transaction. Rows up to `last_ordinal()` are skipped, so a replay is harmless.
  // A row the sink cannot take goes to its dead letters and counts as taken.
  // Errors: kUnavailable, kTimeout: nothing was stored, call again later. Others stop the output and are shown.
  virtual Status Write(const Batch& batch, Ordinal first_ordinal) = 0;
  // After Ok all rows taken are durable. Nothing else is: after a crash, rows taken later come again. A checkpoint
  // behind them is made only when this has been. Errors: as for Write; call again later.
  virtual Status Settle() { return Ok(); }
  virtual Ordinal last_ordinal() const = 0;
};

// A finite relation for joins: a CSV or JSON file, replaced whole.
class TableReader {
 public:
  virtual ~TableReader() = default;
  virtual Result<Batch> Read(const Schema& schema) = 0;
};

// One raw record of a stream on its way into SQL. Views are valid until the decoder's call returns.
struct Record {
  std::string_view data;
  std::string_view partition_key;
  int64_t arrival_unix_ms = 0;
  uint64_t sequence = 0;  // Within its shard.
  uint32_t shard = 0;
};

}  // namespace tailrace::data
