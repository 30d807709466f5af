#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/ports.h"
#include "engine/lanes.h"
#include "sql/plan.h"

namespace tailrace::engine {

struct JobOptions {
  int64_t query_start_unix_ms = 0;  // What CURRENT_TIMESTAMP gives.
  int64_t begin_unix_ms = 0;        // Where EMIT EMPTY begins to count; 0: at the query's start.
  size_t batch_rows_max = 4096;     // Larger pushes are cut; results do not depend on it.
  LaneOptions lanes = {};           // Keyed operators work on several threads; results do not depend on it.
};

// One thing that went wrong with one row: becomes a row of error_stream.
struct RowError {
  std::string name;       // "COERCION_ERROR"
  std::string message;    // With the column's name where there is one.
  std::string row_bytes;  // The record or the row; written as hex.
  int64_t rowtime_unix_ms = 0;
  std::string pump;  // Empty for input.
};

struct PumpStats {
  std::string name;
  uint64_t rows_in = 0;
  uint64_t rows_out = 0;
  uint64_t errors = 0;
  uint64_t cut_texts = 0;  // Cut to the length of their column.
  uint64_t state_bytes = 0;
  bool resumed = false;  // Load found its state; else it began empty.
};
struct StreamStats {
  std::string name;
  uint64_t rows = 0;
};

// A running program: all pumps of one application as one acyclic graph of operators, with in-application streams as its
// joints. Deterministic: the same pushes in the same ROWTIME order give the same rows with the same ordinals,
// however they are cut into batches and wherever Advance is called between them.
//
// Time     Push carries ROWTIME; a batch's rows at time t first close every window that ends at or before t. Advance(t)
//          says that no row earlier than t will follow: it closes windows by time alone.
//          Advance(Timestamp::max()) ends the input: all that is still open comes out.
//          Where several writers meet, rows of time t wait until no writer can give an earlier one.
// Errors   A runtime error takes its row out of the flow and makes a row of error_stream. Push and Advance fail only on
//          broken contracts of the caller (kInvalidArgument: time went backwards).
// Threads  One owner, that of JobOptions::lanes.workers. Listeners are called on it, inside Push and Advance.
class Job {
 public:
  // `tables`: content of each of program->tables. `metrics` is borrowed.
  static Result<std::unique_ptr<Job>> Make(std::shared_ptr<const sql::BoundProgram> program, JobOptions options,
                                           std::vector<data::Batch> tables, MetricsRegistry& metrics);
  virtual ~Job() = default;

  // Rows of input stream `stream` (index in program->streams). Columns: the declared ones, then MetadataFields().
  // ROWTIME non-decreasing over all pushes and not before the last bound.
  virtual Status Push(int stream, const data::Batch& rows) = 0;
  // Rows of several input streams at once, all up to `bound`: gives what pushes in order of ROWTIME and an Advance
  // would, without cutting the rows where those of other streams come between.
  struct StreamRows {
    int stream;
    data::Batch rows;
  };
  virtual Status PushTogether(std::span<const StreamRows> batches, Timestamp bound) = 0;
  virtual Status Advance(Timestamp bound) = 0;
  // Puts a row that never entered a stream into error_stream. ROWTIME as for Push.
  virtual void ReportError(const RowError& error) = 0;

  // The earliest time at which Advance would let something out; nothing when no row waits for time.
  virtual std::optional<Timestamp> NextDeadline() const = 0;

  // Called for every batch of rows that appears on the stream, `first` being the ordinal of its first row.
  // Declared columns only.
  using RowListener = std::function<Status(const data::Batch& rows, data::Ordinal first)>;
  virtual void Listen(int stream, RowListener listener) = 0;
  // The same for the rows of program->queries[query]. A query over tables and VALUES alone gives all its rows within
  // the first Push or Advance.
  virtual void ListenQuery(int query, RowListener listener) = 0;

  virtual Status ReplaceTable(int table, data::Batch rows) = 0;

  // The whole state: operators, clocks, ordinals. Every pump's part carries the pump's name and a fingerprint of its
  // plan; Load takes the parts whose fingerprints match and starts the others empty. A stream that the program no
  // longer has keeps its ordinal, so that its rows are not taken for old ones when it comes back.
  // Into a deferring writer, large states are only copied; Finish, on any thread, writes them out. Errors of Load:
  // kCorruption, kUnsupported (version); the job is then of no use.
  virtual void Save(ByteWriter& writer) const = 0;
  virtual Status Load(ByteReader& reader) = 0;

  virtual std::vector<PumpStats> Pumps() const = 0;
  virtual std::vector<StreamStats> Streams() const = 0;
};

}  // namespace tailrace::engine
