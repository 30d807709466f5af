#pragma once

// What the stream's tests have in common. Only tests include it.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/str.h"
#include "sim/sim.h"
#include "stream/store.h"

namespace tailrace::stream {

inline constexpr int64_t kTestStartUnixMs = 1'700'000'000'000;

// A simulated machine with a data folder.
struct TestWorld {
  explicit TestWorld(uint64_t seed = 1) : disk(Rng(seed)) {}

  Stream::Environment Environment() { return {disk, clock, log, metrics}; }
  Result<std::unique_ptr<StreamStore>> OpenStore() {
    return StreamStore::Open(Environment(), "/data/streams", Rng(7), {.maintain_in_background = false});
  }

  sim::SimDisk disk;
  sim::SimClock clock{FromUnixMs(kTestStartUnixMs)};
  NullLog log;
  MetricsRegistry metrics;
};

struct StoredRecord {
  Sequence sequence = 0;
  int64_t arrival_unix_ms = 0;
  std::string partition_key;
  std::string data;

  friend bool operator==(const StoredRecord&, const StoredRecord&) = default;
};

// Everything a shard has from `position` on, read in batches of the given limits.
inline Result<std::vector<StoredRecord>> ReadAll(const Stream& stream, ShardId shard, Sequence position = 0,
                                                 ReadLimits limits = {}) {
  TAILRACE_ASSIGN_OR_RETURN(ShardReader reader, stream.Read(shard, position));
  std::vector<StoredRecord> all;
  RecordBatch batch;
  while (true) {
    TAILRACE_TRY(reader.Read(limits, batch));
    if (batch.records().empty()) return all;
    for (const RecordView& record : batch.records()) {
      all.push_back(
          {record.sequence, ToUnixMs(record.arrival), std::string(record.partition_key), std::string(record.data)});
    }
  }
}

inline std::vector<std::string> DataOf(const std::vector<StoredRecord>& records) {
  std::vector<std::string> data;
  for (const StoredRecord& record : records) data.push_back(record.data);
  return data;
}

inline std::vector<RecordInput> Inputs(const std::vector<std::string>& data, std::string_view key = "key") {
  std::vector<RecordInput> records;
  for (const std::string& bytes : data) records.push_back({.partition_key = key, .data = bytes});
  return records;
}

inline std::string SegmentPath(const std::string& stream, ShardId shard, uint64_t number) {
  return fmt::format("/data/streams/{}.stream/shard-{:012}.{:020}.segment", stream, shard, number);
}

}  // namespace tailrace::stream
