#include "app/runtime.h"

#include <algorithm>

#include "app/running_application.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

table::KeyAttribute ToKeyAttribute(const std::pair<std::string, AttributeKind>& attribute) {
  return {attribute.first,
          attribute.second == AttributeKind::kNumber ? table::KeyType::kNumber : table::KeyType::kString};
}

}  // namespace

Runtime::Runtime(RuntimeOptions options, const Environment& environment)
    : options_(std::move(options)),
      environment_(environment),
      clock_(environment.clock),
      rng_(environment.seed),
      started_(environment.clock.Now()),
      reloader_(*this, environment.load_definition) {}

Runtime::~Runtime() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<Runtime>> Runtime::Open(RuntimeOptions options, const Environment& environment) {
  std::unique_ptr<Runtime> runtime(new Runtime(std::move(options), environment));
  TAILRACE_TRY(runtime->OpenStores());
  return runtime;
}

Status Runtime::OpenStores() {
  const std::string& folder = options_.data_folder;
  const bool simulated = options_.simulation.has_value();
  TAILRACE_TRY(environment_.disk.MakeDirectories(folder));
  if (!simulated) {
    TAILRACE_ASSIGN_OR_RETURN(lock_, FolderLock::Acquire(folder));
  }
  TAILRACE_TRY(MakeDirectoriesDurably(environment_.disk, folder + "/apps"));
  TAILRACE_TRY(OpenToldTime());
  TAILRACE_ASSIGN_OR_RETURN(
      streams_, stream::StreamStore::Open({environment_.disk, clock_, environment_.log, environment_.metrics},
                                          folder + "/streams", rng_.Fork(), {.maintain_in_background = !simulated}));
  sink::delivery::DeliveryStreams::Options delivery{.folder = folder + "/delivery",
                                                    .buckets = {.s3 = options_.s3, .folder = folder + "/buckets"}};
  TAILRACE_ASSIGN_OR_RETURN(delivery_streams_, sink::delivery::DeliveryStreams::Open(
                                                   std::move(delivery),
                                                   {environment_.disk, environment_.net, environment_.clock,
                                                    environment_.log, environment_.metrics, options_.partition_worker},
                                                   *streams_, rng_.Fork()));
  if (simulated) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<table::KeyValueStore> store, options_.simulation->open_tables());
    TAILRACE_ASSIGN_OR_RETURN(tables_, table::TableStore::Open(std::move(store), environment_.clock));
  } else {
    TAILRACE_ASSIGN_OR_RETURN(tables_, table::TableStore::Open(folder + "/tables", environment_.clock,
                                                               {.memory_bytes = options_.table_memory_bytes}));
  }
  TAILRACE_ASSIGN_OR_RETURN(dead_letters_, sink::DeadLetters::Open(*tables_, environment_.clock, environment_.metrics,
                                                                   sink::DeadLetters::Options()));
  return Ok();
}

Status Runtime::MakeStreams(const ApplicationConfig& config) {
  for (const StreamConfig& wanted : config.streams) {
    const auto found = streams_->Find(wanted.name);
    if (!found.ok()) {
      if (found.error().code != ErrorCode::kNotFound) return found.error();
      auto created = streams_->Create(wanted.name, wanted.options);
      if (!created.ok()) return std::move(created).error().Context(StrCat("stream ", wanted.name));
      TAILRACE_TRY(MakeSources(wanted, *created));
      continue;
    }
    TAILRACE_TRY(MakeSources(wanted, *found));
    stream::Stream& stream = **found;
    const stream::StreamDescription description = stream.Describe();
    if (description.options.retention != wanted.options.retention ||
        description.options.retention_bytes != wanted.options.retention_bytes) {
      TAILRACE_TRY(stream.SetRetention(wanted.options.retention, wanted.options.retention_bytes));
    }
    if (description.options.record_bytes_max != wanted.options.record_bytes_max) {
      TAILRACE_TRY(stream.SetRecordBytesMax(wanted.options.record_bytes_max));
    }
    const auto open = std::ranges::count_if(description.shards, [](const auto& shard) { return shard.open; });
    if (static_cast<uint32_t>(open) != wanted.options.shards) {
      environment_.log.Warning("the stream keeps its number of shards",
                               {{"stream", wanted.name}, {"shards", open}, {"configured", wanted.options.shards}});
    }
  }
  return Ok();
}

Status Runtime::MakeSources(const StreamConfig& config, const std::shared_ptr<stream::Stream>& stream) {
  if (config.metrics.has_value()) MakeMetricsSource(config, stream);
  return config.kafka.has_value() ? MakeKafkaSource(config, stream) : Ok();
}

// Other settings than before take the place of those.
void Runtime::MakeMetricsSource(const StreamConfig& config, const std::shared_ptr<stream::Stream>& stream) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<ingest::MetricsSource>& source = metrics_sources_[config.name];
  if (source != nullptr && source->config() == *config.metrics) return;
  source = std::make_unique<ingest::MetricsSource>(
      *config.metrics, stream, ingest::MetricsSource::Environment{environment_.log, environment_.metrics});
  if (running_) source->Start();
}

Status Runtime::MakeKafkaSource(const StreamConfig& config, const std::shared_ptr<stream::Stream>& stream) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(config.name);
  if (found != sources_.end()) {
    if (found->second->config() == *config.kafka) return Ok();
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("the stream ", config.name,
                        " is filled from Kafka with other settings already; start the server "
                        "anew to change them, and give the same to every application that names the stream")};
  }
  const std::string folder = options_.data_folder + "/kafka";
  TAILRACE_TRY(MakeDirectoriesDurably(environment_.disk, folder));
  auto& source = sources_[config.name] = std::make_unique<ingest::KafkaSource>(
      *config.kafka, stream, StrCat(folder, "/", config.name),
      ingest::KafkaSource::Environment{environment_.disk, environment_.clock, environment_.log, environment_.metrics});
  if (running_) source->Start();
  return Ok();
}

const ingest::KafkaSource* Runtime::FindSource(std::string_view stream) const {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(stream);
  return found == sources_.end() ? nullptr : found->second.get();
}

Status Runtime::MakeDeliveryStreams(const ApplicationConfig& config) {
  const std::string folder = StrCat(options_.data_folder, "/apps/", config.name);
  const auto resolve = [&](sink::delivery::ArchiveConfig& archive) {
    auto* const directory = std::get_if<sink::delivery::DirectoryStoreConfig>(&archive.store);
    if (directory != nullptr) directory->path = ResolvePath(folder, directory->path);
  };
  for (const DeliveryStreamConfig& wanted : config.delivery_streams) {
    sink::delivery::DeliveryDefinition definition = wanted.definition;
    if (auto* const archive = std::get_if<sink::delivery::ArchiveConfig>(&definition.destination)) resolve(*archive);
    if (definition.backup.has_value()) resolve(*definition.backup);
    const Status declared = delivery_streams_->Declare(config.name, definition);
    if (!declared.ok()) return Error(declared.error()).Context(StrCat("delivery stream ", definition.name));
  }
  return Ok();
}

Result<std::shared_ptr<stream::Stream>> Runtime::FindStream(const std::string& name, bool delivery) const {
  return delivery ? delivery_streams_->FindStream(name) : streams_->Find(name);
}

Result<std::shared_ptr<stream::Stream>> Runtime::FindInput(const InputConfig& input) const {
  return FindStream(input.stream, input.from_delivery);
}

Status Runtime::MakeTables(const ApplicationConfig& config) {
  for (const TableConfig& wanted : config.tables) {
    table::TableOptions options;
    options.key.hash = ToKeyAttribute(wanted.hash_key);
    if (wanted.range_key.has_value()) options.key.range = ToKeyAttribute(*wanted.range_key);
    options.ttl_attribute = wanted.ttl_attribute;
    options.feed = true;
    const Status made = tables_->EnsureTable(wanted.name, options);
    if (!made.ok()) return Error(made.error()).Context(StrCat("table ", wanted.name));
  }
  return Ok();
}

Status Runtime::AddApplication(Definition definition) {
  const std::string name = definition.config.name;
  if (FindApplication(name) != nullptr) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("two applications are named ", name, "; set name: in one of them")};
  }
  reloader_.Watch(definition.config);
  TAILRACE_TRY(MakeStreams(definition.config));
  TAILRACE_TRY(MakeDeliveryStreams(definition.config));
  TAILRACE_TRY(MakeTables(definition.config));
  TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<RunningApplication> application, OpenApplication(std::move(definition)));
  constexpr Milliseconds kAheadWorthAWord{10'000};
  if (const Milliseconds ahead = clock_.Ahead(); ahead > kAheadWorthAWord) {
    environment_.log.Warning("the machine's clock is behind the newest records; time goes on from them, slower",
                             {{"app", name}, {"ahead_ms", ahead.count()}});
  }
  const std::lock_guard lock(mutex_);
  applications_.push_back(std::move(application));
  return Ok();
}

Result<std::shared_ptr<RunningApplication>> Runtime::OpenApplication(Definition definition) {
  const std::string applications = options_.data_folder + "/apps";  // Durable since OpenStores.
  const std::string folder = StrCat(applications, "/", definition.config.name);
  TAILRACE_TRY(environment_.disk.MakeDirectories(folder));
  TAILRACE_TRY(environment_.disk.SyncDirectory(applications));
  TAILRACE_TRY(AdoptToldTime(folder + "/told-time"));
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<RunningApplication> application,
                            RunningApplication::Open(std::move(definition), *this, folder, rng_.Fork(), options_));
  return std::shared_ptr<RunningApplication>(std::move(application));
}

// Nothing was told that was later than the clock, so the present does for a told time that is lost, if the clock has
// not been set back since. Nobody but the user knows whether it has.
Status Runtime::OpenToldTime() {
  const std::string path = options_.data_folder + "/told-time";
  auto opened = ToldTime::Open(environment_.disk, path, options_.application.told_time_reserve);
  if (!opened.ok() && opened.error().code == ErrorCode::kCorruption && options_.skip_damaged) {
    environment_.log.Error(
        "the time up to which outputs were told is damaged and taken for the present: a window may be told again, with "
        "other rows, if the machine's clock was set back since",
        {{"file", path}, {"kept_as", path + ".damaged"}, {"error", opened.error().message}});
    TAILRACE_TRY(environment_.disk.Rename(path, path + ".damaged"));
    opened = ToldTime::Open(environment_.disk, path, options_.application.told_time_reserve);
    if (opened.ok()) TAILRACE_TRY((*opened)->Adopt(environment_.clock.Now()));
  }
  TAILRACE_ASSIGN_OR_RETURN(told_time_, std::move(opened));
  clock_.RaiseTo(told_time_->told_before() + Milliseconds(1));
  return Ok();
}

// Applications once had one each.
Status Runtime::AdoptToldTime(const std::string& path) {
  if (!Exists(environment_.disk, path)) return Ok();
  TAILRACE_ASSIGN_OR_RETURN(const Timestamp told, ReadToldTime(environment_.disk, path));
  TAILRACE_TRY(told_time_->Adopt(told));
  clock_.RaiseTo(told + Milliseconds(1));
  return environment_.disk.Remove(path);
}

Status Runtime::Replace(Definition definition, std::chrono::milliseconds limit) {
  const std::lock_guard replacing(replacing_mutex_);
  const std::shared_ptr<RunningApplication> old = FindApplication(definition.config.name);
  if (old == nullptr) return Error{ErrorCode::kNotFound, StrCat("no application ", definition.config.name)};
  TAILRACE_TRY(MakeStreams(definition.config));
  TAILRACE_TRY(MakeDeliveryStreams(definition.config));
  TAILRACE_TRY(MakeTables(definition.config));
  old->StopReading(limit);
  if (old->CurrentStatus().state != "failed") TAILRACE_TRY(old->application().Conclude());
  Status status = Ok();
  auto opened = OpenApplication(std::move(definition));
  if (!opened.ok()) {
    status = std::move(opened).error().Context("the running definition stays");
    opened = OpenApplication(old->application().definition());
    if (!opened.ok()) return std::move(opened).error().Context("the application is down, restart the server");
  }
  const std::shared_ptr<RunningApplication> running = std::move(opened).value();
  TakePlace(running);
  const bool at_work = [this] {
    const std::lock_guard lock(mutex_);
    return running_;
  }();
  if (!at_work) return status;
  running->StartReading();
  // Two senders at once might send a message twice.
  old->StopSending();
  running->StartSending();
  return status;
}

void Runtime::TakePlace(std::shared_ptr<RunningApplication> running) {
  const std::lock_guard lock(mutex_);
  for (auto& application : applications_) {
    if (application->name() == running->name()) application.swap(running);
  }
}

void Runtime::Start() {
  told_time_->Start(clock_);
  delivery_streams_->Start();
  for (const auto& application : applications()) application->Start();
  for (const auto& [stream, source] : sources_) source->Start();
  for (const auto& [stream, source] : metrics_sources_) source->Start();
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  sweeper_ = std::thread([this] { SweepTables(); });
}

void Runtime::Stop(std::chrono::milliseconds limit) {
  for (const auto& [stream, source] : sources_) source->Stop();
  for (const auto& [stream, source] : metrics_sources_) source->Stop();
  if (told_time_ != nullptr) told_time_->Stop();  // Applications leave no reserve when they end.
  for (const auto& application : applications()) application->BeginToStop(limit);
  for (const auto& application : applications()) application->Stop(limit);
  if (delivery_streams_ != nullptr) delivery_streams_->Stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (sweeper_.joinable()) sweeper_.join();
}

// Takes expired items off the disk: once a minute, and at once again while there are many.
void Runtime::SweepTables() {
  static constexpr uint64_t kItemsPerSweep = 10'000;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const auto swept = tables_->Sweep(kItemsPerSweep);
    if (!swept.ok()) environment_.log.Warning("tables not swept", {{"error", swept.error().message}});
    const bool more = swept.ok() && *swept == kItemsPerSweep;
    lock.lock();
    if (!more) wake_.wait_for(lock, std::chrono::minutes(1), [this] { return stopping_; });
  }
}

std::vector<std::shared_ptr<RunningApplication>> Runtime::applications() const {
  const std::lock_guard lock(mutex_);
  return applications_;
}

std::shared_ptr<RunningApplication> Runtime::FindApplication(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  for (const auto& application : applications_) {
    if (application->name() == name) return application;
  }
  return nullptr;
}

}  // namespace tailrace::app
