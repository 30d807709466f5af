// Splitting and merging shards, and what runs in the background.

#include <algorithm>
#include <utility>

#include "base/str.h"
#include "stream/arrivals.h"
#include "stream/metadata.h"
#include "stream/routing.h"
#include "stream/shard.h"
#include "stream/spares.h"
#include "stream/stream.h"

namespace tailrace::stream {
namespace {

ShardMetadata* FindIn(StreamMetadata& metadata, ShardId id) {
  const auto found =
      std::find_if(metadata.shards.begin(), metadata.shards.end(), [&](const auto& shard) { return shard.id == id; });
  return found == metadata.shards.end() ? nullptr : &*found;
}

Result<ShardMetadata*> FindOpen(StreamMetadata& metadata, ShardId id) {
  ShardMetadata* const shard = FindIn(metadata, id);
  if (shard == nullptr) return Error{ErrorCode::kNotFound, StrCat("stream ", metadata.name, " has no shard ", id)};
  if (!shard->open) {
    return Error{ErrorCode::kFailedPrecondition, StrCat("stream ", metadata.name, " shard ", id, " is closed")};
  }
  return shard;
}

}  // namespace

Result<std::vector<ShardId>> Stream::Split(ShardId shard, HashKey second_first) {
  const std::unique_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  TAILRACE_ASSIGN_OR_RETURN(const ShardMetadata* const parent, FindOpen(*metadata_, shard));
  const HashKeyRange range = parent->range;
  if (second_first <= range.first || second_first > range.last) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("split point ", HashKeyText(second_first), " is not inside the range of shard ", shard, ": ",
                        HashKeyText(range.first), " to ", HashKeyText(range.last))};
  }
  const HashKeyRange children[] = {{range.first, second_first - 1}, {second_first, range.last}};
  return Reshard({&shard, 1}, children);
}

Result<ShardId> Stream::Merge(ShardId shard, ShardId adjacent) {
  const std::unique_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  TAILRACE_ASSIGN_OR_RETURN(const ShardMetadata* const first, FindOpen(*metadata_, shard));
  TAILRACE_ASSIGN_OR_RETURN(const ShardMetadata* const second, FindOpen(*metadata_, adjacent));
  const HashKeyRange a = first->range;
  const HashKeyRange b = second->range;
  const bool touch =
      (a.last != kHashKeyMax && a.last + 1 == b.first) || (b.last != kHashKeyMax && b.last + 1 == a.first);
  if (!touch) {
    return Error{ErrorCode::kInvalidArgument, StrCat("shards ", shard, " and ", adjacent, " are not adjacent")};
  }
  const ShardId parents[] = {shard, adjacent};
  const HashKeyRange child{std::min(a.first, b.first), std::max(a.last, b.last)};
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<ShardId> children, Reshard(parents, {&child, 1}));
  return children.front();
}

Result<std::vector<ShardId>> Stream::Reshard(std::span<const ShardId> parents, std::span<const HashKeyRange> children) {
  StreamMetadata metadata = *metadata_;
  if (metadata.shards.size() + children.size() > kShardsMax) {
    return Error{ErrorCode::kLimitExceeded, StrCat("stream ", name_, ": more than ", kShardsMax, " shards")};
  }
  const auto reopen = [&] {
    for (const ShardId parent : parents) shards_.at(parent)->Reopen();
  };
  // At least a second after parents that were children themselves: whole seconds tell the generations apart, for those
  // who derive ordered numbers from them.
  Timestamp now = environment_.clock.Now();
  for (const ShardId id : parents) {
    const ShardMetadata& parent = *FindIn(metadata, id);
    if (!parent.parents.empty()) now = std::max(now, parent.created + std::chrono::seconds(1));
  }
  std::optional<Producers> producers;
  for (const ShardId id : parents) {
    Shard& parent = *shards_.at(id);
    const auto end = parent.Close();
    if (!end.ok()) {
      reopen();
      return end.error();
    }
    ShardMetadata& stored = *FindIn(metadata, id);
    stored.open = false;
    stored.closed = now;
    stored.end_sequence = *end;
    if (producers.has_value()) {
      producers->Intersect(parent.producers());
    } else {
      producers = parent.producers();
    }
  }
  // The children's first segments come before the metadata that names them: a crash between leaves only leftovers.
  std::vector<std::shared_ptr<Shard>> made;
  std::vector<ShardId> ids;
  Status status = Ok();
  for (const HashKeyRange& range : children) {
    const ShardId id = metadata.next_shard++;
    metadata.shards.push_back({.id = id, .range = range, .parents = {parents.begin(), parents.end()}, .created = now});
    ids.push_back(id);
    made.push_back(MakeShard(id));
    if (status.ok()) status = made.back()->Begin(*producers);
  }
  if (status.ok()) status = SaveMetadata(std::move(metadata));
  if (!status.ok()) {
    reopen();
    return std::move(status).error();
  }
  for (std::shared_ptr<Shard>& child : made) shards_.emplace(child->id(), child);
  Route();
  for (const ShardId parent : parents) shards_.at(parent)->MarkEnded();
  return ids;
}

Status Stream::Maintain() {
  const std::lock_guard maintenance(maintenance_mutex_);
  std::vector<std::shared_ptr<Shard>> shards;
  StreamOptions options;
  size_t open = 0;
  {
    const std::shared_lock lock(mutex_);
    if (deleted_) return Ok();
    for (const auto& [id, shard] : shards_) shards.push_back(shard);
    options = metadata_->options;
    open = routing_->shards.size();
  }
  const Timestamp cutoff = environment_.clock.Now() - options.retention;
  const auto seal = arrivals_->last_seal();
  for (const auto& shard : shards) {
    TAILRACE_TRY(shard->Trim(cutoff, seal, options.retention_bytes, open));
    TAILRACE_TRY(shard->Prepare());
  }
  return RemoveExpiredShards(cutoff);
}

// A closed shard of which nothing is left is no longer listed.
Status Stream::RemoveExpiredShards(Timestamp cutoff) {
  const std::unique_lock lock(mutex_);
  if (deleted_) return Ok();
  StreamMetadata metadata = *metadata_;
  const size_t removed = std::erase_if(metadata.shards, [&](const ShardMetadata& shard) {
    return !shard.open && shard.closed < cutoff && shards_.at(shard.id)->stored_bytes() == 0;
  });
  if (removed == 0) return Ok();
  TAILRACE_TRY(SaveMetadata(std::move(metadata)));
  std::erase_if(shards_, [&](const auto& entry) { return FindIn(*metadata_, entry.first) == nullptr; });
  return Ok();
}

}  // namespace tailrace::stream
