#pragma once

#include <string>

#include "base/kafka/kafka_connection.h"

namespace tailrace::sink {

// Where an output's rows go in Kafka.
struct KafkaDeliveryConfig {
  KafkaConnection connection;
  std::string topic;
  bool exactly_once = true;
  std::string transactional_id;  // And the group that keeps the position. With exactly_once.
  bool with_key = false;         // Records' partition keys become message keys.
};

}  // namespace tailrace::sink
