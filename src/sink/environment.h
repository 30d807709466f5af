#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/disk.h"
#include "base/metrics.h"
#include "data/ports.h"
#include "sink/dead_letters.h"
#include "table/table_store.h"

namespace tailrace::sink {

// The record that a row came from.
struct RowOrigin {
  uint32_t shard = 0;
  uint64_t sequence = 0;
  std::string bytes;
  bool operator==(const RowOrigin&) const = default;
};

// Looks up the record behind a row of the stream that a sink is bound to; nothing when that is not known, as for rows
// that SQL made. Asked only for rows that go to the dead letters.
using OriginLookup = std::function<std::optional<RowOrigin>(data::Ordinal)>;

// What sinks borrow; all of it outlives them.
struct Environment {
  Disk& disk;
  const Clock& clock;
  MetricsRegistry& metrics;
  table::TableStore& tables;
  DeadLetters& dead_letters;
};

// A sink that can take a row again which once went to its dead letters. Threads: the sink's owner.
class RedrivableSink : public data::Sink {
 public:
  // Columns of the rows it takes.
  virtual const data::Schema& schema() const = 0;
  // Writes the only row of `row` and removes the letter.
  // Errors: kInvalidArgument: the row still does not fit; the letter stays. Those of Write.
  virtual Status Redrive(const LetterId& letter, const data::Batch& row) = 0;
};

// Takes a letter's row, or `edited_row` in its place, back to its sink.
// Errors: kNotFound: no such letter. kInvalidArgument: the row is no JSON of the schema, or still does not fit; then
// the letter keeps the newest reason and row. Those of Write.
Status RedriveLetter(DeadLetters& letters, const LetterId& id, RedrivableSink& sink,
                     const std::optional<std::string>& edited_row = {});

}  // namespace tailrace::sink
