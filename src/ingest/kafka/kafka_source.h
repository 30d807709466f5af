#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ingest/kafka/kafka_source_config.h"
#include "stream/stream.h"

namespace tailrace::ingest {

struct KafkaPartitionStatus {
  int32_t id = 0;
  int64_t next_offset = 0;      // Of the next record to read.
  std::optional<int64_t> high;  // One after the newest record of the partition, once known.
  uint64_t lag = 0;             // Records to read, as far as known.
  std::string error;            // Empty: it is read.
};

struct KafkaSourceStatus {
  std::string stream;
  std::string topic;
  std::string state;  // "connecting", "reading", "caught up", "waiting", "stopped"
  std::string error;  // Why it waits; empty: all is well.
  uint64_t records = 0;
  uint64_t lost_records = 0;  // Removed by the topic's retention before they were read.
  uint64_t too_large = 0;     // Larger than the stream takes.
  uint64_t lag = 0;           // Over all partitions.
  std::vector<KafkaPartitionStatus> partitions;
};

// Reads every partition of a topic into a stream, on a thread of its own. Broker trouble, missing topics and a full
// disk are waited out and shown; partitions that the topic gets later are read from their beginning.
//
// Time     Records get their arrival when the stream takes them.
// State    Positions are what the stream holds (KafkaIntake). `start_file`: the offsets of the first start, with
//          from_latest; docs/data-folder.md.
// Threads  Start, Stop: one owner. CurrentStatus: any.
class KafkaSource {
 public:
  struct Environment {
    Disk& disk;
    const Clock& clock;
    Log& log;
    MetricsRegistry& metrics;
  };

  KafkaSource(KafkaSourceConfig config, std::shared_ptr<stream::Stream> stream, std::string start_file,
              const Environment& environment);
  ~KafkaSource();  // Stops.

  const KafkaSourceConfig& config() const { return config_; }
  void Start();
  void Stop();
  KafkaSourceStatus CurrentStatus() const;

 private:
  class Session;
  void Run();
  // False when it is time to stop.
  bool Pause(std::chrono::milliseconds time);
  void Publish(KafkaSourceStatus status);
  void PublishWaiting(const Error& error);
  void Tell(const std::string& error);

  const KafkaSourceConfig config_;
  const std::shared_ptr<stream::Stream> stream_;
  const std::string start_file_;
  const Environment environment_;
  Counter& records_;
  Counter& lost_records_;
  Counter& too_large_;
  Gauge& lag_;

  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;  // Guards status_.
  std::condition_variable stop_signal_;
  KafkaSourceStatus status_;
};

}  // namespace tailrace::ingest
