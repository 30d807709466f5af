#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"

namespace tailrace::api::kinesis {

struct Consumer {
  Timestamp created{};
  std::map<std::string, std::string> tags;
  std::string policy;  // JSON; empty: none.
};

// What a stream of Kinesis has besides its records and shards. Kept in the stream's labels.
struct StreamSettings {
  std::map<std::string, std::string> tags;
  bool on_demand = false;
  std::string key_id;                // Of the encryption that the stream claims; empty: none.
  std::vector<std::string> metrics;  // Shard level metrics that are claimed to be on.
  std::map<std::string, Consumer> consumers;
  std::string policy;
  int64_t warm_throughput_mibps = 0;

  static StreamSettings FromLabels(const std::map<std::string, std::string>& labels);
  // Leaves labels of other parts as they are.
  void ToLabels(std::map<std::string, std::string>& labels) const;
};

}  // namespace tailrace::api::kinesis
