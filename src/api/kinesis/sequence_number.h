#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stream/types.h"

namespace tailrace::api::kinesis {

// A record's number as clients know it: one decimal number that grows along a shard, and tells shard and time. It is
// derived from what the stream stores: nothing else has to be kept.
//
// Its 47 hexadecimal digits: 2, the shard's creation in seconds (9), the shard's lowest digit (1), the record's place
// (16), 00, the record's arrival in seconds (9), the shard (8), 2.
struct SequenceNumber {
  // Place of the number at which a closed shard ends: after every record.
  static constexpr uint64_t kEndPlace = 0x7fffffffffffffff;

  int64_t shard_created_s = 0;
  stream::ShardId shard = 0;
  uint64_t place = 0;  // 0: before all records; else one more than the stream's sequence.
  int64_t time_s = 0;

  std::string ToText() const;  // 56 digits.
  // Nothing when the text is no such number; those of the service's older layouts are none of ours.
  static std::optional<SequenceNumber> Parse(std::string_view text);
  friend bool operator==(const SequenceNumber&, const SequenceNumber&) = default;
};

// The shard that a number of the service's first layout tells (below 2^129); nothing when it is of a later one.
std::optional<stream::ShardId> ShardOfOldNumber(std::string_view text);

// When the numbers of a shard begin, as the service counts it: 2 seconds before the stream was made, for the shards it
// is made with; a second after its parents have ended, for others.
int64_t ShardCreatedSeconds(const stream::ShardDescription& shard);

SequenceNumber NumberOf(const stream::ShardDescription& shard, stream::Sequence sequence, Timestamp arrival);
// The first number a shard may give, and, of a closed one, the number at which it ends.
SequenceNumber StartingNumber(const stream::ShardDescription& shard);
SequenceNumber EndingNumber(const stream::ShardDescription& shard);

// "shardId-000000000000".
std::string ShardName(stream::ShardId shard);
// Takes what follows the first dash, up to the next one, or all: digits of a number up to 2147483647.
std::optional<stream::ShardId> ParseShardName(std::string_view text);

}  // namespace tailrace::api::kinesis
