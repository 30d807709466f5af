#include "ingest/kafka/kafka_intake.h"

#include <algorithm>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::ingest {
namespace {

// Topics have up to 249 characters, producers up to 256 bytes with cluster and partition.
constexpr size_t kTopicBytesMax = 128;

std::string ShortTopic(std::string_view topic) {
  if (topic.size() <= kTopicBytesMax) return std::string(topic);
  const auto hash = Sha256(topic);
  return ToHex(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

}  // namespace

KafkaIntake::KafkaIntake(std::shared_ptr<stream::Stream> stream, std::string_view cluster, std::string_view topic,
                         uint32_t incarnation)
    : stream_(std::move(stream)),
      producer_prefix_(StrCat("kafka/", cluster.substr(0, 64), "/", ShortTopic(topic), "/",
                              incarnation > 1 ? StrCat(incarnation, "/") : "")) {}

std::string KafkaIntake::ProducerOf(int32_t partition) const { return StrCat(producer_prefix_, partition); }

// The highest number over all shards: after a split or a merge an older shard may be the one that knows.
Result<int64_t> KafkaIntake::NextOffset(int32_t partition) const {
  const std::string producer = ProducerOf(partition);
  uint64_t last = 0;
  for (const stream::ShardDescription& shard : stream_->Describe().shards) {
    TAILRACE_ASSIGN_OR_RETURN(const uint64_t sequence, stream_->ProducerSequence(shard.id, producer));
    last = std::max(last, sequence);
  }
  return static_cast<int64_t>(last);
}

Result<KafkaIntake::Taken> KafkaIntake::Take(int32_t partition, std::span<const KafkaRecord> records) {
  const uint64_t record_bytes_max = stream_->Describe().options.record_bytes_max;
  const std::string partition_text = StrCat(partition);
  Taken taken;
  inputs_.clear();
  sequences_.clear();
  keys_.clear();
  keys_.reserve(records.size());  // Views point into it.
  for (const KafkaRecord& record : records) {
    if (record.tombstone) {
      ++taken.tombstones;
      continue;
    }
    keys_.push_back(RepairUtf8(record.key));
    const std::string_view key = keys_.back().empty() ? std::string_view(partition_text)
                                                      : Utf8Prefix(keys_.back(), stream::kPartitionKeyCharsMax);
    if (key.size() + record.value.size() > record_bytes_max) {
      taken.too_large.push_back(record.offset);
      continue;
    }
    inputs_.push_back({.partition_key = key, .explicit_hash_key = HashKeyOf(partition), .data = record.value});
    sequences_.push_back(static_cast<uint64_t>(record.offset) + 1);
  }
  taken.records = inputs_.size();
  if (inputs_.empty()) return taken;
  const std::string producer = ProducerOf(partition);
  TAILRACE_ASSIGN_OR_RETURN(
      const stream::AppendOutcome outcome,
      stream_->Append(inputs_, stream::ProducerInput{
                                   .id = producer, .first_sequence = sequences_.front(), .sequences = sequences_}));
  TAILRACE_TRY(outcome.status());
  return taken;
}

stream::HashKey KafkaIntake::HashKeyOf(int32_t partition) {
  stream::HashKey key = 0;
  stream::HashKey bit = stream::HashKey{1} << 127;
  for (auto rest = static_cast<uint32_t>(partition); rest != 0; rest >>= 1, bit >>= 1) {
    if ((rest & 1) != 0) key |= bit;
  }
  return key;
}

}  // namespace tailrace::ingest
