#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stream/stream.h"

namespace tailrace::ingest {

// A record as it came from a partition. Views are the caller's.
struct KafkaRecord {
  int64_t offset = 0;
  std::string_view key;  // Empty: none.
  std::string_view value;
  bool tombstone = false;  // The key's deletion: there is no value, so there is nothing to tell.
};

// Puts the records of a Kafka topic into a stream, each once and in order within its partition, whatever crashes.
//
// What a partition's records are numbered by, offset + 1, is stored with them: where to read on is asked from the
// stream itself, and there is no position beside it that could differ. All records of a partition go to one shard,
// which keeps their order. The message's key becomes the partition key; without one it is the partition's number.
//
// Limits   kPartitionsMax: a shard remembers no more producers.
// Threads  One owner.
class KafkaIntake {
 public:
  static constexpr int32_t kPartitionsMax = 1000;

  // `cluster`: its id. `incarnation` tells a topic that was deleted and made again from the one before.
  KafkaIntake(std::shared_ptr<stream::Stream> stream, std::string_view cluster, std::string_view topic,
              uint32_t incarnation);

  // The offset after the newest record that the stream has durably; 0: it has none.
  Result<int64_t> NextOffset(int32_t partition) const;

  struct Taken {
    uint64_t records = 0;
    uint64_t tombstones = 0;
    // Larger than the stream's limit: not taken, for they will never be.
    std::vector<int64_t> too_large;
  };
  // Takes all or nothing. `records` are in order of their offsets. Errors: those of stream::Append.
  Result<Taken> Take(int32_t partition, std::span<const KafkaRecord> records);

  // Spreads partitions evenly over the ring, and leaves them where they are when the topic gets more: 0, 1/2, 1/4, 3/4,
  // 1/8 ... of it.
  static stream::HashKey HashKeyOf(int32_t partition);

 private:
  std::string ProducerOf(int32_t partition) const;

  const std::shared_ptr<stream::Stream> stream_;
  const std::string producer_prefix_;
  std::vector<std::string> keys_;  // Of a call; kept for their memory.
  std::vector<stream::RecordInput> inputs_;
  std::vector<uint64_t> sequences_;
};

}  // namespace tailrace::ingest
