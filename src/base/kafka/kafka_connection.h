#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace tailrace {

// How a Kafka cluster is reached.
struct KafkaConnection {
  std::vector<std::string> brokers;  // HOST:PORT; some of the cluster, the rest is found.
  bool tls = false;
  std::string ca_file;           // Empty: the system's certificates.
  std::string certificate_file;  // Of this client; with `key_file`.
  std::string key_file;
  Secret key_password;
  std::string login;  // SASL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; empty: none.
  std::string user;
  Secret password;
  std::vector<std::pair<std::string, std::string>> properties;  // Of librdkafka, by their own names.

  bool operator==(const KafkaConnection&) const = default;
};

}  // namespace tailrace
