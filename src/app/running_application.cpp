#include "app/running_application.h"

#include <algorithm>
#include <cctype>

#include "base/hash.h"
#include "base/os/process.h"
#include "base/str.h"
#include "sink/file_sink.h"
#include "sink/stream_sink.h"
#include "sink/table_sink.h"

namespace tailrace::app {
namespace {

// The longest sleep of an application that nothing wakes. With alarms: those that are over are told this late at most.
constexpr Milliseconds kSleepMax{1'000};
constexpr Milliseconds kSleepWithoutAlarmsMax{5'000};

// Of what streams' names may have; shortened names end with a hash of the whole.
std::string WaitingStreamName(std::string_view application, std::string_view from, std::string_view topic) {
  constexpr size_t kCharsMax = 128;
  const std::string whole = StrCat("kafka.", application, ".", from, ".", topic);
  std::string name;
  for (const char c : whole) name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '.';
  if (name == whole && name.size() <= kCharsMax) return name;
  const auto hash = Sha256(whole);
  return StrCat(name.substr(0, kCharsMax - 17), ".", ToHex({reinterpret_cast<const char*>(hash.data()), size_t{8}}));
}

}  // namespace

RunningApplication::RunningApplication(Runtime& runtime, std::string folder)
    : runtime_(runtime),
      folder_(std::move(folder)),
      sink_environment_{runtime.environment().disk, runtime.environment().clock, runtime.environment().metrics,
                        runtime.tables(), runtime.dead_letters()} {}

RunningApplication::~RunningApplication() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<RunningApplication>> RunningApplication::Open(Definition definition, Runtime& runtime,
                                                                     std::string folder, Rng rng,
                                                                     const RuntimeOptions& options) {
  std::unique_ptr<RunningApplication> running(new RunningApplication(runtime, std::move(folder)));
  const ApplicationConfig config = definition.config;
  TAILRACE_TRY(running->OpenAlarms(config, rng.Fork()));
  for (size_t i = 0; i < definition.program->streams.size(); ++i) {
    running->origins_.push_back(std::make_unique<InputOrigins>());
  }
  TAILRACE_ASSIGN_OR_RETURN(std::vector<Application::Output> outputs, running->MakeOutputs(definition));
  const Runtime::Environment& environment = runtime.environment();
  TAILRACE_ASSIGN_OR_RETURN(
      running->application_,
      Application::Open(std::move(definition), std::move(outputs), running->origins_,
                        {environment.disk, runtime.clock_, environment.log, environment.metrics,
                         [&runtime](const InputConfig& input) { return runtime.FindInput(input); },
                         running->folder_ + "/checkpoint", options.application, *runtime.told_time_, environment.net,
                         running->folder_, options.simulation.has_value() ? nullptr : &running->checkpoint_writer_,
                         options.simulation.has_value() ? nullptr : &running->reference_reader_}));
  for (const InputConfig& input : config.inputs) {
    TAILRACE_ASSIGN_OR_RETURN(const auto stream, runtime.FindInput(input));
    running->subscriptions_.push_back(stream->Subscribe([raw = running.get()] { raw->Wake(); }));
  }
  if (options.run_agents && !config.agent_file.empty()) TAILRACE_TRY(running->OpenAgent(config, rng.Fork()));
  return running;
}

Status RunningApplication::OpenAlarms(const ApplicationConfig& config, Rng rng) {
  if (config.alarms.empty()) return Ok();
  TAILRACE_ASSIGN_OR_RETURN(alarm_store_, alarm::AlarmStore::Open(folder_ + "/alarms.sqlite", rng));
  std::vector<alarm::TargetConfig> targets;
  for (const TargetEntry& entry : config.targets) {
    targets.push_back(entry.target);
    // Relative paths of what targets write begin at the application's data folder.
    if (auto* const file = std::get_if<alarm::FileTarget>(&targets.back().kind)) {
      file->path = ResolvePath(folder_, file->path);
    } else if (auto* const sqlite = std::get_if<alarm::SqliteHistoryTarget>(&targets.back().kind)) {
      sqlite->path = ResolvePath(folder_, sqlite->path.empty() ? "history.sqlite" : sqlite->path);
    }
  }
  const Runtime::Environment& environment = runtime_.environment();
  TAILRACE_ASSIGN_OR_RETURN(
      outbox_, alarm::Outbox::Open(
                   targets, *alarm_store_, rng.Fork(),
                   {{environment.net, environment.disk, environment.clock}, environment.log, environment.metrics}));
  return Ok();
}

Result<std::vector<Application::Output>> RunningApplication::MakeOutputs(const Definition& definition) {
  std::vector<Application::Output> outputs;
  for (const OutputConfig& config : definition.config.outputs) {
    const int stream = definition.program->FindStream(config.from);
    TAILRACE_CHECK(stream >= 0);  // LoadDefinition has refused anything else.
    auto output = MakeOutput(definition, config, stream);
    if (!output.ok()) return std::move(output).error().Context(config.Name());
    outputs.push_back(std::move(output).value());
  }
  return outputs;
}

Result<Application::Output> RunningApplication::MakeOutput(const Definition& definition, const OutputConfig& config,
                                                           int stream) {
  const data::SchemaPtr& schema = definition.program->streams[static_cast<size_t>(stream)].schema;
  const std::string sink_name = StrCat(definition.config.name, "/", config.Name());
  Application::Output output{.stream = stream, .name = config.Name()};
  if (const auto* const to = std::get_if<TableOutput>(&config.to)) {
    std::vector<sink::AttributeRule> rules;
    for (const ItemAttribute& attribute : to->item) rules.push_back(attribute.rule);
    InputOrigins* const origins = origins_[static_cast<size_t>(stream)].get();
    TAILRACE_ASSIGN_OR_RETURN(
        std::unique_ptr<sink::RedrivableSink> table,
        sink::MakeTableSink({.name = sink_name, .table = to->table, .schema = *schema, .item = std::move(rules)},
                            sink_environment_, [origins](data::Ordinal ordinal) { return origins->Find(ordinal); }));
    redrivable_[sink_name] = table.get();
    output.sink = std::move(table);
  } else if (const auto* const to = std::get_if<AlarmOutput>(&config.to)) {
    const auto entry = std::ranges::find(definition.config.alarms, to->alarm,
                                         [](const AlarmEntry& alarm) { return alarm.alarm.name; });
    std::vector<alarm::TargetConfig> targets;
    for (const TargetEntry& target : definition.config.targets) targets.push_back(target.target);
    TAILRACE_ASSIGN_OR_RETURN(
        std::unique_ptr<alarm::AlarmSink> alarm,
        alarm::AlarmSink::Open(
            entry->alarm, schema, targets, *alarm_store_, runtime_.environment().clock, [this] { WakeSenders(); },
            [this, stream](Timestamp time) { return EvidenceOf(stream, time); }));
    output.alarm = alarm.get();
    output.sink = std::move(alarm);
  } else if (const auto* const to = std::get_if<StreamOutput>(&config.to)) {
    TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<stream::Stream> target, runtime_.FindStream(to->stream, to->to_delivery));
    TAILRACE_ASSIGN_OR_RETURN(output.sink,
                              sink::MakeStreamSink({.name = sink_name, .schema = *schema, .output = to->options},
                                                   std::move(target), sink_environment_));
  } else if (std::holds_alternative<KafkaOutput>(config.to)) {
    TAILRACE_ASSIGN_OR_RETURN(output.sink, MakeKafkaOutput(definition.config.name, config, sink_name, *schema));
  } else if (const auto* const to = std::get_if<FileOutput>(&config.to)) {
    TAILRACE_ASSIGN_OR_RETURN(
        output.sink,
        sink::MakeFileSink(
            {.name = sink_name, .path = ResolvePath(folder_, to->path), .schema = *schema, .output = to->options},
            sink_environment_));
  }
  return output;
}

// On the application's thread, when everything is open.
std::optional<alarm::Evidence> RunningApplication::EvidenceOf(int stream, Timestamp time) const {
  auto evidence = GatherEvidence(
      application_->definition(), stream, [this](const InputConfig& input) { return runtime_.FindInput(input); }, time);
  if (evidence.ok()) return std::move(evidence).value();
  runtime_.environment().log.Warning("no evidence for an alarm",
                                     {{"app", name()}, {"error", evidence.error().message}});
  return std::nullopt;
}

Result<Recomputed> RunningApplication::Explain(const alarm::EventRecord& event, const alarm::Evidence& evidence) const {
  Definition definition = application_->definition();
  definition.tables = application_->ReferenceTables();
  for (const OutputConfig& output : definition.config.outputs) {
    const auto* to = std::get_if<AlarmOutput>(&output.to);
    if (to == nullptr || to->alarm != event.alarm) continue;
    return Recompute(definition, definition.program->FindStream(output.from), event.event, evidence,
                     runtime_.environment().disk, runtime_.data_folder(), application_->query_start_unix_ms());
  }
  return Error{ErrorCode::kNotFound, StrCat("application ", name(), " has no alarm ", event.alarm, " any more")};
}

// Rows wait for the cluster in a stream of their own, so that neither the SQL nor checkpoints wait for it.
Result<std::unique_ptr<data::Sink>> RunningApplication::MakeKafkaOutput(const std::string& application,
                                                                        const OutputConfig& config,
                                                                        const std::string& sink_name,
                                                                        const data::Schema& schema) {
  const auto& to = std::get<KafkaOutput>(config.to);
  const std::string name = WaitingStreamName(application, config.from, to.delivery.topic);
  auto found = runtime_.streams().Find(name);
  if (!found.ok() && found.error().code == ErrorCode::kNotFound) {
    found = runtime_.streams().Create(name, {.retention = to.retention});
  }
  TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<stream::Stream> waiting, std::move(found));
  TAILRACE_TRY(waiting->SetRetention(to.retention, 0));
  sink::KafkaDeliveryConfig delivery = to.delivery;
  if (delivery.transactional_id.empty()) {
    delivery.transactional_id = StrCat("tailrace.", application, ".", config.from, ".", delivery.topic);
  }
  const Runtime::Environment& environment = runtime_.environment();
  kafka_[config.Name()] = std::make_unique<sink::KafkaDelivery>(
      std::move(delivery), waiting, sink_name,
      sink::KafkaDelivery::Environment{environment.clock, environment.log, environment.metrics, runtime_.tables(),
                                       runtime_.dead_letters()});
  TAILRACE_ASSIGN_OR_RETURN(
      std::unique_ptr<sink::RedrivableSink> rows,
      sink::MakeStreamSink(
          {.name = sink_name, .schema = schema, .output = to.options, .partition_key = to.key, .line_ends = false},
          std::move(waiting), sink_environment_));
  redrivable_[sink_name] = rows.get();
  return std::unique_ptr<data::Sink>(std::move(rows));
}

Status RunningApplication::OpenAgent(const ApplicationConfig& config, Rng rng) {
  const std::string path = ResolvePath(config.folder, config.agent_file);
  const Runtime::Environment& environment = runtime_.environment();
  ingest::LoadedAgentConfig loaded = ingest::LoadAgentConfig(environment.disk, path, "");
  if (!loaded.ok()) {
    return Error{ErrorCode::kInvalidArgument, StrCat(path, ": ", loaded.problems.front().ToString())};
  }
  const bool simulated = runtime_.options().simulation.has_value();
  const auto find_target = [this](const ingest::FlowConfig& flow) -> Result<ingest::RecordTarget*> {
    TAILRACE_ASSIGN_OR_RETURN(
        std::shared_ptr<stream::Stream> stream,
        runtime_.FindStream(flow.destination, flow.destination_kind == ingest::DestinationKind::kDelivery));
    agent_targets_.push_back(std::make_unique<ingest::StreamTarget>(std::move(stream)));
    return static_cast<ingest::RecordTarget*>(agent_targets_.back().get());
  };
  TAILRACE_ASSIGN_OR_RETURN(
      agent_,
      ingest::Agent::Make(std::move(loaded.config),
                          {.checkpoint_path = folder_ + "/agent-checkpoint", .user = UserName(), .polled = simulated},
                          {environment.disk, environment.clock, environment.log}, find_target, rng));
  if (!simulated) agent_runner_ = std::make_unique<ingest::AgentRunner>(*agent_, environment.clock, environment.log);
  return Ok();
}

void RunningApplication::Start() {
  StartSending();
  StartReading();
}

void RunningApplication::StartSending() {
  const Runtime::Environment& environment = runtime_.environment();
  const std::lock_guard lock(senders_mutex_);
  if (outbox_ != nullptr) {
    senders_ = std::make_unique<alarm::OutboxWorkers>(*outbox_, environment.clock, environment.log);
  }
  for (const auto& [name, delivery] : kafka_) delivery->Start();
}

void RunningApplication::StartReading() {
  const Runtime::Environment& environment = runtime_.environment();
  thread_ = std::thread([this] { Run(); });
  if (agent_runner_ == nullptr) return;
  const Status started = agent_runner_->Start();
  if (!started.ok()) environment.log.Error("agent not started", {{"error", started.error().message}});
}

void RunningApplication::Stop(std::chrono::milliseconds limit) {
  StopReading(limit);
  StopSending();
}

void RunningApplication::BeginToStop(std::chrono::milliseconds limit) {
  if (agent_runner_ != nullptr) agent_runner_->Stop();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    stop_by_ = runtime_.environment().clock.Monotonic() + limit;
  }
  wake_.notify_all();
}

void RunningApplication::StopReading(std::chrono::milliseconds limit) {
  // From the source on, so that each part can finish what the one before it gave.
  BeginToStop(limit);
  if (thread_.joinable()) thread_.join();
  subscriptions_.clear();  // Whoever appends from now on wakes nobody.
}

void RunningApplication::StopSending() {
  std::unique_ptr<alarm::OutboxWorkers> senders;
  {
    const std::lock_guard lock(senders_mutex_);
    senders = std::move(senders_);
  }
  for (const auto& [name, delivery] : kafka_) delivery->Stop(kSleepMax);
}

void RunningApplication::Wake() {
  {
    const std::lock_guard lock(mutex_);
    if (woken_) return;
    woken_ = true;
  }
  wake_.notify_one();
}

void RunningApplication::WakeSenders() {
  const std::lock_guard lock(senders_mutex_);
  if (senders_ != nullptr) senders_->Wake();
}

// Steps whenever records, time or tasks have come; at the end once more, and a checkpoint.
void RunningApplication::Run() {
  const Clock& clock = runtime_.clock();
  std::unique_lock lock(mutex_);
  while (true) {
    woken_ = false;
    std::deque<std::packaged_task<Status()>> tasks;
    tasks.swap(tasks_);
    const bool last = stopping_;
    const std::chrono::nanoseconds stop_by = stop_by_;
    lock.unlock();
    for (auto& task : tasks) task();
    auto step = application_->Step();
    Status status = step.ok() ? Ok() : Status(step.error());
    // Past the limit the rest is read after the next start: the checkpoint says from where.
    const bool ends = last && status.ok() && (!step->more || clock.Monotonic() >= stop_by);
    if (ends) status = application_->Conclude();
    lock.lock();
    if (!status.ok()) {
      failure_ = status.error().message;
      runtime_.environment().log.Error("application failed", {{"app", name()}, {"error", failure_}});
      break;
    }
    if (ends) break;
    if (step->more) continue;
    Milliseconds sleep = alarm_store_ != nullptr ? kSleepMax : kSleepWithoutAlarmsMax;
    if (step->wake.has_value()) sleep = std::clamp(*step->wake - clock.Now(), Milliseconds(0), sleep);
    wake_.wait_for(lock, sleep, [this] { return woken_ || stopping_ || !tasks_.empty(); });
  }
  ended_ = true;
  // Whoever still waits gets a broken promise, which Redrive reports.
  tasks_.clear();
}

ApplicationStatus RunningApplication::CurrentStatus() const {
  ApplicationStatus status = application_->CurrentStatus();
  for (OutputStatus& output : status.outputs) {
    const auto delivery = kafka_.find(output.name);
    if (delivery == kafka_.end()) continue;
    const sink::KafkaDeliveryStatus waiting = delivery->second->CurrentStatus();
    output.waiting_rows += waiting.waiting_records;
    if (output.error.empty()) output.error = waiting.error;
  }
  const std::lock_guard lock(mutex_);
  if (!failure_.empty()) {
    status.state = "failed";
    status.error = failure_;
  }
  return status;
}

Status RunningApplication::Redrive(const sink::LetterId& letter) {
  const auto found = redrivable_.find(letter.sink);
  if (found == redrivable_.end()) {
    return Error{ErrorCode::kNotFound, StrCat("application ", name(), " has no output ", letter.sink)};
  }
  std::packaged_task<Status()> task(
      [this, letter, sink = found->second] { return sink::RedriveLetter(runtime_.dead_letters(), letter, *sink); });
  std::future<Status> done = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || !thread_.joinable()) return Error{ErrorCode::kUnavailable, "the application is not running"};
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
  try {
    return done.get();
  } catch (const std::future_error&) {  // The thread ended before the task's turn.
    return Error{ErrorCode::kUnavailable, "the application has ended"};
  }
}

std::vector<std::string> RunningApplication::SinkNames() const {
  std::vector<std::string> names;
  for (const auto& [name, sink] : redrivable_) names.push_back(name);
  return names;
}

size_t RunningApplication::DeadLetterCount() const {
  size_t count = 0;
  for (const auto& [name, sink] : redrivable_) count += runtime_.dead_letters().count(name);
  return count;
}

std::vector<ingest::FlowStatus> RunningApplication::AgentFlows() const {
  return agent_ == nullptr ? std::vector<ingest::FlowStatus>() : agent_->status().flows;
}

}  // namespace tailrace::app
