#include "app/test_world.h"

#include <algorithm>
#include <ranges>

#include "app/running_application.h"
#include "base/str.h"
#include "data/text.h"
#include "engine/sql_test_rows.h"
#include "table/item.h"

namespace tailrace::app {
namespace {

constexpr uint64_t kSegmentBytes = 1 << 20;
constexpr uint32_t kPageItems = 1'000;
constexpr Milliseconds kNeverMs{int64_t{100} * 365 * 24 * 3'600'000};

// A network without anybody in it.
class NoNet final : public Net {
 public:
  Result<HttpResponse> Http(const HttpRequest&) override { return Refusal(); }
  Status SendMail(const MailServer&, const Mail&) override { return Refusal(); }

 private:
  static Error Refusal() { return {ErrorCode::kUnavailable, "tests have no network"}; }
};

std::string TimeOf(Timestamp time) { return data::ToSqlText(data::Type::Timestamp(), ToUnixMs(time)); }

std::string NumberOf(const std::optional<double>& value) {
  return value.has_value() ? alarm::NumberText(*value) : "NULL";
}

// The values that are told, separated by tabs; an alarm without keys has none to tell.
std::string Fields(std::vector<std::string> fields, const std::string& key) {
  if (!key.empty()) fields.insert(fields.begin() + 2, key);
  return Join(fields, "\t");
}

std::string EventText(const alarm::AlarmEvent& event) {
  switch (event.kind) {
    case alarm::EventKind::kFired:
      return Fields({TimeOf(event.time), "fired", NumberOf(event.value)}, event.key);
    case alarm::EventKind::kMessage:
      if (event.rows == 0) return Fields({TimeOf(event.time), "told", NumberOf(event.value)}, event.key);
      return Fields({TimeOf(event.time), "told", NumberOf(event.value), StrCat("held back ", event.rows),
                     StrCat("max ", NumberOf(event.max))},
                    event.key);
    case alarm::EventKind::kResolved:
      return Fields({TimeOf(event.time), "resolved", StrCat("rows ", event.rows), StrCat("max ", NumberOf(event.max))},
                    event.key);
  }
  TAILRACE_CHECK(false);
}

std::string_view KindText(alarm::MessageKind kind) {
  switch (kind) {
    case alarm::MessageKind::kAlarm:
      return "alarm";
    case alarm::MessageKind::kResolved:
      return "resolved";
    case alarm::MessageKind::kHistory:
      return "history";
  }
  TAILRACE_CHECK(false);
}

std::string MessageText(const alarm::DeliveryRecord& delivery) {
  const std::string begin = StrCat(TimeOf(delivery.time), "\t", delivery.target, "\t", KindText(delivery.kind));
  if (delivery.kind == alarm::MessageKind::kHistory) return begin;
  return StrCat(begin, "\t", engine::EscapeSqlTest(delivery.subject), "\t", engine::EscapeSqlTest(delivery.text));
}

// Everything newer than `after`, oldest first, from lists that give pages of the newest first.
template <typename List>
auto NewerThan(int64_t after, List list) -> Result<std::vector<typename decltype(list({}))::value_type::value_type>> {
  std::vector<typename decltype(list({}))::value_type::value_type> newer;
  alarm::RecordFilter filter{.records_max = kPageItems};
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(auto page, list(filter));
    for (auto& record : page) {
      if (record.id <= after) {
        std::ranges::reverse(newer);
        return newer;
      }
      newer.push_back(std::move(record));
    }
    if (page.size() < kPageItems) break;
    filter.before_id = newer.back().id;
  }
  std::ranges::reverse(newer);
  return newer;
}

}  // namespace

std::vector<TestMode> TestModes() {
  using Restart = TestMode::Restart;
  return {{.name = "records_1024", .batch_records = 1024},
          {.name = "records_1", .batch_records = 1},
          {.name = "records_7", .batch_records = 7},
          {.name = "restarted", .batch_records = 1024, .restart = Restart::kSaved},
          {.name = "restarted_records_1", .batch_records = 1, .restart = Restart::kSaved},
          {.name = "killed", .batch_records = 7, .restart = Restart::kKilled},
          {.name = "threads_4", .batch_records = 1024, .decode_threads = 4, .shards = 4},
          {.name = "threads_4_records_7", .batch_records = 7, .decode_threads = 4, .shards = 4},
          {.name = "used_columns", .batch_records = 7, .observe_inputs = false}};
}

TestWorld::TestWorld(Disk& disk, std::string folder, Timestamp start, const TestMode& mode)
    : disk_(disk), folder_(std::move(folder)), mode_(mode), clock_(start), net_(std::make_unique<NoNet>()) {}

TestWorld::~TestWorld() = default;

Result<std::unique_ptr<TestWorld>> TestWorld::Open(Disk& disk, const Definition& definition, std::string folder,
                                                   Timestamp start, const TestMode& mode) {
  std::unique_ptr<TestWorld> world(new TestWorld(disk, std::move(folder), start, mode));
  world->definition_ = definition;
  ApplicationConfig& config = world->definition_.config;
  config.agent_file.clear();
  // The first checkpoint is made when the application begins; later ones are the mode's business.
  config.checkpoint_interval = kNeverMs;
  for (StreamConfig& stream : config.streams) {
    stream.kafka.reset();
    stream.metrics.reset();
    stream.options.durability = stream::Durability::kRelaxed;
    stream.options.segment_bytes = kSegmentBytes;
    stream.options.retention = kNeverMs;
    stream.options.retention_bytes = 0;
    // With several in-application streams the shard decides which one a record enters.
    const bool shard_counts = std::ranges::any_of(
        config.inputs, [&](const InputConfig& input) { return input.stream == stream.name && input.parallelism > 1; });
    if (mode.shards > 0 && !shard_counts) stream.options.shards = mode.shards;
  }
  for (ReferenceTableConfig& table : config.reference_tables) {
    if (!table.object.has_value()) continue;
    if (table.file.empty()) {
      return Error{
          ErrorCode::kInvalidArgument,
          StrCat("reference table ", table.name,
                 " is an object, and tests have no network; give it a file beside s3, with the rows for tests")};
    }
    table.object.reset();
  }
  // Every output stays in the folder. A kind that is new here does not compile until it does.
  struct KeepInFolder {
    std::map<std::string, std::string>& files;
    void operator()(TableOutput&) const {}
    void operator()(AlarmOutput&) const {}
    void operator()(StreamOutput&) const {}
    void operator()(FileOutput& output) const {
      const std::string inside = StrCat("files/", files.size());
      output.path = files.try_emplace(output.path, inside).first->second;
    }
    void operator()(KafkaOutput&) const {}  // Is a file by then.
  };
  for (OutputConfig& output : config.outputs) {
    // What would go to a topic goes to a file of the topic's name: `written kafka TOPIC`.
    if (const auto* const kafka = std::get_if<KafkaOutput>(&output.to)) {
      output.to = FileOutput{.path = std::string(kafka->delivery.topic), .options = kafka->options};
    }
    std::visit(KeepInFolder{world->files_}, output.to);
  }
  for (TargetEntry& entry : config.targets) {
    if (auto* const sqlite = std::get_if<alarm::SqliteHistoryTarget>(&entry.target.kind)) sqlite->path.clear();
  }
  world->seen_.resize(definition.program->streams.size());
  TAILRACE_TRY(world->Start());
  return world;
}

Status TestWorld::Start() {
  RuntimeOptions options{.data_folder = folder_, .run_agents = false};
  options.application.records_per_batch = mode_.batch_records;
  options.application.decode = {.threads = mode_.decode_threads, .records_per_thread_min = 1};
  options.application.engine_threads = mode_.decode_threads;
  options.application.engine_rows_min = 1;
  options.application.observe_inputs = mode_.observe_inputs;
  options.application.told_time_reserve = Milliseconds(0);  // Time goes on as the file says, restarts or not.
  options.application.observer = [this](int stream, const data::Batch& rows, data::Ordinal first) {
    Observe(stream, rows, first);
  };
  TAILRACE_ASSIGN_OR_RETURN(runtime_,
                            Runtime::Open(std::move(options), {disk_, clock_, *net_, log_, metrics_, /*seed=*/1}));
  return runtime_->AddApplication(definition_);
}

RunningApplication& TestWorld::running() const { return *runtime_->FindApplication(definition_.config.name); }

// After a restart rows come again; they must be the same.
void TestWorld::Observe(int stream, const data::Batch& rows, data::Ordinal first) {
  SeenRows& seen = seen_[static_cast<size_t>(stream)];
  const sql::StreamInfo& info = definition_.program->streams[static_cast<size_t>(stream)];
  for (size_t row = 0; row < rows.rows(); ++row) {
    std::string text =
        info.kind == sql::StreamKind::kError ? engine::SqlTestErrorRow(rows, row) : engine::SqlTestRow(rows, row, true);
    const data::Ordinal ordinal = first + row;
    if (ordinal == seen.rows.size() + 1) {
      seen.rows.push_back(std::move(text));
    } else if (ordinal > seen.rows.size() || seen.rows[ordinal - 1] != text) {
      mismatch_ = StrCat(info.name, ": row ", ordinal, " came again as\n", text, "\ninstead of\n",
                         ordinal > seen.rows.size() ? "(none)" : seen.rows[ordinal - 1]);
    }
  }
}

Status TestWorld::Step() {
  Application& application = running().application();
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(const Application::StepResult result, application.Step());
    const ApplicationStatus status = application.CurrentStatus();
    for (const OutputStatus& output : status.outputs) {
      if (!output.error.empty()) return Error{ErrorCode::kInternal, StrCat(output.name, ": ", output.error)};
    }
    if (!result.more) break;
  }
  TAILRACE_TRY(Restart());
  if (!mismatch_.empty()) return Error{ErrorCode::kInternal, mismatch_};
  return Ok();
}

Status TestWorld::Restart() {
  switch (mode_.restart) {
    case TestMode::Restart::kNever:
      return Ok();
    case TestMode::Restart::kSaved:
      return runtime_->Replace(definition_, Milliseconds(0));
    case TestMode::Restart::kKilled: {
      runtime_.reset();
      TAILRACE_TRY(Start());
      Application& application = running().application();
      while (true) {
        TAILRACE_ASSIGN_OR_RETURN(const Application::StepResult result, application.Step());
        if (!result.more) return Ok();
      }
    }
  }
  TAILRACE_CHECK(false);
}

Result<std::string> TestWorld::NameAmong(std::string_view what, const std::string& name,
                                         const std::vector<std::string>& names) const {
  if (std::ranges::find(names, name) != names.end()) return name;
  const auto nearest = NearestName(name, names);
  return Error{ErrorCode::kNotFound, StrCat("the application has no ", what, " ", name,
                                            nearest.has_value() ? StrCat("; did you mean ", *nearest, "?")
                                            : names.empty()     ? std::string()
                                                                : StrCat("; it has ", Join(names, ", ")))};
}

Result<const InputConfig*> TestWorld::FindInput(const std::string& name) const {
  std::vector<std::string> names;
  for (const InputConfig& input : definition_.config.inputs) {
    names.push_back(input.prefix);
    if (input.prefix == name || input.stream == name) return &input;
    for (int partition = 1; partition <= input.parallelism; ++partition) {
      if (ingest::InputStreamName(input.prefix, partition) == name) return &input;
    }
  }
  TAILRACE_TRY(NameAmong("input", name, names));
  TAILRACE_CHECK(false);
}

Status TestWorld::Feed(const std::string& name, const std::vector<TestRecord>& records) {
  TAILRACE_ASSIGN_OR_RETURN(const InputConfig* const input, FindInput(name));
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<stream::Stream> stream, runtime_->FindInput(*input));
  size_t begin = 0;
  while (begin < records.size()) {
    size_t end = begin + 1;
    while (end < records.size() && records[end].time == records[begin].time) ++end;
    if (records[begin].time < clock_.Now()) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("time is already ", TimeOf(clock_.Now()), ": ", TimeOf(records[begin].time), " has passed")};
    }
    clock_.Set(records[begin].time);
    TAILRACE_TRY(Append(*stream, *input, std::span(records).subspan(begin, end - begin)));
    begin = end;
  }
  return Step();
}

// Records of one moment. Their order is that of their shards, so later ones never go to an earlier shard.
Status TestWorld::Append(stream::Stream& stream, const InputConfig& input, std::span<const TestRecord> records) {
  std::vector<stream::HashKeyRange> ranges;
  const stream::StreamDescription description = stream.Describe();
  for (const stream::ShardDescription& shard : description.shards) ranges.push_back(shard.range);
  std::vector<stream::RecordInput> inputs;
  for (size_t i = 0; i < records.size(); ++i) {
    stream::RecordInput record{.partition_key = records[i].partition_key, .data = records[i].data};
    const size_t shard = records.size() == 1 ? appends_ % ranges.size() : i * ranges.size() / records.size();
    if (input.parallelism == 1) record.explicit_hash_key = ranges[shard].first;
    inputs.push_back(record);
  }
  ++appends_;
  TAILRACE_ASSIGN_OR_RETURN(const stream::AppendOutcome outcome, stream.Append(inputs));
  TAILRACE_TRY(outcome.status());
  const stream::RecordPlace& place = outcome.places.front();
  TAILRACE_ASSIGN_OR_RETURN(stream::ShardReader reader, stream.Read(place.shard, place.sequence));
  stream::RecordBatch batch;
  TAILRACE_TRY(reader.Read({.records_max = 1}, batch));
  if (batch.records().empty() || batch.records().front().arrival != records.front().time) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("time has already been advanced past ", TimeOf(records.front().time),
                        "; put records of one moment into one block")};
  }
  return Ok();
}

Status TestWorld::AdvanceTo(Timestamp time) {
  if (time < clock_.Now()) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("time is already ", TimeOf(clock_.Now()), " and cannot go back to ", TimeOf(time))};
  }
  clock_.Set(time);
  return Step();
}

bool TestWorld::Observes(const std::string& stream) const {
  const int index = definition_.program->FindStream(stream);
  return mode_.observe_inputs || index < 0 ||
         definition_.program->streams[static_cast<size_t>(index)].kind != sql::StreamKind::kInput;
}

Result<std::vector<std::string>> TestWorld::TakeRows(const std::string& stream) {
  const int index = definition_.program->FindStream(stream);
  if (index < 0) {
    std::vector<std::string> names;
    for (const sql::StreamInfo& info : definition_.program->streams) names.push_back(info.name);
    TAILRACE_TRY(NameAmong("in-application stream", stream, names));
  }
  SeenRows& seen = seen_[static_cast<size_t>(index)];
  std::vector<std::string> rows(seen.rows.begin() + static_cast<ptrdiff_t>(seen.taken), seen.rows.end());
  seen.taken = seen.rows.size();
  return rows;
}

Result<std::vector<std::string>> TestWorld::TakeWritten(const std::string& output) {
  std::vector<std::string> names;
  const std::string name = output.substr(output.find(' ') == std::string::npos ? 0 : output.find(' ') + 1);
  std::vector<std::string> lines;
  bool found = false;
  for (const OutputConfig& config : definition_.config.outputs) {
    if (const auto* const to = std::get_if<StreamOutput>(&config.to)) {
      names.push_back(to->stream);
      if (to->stream != name || found) continue;
      found = true;
      TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<stream::Stream> stream,
                                runtime_->FindStream(name, to->to_delivery));
      const stream::StreamDescription description = stream->Describe();
      for (const stream::ShardDescription& shard : description.shards) {
        TAILRACE_ASSIGN_OR_RETURN(stream::ShardReader reader, stream->Read(shard.id, 0));
        stream::RecordBatch batch;
        do {
          TAILRACE_TRY(reader.Read({}, batch));
          for (const stream::RecordView& record : batch.records()) lines.emplace_back(record.data);
        } while (!batch.records().empty());
      }
    }
  }
  for (const auto& [path, inside] : files_) {
    names.push_back(path);
    if (path != name || found) continue;
    found = true;
    const std::string file = StrCat(folder_, "/apps/", definition_.config.name, "/", inside);
    if (!Exists(disk_, file)) continue;
    TAILRACE_ASSIGN_OR_RETURN(const std::string text, ReadFile(disk_, file));
    for (const std::string_view line : Split(text, '\n')) lines.emplace_back(line);
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
  }
  if (!found) TAILRACE_TRY(NameAmong("output to a stream or file", name, names));
  size_t& taken = written_taken_[name];
  std::vector<std::string> written;
  for (size_t i = taken; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    written.push_back(engine::EscapeSqlTest(line));
  }
  taken = lines.size();
  return written;
}

Result<std::vector<std::string>> TestWorld::TakeAlarmEvents(const std::string& alarm) {
  std::vector<std::string> names{""};
  for (const AlarmEntry& entry : definition_.config.alarms) names.push_back(entry.alarm.name);
  TAILRACE_TRY(NameAmong("alarm", alarm, names));
  std::vector<std::string> lines;
  alarm::AlarmStore* const store = running().alarm_store();
  if (store == nullptr) return lines;
  int64_t& taken = events_taken_[alarm];
  TAILRACE_ASSIGN_OR_RETURN(
      const std::vector<alarm::EventRecord> events,
      NewerThan(taken, [&](const alarm::RecordFilter& filter) { return store->ListEvents(filter); }));
  for (const alarm::EventRecord& record : events) {
    taken = record.id;
    if (!alarm.empty() && record.alarm != alarm) continue;
    lines.push_back(alarm.empty() ? StrCat(record.alarm, "\t", EventText(record.event)) : EventText(record.event));
  }
  return lines;
}

Result<std::vector<std::string>> TestWorld::TakeMessages(const std::string& name) {
  std::vector<std::string> names{""};
  for (const AlarmEntry& entry : definition_.config.alarms) names.push_back(entry.alarm.name);
  for (const TargetEntry& entry : definition_.config.targets) names.push_back(entry.target.name);
  TAILRACE_TRY(NameAmong("alarm or target", name, names));
  std::vector<std::string> lines;
  alarm::AlarmStore* const store = running().alarm_store();
  if (store == nullptr) return lines;
  int64_t& taken = messages_taken_[name];
  TAILRACE_ASSIGN_OR_RETURN(
      const std::vector<alarm::DeliveryRecord> deliveries,
      NewerThan(taken, [&](const alarm::RecordFilter& filter) { return store->ListDeliveries(filter); }));
  for (const alarm::DeliveryRecord& delivery : deliveries) {
    taken = delivery.id;
    if (name.empty() || delivery.alarm == name || delivery.target == name) lines.push_back(MessageText(delivery));
  }
  return lines;
}

Result<std::vector<std::string>> TestWorld::AlarmStates(const std::string& alarm) {
  std::vector<std::string> names;
  for (const AlarmEntry& entry : definition_.config.alarms) names.push_back(entry.alarm.name);
  TAILRACE_TRY(NameAmong("alarm", alarm, names));
  std::vector<std::string> lines;
  alarm::AlarmStore* const store = running().alarm_store();
  if (store == nullptr) return lines;
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<alarm::AlarmStatus> states, store->ListAlarms());
  for (const alarm::AlarmStatus& status : states) {
    if (status.alarm != alarm) continue;
    std::vector<std::string> fields{status.state.firing ? "firing" : "quiet", StrCat("rows ", status.state.rows),
                                    StrCat("held back ", status.state.held_rows)};
    if (!status.key.empty()) fields.insert(fields.begin(), status.key);
    lines.push_back(Join(fields, "\t"));
  }
  return lines;
}

Result<std::vector<std::string>> TestWorld::Items(const std::string& table) {
  std::vector<std::string> names;
  for (const TableConfig& config : definition_.config.tables) names.push_back(config.name);
  TAILRACE_TRY(NameAmong("table", table, names));
  std::vector<std::string> lines;
  std::optional<table::Key> after;
  do {
    TAILRACE_ASSIGN_OR_RETURN(const table::Page page, runtime_->tables().Scan(table, kPageItems, after));
    for (const table::Item& item : page.items) lines.push_back(table::ToPlainJson(item));
    after = page.last;
  } while (after.has_value());
  return lines;
}

Result<std::vector<std::string>> TestWorld::DeadLetters() {
  std::vector<std::string> lines;
  std::optional<sink::LetterId> after;
  do {
    TAILRACE_ASSIGN_OR_RETURN(const sink::DeadLetters::Page page, runtime_->dead_letters().List("", after, kPageItems));
    for (const sink::DeadLetter& letter : page.letters) {
      const std::string output = letter.id.sink.substr(letter.id.sink.find('/') + 1);
      lines.push_back(StrCat(output, "\t", engine::EscapeSqlTest(letter.reason), "\t", letter.row_json));
    }
    after = page.last;
  } while (after.has_value());
  return lines;
}

}  // namespace tailrace::app
