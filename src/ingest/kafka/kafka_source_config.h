#pragma once

#include <cstdint>
#include <string>

#include "base/kafka/kafka_connection.h"

namespace tailrace::ingest {

// What fills a stream from a Kafka topic.
struct KafkaSourceConfig {
  KafkaConnection connection;
  std::string topic;
  bool from_latest = false;  // Begin with what comes after the first start, not with what the topic has.
  std::string group;         // Commit positions to this consumer group, for Kafka's own tools; empty: to none.
  uint32_t incarnation = 1;  // Raised when a topic was deleted and made again.

  bool operator==(const KafkaSourceConfig&) const = default;
};

}  // namespace tailrace::ingest
