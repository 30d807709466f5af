#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "stream/hash_key.h"

namespace tailrace::stream {

// More parts than a record of 1 MiB can hold that says anything: such a record stands for itself.
inline constexpr size_t kAggregatedPartsMax = 200'000;

// One of the records that the Kinesis Producer Library packed into one record of a stream.
struct AggregatedPart {
  std::string_view partition_key;
  std::optional<HashKey> explicit_hash_key;
  std::string_view data;

  // Where it belongs on the ring.
  HashKey hash_key() const { return explicit_hash_key.value_or(HashKeyOf(partition_key)); }
};

// Whether the bytes begin as an aggregated record does. Cheap.
bool BeginsAsAggregated(std::string_view record);

// Takes an aggregated record apart.
//
// Output  True, and the parts in order: a part's index is its sub-sequence number. False when the bytes are not an
//         aggregated record (too short, another beginning, checksum or content that does not fit): the record then
//         stands for itself. The parts are views into `record`.
// Source  awslabs/amazon-kinesis-producer, aggregation-format.md.
bool SplitAggregatedRecord(std::string_view record, std::vector<AggregatedPart>& parts);

}  // namespace tailrace::stream
