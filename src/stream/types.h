#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "stream/hash_key.h"

namespace tailrace::stream {

using ShardId = uint32_t;   // Counts from 0 within its stream; never used again. Printed as shardId-000000000000.
using Sequence = uint64_t;  // Counts a shard's records from 0, without holes.

enum class Durability : uint8_t {
  kSynced,   // An append is answered when it is on disk.
  kRelaxed,  // An append is answered when the operating system has it: survives kill -9, not a power failure.
};

inline constexpr uint32_t kShardsMax = 1024;             // Open and closed, of one stream.
inline constexpr uint64_t kRecordBytesLimit = 10 << 20;  // The largest `record_bytes_max`.
inline constexpr size_t kPartitionKeyCharsMax = 256;
inline constexpr size_t kProducerIdBytesMax = 256;
inline constexpr size_t kProducersMax = 1024;          // Of a shard; then the longest silent is forgotten.
inline constexpr uint64_t kAppendBytesMax = 64 << 20;  // Of one call.
inline constexpr uint64_t kSegmentBytesMin = 64 << 10;
inline constexpr uint64_t kSegmentBytesMax = 1 << 30;

struct StreamOptions {
  uint32_t shards = 1;
  Milliseconds retention{24 * 60 * 60 * 1000};
  uint64_t retention_bytes = 0;         // Of one shard; 0: no such limit.
  uint64_t record_bytes_max = 1 << 20;  // Data and partition key.
  uint64_t segment_bytes = 16 << 20;
  Durability durability = Durability::kSynced;
  std::map<std::string, std::string> labels;  // Kept for the caller (tags, modes); no meaning here.
};

struct RecordInput {
  std::string_view partition_key;            // 1 to 256 characters.
  std::optional<HashKey> explicit_hash_key;  // Instead of the partition key's hash.
  std::string_view data;
};

// Whoever numbers its records can send them again without harm: record i of an append has the number
// `first_sequence` + i, and a shard drops those not above the highest it has from this producer. Repeated records must
// come with the same partition key or hash key, so that they meet the shard that knows them.
struct ProducerInput {
  std::string_view id;          // 1 to 256 bytes.
  uint64_t first_sequence = 1;  // At least 1.
  // When the numbers have holes: that of each record, ascending, from `first_sequence` on. Empty: they have none.
  std::span<const uint64_t> sequences = {};

  uint64_t SequenceOf(size_t record) const { return sequences.empty() ? first_sequence + record : sequences[record]; }
};

struct RecordPlace {
  ShardId shard = 0;
  Sequence sequence = 0;   // Of a duplicate: that of the shard's newest record, as its own is no longer known.
  bool duplicate = false;  // The producer's record was there before.
  Timestamp arrival{};     // Not of duplicates.
};

// What became of an append. Shards succeed or fail one by one, each with all of its records.
struct AppendOutcome {
  std::vector<RecordPlace> places;                  // One a record, in order.
  std::vector<std::pair<ShardId, Error>> failures;  // Shards whose records were not taken; mostly empty.

  const Error* FailureOf(ShardId shard) const;  // Null when its records are there.
  Status status() const;                        // Ok, or the first failure.
};

// Where reading begins.
struct StartPoint {
  enum class Kind : uint8_t { kTrimHorizon, kLatest, kAtSequence, kAfterSequence, kAtTimestamp };
  Kind kind = Kind::kTrimHorizon;
  Sequence sequence = 0;
  Timestamp timestamp{};
};

struct ShardDescription {
  ShardId id = 0;
  HashKeyRange range;
  std::vector<ShardId> parents;  // One after a split, two after a merge: the one that named the merge first.
  Timestamp created{};
  bool open = true;
  Timestamp closed{};            // When not open.
  Sequence oldest_sequence = 0;  // Of the oldest record still there; equals next_sequence when there is none.
  Sequence next_sequence = 0;    // One after the newest readable record.
  uint64_t bytes = 0;            // Of the records still there, as stored.
};

struct StreamDescription {
  std::string name;
  std::string id;  // 32 hexadecimal digits; differs when a stream is deleted and made again.
  Timestamp created{};
  StreamOptions options;                 // `shards` as it was made.
  std::vector<ShardDescription> shards;  // By id.
  std::optional<Error> damage;           // Then the stream takes and gives nothing; the message names file and offset.
};

// Views into the batch that holds them.
struct RecordView {
  std::string_view data;
  std::string_view partition_key;
  Timestamp arrival{};
  Sequence sequence = 0;
};

}  // namespace tailrace::stream
