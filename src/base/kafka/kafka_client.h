#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/kafka/kafka_connection.h"
#include "base/log.h"
#include "base/result.h"

struct rd_kafka_s;  // librdkafka's header stays in the files that call it.

namespace tailrace {

// A consumer or producer of librdkafka, which keeps its own threads and connections and reconnects by itself.
//
// Errors   Make: kInvalidArgument: settings. Calls: kUnavailable and kTimeout: the cluster is away; kPermissionDenied:
//          login or rights; kNotFound: topic. Messages hold the reason of the newest connection trouble.
// Threads  Any.
class KafkaClient {
 public:
  enum class Kind : uint8_t { kConsumer, kProducer };
  using Settings = std::vector<std::pair<std::string, std::string>>;

  // `settings` win over the connection's properties. `log` is borrowed.
  static Result<std::unique_ptr<KafkaClient>> Make(Kind kind, const KafkaConnection& connection,
                                                   const Settings& settings, Log& log);
  ~KafkaClient();

  rd_kafka_s* handle() { return handle_; }

  // For a consumer: before it has partitions.
  Result<std::string> ClusterId(std::chrono::milliseconds timeout);
  // Partitions of the topic, counted from 0. Errors, besides those above: kNotFound: no such topic.
  Result<int32_t> CountPartitions(const std::string& topic, std::chrono::milliseconds timeout);
  struct Watermarks {
    int64_t low = 0;   // Offset of the oldest record.
    int64_t high = 0;  // One after the newest.
  };
  Result<Watermarks> QueryWatermarks(const std::string& topic, int32_t partition, std::chrono::milliseconds timeout);

  // What became of a producer's messages since the last TakeDeliveries.
  struct Deliveries {
    uint64_t delivered = 0;
    int failure = 0;  // The first one's code; 0: none.
  };
  Deliveries deliveries() const;
  Deliveries TakeDeliveries();

  // The newest trouble with a broker since ClearTrouble, in librdkafka's words and with the brokers' names; empty:
  // none.
  std::string trouble() const;
  void ClearTrouble();
  // The error of a call that librdkafka answered with `code`, with the trouble behind it.
  Error ErrorOf(int code, std::string_view what) const;

 private:
  KafkaClient(Kind kind, std::string brokers, Log& log) : kind_(kind), brokers_(std::move(brokers)), log_(log) {}
  // Has librdkafka tell what happened. A consumer must not have partitions yet: their records would be dropped.
  void Serve();
  struct Callbacks;

  const Kind kind_;
  const std::string brokers_;  // As an error names them.
  Log& log_;
  rd_kafka_s* handle_ = nullptr;
  mutable std::mutex mutex_;  // Guards what follows.
  std::string trouble_;
  int trouble_code_ = 0;
  Deliveries deliveries_;
};

}  // namespace tailrace
