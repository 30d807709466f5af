#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "sink/dead_letters.h"
#include "sink/kafka/kafka_delivery_config.h"
#include "stream/stream.h"

namespace tailrace::sink {

struct KafkaDeliveryStatus {
  std::string error;             // Empty: all is well.
  uint64_t waiting_records = 0;  // In the stream and not in Kafka.
  uint64_t records = 0;          // Delivered since the process began.
  uint64_t lost_records = 0;     // Removed by the stream's retention before they were delivered.
};

// Sends the records of a stream's shard 0 to a Kafka topic, on a thread of its own.
//
// Delivery  With exactly_once: in transactions that also hold the position, as the offset of partition 0 of the topic
// in
//           a consumer group named like the transactions; after a crash the position is read back from there. Else: at
//           least once, in order and without repeats of librdkafka's own; the position is the stream's consumer
//           "kafka".
// State     Positions carry the stream's id: those of another life of the data folder are not used.
// Errors    Broker trouble is waited out and shown. A record that the brokers refuse for good goes to the dead letters
//           under `letter_sink`.
// Threads   Start, Stop: one owner. CurrentStatus: any.
class KafkaDelivery {
 public:
  struct Environment {
    const Clock& clock;
    Log& log;
    MetricsRegistry& metrics;
    table::TableStore& tables;
    DeadLetters& dead_letters;
  };

  KafkaDelivery(KafkaDeliveryConfig config, std::shared_ptr<stream::Stream> stream, std::string letter_sink,
                const Environment& environment);
  ~KafkaDelivery();  // Stops.

  void Start();
  // Sends what is there, within `limit`.
  void Stop(std::chrono::milliseconds limit);
  KafkaDeliveryStatus CurrentStatus() const;

 private:
  class Session;
  void Run();
  void Wake();
  // Returns when there may be something to read. Output: until when it may go on, once it is to stop.
  std::optional<std::chrono::nanoseconds> WaitForRecords(const stream::ShardReader& reader);
  void Delivered(stream::Sequence position, size_t records);
  void CountLost(uint64_t records);
  // Makes it a dead letter, and has it passed over.
  Status GiveUp(const stream::RecordView& record, const std::string& reason);
  bool IsGivenUp(stream::Sequence sequence) const { return given_up_ == sequence; }

  const KafkaDeliveryConfig config_;
  const std::shared_ptr<stream::Stream> stream_;
  const std::string letter_sink_;
  const Environment environment_;
  const stream::Sequence end_at_start_;  // Records that this life of the data folder began with.
  Counter& delivered_;
  std::optional<stream::Subscription> subscription_;

  // The thread's:
  size_t records_at_once_;
  bool began_ = false;                        // A session has found its place.
  std::optional<stream::Sequence> given_up_;  // The newest record that brokers refused; those before are delivered.

  std::thread thread_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::chrono::nanoseconds stop_by_{};  // Monotonic.
  stream::Sequence position_ = 0;
  uint64_t lost_ = 0;
  std::string error_;
};

}  // namespace tailrace::sink
