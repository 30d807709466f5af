// Appending: checks, routing, and the two ways to wait.

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "base/str.h"
#include "stream/metadata.h"
#include "stream/routing.h"
#include "stream/shard.h"
#include "stream/stream.h"

namespace tailrace::stream {
namespace {

Error OutOfRange(std::string_view what, uint64_t value, uint64_t least, uint64_t most, ErrorCode code) {
  return Error{code, StrCat(what, " out of range: ", value, ", allowed ", least, " to ", most)};
}

// The records of one append by the open shard that takes them. Empty lists with one shard: it takes all.
struct Distribution {
  std::vector<std::pair<size_t, std::vector<uint32_t>>> by_shard;  // (index in the routing, records).
};

Distribution Distribute(std::span<const RecordInput> records, const Routing& routing) {
  Distribution distribution;
  if (routing.shards.size() == 1) {  // No need to hash.
    distribution.by_shard.emplace_back();
    return distribution;
  }
  std::vector<std::vector<uint32_t>> lists(routing.shards.size());
  for (uint32_t i = 0; i < records.size(); ++i) {
    const RecordInput& record = records[i];
    const HashKey key =
        record.explicit_hash_key.has_value() ? *record.explicit_hash_key : HashKeyOf(record.partition_key);
    lists[routing.IndexFor(key)].push_back(i);
  }
  for (size_t shard = 0; shard < lists.size(); ++shard) {
    if (!lists[shard].empty()) distribution.by_shard.emplace_back(shard, std::move(lists[shard]));
  }
  return distribution;
}

void Fail(AppendOutcome& outcome, ShardId shard, const Error& error, std::span<const uint32_t> which) {
  outcome.failures.emplace_back(shard, error);
  if (which.empty()) {
    for (RecordPlace& place : outcome.places) place.shard = shard;
  }
  for (const uint32_t index : which) outcome.places[index].shard = shard;
}

// One shard's part of an append whose caller waits.
struct Part {
  std::shared_ptr<Shard> shard;
  Shard::Ticket ticket;
};

}  // namespace

// An append whose caller does not wait. The last of its shards calls back.
struct Stream::Call {
  std::mutex mutex;
  AppendOutcome outcome;
  size_t shards_left = 0;
  AppendDone done;

  void Finish(ShardId shard, const Status& status) {
    {
      const std::lock_guard lock(mutex);
      if (!status.ok()) outcome.failures.emplace_back(shard, status.error());
      if (--shards_left > 0) return;
    }
    done(std::move(outcome));
  }
};

Status Stream::CheckAppend(std::span<const RecordInput> records, const std::optional<ProducerInput>& producer) const {
  const uint64_t record_bytes_max = metadata_->options.record_bytes_max;
  uint64_t bytes = 0;
  for (const RecordInput& record : records) {
    const size_t key_bytes = record.partition_key.size();
    // As many bytes are at least as many characters: mostly there is nothing to count.
    const size_t key_chars = key_bytes <= kPartitionKeyCharsMax ? key_bytes : Utf8Length(record.partition_key);
    if (key_chars < 1 || key_chars > kPartitionKeyCharsMax) {
      return OutOfRange("partition key length", key_chars, 1, kPartitionKeyCharsMax, ErrorCode::kInvalidArgument);
    }
    const uint64_t record_bytes = key_bytes + record.data.size();
    if (record_bytes > record_bytes_max) {
      return OutOfRange("record bytes with partition key", record_bytes, 1, record_bytes_max,
                        ErrorCode::kLimitExceeded);
    }
    bytes += record_bytes;
  }
  if (bytes > kAppendBytesMax) {
    return OutOfRange("bytes of one append", bytes, 0, kAppendBytesMax, ErrorCode::kLimitExceeded);
  }
  if (!producer.has_value()) return Ok();
  if (producer->id.empty() || producer->id.size() > kProducerIdBytesMax) {
    return OutOfRange("producer id length", producer->id.size(), 1, kProducerIdBytesMax, ErrorCode::kInvalidArgument);
  }
  if (producer->first_sequence == 0) {
    return Error{ErrorCode::kInvalidArgument, "producer numbers begin with 1"};
  }
  const std::span<const uint64_t> numbers = producer->sequences;
  const bool given = !numbers.empty();
  if (given && (numbers.size() != records.size() || numbers.front() != producer->first_sequence ||
                std::ranges::adjacent_find(numbers, std::greater_equal<>()) != numbers.end())) {
    return Error{ErrorCode::kInvalidArgument, StrCat("producer numbers must be one a record and ascend; ",
                                                     numbers.size(), " for ", records.size(), " records")};
  }
  return Ok();
}

Result<AppendOutcome> Stream::Append(std::span<const RecordInput> records, std::optional<ProducerInput> producer) {
  AppendOutcome outcome;
  outcome.places.resize(records.size());
  std::vector<Part> parts;
  {
    const std::shared_lock lock(mutex_);
    TAILRACE_TRY(CheckNotDeleted());
    TAILRACE_TRY(CheckAppend(records, producer));
    if (records.empty()) return outcome;
    const Distribution distribution = Distribute(records, *routing_);
    parts.reserve(distribution.by_shard.size());  // Tickets stay where they are.
    for (const auto& [index, which] : distribution.by_shard) {
      Part& part = parts.emplace_back(Part{.shard = routing_->shards[index]});
      const Status queued = part.shard->Enqueue(records, which, producer, outcome.places, part.ticket, nullptr);
      if (!queued.ok()) {
        Fail(outcome, part.shard->id(), queued.error(), which);
        parts.pop_back();
      }
    }
  }
  // All but the last sync beside this thread.
  for (size_t i = 0; i + 1 < parts.size(); ++i) parts[i].shard->Kick();
  for (size_t i = parts.size(); i > 0; --i) {
    Part& part = parts[i - 1];
    const Status status = part.shard->Wait(part.ticket);
    if (!status.ok()) outcome.failures.emplace_back(part.shard->id(), status.error());
  }
  return outcome;
}

void Stream::AppendAsync(std::span<const RecordInput> records, std::optional<ProducerInput> producer, AppendDone done) {
  std::shared_lock lock(mutex_);
  Status checked = CheckNotDeleted();
  if (checked.ok()) checked = CheckAppend(records, producer);
  if (!checked.ok() || records.empty()) {
    lock.unlock();
    if (checked.ok()) {
      done(AppendOutcome());
    } else {
      done(std::move(checked).error());
    }
    return;
  }
  const Distribution distribution = Distribute(records, *routing_);
  auto call = std::make_shared<Call>();
  call->outcome.places.resize(records.size());
  call->shards_left = distribution.by_shard.size() + 1;  // One for this thread, which still fills in places.
  call->done = std::move(done);
  for (const auto& [index, which] : distribution.by_shard) {
    const std::shared_ptr<Shard>& shard = routing_->shards[index];
    Shard::Ticket unused;
    const Status queued = shard->Enqueue(records, which, producer, call->outcome.places, unused,
                                         [call, id = shard->id()](const Status& status) { call->Finish(id, status); });
    if (!queued.ok()) {
      const std::lock_guard call_lock(call->mutex);
      Fail(call->outcome, shard->id(), queued.error(), which);
      --call->shards_left;
    }
  }
  lock.unlock();
  call->Finish(0, Ok());
}

}  // namespace tailrace::stream
