#include "engine/job.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "base/hash.h"
#include "base/str.h"
#include "engine/error_stream.h"
#include "engine/plan_text.h"
#include "engine/plan_walk.h"
#include "engine/pump.h"
#include "engine/state.h"
#include "engine/stream_node.h"

namespace tailrace::engine {
namespace {

constexpr std::string_view kMagic = "TRJS";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 8;
constexpr size_t kChecksumBytes = 4;

// Years 1 to 9999: what a TIMESTAMP can be.
constexpr int64_t kRowtimeMin = -62'135'596'800'000;
constexpr int64_t kRowtimeMax = 253'402'300'799'999;

// A part's size, then its bytes.
template <typename Save>
void AppendSized(ByteWriter& writer, const Save& save) {
  const auto part = std::make_shared<ByteWriter>(writer.Nested());
  save(*part);
  writer.Defer([part](ByteWriter& out) {
    const size_t at = out.size();
    out.U64(0);
    std::move(*part).FinishInto(out);
    out.PatchU64(at, out.size() - at - sizeof(uint64_t));
  });
}

void CollectStreams(const sql::PlanNode& plan, std::set<int>& streams) {
  if (const auto* scan = std::get_if<sql::StreamScan>(&plan.node)) streams.insert(scan->stream);
  ForEachInput(plan, [&](const sql::PlanNode& input) { CollectStreams(input, streams); });
}

// Counts the rows that a pump reads and passes them on.
class CountedInput final : public Receiver {
 public:
  CountedInput(Pump& pump, Port next) : pump_(pump), next_(next) {}
  Status OnBatch(size_t /*input*/, const data::Batch& batch) override {
    pump_.CountInput(batch.rows());
    return next_.receiver->OnBatch(next_.input, batch);
  }
  Status OnBound(size_t /*input*/, int64_t bound) override { return next_.receiver->OnBound(next_.input, bound); }

 private:
  Pump& pump_;
  const Port next_;
};

class GraphJob final : public Job {
 public:
  GraphJob(std::shared_ptr<const sql::BoundProgram> program, JobOptions options, std::vector<data::Batch> tables,
           MetricsRegistry& metrics)
      : program_(std::move(program)), options_(options), tables_(std::move(tables)), metrics_(metrics) {}

  Status Build();

  Status Push(int stream, const data::Batch& rows) override;
  Status PushTogether(std::span<const StreamRows> batches, Timestamp bound) override;
  Status Advance(Timestamp bound) override;
  void ReportError(const RowError& error) override { errors_.Add({}, error); }
  std::optional<Timestamp> NextDeadline() const override;
  void Listen(int stream, RowListener listener) override;
  void ListenQuery(int query, RowListener listener) override;
  Status ReplaceTable(int table, data::Batch rows) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::vector<PumpStats> Pumps() const override;
  std::vector<StreamStats> Streams() const override;

 private:
  struct Run {
    std::unique_ptr<Pump> pump;
    std::vector<std::unique_ptr<CountedInput>> inputs;
    std::vector<int> streams;  // Read by `inputs`.
  };

  bool IsRunning(const sql::PumpInfo& pump) const { return !pump.stopped; }
  Status MakeStreams();
  Result<std::vector<size_t>> PumpOrder() const;
  Status MakeRun(std::string name, const sql::PlanNode& plan, size_t number, int target, Run& run);
  std::string FlowFingerprint(size_t stream) const;
  Status Start();
  Status PushSlice(int stream, const data::Batch& rows);
  Status RaiseBounds(int64_t bound);
  Status ReleaseErrors();
  Status CheckRows(int stream, const data::Batch& rows) const;
  template <typename Visit>
  void ForEachRun(const Visit& visit) const {
    for (const Run& run : runs_) {
      if (run.pump != nullptr) visit(run);
    }
  }

  void SavePayload(ByteWriter& writer) const;
  Status LoadPayload(ByteReader& reader);
  Status LoadStreams(ByteReader& reader);
  Status LoadRuns(ByteReader& reader);

  const std::shared_ptr<const sql::BoundProgram> program_;
  const JobOptions options_;
  std::vector<data::Batch> tables_;
  MetricsRegistry& metrics_;
  std::vector<StreamNode> streams_;
  std::vector<bool> stream_follows_time_;
  std::vector<size_t> next_writer_;
  ErrorStream errors_;
  int error_stream_ = -1;
  std::vector<Run> runs_;      // Pumps in order of the text (stopped ones empty), then queries.
  std::vector<size_t> order_;  // Of runs: writers of a stream before its readers.
  bool start_due_ = true;
  std::map<std::string, data::Ordinal> gone_streams_;  // Streams of earlier programs and their last ordinals.
  std::set<size_t> new_flows_;  // After Load: streams whose writers are not those that were saved.
  int64_t now_ = kBeginningOfTime;
};

Status GraphJob::Build() {
  if (tables_.size() != program_->tables.size()) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("tables: ", tables_.size(), " given, ", program_->tables.size(), " in the program")};
  }
  TAILRACE_TRY(MakeStreams());
  TAILRACE_ASSIGN_OR_RETURN(order_, PumpOrder());
  const size_t pumps = program_->pumps.size();
  runs_.resize(pumps + program_->queries.size());
  for (size_t i = 0; i < program_->queries.size(); ++i) order_.push_back(pumps + i);
  for (const size_t i : order_) {
    const bool query = i >= pumps;
    std::string name = query ? StrCat("query ", i - pumps + 1) : program_->pumps[i].name;
    const sql::PlanNode& plan = query ? *program_->queries[i - pumps] : *program_->pumps[i].plan;
    TAILRACE_TRY(MakeRun(std::move(name), plan, i, query ? -1 : program_->pumps[i].target, runs_[i]));
  }
  return Ok();
}

// An input stream is written from outside, any other by its running pumps.
Status GraphJob::MakeStreams() {
  std::vector<size_t> writers(program_->streams.size());
  for (size_t i = 0; i < writers.size(); ++i) {
    if (program_->streams[i].kind == sql::StreamKind::kInput) writers[i] = 1;
    if (program_->streams[i].kind == sql::StreamKind::kError) error_stream_ = static_cast<int>(i);
  }
  next_writer_ = writers;
  for (const sql::PumpInfo& pump : program_->pumps) {
    if (IsRunning(pump)) ++writers[static_cast<size_t>(pump.target)];
  }
  streams_.reserve(writers.size());
  for (size_t i = 0; i < writers.size(); ++i) streams_.emplace_back(program_->streams[i], writers[i]);
  stream_follows_time_.assign(writers.size(), true);
  return Ok();
}

// The running pumps so that all writers of a stream come before its readers; of several that may come, the first of the
// text does.
Result<std::vector<size_t>> GraphJob::PumpOrder() const {
  std::vector<size_t> left;
  std::map<int, int> open_writers;
  std::map<size_t, std::set<int>> reads;
  for (size_t i = 0; i < program_->pumps.size(); ++i) {
    if (!IsRunning(program_->pumps[i])) continue;
    left.push_back(i);
    ++open_writers[program_->pumps[i].target];
    CollectStreams(*program_->pumps[i].plan, reads[i]);
  }
  std::vector<size_t> order;
  while (!left.empty()) {
    const auto ready = std::ranges::find_if(left, [&](size_t pump) {
      return std::ranges::all_of(reads[pump], [&](int stream) { return open_writers[stream] == 0; });
    });
    if (ready == left.end()) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("pump ", program_->pumps[left[0]].name, " is part of a cycle of pumps and streams")};
    }
    --open_writers[program_->pumps[*ready].target];
    order.push_back(*ready);
    left.erase(ready);
  }
  return order;
}

Status GraphJob::MakeRun(std::string name, const sql::PlanNode& plan, size_t number, int target, Run& run) {
  Pump::Target to;
  const data::Schema* schema = nullptr;
  if (target >= 0) {
    to = {.stream = &streams_[static_cast<size_t>(target)], .writer = next_writer_[static_cast<size_t>(target)]++};
    schema = program_->streams[static_cast<size_t>(target)].schema.get();
  }
  const sql::EvalContext eval{.query_start_unix_ms = options_.query_start_unix_ms,
                              .now_unix_ms = options_.query_start_unix_ms,
                              .options = program_->eval_options};
  const Pump::Surroundings surroundings{.tables = tables_,
                                        .stream_follows_time = stream_follows_time_,
                                        .errors = errors_,
                                        .metrics = metrics_,
                                        .eval = eval,
                                        .batch_rows_max = std::max<size_t>(options_.batch_rows_max, 1),
                                        .lanes = options_.lanes};
  TAILRACE_ASSIGN_OR_RETURN(
      run.pump, Pump::Make(std::move(name), plan, Fingerprint(*program_, plan, schema), number, to, surroundings));
  const int64_t begin = options_.begin_unix_ms != 0 ? options_.begin_unix_ms : options_.query_start_unix_ms;
  if (begin != 0) run.pump->Begin(begin);
  if (target >= 0 && !run.pump->graph().follows_time) stream_follows_time_[static_cast<size_t>(target)] = false;
  for (const Graph::Source& source : run.pump->graph().sources) {
    run.inputs.push_back(std::make_unique<CountedInput>(*run.pump, source.port));
    run.streams.push_back(source.stream);
    streams_[static_cast<size_t>(source.stream)].AddReader({run.inputs.back().get(), 0});
  }
  return Ok();
}

Status GraphJob::CheckRows(int stream, const data::Batch& rows) const {
  const auto fail = [&](std::string_view what) {
    return Error{ErrorCode::kInvalidArgument, StrCat("push to stream ", stream, ": ", what)};
  };
  if (stream < 0 || static_cast<size_t>(stream) >= streams_.size()) return fail("there is no such stream");
  const sql::StreamInfo& info = program_->streams[static_cast<size_t>(stream)];
  if (info.kind != sql::StreamKind::kInput) return fail("not an input stream");
  const size_t columns = info.schema->fields.size() + static_cast<size_t>(info.metadata_columns);
  if (rows.columns.size() != columns) {
    return fail(StrCat(rows.columns.size(), " columns given, ", columns, " expected"));
  }
  const auto rowtimes = rows.rowtimes->int64s();
  if (!std::ranges::is_sorted(rowtimes)) return fail("ROWTIME goes back");
  if (rowtimes.front() < now_) {
    return fail(StrCat("ROWTIME ", rowtimes.front(), " is before the time ", now_, " that was reached"));
  }
  if (rowtimes.front() < kRowtimeMin || rowtimes.back() > kRowtimeMax) return fail("ROWTIME is out of range");
  return Ok();
}

Status GraphJob::Push(int stream, const data::Batch& rows) {
  if (rows.rows() == 0) return Ok();
  TAILRACE_TRY(CheckRows(stream, rows));
  TAILRACE_TRY(Start());
  const size_t step = std::max<size_t>(options_.batch_rows_max, 1);
  for (size_t begin = 0; begin < rows.rows(); begin += step) {
    TAILRACE_TRY(PushSlice(stream, rows.Slice(begin, std::min(rows.rows(), begin + step))));
  }
  return Ok();
}

Status GraphJob::PushSlice(int stream, const data::Batch& rows) {
  TAILRACE_TRY(streams_[static_cast<size_t>(stream)].Write(0, rows));
  return RaiseBounds(rows.rowtimes->int64s().back());
}

Status GraphJob::PushTogether(std::span<const StreamRows> batches, Timestamp bound) {
  const int64_t time = ToUnixMs(bound);
  for (const auto& [stream, rows] : batches) {
    if (rows.rows() == 0) continue;
    TAILRACE_TRY(CheckRows(stream, rows));
    if (const int64_t last = rows.rowtimes->int64s().back(); last > time) {
      return Error{ErrorCode::kInvalidArgument, StrCat("push of rows up to ", last, ": past the bound ", time)};
    }
  }
  TAILRACE_TRY(Start());
  const size_t step = std::max<size_t>(options_.batch_rows_max, 1);
  for (const auto& [stream, rows] : batches) {
    for (size_t begin = 0; begin < rows.rows(); begin += step) {
      const data::Batch some = rows.Slice(begin, std::min(rows.rows(), begin + step));
      TAILRACE_TRY(streams_[static_cast<size_t>(stream)].Write(0, some));
    }
  }
  return RaiseBounds(time);
}

Status GraphJob::Advance(Timestamp bound) {
  const int64_t time = ToUnixMs(bound);
  if (time < now_) {
    return Error{ErrorCode::kInvalidArgument, StrCat("advance to ", time, ": before the time ", now_, " reached")};
  }
  TAILRACE_TRY(Start());
  return RaiseBounds(time);
}

Status GraphJob::RaiseBounds(int64_t bound) {
  now_ = std::max(now_, bound);
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (program_->streams[i].kind == sql::StreamKind::kInput) TAILRACE_TRY(streams_[i].WriteBound(0, bound));
  }
  return ReleaseErrors();
}

Status GraphJob::ReleaseErrors() {
  if (errors_.empty() || error_stream_ < 0) return Ok();
  int64_t bound = now_;
  ForEachRun([&](const Run& run) { bound = std::min(bound, run.pump->error_bound()); });
  const data::Batch rows = errors_.TakeBefore(bound);
  return rows.rows() == 0 ? Ok() : streams_[static_cast<size_t>(error_stream_)].Write(0, rows);
}

// Runs what needs no input: finite sources and the end of streams that nobody writes. After Load, pumps that are new to
// the state get the bounds that the others have, and streams with other writers than before learn again how far those
// are that they still have.
Status GraphJob::Start() {
  if (!start_due_) return Ok();
  start_due_ = false;
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].writers() == 0 && program_->streams[i].kind != sql::StreamKind::kError) {
      TAILRACE_TRY(streams_[i].WriteBound(0, kEndOfTime));
    }
  }
  for (const size_t i : order_) {
    const Run& run = runs_[i];
    if (run.pump->started()) {
      const bool new_flow =
          i < program_->pumps.size() && new_flows_.contains(static_cast<size_t>(program_->pumps[i].target));
      if (new_flow) TAILRACE_TRY(run.pump->RepeatBound());
      continue;
    }
    // A pump that is new to a loaded state begins where its inputs stand.
    for (const int stream : run.streams) {
      const int64_t bound = streams_[static_cast<size_t>(stream)].bound();
      if (bound != kBeginningOfTime && bound != kEndOfTime) run.pump->Begin(bound);
    }
    TAILRACE_TRY(run.pump->Start());
    for (size_t input = 0; input < run.inputs.size(); ++input) {
      const int64_t bound = streams_[static_cast<size_t>(run.streams[input])].bound();
      if (bound != kBeginningOfTime) TAILRACE_TRY(run.inputs[input]->OnBound(0, bound));
    }
  }
  return Ok();
}

std::optional<Timestamp> GraphJob::NextDeadline() const {
  std::optional<int64_t> earliest;
  const auto consider = [&](const std::optional<int64_t>& deadline) {
    if (!deadline.has_value() || *deadline <= now_ || *deadline == kEndOfTime) return;
    if (!earliest.has_value() || *deadline < *earliest) earliest = deadline;
  };
  ForEachRun([&](const Run& run) { consider(run.pump->DeadlineAfter(now_)); });
  for (const StreamNode& stream : streams_) consider(stream.Deadline());
  consider(errors_.Deadline());
  return earliest.has_value() ? std::optional(FromUnixMs(*earliest)) : std::nullopt;
}

void GraphJob::Listen(int stream, RowListener listener) {
  streams_[static_cast<size_t>(stream)].Listen(std::move(listener));
}

void GraphJob::ListenQuery(int query, RowListener listener) {
  runs_[program_->pumps.size() + static_cast<size_t>(query)].pump->Listen(std::move(listener));
}

Status GraphJob::ReplaceTable(int table, data::Batch rows) {
  if (table < 0 || static_cast<size_t>(table) >= tables_.size()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("table ", table, ": there is no such table")};
  }
  tables_[static_cast<size_t>(table)] = std::move(rows);
  for (const Run& run : runs_) {
    if (run.pump != nullptr) TAILRACE_TRY(run.pump->ComputeRelations());
  }
  return Ok();
}

std::vector<PumpStats> GraphJob::Pumps() const {
  std::vector<PumpStats> stats;
  for (size_t i = 0; i < program_->pumps.size(); ++i) {
    stats.push_back(runs_[i].pump != nullptr ? runs_[i].pump->Stats() : PumpStats{.name = program_->pumps[i].name});
  }
  return stats;
}

std::vector<StreamStats> GraphJob::Streams() const {
  std::vector<StreamStats> stats;
  for (const StreamNode& stream : streams_) stats.push_back({.name = stream.info().name, .rows = stream.rows()});
  return stats;
}

// A stream's waiting rows belong to exactly these writers.
std::string GraphJob::FlowFingerprint(size_t stream) const {
  std::string text = Fingerprint(*program_->streams[stream].schema);
  for (size_t i = 0; i < program_->pumps.size(); ++i) {
    if (runs_[i].pump == nullptr || program_->pumps[i].target != static_cast<int>(stream)) continue;
    text += StrCat(" ", runs_[i].pump->name(), " ", runs_[i].pump->fingerprint());
  }
  return text;
}

void GraphJob::Save(ByteWriter& writer) const {
  const auto state = std::make_shared<ByteWriter>(writer.Nested());
  state->Append(kMagic);
  state->U32(kVersion);
  SavePayload(*state);
  writer.Defer([state](ByteWriter& out) {
    const size_t at = out.size();
    std::move(*state).FinishInto(out);
    out.U32(Crc32c(std::string_view(out.bytes()).substr(at)));
  });
}

void GraphJob::SavePayload(ByteWriter& writer) const {
  writer.I64(now_);
  writer.U64(streams_.size() + gone_streams_.size());
  for (size_t i = 0; i < streams_.size(); ++i) {
    writer.Text(streams_[i].info().name);
    streams_[i].SaveOrdinal(writer);
    writer.Text(FlowFingerprint(i));
    AppendSized(writer, [&](ByteWriter& flow) { streams_[i].SaveFlow(flow); });
  }
  for (const auto& [name, ordinal] : gone_streams_) {
    writer.Text(name);
    writer.U64(ordinal);
    writer.Text("");
    writer.U64(0);
  }
  uint64_t runs = 0;
  ForEachRun([&](const Run&) { ++runs; });
  writer.U64(runs);
  ForEachRun([&](const Run& run) {
    writer.Text(run.pump->name());
    writer.Text(run.pump->fingerprint());
    AppendSized(writer, [&](ByteWriter& state) { run.pump->Save(state); });
  });
  errors_.Save(writer);
}

Status GraphJob::Load(ByteReader& reader) {
  const size_t size = reader.remaining();
  if (size < kHeaderBytes + kChecksumBytes) return CorruptState("too short");
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view bytes, reader.Raw(size - kChecksumBytes));
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t checksum, reader.U32());
  ByteReader state(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view magic, state.Raw(kMagic.size()));
  if (magic != kMagic) return CorruptState("not the state of a job");
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, state.U32());
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("saved state: version ", version, ", this program reads ", kVersion)};
  }
  if (checksum != Crc32c(bytes)) return CorruptState("the checksum differs");
  return LoadPayload(state);
}

Status GraphJob::LoadPayload(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(now_, reader.I64());
  TAILRACE_TRY(LoadStreams(reader));
  TAILRACE_TRY(LoadRuns(reader));
  TAILRACE_TRY(errors_.Load(reader));
  if (!reader.at_end()) return CorruptState("bytes after the end");
  start_due_ = true;
  return Ok();
}

Status GraphJob::LoadStreams(ByteReader& reader) {
  new_flows_.clear();
  gone_streams_.clear();
  for (size_t i = 0; i < streams_.size(); ++i) new_flows_.insert(i);
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, 16));
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view name, reader.Text());
    const int stream = program_->FindStream(name);
    if (stream < 0) {
      TAILRACE_ASSIGN_OR_RETURN(gone_streams_[std::string(name)], reader.U64());
    } else {
      TAILRACE_TRY(streams_[static_cast<size_t>(stream)].LoadOrdinal(reader));
    }
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view fingerprint, reader.Text());
    TAILRACE_ASSIGN_OR_RETURN(const uint64_t size, reader.U64());
    if (size > reader.remaining()) return CorruptState("a stream beyond the bytes");
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view bytes, reader.Raw(size));
    if (stream < 0 || fingerprint != FlowFingerprint(static_cast<size_t>(stream))) continue;
    ByteReader flow(bytes);
    TAILRACE_TRY(streams_[static_cast<size_t>(stream)].LoadFlow(flow));
    if (!flow.at_end()) return CorruptState("bytes after a stream");
    new_flows_.erase(static_cast<size_t>(stream));
  }
  return Ok();
}

Status GraphJob::LoadRuns(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, 16));
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view name, reader.Text());
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view fingerprint, reader.Text());
    TAILRACE_ASSIGN_OR_RETURN(const uint64_t size, reader.U64());
    if (size > reader.remaining()) return CorruptState("a pump beyond the bytes");
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view bytes, reader.Raw(size));
    for (const Run& run : runs_) {
      if (run.pump == nullptr || run.pump->name() != name || run.pump->fingerprint() != fingerprint) continue;
      ByteReader state(bytes);
      TAILRACE_TRY(run.pump->Load(state));
      if (!state.at_end()) return CorruptState("bytes after a pump");
      break;
    }
  }
  return Ok();
}

}  // namespace

Result<std::unique_ptr<Job>> Job::Make(std::shared_ptr<const sql::BoundProgram> program, JobOptions options,
                                       std::vector<data::Batch> tables, MetricsRegistry& metrics) {
  auto job = std::make_unique<GraphJob>(std::move(program), options, std::move(tables), metrics);
  TAILRACE_TRY(job->Build());
  return std::unique_ptr<Job>(std::move(job));
}

}  // namespace tailrace::engine
