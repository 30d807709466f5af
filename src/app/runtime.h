#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "alarm/outbox.h"
#include "app/application.h"
#include "app/reloader.h"
#include "app/told_time.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/forward_clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/os/process.h"
#include "base/rng.h"
#include "ingest/kafka/kafka_source.h"
#include "ingest/metrics/metrics_source.h"
#include "sink/dead_letters.h"
#include "sink/delivery/delivery_streams.h"
#include "stream/store.h"
#include "table/table_store.h"

namespace tailrace::app {

class RunningApplication;

struct RuntimeOptions {
  std::string data_folder = "data";
  bool run_agents = true;
  uint64_t table_memory_bytes = table::kTableMemoryDefault;  // Of all tables together.
  // Where buckets are that the Firehose API names; without it they are folders below data_folder/buckets.
  std::optional<sink::delivery::S3StoreConfig> s3;
  // A damaged told time is put aside and taken for the present, instead of refusing to open.
  bool skip_damaged = false;
  ApplicationOptions application = {};
  // The command that runs partition expressions of delivery streams; empty: this process does, without limits.
  std::vector<std::string> partition_worker = {};
  // A simulation owns all time and takes every step itself: the folder is not locked, nothing runs in the background,
  // agents look at their files when they are polled, and tables lie where it says.
  struct Simulation {
    std::function<Result<std::unique_ptr<table::KeyValueStore>>()> open_tables;
  };
  std::optional<Simulation> simulation;
};

// Everything that runs in one process over one data folder: streams, tables, applications with their alarms and agents.
//
// State    data_folder/told-time, /streams, /delivery, /tables, /kafka, /apps/NAME (checkpoint, alarms.sqlite,
//          history.sqlite, agent); see docs/data-folder.md.
// Threads  AddApplication, Start, Stop: one owner. The rest: any. An application that was replaced stays whole as
//          long as somebody holds it.
class Runtime {
 public:
  struct Environment {
    Disk& disk;
    const Clock& clock;
    Net& net;
    Log& log;
    MetricsRegistry& metrics;
    uint64_t seed = 0;  // For names and idempotency keys.
    // Reads a definition again; without it nothing can be reloaded.
    Reloader::Load load_definition = {};
  };

  // Errors: kFailedPrecondition: another process has the folder; those of the stores.
  static Result<std::unique_ptr<Runtime>> Open(RuntimeOptions options, const Environment& environment);
  ~Runtime();

  // Makes the application's streams and tables when they are missing, opens its sinks and loads its checkpoint.
  // Errors: kInvalidArgument: a stream or table that exists is of another kind; those of the parts.
  Status AddApplication(Definition definition);
  // Puts the definition in the place of the application with the same name, which reads up, makes a checkpoint and
  // stops first; `limit` is for that. Pumps whose plan is the same keep their state, others begin now. Agents, alarms
  // and outputs follow the new definition; streams and tables that it no longer names stay. Errors  kNotFound: no such
  // application. Others: the new one cannot be opened, and the old one runs again.
  Status Replace(Definition definition, std::chrono::milliseconds limit);
  void Start();
  // Stops agents, lets applications read up and checkpoint, sends what the outbox can; all within `limit`.
  void Stop(std::chrono::milliseconds limit);

  Reloader& reloader() { return reloader_; }
  stream::StreamStore& streams() { return *streams_; }
  sink::delivery::DeliveryStreams& delivery_streams() { return *delivery_streams_; }
  // A stream, or the records of a delivery stream. Errors: kNotFound.
  Result<std::shared_ptr<stream::Stream>> FindStream(const std::string& name, bool delivery) const;
  Result<std::shared_ptr<stream::Stream>> FindInput(const InputConfig& input) const;
  table::TableStore& tables() { return *tables_; }
  sink::DeadLetters& dead_letters() { return *dead_letters_; }
  std::vector<std::shared_ptr<RunningApplication>> applications() const;
  // What fills the stream from elsewhere; null when nothing does.
  const ingest::KafkaSource* FindSource(std::string_view stream) const;
  std::shared_ptr<RunningApplication> FindApplication(std::string_view name) const;  // Null when there is none.
  const Environment& environment() const { return environment_; }
  const std::string& data_folder() const { return options_.data_folder; }
  const RuntimeOptions& options() const { return options_; }
  ToldTime& told_time() { return *told_time_; }
  // The time of streams and applications. Goes on when the machine's clock is set back.
  const ForwardClock& clock() const { return clock_; }
  Timestamp started() const { return started_; }

 private:
  Runtime(RuntimeOptions options, const Environment& environment);
  Status OpenStores();
  Status MakeStreams(const ApplicationConfig& config);
  Status MakeDeliveryStreams(const ApplicationConfig& config);
  Status MakeTables(const ApplicationConfig& config);
  Status MakeSources(const StreamConfig& config, const std::shared_ptr<stream::Stream>& stream);
  Status MakeKafkaSource(const StreamConfig& config, const std::shared_ptr<stream::Stream>& stream);
  void MakeMetricsSource(const StreamConfig& config, const std::shared_ptr<stream::Stream>& stream);
  Result<std::shared_ptr<RunningApplication>> OpenApplication(Definition definition);
  Status OpenToldTime();
  Status AdoptToldTime(const std::string& path);
  void TakePlace(std::shared_ptr<RunningApplication> running);
  void SweepTables();
  friend class RunningApplication;  // Raises the clock and the told time.

  const RuntimeOptions options_;
  const Environment environment_;
  ForwardClock clock_;
  Rng rng_;
  Timestamp started_{};
  std::optional<FolderLock> lock_;
  std::unique_ptr<ToldTime> told_time_;
  std::unique_ptr<stream::StreamStore> streams_;
  std::unique_ptr<sink::delivery::DeliveryStreams> delivery_streams_;
  std::unique_ptr<table::TableStore> tables_;
  std::unique_ptr<sink::DeadLetters> dead_letters_;
  Reloader reloader_;
  std::mutex replacing_mutex_;  // One replacement at a time; taken before mutex_.
  std::thread sweeper_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::vector<std::shared_ptr<RunningApplication>> applications_;
  std::map<std::string, std::unique_ptr<ingest::KafkaSource>, std::less<>> sources_;  // By stream.
  std::map<std::string, std::unique_ptr<ingest::MetricsSource>> metrics_sources_;     // By stream.
  bool running_ = false;
  std::condition_variable wake_;
  bool stopping_ = false;
};

}  // namespace tailrace::app
