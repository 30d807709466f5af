#include "app/application.h"

#include <algorithm>

#include "app/decoded_pieces.h"
#include "app/input_stream_names.h"
#include "app/used_input_columns.h"
#include "base/str.h"
#include "ingest/formats/aggregate_decoder.h"
#include "ingest/formats/builtin.h"

namespace tailrace::app {
namespace {

constexpr Milliseconds kSilencePerStep{60 * 60 * 1000};
// A checkpoint of a large state is not begun again before this many times of what the last one took: so that the work
// for checkpoints stays a part of all work.
constexpr int kCheckpointRest = 4;
constexpr Milliseconds kCheckpointRestMax{60 * 1000};
constexpr size_t kRecordsPerStep = 64 * 1024;  // Then time for checkpoints, status and shutdown.

}  // namespace

void OutputQueue::Put(const data::Batch& rows, data::Ordinal first) {
  const data::Ordinal last = first + rows.rows() - 1;
  if (last <= sink_->last_ordinal()) return;  // Taken before a restart.
  waiting_.push_back({rows, first});
  waiting_rows_ += rows.rows();
}

void OutputQueue::Flush() {
  error_.reset();
  while (!waiting_.empty()) {
    const Waiting& next = waiting_.front();
    const Status status = sink_->Write(next.rows, next.first);
    if (!status.ok()) {
      error_ = status.error();
      return;
    }
    waiting_rows_ -= next.rows.rows();
    waiting_.pop_front();
  }
}

Status OutputQueue::Settle() {
  const Status status = sink_->Settle();
  if (!status.ok()) error_ = status.error();
  return status;
}

Application::Application(Definition definition, const Origins& origins, Environment environment)
    : definition_(std::move(definition)),
      origins_(origins),
      environment_(std::move(environment)),
      workers_(environment_.options.engine_threads),
      checkpoint_pause_us_(environment_.metrics.GetGauge(
          "tailrace_checkpoint_pause_us",
          "Longest time for which the last checkpoint kept the application from its records.",
          {{"app", definition_.config.name}})),
      checkpoint_bytes_(environment_.metrics.GetGauge("tailrace_checkpoint_bytes", "Size of the last checkpoint.",
                                                      {{"app", definition_.config.name}})) {}

Application::~Application() { FinishCheckpoint(true); }

Result<std::unique_ptr<Application>> Application::Open(Definition definition, std::vector<Output> outputs,
                                                       const Origins& origins, Environment environment) {
  TAILRACE_CHECK(definition.program != nullptr);
  std::unique_ptr<Application> application(new Application(std::move(definition), origins, std::move(environment)));
  auto checkpoint = ReadCheckpoint(application->environment_.disk, application->environment_.checkpoint_file);
  if (!checkpoint.ok()) {
    return std::move(checkpoint).error().Context("checkpoint is unreadable; move it away to begin anew");
  }
  TAILRACE_TRY(application->OpenInputs());
  TAILRACE_TRY(application->OpenJob(std::move(outputs), *checkpoint));
  application->PublishStatus();
  return application;
}

Status Application::OpenInputs() {
  for (const InputConfig& config : definition_.config.inputs) {
    Input input;
    for (int partition = 1; partition <= config.parallelism; ++partition) {
      input.streams.push_back(definition_.program->FindStream(ingest::InputStreamName(config.prefix, partition)));
      TAILRACE_CHECK(input.streams.back() >= 0);
    }
    ingest::UsedColumns used = UsedInputColumns(definition_, config, input.streams);
    if (environment_.options.observe_inputs) used.assign(used.size(), true);
    TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<stream::Stream> stream, environment_.find_stream(config));
    const auto range_of = [stream](stream::ShardId shard) -> std::optional<stream::HashKeyRange> {
      for (const stream::ShardDescription& known : stream->Describe().shards) {
        if (known.id == shard) return known.range;
      }
      return std::nullopt;
    };
    const auto make = [&](const ingest::UsedColumns& columns) -> Result<std::unique_ptr<ingest::Decoder>> {
      TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<ingest::Decoder> decoder, ingest::MakeDecoder(config.schema, columns));
      return ingest::MakeAggregateDecoder(std::move(decoder), range_of);
    };
    TAILRACE_ASSIGN_OR_RETURN(input.decoder,
                              ParallelDecoder::Make([&] { return make(used); }, environment_.options.decode));
    if (!std::ranges::all_of(used, [](bool column_used) { return column_used; })) {
      TAILRACE_ASSIGN_OR_RETURN(input.for_view, make({}));
    }
    inputs_.push_back(std::move(input));
  }
  return Ok();
}

Status Application::OpenJob(std::vector<Output> outputs, const std::optional<Checkpoint>& checkpoint) {
  query_start_unix_ms_ = checkpoint.has_value() ? checkpoint->query_start_unix_ms : ToUnixMs(environment_.clock.Now());
  engine::JobOptions options{.query_start_unix_ms = query_start_unix_ms_};
  if (workers_.threads() > 1) {
    options.lanes = {.workers = &workers_, .rows_min = environment_.options.engine_rows_min};
  }
  TAILRACE_ASSIGN_OR_RETURN(job_,
                            engine::Job::Make(definition_.program, options, definition_.tables, environment_.metrics));
  for (size_t i = 0; i < definition_.program->streams.size(); ++i) {
    const sql::StreamInfo& info = definition_.program->streams[i];
    views_.push_back(std::make_unique<LiveView>(info.name, info.schema));
    LiveView* const view = views_.back().get();
    InputOrigins* const origins = origins_[i].get();
    const bool shown_apart = std::ranges::any_of(inputs_, [&](const Input& input) {
      return input.for_view != nullptr && std::ranges::find(input.streams, static_cast<int>(i)) != input.streams.end();
    });
    const bool observed = environment_.options.observer != nullptr &&
                          (environment_.options.observe_inputs || info.kind != sql::StreamKind::kInput);
    job_->Listen(static_cast<int>(i),
                 [this, i, view, origins, shown_apart, observed](const data::Batch& rows, data::Ordinal first) {
                   origins->SetFirst(first);
                   if (!shown_apart) view->Take(rows, first);
                   if (observed) environment_.options.observer(static_cast<int>(i), rows, first);
                   return Ok();
                 });
  }
  for (const AlarmEntry& entry : definition_.config.alarms) {
    if (!entry.chart.has_value()) continue;
    const int stream = definition_.program->FindStream(entry.chart->stream);
    if (stream >= 0) views_[static_cast<size_t>(stream)]->Chart(entry.chart->column);
  }
  for (Output& output : outputs) {
    if (output.alarm != nullptr) alarms_.push_back(output.alarm);
    outputs_.push_back(std::make_unique<OutputQueue>(output.name, std::move(output.sink)));
    OutputQueue* const queue = outputs_.back().get();
    job_->Listen(output.stream, [queue](const data::Batch& rows, data::Ordinal first) {
      queue->Put(rows, first);
      return Ok();
    });
  }
  tables_ = definition_.tables;
  references_ = std::make_unique<ReferenceWatch>(
      definition_,
      ReferenceWatch::Environment{environment_.disk, environment_.net, environment_.clock, environment_.log,
                                  environment_.metrics, environment_.folder, environment_.reference_reader});

  std::vector<RecordMerge::Source> sources;
  for (const InputConfig& config : definition_.config.inputs) {
    TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<stream::Stream> stream, environment_.find_stream(config));
    sources.push_back({std::move(stream), config.parallelism});
  }
  stream::StartPoint start{.kind = definition_.config.start == "latest" ? stream::StartPoint::Kind::kLatest
                                                                        : stream::StartPoint::Kind::kTrimHorizon};
  if (checkpoint.has_value()) {
    ByteReader reader(checkpoint->job_state);
    TAILRACE_TRY(job_->Load(reader));
    bound_ = FromUnixMs(checkpoint->bound_unix_ms);
    checkpoint_number_ = checkpoint->number;
    // An input that the application did not have before: time cannot go back to what arrived earlier.
    start = {.kind = stream::StartPoint::Kind::kAtTimestamp, .timestamp = bound_ + Milliseconds(1)};
  }
  // Renews the promises that the last run made: no record arrives at or before these times.
  Timestamp passed = std::max(bound_, environment_.told_time.told_before());
  // The records of one stream may have been read together with another's: the time of both has passed.
  for (const RecordMerge::Source& source : sources) {
    passed = std::max(passed, source.stream->EarliestNextArrival() - Milliseconds(1));
  }
  for (const RecordMerge::Source& source : sources) source.stream->Seal(passed);
  environment_.clock.RaiseTo(passed + Milliseconds(1));
  TAILRACE_ASSIGN_OR_RETURN(
      merge_,
      RecordMerge::Open(std::move(sources), checkpoint.has_value() ? checkpoint->positions : InputPositions(), start));
  // A first checkpoint fixes where the application began, before anything comes out of it.
  last_checkpoint_ = environment_.clock.Now();
  if (!checkpoint.has_value()) {
    changed_since_checkpoint_ = true;
    TAILRACE_TRY(MakeCheckpoint());
  }
  return Ok();
}

Status Application::PushRecords(const MergedRecords& merged) {
  Input& input = inputs_[static_cast<size_t>(merged.source)];
  const int stream = input.streams[static_cast<size_t>(merged.partition)];
  records_ += merged.records.size();
  for (const data::Record& record : merged.records) bytes_ += record.data.size();
  for (const ParallelDecoder::Piece& piece : input.decoder->Decode(merged.records)) {
    const ingest::Decoded& decoded = piece.decoded;
    decode_errors_ += decoded.errors.size();
    TAILRACE_TRY(ForEachPiece(
        decoded, piece.records,
        [&](size_t begin, size_t end) {
          return PushRows(stream, decoded.batch.Slice(begin, end), piece.records,
                          std::span(decoded.record_of_row).subspan(begin, end - begin));
        },
        [&](const engine::RowError& error) { job_->ReportError(error); }));
  }
  if (input.for_view != nullptr) ShowInput(input, stream, merged.records);
  FlushOutputs();
  return Ok();
}

// The newest rows once more, with the columns that the program does not need.
void Application::ShowInput(Input& input, int stream, std::span<const data::Record> records) {
  records = records.last(std::min(records.size(), LiveView::kRowsPerBatch));
  const ingest::Decoded decoded = input.for_view->Decode(records);
  const size_t rows = decoded.batch.rows();
  if (rows == 0) return;
  const uint64_t so_far = job_->Streams()[static_cast<size_t>(stream)].rows;
  data::Batch declared = decoded.batch;
  declared.columns.resize(definition_.program->streams[static_cast<size_t>(stream)].schema->fields.size());
  views_[static_cast<size_t>(stream)]->Take(declared, so_far + 1 - rows);
}

// Outputs take the rows while it is still known which records they came from.
Status Application::PushRows(int stream, const data::Batch& rows, std::span<const data::Record> records,
                             std::span<const uint32_t> record_of_row) {
  InputOrigins& origins = *origins_[static_cast<size_t>(stream)];
  origins.Begin(records, record_of_row);
  const Status pushed = job_->Push(stream, rows);
  if (pushed.ok()) FlushOutputs();
  origins.Clear();
  return pushed;
}

// All at one moment: rows that are pushed from now on meet the new ones.
Status Application::ReplaceTable(int table, data::Batch rows) {
  {
    const std::lock_guard lock(status_mutex_);
    tables_[static_cast<size_t>(table)] = rows;
  }
  // Records that meet the new rows when they are done again may have met the old ones.
  changed_since_checkpoint_ = checkpoint_presses_ = true;
  return job_->ReplaceTable(table, std::move(rows));
}

std::vector<data::Batch> Application::ReferenceTables() const {
  const std::lock_guard lock(status_mutex_);
  return tables_;
}

Result<Application::StepResult> Application::Step() {
  const Timestamp now = std::max(environment_.clock.Now(), bound_);
  StepResult result;
  FlushOutputs();
  TAILRACE_TRY(
      references_->Step(now, [this](int table, data::Batch rows) { return ReplaceTable(table, std::move(rows)); }));
  if (OutputsFull() || !references_->ready()) {
    GoOnWithCheckpoint();
    result.more = checkpoint_state_ != nullptr;
    result.wake = now + Milliseconds(100);
    PublishStatus();
    return result;
  }
  FinishCheckpoint(false);
  const uint64_t records_before = records_;
  const Timestamp until = merge_->Begin(now);
  bool read_up = false;
  bool silence_left = false;
  while (records_ - records_before < kRecordsPerStep && !OutputsFull()) {
    TAILRACE_ASSIGN_OR_RETURN(const MergedRecords merged, merge_->Next(environment_.options.records_per_batch));
    if (merged.records.empty()) {
      read_up = true;
      break;
    }
    TAILRACE_TRY(PushRecords(merged));
    if (records_ - records_at_piece_ >= environment_.options.records_per_batch) GoOnWithCheckpoint();
    bound_ = std::max(bound_, FromUnixMs(merged.records.back().arrival_unix_ms));
  }
  if (records_ != records_before) changed_since_checkpoint_ = true;
  if (read_up) {
    TAILRACE_ASSIGN_OR_RETURN(silence_left, AdvanceTime(until));
  }
  if (checkpoint_state_ != nullptr) {
    GoOnWithCheckpoint();
  } else if (changed_since_checkpoint_ && now >= NextCheckpoint()) {
    BeginCheckpoint();
  }
  result.more = ((!read_up || silence_left) && !OutputsFull()) || checkpoint_state_ != nullptr;
  result.wake = job_->NextDeadline();
  if (result.wake.has_value() && result.wake != foreseen_) environment_.told_time.Foresee(*result.wake);
  foreseen_ = result.wake;
  const auto wake_at = [&](Timestamp time) { result.wake = std::min(result.wake.value_or(time), time); };
  if (OutputsWait()) wake_at(now + Milliseconds(100));
  if (checkpoint_under_way_) {
    wake_at(now + Milliseconds(100));
  } else if (changed_since_checkpoint_) {
    wake_at(NextCheckpoint());
  }
  if (const auto look = references_->NextLook(now); look.has_value()) wake_at(*look);
  PublishStatus();
  return result;
}

// Everything up to `until` is read: closes windows and ends alarms that only time closes and ends.
Result<bool> Application::AdvanceTime(Timestamp until) {
  const std::optional<Timestamp> deadline = job_->NextDeadline();
  const bool windows_close = until > bound_ && deadline.has_value() && *deadline <= until;
  // A long silence is passed in pieces, so that outputs keep up with windows that come out without rows.
  const Timestamp reach = std::max(bound_, windows_close ? std::min(until, *deadline + kSilencePerStep) : until);
  const auto has_news = [&](const alarm::AlarmSink* alarm) { return alarm->HasNewsAt(reach); };
  if (windows_close || std::ranges::any_of(alarms_, has_news)) {
    if (const Status may = environment_.told_time.Reach(reach); !may.ok()) {
      // Records go on; what time alone would tell waits (a full disk, mostly).
      environment_.log.Warning("time not advanced", {{"error", may.error().message}});
      return false;
    }
  }
  if (reach > bound_) {
    bound_ = reach;
    if (windows_close) {
      TAILRACE_TRY(job_->Advance(reach));
      changed_since_checkpoint_ = true;
    }
    FlushOutputs();
  }
  if (OutputsWait()) return bound_ < until;
  for (alarm::AlarmSink* const alarm : alarms_) {
    const Status advanced = alarm->AdvanceTo(bound_);
    if (!advanced.ok()) environment_.log.Warning("alarm not advanced", {{"error", advanced.error().message}});
  }
  return bound_ < until;
}

void Application::FlushOutputs() {
  for (const auto& output : outputs_) output->Flush();
}

bool Application::OutputsWait() const {
  return std::ranges::any_of(outputs_, [](const auto& output) { return output->waiting_rows() > 0; });
}

bool Application::OutputsFull() const {
  return std::ranges::any_of(outputs_,
                             [](const auto& output) { return output->waiting_rows() >= OutputQueue::kRowsMax; });
}

Status Application::MakeCheckpoint() {
  FinishCheckpoint(true);
  BeginCheckpoint();
  FinishCheckpoint(true);
  return Ok();
}

Status Application::Conclude() {
  TAILRACE_TRY(MakeCheckpoint());
  environment_.told_time.DropReserve();
  return Ok();
}

// The state of this moment is written while records go on: what a record is about to change before that, the rest piece
// by piece between them. Then another thread puts it together and on the disk. One checkpoint at a time: when one is
// still being written, the next waits for the step after.
void Application::BeginCheckpoint() {
  if (!changed_since_checkpoint_ || OutputsWait() || checkpoint_under_way_) return;
  last_checkpoint_ = std::max(environment_.clock.Now(), bound_);
  if (!SettleOutputs()) return;
  checkpoint_begun_ = environment_.clock.Monotonic();
  checkpoint_ = std::make_shared<Checkpoint>(Checkpoint{.number = checkpoint_number_ + 1,
                                                        .bound_unix_ms = ToUnixMs(bound_),
                                                        .query_start_unix_ms = query_start_unix_ms_,
                                                        .positions = merge_->Positions()});
  checkpoint_state_ = std::make_shared<ByteWriter>(ByteWriter::Deferring());
  job_->Save(*checkpoint_state_);
  checkpoint_under_way_ = true;
  changed_since_checkpoint_ = checkpoint_presses_ = false;
  records_at_checkpoint_ = records_;
  bytes_at_checkpoint_ = bytes_;
  longest_pause_ = environment_.clock.Monotonic() - checkpoint_begun_;
  GoOnWithCheckpoint();
}

// A checkpoint passes what the outputs have taken: it must not be lost with the machine.
bool Application::SettleOutputs() {
  for (const auto& output : outputs_) {
    const Status settled = output->Settle();
    if (settled.ok()) continue;
    environment_.log.Warning("checkpoint not begun", {{"output", output->name()}, {"error", settled.error().message}});
    checkpoint_presses_ = true;
    return false;
  }
  return true;
}

bool Application::MuchToRedo() const {
  return checkpoint_presses_ || records_ - records_at_checkpoint_ >= environment_.options.checkpoint_records ||
         bytes_ - bytes_at_checkpoint_ >= environment_.options.checkpoint_bytes;
}

Timestamp Application::NextCheckpoint() const {
  const Milliseconds interval = CheckpointInterval();
  return last_checkpoint_ + (MuchToRedo() ? interval : std::max(interval, environment_.options.checkpoint_wait_max));
}

Milliseconds Application::CheckpointInterval() const {
  if (checkpoint_under_way_) return definition_.config.checkpoint_interval;
  const auto rest = std::chrono::duration_cast<Milliseconds>(checkpoint_took_ * kCheckpointRest);
  return std::max(definition_.config.checkpoint_interval, std::min(rest, kCheckpointRestMax));
}

// One piece of the state that is being saved.
void Application::GoOnWithCheckpoint() {
  if (checkpoint_state_ == nullptr) return;
  records_at_piece_ = records_;
  const std::chrono::nanoseconds begun = environment_.clock.Monotonic();
  const bool more = checkpoint_state_->WriteSome(environment_.options.checkpoint_piece_bytes);
  longest_pause_ = std::max(longest_pause_, environment_.clock.Monotonic() - begun);
  if (more) return;
  checkpoint_pause_us_.Set(static_cast<double>(longest_pause_.count()) / 1000);
  auto write = [this, checkpoint = std::move(checkpoint_), state = std::move(checkpoint_state_)] {
    checkpoint->job_state = std::move(*state).Finish();
    checkpoint_bytes_.Set(static_cast<double>(checkpoint->job_state.size()));
    checkpoint_written_ = WriteCheckpoint(environment_.disk, environment_.checkpoint_file, *checkpoint);
    checkpoint_took_ = environment_.clock.Monotonic() - checkpoint_begun_;
  };
  if (environment_.checkpoint_writer != nullptr) {
    environment_.checkpoint_writer->Start(std::move(write));
  } else {
    write();
  }
  FinishCheckpoint(false);
}

// Takes note of a checkpoint that has been written.
void Application::FinishCheckpoint(bool wait) {
  while (wait && checkpoint_state_ != nullptr) GoOnWithCheckpoint();
  if (!checkpoint_under_way_ || checkpoint_state_ != nullptr) return;
  BackgroundTask* const writer = environment_.checkpoint_writer;
  if (writer != nullptr && wait) writer->Wait();
  if (writer != nullptr && !writer->done()) return;
  checkpoint_under_way_ = false;
  const Status written = *std::exchange(checkpoint_written_, std::nullopt);
  if (written.ok()) {
    ++checkpoint_number_;
    return;
  }
  // The last one stays good; a later try may succeed (a full disk, mostly).
  environment_.log.Warning("checkpoint not written", {{"error", written.error().message}});
  changed_since_checkpoint_ = checkpoint_presses_ = true;
}

void Application::PublishStatus() {
  ApplicationStatus status;
  status.name = definition_.config.name;
  status.reference_tables = references_->status();
  status.state = !references_->ready() ? "waiting for a reference table"
                 : OutputsWait()       ? "waiting for an output"
                                       : "running";
  status.behind = merge_->Behind();
  status.records = records_;
  status.decode_errors = decode_errors_;
  status.records_lost_to_retention = merge_->lost_to_retention();
  status.checkpoints = checkpoint_number_;
  status.bound_unix_ms = ToUnixMs(bound_);
  status.pumps = job_->Pumps();
  status.streams = job_->Streams();
  for (const auto& output : outputs_) {
    status.outputs.push_back({output->name(), output->sink().last_ordinal(), output->waiting_rows(),
                              output->error().has_value() ? output->error()->message : ""});
  }
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const auto cut = inputs_[i].decoder->truncated();
    for (size_t column = 0; column < cut.size(); ++column) {
      if (cut[column] == 0) continue;
      const auto& configured = definition_.config.inputs[i].schema.columns[column];
      status.cut_columns.push_back({StrCat(configured.name, " ", configured.type.ToString()), cut[column]});
    }
  }
  const std::lock_guard lock(status_mutex_);
  status_ = std::move(status);
}

ApplicationStatus Application::CurrentStatus() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

}  // namespace tailrace::app
