#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alarm/alarm_sink.h"
#include "app/checkpoint.h"
#include "app/definition.h"
#include "app/input_origins.h"
#include "app/live_view.h"
#include "app/parallel_decoder.h"
#include "app/reference_watch.h"
#include "app/record_merge.h"
#include "app/told_time.h"
#include "base/background_task.h"
#include "base/forward_clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/workers.h"
#include "data/ports.h"
#include "engine/job.h"
#include "stream/store.h"

namespace tailrace::app {

// One output of an application: rows of an in-application stream on their way into a sink. Rows that the sink cannot
// take now wait here, and no checkpoint is made while any wait.
class OutputQueue {
 public:
  static constexpr size_t kRowsMax = 100'000;  // Then the application stops reading until the sink takes rows again.

  OutputQueue(std::string name, std::unique_ptr<data::Sink> sink) : name_(std::move(name)), sink_(std::move(sink)) {}

  void Put(const data::Batch& rows, data::Ordinal first);
  // Gives the sink what waits. Errors are kept for `error` and tried again by the next Flush.
  void Flush();
  // Has the sink make durable what it has taken. Errors are kept for `error` too.
  Status Settle();

  const std::string& name() const { return name_; }
  data::Sink& sink() { return *sink_; }
  size_t waiting_rows() const { return waiting_rows_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  struct Waiting {
    data::Batch rows;
    data::Ordinal first;
  };
  const std::string name_;
  const std::unique_ptr<data::Sink> sink_;
  std::deque<Waiting> waiting_;
  size_t waiting_rows_ = 0;
  std::optional<Error> error_;
};

struct OutputStatus {
  std::string name;
  data::Ordinal last_ordinal = 0;
  size_t waiting_rows = 0;
  std::string error;  // Empty when all is well.
};

// What pages and verbs show of a running application.
struct ApplicationStatus {
  std::string name;
  std::string state;  // "running", "waiting for an output", "waiting for a reference table", "failed"
  std::string error;  // When failed.
  Milliseconds behind{0};
  uint64_t records = 0;
  uint64_t decode_errors = 0;
  uint64_t records_lost_to_retention = 0;
  uint64_t checkpoints = 0;
  int64_t bound_unix_ms = 0;
  std::vector<engine::PumpStats> pumps;
  std::vector<engine::StreamStats> streams;
  std::vector<OutputStatus> outputs;
  struct CutColumn {
    std::string column;
    uint64_t values = 0;
  };
  std::vector<CutColumn> cut_columns;  // Input texts longer than their column.
  std::vector<ReferenceStatus> reference_tables;
};

// How an application does its work. Nothing of it changes what comes out.
struct ApplicationOptions {
  size_t records_per_batch = 4096;
  DecodeOptions decode;
  size_t engine_threads = 1;      // Keyed operators work on so many, by the hash of their keys.
  size_t engine_rows_min = 1024;  // Fewer rows at a time are not worth waking a thread for.
  // Sees all rows of all streams of the program, before outputs do. Called from Step.
  std::function<void(int stream, const data::Batch& rows, data::Ordinal first)> observer;
  // The observer sees the inputs' rows too: columns that nobody else looks at are then decoded as well.
  bool observe_inputs = false;
  // How much later than needed the told time is stored, so that a busy server stores it once a second. A restart after
  // a crash begins up to that much early, and up to ToldTime::kAhead more.
  Milliseconds told_time_reserve{1'000};
  // A checkpoint bounds what is done again after a crash. One that is due by the configured interval waits for so many
  // records or bytes of them, but not longer than this.
  uint64_t checkpoint_records = 10'000;
  uint64_t checkpoint_bytes = 32 << 20;
  Milliseconds checkpoint_wait_max{30'000};
  // How much of its state is written at one go, between records, for a checkpoint.
  size_t checkpoint_piece_bytes = 256 * 1024;
};

// One running application: reads its input streams, runs its program, feeds its outputs, makes checkpoints. Passive:
// somebody calls Step, from one thread, whenever records or time have come.
//
// State    A checkpoint file. Nothing else that a restart needs.
// Threads  Step, Checkpoint: one owner. Status, Views, ReferenceTables: any.
class Application {
 public:
  struct Environment {
    Disk& disk;
    ForwardClock& clock;
    Log& log;
    MetricsRegistry& metrics;
    // The stream that an input reads. Errors: kNotFound.
    std::function<Result<std::shared_ptr<stream::Stream>>(const InputConfig&)> find_stream;
    std::string checkpoint_file;
    ApplicationOptions options;
    ToldTime& told_time;
    Net& net;
    std::string folder;  // Of the application's data.
    // Run what they are given on another thread, one thing after the other. Null: checkpoints are written and reference
    // tables read at once, by Step itself.
    BackgroundTask* checkpoint_writer = nullptr;
    BackgroundTask* reference_reader = nullptr;
  };
  struct Output {
    int stream;  // Index in the program.
    std::string name;
    std::unique_ptr<data::Sink> sink;
    alarm::AlarmSink* alarm = nullptr;  // The sink itself, when it is an alarm: it wants to know the time.
  };

  // One for each stream of the program; only those of input streams are ever filled.
  using Origins = std::vector<std::unique_ptr<InputOrigins>>;

  // Loads the checkpoint, when there is one. `origins` is borrowed. Errors: kNotFound: an input stream; kCorruption,
  // kUnsupported: the checkpoint.
  static Result<std::unique_ptr<Application>> Open(Definition definition, std::vector<Output> outputs,
                                                   const Origins& origins, Environment environment);
  ~Application();

  struct StepResult {
    bool more = false;              // There is more to do at once.
    std::optional<Timestamp> wake;  // When time alone will have something to do.
  };
  // Reads what has arrived up to now, closes windows up to now, gives rows to outputs, makes a checkpoint when one is
  // due. Errors are final for the application: corrupt streams, broken invariants.
  Result<StepResult> Step();
  // Makes a checkpoint now, if outputs have taken everything; on disk when it returns.
  Status MakeCheckpoint();
  // MakeCheckpoint for the end: no Step follows, so the next start may go on from exactly here.
  Status Conclude();

  const Definition& definition() const { return definition_; }
  int64_t query_start_unix_ms() const { return query_start_unix_ms_; }
  ApplicationStatus CurrentStatus() const;
  // One for each stream of the program, in its order.
  const std::vector<std::unique_ptr<LiveView>>& views() const { return views_; }
  // The reference tables' rows that are in force, in the order of the program.
  std::vector<data::Batch> ReferenceTables() const;

 private:
  struct Input {
    std::unique_ptr<ParallelDecoder> decoder;
    std::vector<int> streams;  // In-application stream of each partition.
    // Decodes all columns of the rows that the page shows; null when `decoder` does so for every row.
    std::unique_ptr<ingest::Decoder> for_view;
  };

  Application(Definition definition, const Origins& origins, Environment environment);
  Status OpenInputs();
  Status OpenJob(std::vector<Output> outputs, const std::optional<Checkpoint>& checkpoint);
  Status PushRecords(const MergedRecords& merged);
  void ShowInput(Input& input, int stream, std::span<const data::Record> records);
  Status PushRows(int stream, const data::Batch& rows, std::span<const data::Record> records,
                  std::span<const uint32_t> record_of_row);
  Status ReplaceTable(int table, data::Batch rows);
  // Lets time go on without records; true when there is more of it.
  Result<bool> AdvanceTime(Timestamp until);
  void FlushOutputs();
  bool MuchToRedo() const;
  // When the next checkpoint is due, now that something has changed.
  Timestamp NextCheckpoint() const;
  bool SettleOutputs();
  void BeginCheckpoint();
  void GoOnWithCheckpoint();
  Milliseconds CheckpointInterval() const;
  void FinishCheckpoint(bool wait);
  bool OutputsWait() const;
  bool OutputsFull() const;
  void PublishStatus();

  const Definition definition_;
  const Origins& origins_;
  const Environment environment_;
  std::vector<Input> inputs_;
  std::unique_ptr<RecordMerge> merge_;
  Workers workers_;  // Of job_.
  std::unique_ptr<engine::Job> job_;
  std::vector<std::unique_ptr<LiveView>> views_;
  std::vector<std::unique_ptr<OutputQueue>> outputs_;
  std::vector<alarm::AlarmSink*> alarms_;
  std::unique_ptr<ReferenceWatch> references_;
  int64_t query_start_unix_ms_ = 0;
  Timestamp bound_{};
  std::optional<Timestamp> foreseen_;  // When time alone will close a window, as the told time knows it.
  uint64_t checkpoint_number_ = 0;
  Timestamp last_checkpoint_{};
  bool changed_since_checkpoint_ = false;
  bool checkpoint_presses_ = false;  // It does not wait until there is more to do again.
  uint64_t records_at_checkpoint_ = 0;
  uint64_t bytes_at_checkpoint_ = 0;
  bool checkpoint_under_way_ = false;
  std::shared_ptr<Checkpoint> checkpoint_;        // Whose state is being saved.
  std::shared_ptr<ByteWriter> checkpoint_state_;  // Null: none is.
  std::chrono::nanoseconds checkpoint_begun_{0};
  std::chrono::nanoseconds checkpoint_took_{0};  // Until it was written. By the task; read when it is done.
  uint64_t records_at_piece_ = 0;                // How many there had been when the last piece was written.
  std::chrono::nanoseconds longest_pause_{0};    // Of the checkpoint under way.
  std::optional<Status> checkpoint_written_;     // By the task; read when it is done.
  Gauge& checkpoint_pause_us_;
  Gauge& checkpoint_bytes_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;  // Of their data.
  uint64_t decode_errors_ = 0;

  mutable std::mutex status_mutex_;  // Guards what follows.
  ApplicationStatus status_;
  std::vector<data::Batch> tables_;
};

}  // namespace tailrace::app
