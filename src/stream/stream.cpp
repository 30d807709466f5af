#include "stream/stream.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/str.h"
#include "stream/arrivals.h"
#include "stream/listeners.h"
#include "stream/metadata.h"
#include "stream/routing.h"
#include "stream/shard.h"
#include "stream/spares.h"

namespace tailrace::stream {
namespace {

constexpr std::string_view kMetadataFile = "/stream.meta";

Error ShardNotFound(const std::string& stream, ShardId shard) {
  return Error{ErrorCode::kNotFound, StrCat("stream ", stream, " has no shard ", shard)};
}

StreamCounters CountersOf(MetricsRegistry& metrics, const std::string& stream) {
  const Labels labels{{"stream", stream}};
  return {
      .records = metrics.GetCounter("tailrace_stream_records_total", "Records appended.", labels),
      .bytes = metrics.GetCounter("tailrace_stream_bytes_total", "Bytes appended, as stored.", labels),
      .syncs = metrics.GetCounter("tailrace_stream_syncs_total", "Times a segment was synced to disk.", labels),
      .duplicates = metrics.GetCounter("tailrace_stream_duplicates_total",
                                       "Records dropped because their producer had sent them before.", labels),
      .torn_bytes = metrics.GetCounter("tailrace_stream_torn_bytes_total",
                                       "Bytes of interrupted appends cut off at start.", labels),
      .trimmed_records =
          metrics.GetCounter("tailrace_stream_trimmed_records_total", "Records removed by retention.", labels),
  };
}

}  // namespace

const Error* AppendOutcome::FailureOf(ShardId shard) const {
  for (const auto& [id, error] : failures) {
    if (id == shard) return &error;
  }
  return nullptr;
}

Status AppendOutcome::status() const {
  if (failures.empty()) return Ok();
  return failures.front().second;
}

Subscription::~Subscription() {
  if (listeners_ != nullptr) listeners_->Remove(id_);
}

Stream::Stream(const Environment& environment, std::string folder, std::function<void()> wants_maintenance)
    : environment_(environment),
      folder_(std::move(folder)),
      wants_maintenance_(std::move(wants_maintenance)),
      arrivals_(std::make_shared<Arrivals>(environment.clock)),
      listeners_(std::make_shared<Listeners>()),
      spares_(std::make_shared<Spares>(environment.disk, folder_)) {}

Stream::~Stream() = default;

Result<std::shared_ptr<Stream>> Stream::Open(const Environment& environment, std::string folder,
                                             std::function<void()> wants_maintenance) {
  std::shared_ptr<Stream> stream(new Stream(environment, std::move(folder), std::move(wants_maintenance)));
  TAILRACE_TRY(stream->Load());
  return stream;
}

Status Stream::Load() {
  // A killed process may have left names that are not durable yet; what is appended from now on relies on them.
  TAILRACE_TRY(environment_.disk.SyncDirectory(folder_));
  const std::string path = StrCat(folder_, kMetadataFile);
  TAILRACE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(environment_.disk, path));
  auto metadata = DecodeMetadata(bytes);
  if (!metadata.ok()) return std::move(metadata).error().Context(path);
  metadata_ = std::make_unique<StreamMetadata>(std::move(metadata).value());
  name_ = metadata_->name;
  TAILRACE_TRY(spares_->Recover());
  TAILRACE_ASSIGN_OR_RETURN(const auto segments, FindSegments());
  TAILRACE_TRY(RecoverShards(segments));
  Route();
  return Ok();
}

// The segment numbers by shard. What a crash left over is removed: segments of shards that were about to be made,
// indexes without their segment.
Result<std::map<ShardId, std::vector<uint64_t>>> Stream::FindSegments() {
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, environment_.disk.List(folder_));
  std::map<ShardId, std::vector<uint64_t>> segments;
  for (const std::string& name : names) {
    const auto id = SegmentId::FromFileName(name);
    if (!id.has_value()) continue;
    if (id->shard < metadata_->next_shard) {
      segments[id->shard].push_back(id->number);
    } else {
      TAILRACE_TRY(environment_.disk.Remove(folder_ + "/" + name));
    }
  }
  for (const std::string& name : names) {
    constexpr std::string_view kIndex = ".index";
    if (!name.ends_with(kIndex)) continue;
    const std::string segment = StrCat(name.substr(0, name.size() - kIndex.size()), ".segment");
    if (std::binary_search(names.begin(), names.end(), segment)) continue;
    TAILRACE_TRY(environment_.disk.Remove(folder_ + "/" + name));
  }
  return segments;
}

Status Stream::RecoverShards(const std::map<ShardId, std::vector<uint64_t>>& segments) {
  for (const ShardMetadata& shard : metadata_->shards) {
    auto recovered = MakeShard(shard.id);
    const auto found = segments.find(shard.id);
    TAILRACE_TRY(recovered->Recover(found == segments.end() ? std::vector<uint64_t>() : found->second,
                                    shard.open ? std::nullopt : std::optional(shard.end_sequence)));
    shards_.emplace(shard.id, std::move(recovered));
  }
  return Ok();
}

std::shared_ptr<Shard> Stream::MakeShard(ShardId id) const {
  return std::make_shared<Shard>(ShardContext{.disk = environment_.disk,
                                              .log = environment_.log,
                                              .counters = CountersOf(environment_.metrics, name_),
                                              .arrivals = arrivals_,
                                              .listeners = listeners_,
                                              .spares = spares_,
                                              .wants_maintenance = wants_maintenance_,
                                              .folder = folder_,
                                              .stream_name = name_,
                                              .stream_id = metadata_->id,
                                              .segment_bytes = metadata_->options.segment_bytes,
                                              .durability = metadata_->options.durability},
                                 id);
}

void Stream::Route() {
  std::vector<const ShardMetadata*> open;
  for (const ShardMetadata& shard : metadata_->shards) {
    if (shard.open) open.push_back(&shard);
  }
  std::sort(open.begin(), open.end(), [](const auto* a, const auto* b) { return a->range.last < b->range.last; });
  routing_ = std::make_unique<Routing>();
  for (const ShardMetadata* shard : open) {
    routing_->range_ends.push_back(shard->range.last);
    routing_->shards.push_back(shards_.at(shard->id));
  }
  TAILRACE_CHECK(!open.empty() && open.back()->range.last == kHashKeyMax);
}

Status Stream::SaveMetadata(StreamMetadata metadata) {
  TAILRACE_TRY(WriteFileAtomically(environment_.disk, StrCat(folder_, kMetadataFile), EncodeMetadata(metadata)));
  *metadata_ = std::move(metadata);
  return Ok();
}

Status Stream::CheckNotDeleted() const {
  if (deleted_) return Error{ErrorCode::kNotFound, StrCat("stream ", name_, " was deleted")};
  return Ok();
}

Result<std::shared_ptr<Shard>> Stream::FindShard(ShardId shard) const {
  const std::shared_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  const auto found = shards_.find(shard);
  if (found == shards_.end()) return ShardNotFound(name_, shard);
  return found->second;
}

StreamDescription Stream::Describe() const {
  const std::shared_lock lock(mutex_);
  StreamDescription description{
      .name = name_, .id = ToHex(metadata_->id), .created = metadata_->created, .options = metadata_->options};
  for (const ShardMetadata& shard : metadata_->shards) {
    const Shard& running = *shards_.at(shard.id);
    description.shards.push_back({.id = shard.id,
                                  .range = shard.range,
                                  .parents = shard.parents,
                                  .created = shard.created,
                                  .open = shard.open,
                                  .closed = shard.closed,
                                  .oldest_sequence = running.oldest_sequence(),
                                  .next_sequence = running.next_sequence(),
                                  .bytes = running.stored_bytes()});
  }
  return description;
}

ShardId Stream::ShardFor(std::string_view partition_key) const { return ShardFor(HashKeyOf(partition_key)); }

ShardId Stream::ShardFor(HashKey key) const {
  const std::shared_lock lock(mutex_);
  return routing_->shards[routing_->IndexFor(key)]->id();
}

Result<uint64_t> Stream::ProducerSequence(ShardId shard, std::string_view producer) const {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Shard> found, FindShard(shard));
  return found->ProducerLast(producer);
}

Timestamp Stream::Seal(Timestamp now) { return arrivals_->Seal(now); }

Timestamp Stream::EarliestNextArrival() const { return arrivals_->earliest_next(); }

Result<ShardReader> Stream::Read(ShardId shard, Sequence position) const {
  TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<Shard> found, FindShard(shard));
  return ShardReader(std::move(found), position);
}

Result<Sequence> Stream::Locate(ShardId shard, const StartPoint& start) const {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Shard> found, FindShard(shard));
  switch (start.kind) {
    case StartPoint::Kind::kTrimHorizon:
      return found->oldest_sequence();
    case StartPoint::Kind::kLatest:
      return found->next_sequence();
    case StartPoint::Kind::kAtSequence:
    case StartPoint::Kind::kAfterSequence: {
      const bool after = start.kind == StartPoint::Kind::kAfterSequence;
      const Sequence end = found->next_sequence();
      if (after ? start.sequence >= end : start.sequence > end) {
        return Error{ErrorCode::kInvalidArgument, StrCat("stream ", name_, " shard ", shard, ": sequence ",
                                                         start.sequence, " is not reached, the next is ", end)};
      }
      return std::max(found->oldest_sequence(), start.sequence + (after ? 1 : 0));
    }
    case StartPoint::Kind::kAtTimestamp:
      return ShardReader(found, 0).FindArrival(start.timestamp);
  }
  TAILRACE_CHECK(false);
}

Result<Milliseconds> Stream::BehindLatest(ShardId shard, Sequence position) const {
  TAILRACE_ASSIGN_OR_RETURN(ShardReader reader, Read(shard, position));
  RecordBatch batch;
  TAILRACE_TRY(reader.Read({.records_max = 1, .bytes_max = 1}, batch));
  if (batch.records().empty()) return Milliseconds(0);
  return std::max(Milliseconds(0), environment_.clock.Now() - batch.records().front().arrival);
}

Subscription Stream::Subscribe(std::function<void()> listener) {
  const uint64_t id = listeners_->Add(std::move(listener));
  return Subscription(listeners_, id);
}

Status Stream::SetRetention(Milliseconds retention, uint64_t retention_bytes) {
  const std::unique_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  StreamMetadata metadata = *metadata_;
  metadata.options.retention = retention;
  metadata.options.retention_bytes = retention_bytes;
  TAILRACE_TRY(CheckOptions(metadata.options));
  return SaveMetadata(std::move(metadata));
}

Status Stream::SetRecordBytesMax(uint64_t record_bytes_max) {
  const std::unique_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  StreamMetadata metadata = *metadata_;
  metadata.options.record_bytes_max = record_bytes_max;
  TAILRACE_TRY(CheckOptions(metadata.options));
  return SaveMetadata(std::move(metadata));
}

Status Stream::SetLabels(std::map<std::string, std::string> labels) {
  const std::unique_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  StreamMetadata metadata = *metadata_;
  metadata.options.labels = std::move(labels);
  return SaveMetadata(std::move(metadata));
}

void Stream::MarkDeleted() {
  const std::unique_lock lock(mutex_);
  deleted_ = true;
  for (const auto& [id, shard] : shards_) shard->MarkDeleted();
}

}  // namespace tailrace::stream
