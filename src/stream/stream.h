#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/metrics.h"
#include "stream/reader.h"
#include "stream/types.h"

namespace tailrace::stream {

class Arrivals;
class Listeners;
class Spares;
struct Routing;
struct StreamMetadata;

// Ends the calls when destroyed; then no call is running any more.
class Subscription {
 public:
  Subscription(std::shared_ptr<Listeners> listeners, uint64_t id) : listeners_(std::move(listeners)), id_(id) {}
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&&) noexcept = delete;
  ~Subscription();

 private:
  std::shared_ptr<Listeners> listeners_;
  uint64_t id_;
};

// A named, durable, sharded log of records. Made and opened by StreamStore.
//
// Time     A record's arrival is the clock's time when the stream takes it, never before an earlier record's arrival
//          or a seal, over all shards. It is stored with the record.
// State    Segment files of each shard; what is too old is removed whole segments at a time.
// Errors   kNotFound after the stream was deleted. A failed sync makes a shard refuse appends with
//          kFailedPrecondition until the store is opened again. A full disk refuses with kLimitExceeded until there is
//          room again. Nothing refused is ever readable.
// Threads  Any, all calls.
class Stream {
 public:
  using AppendDone = std::function<void(Result<AppendOutcome>)>;

  // What a stream borrows; all of it outlives the stream.
  struct Environment {
    Disk& disk;
    const Clock& clock;
    Log& log;
    MetricsRegistry& metrics;
  };

  // For StreamStore.
  static Result<std::shared_ptr<Stream>> Open(const Environment& environment, std::string folder,
                                              std::function<void()> wants_maintenance);
  ~Stream();

  const std::string& name() const { return name_; }
  StreamDescription Describe() const;

  // Appends the records and returns when all are on disk (or written, if relaxed). Calls from many threads share
  // syncs. Order within a shard is the order of the records.
  // Errors (nothing appended): kInvalidArgument: key, producer. kLimitExceeded: record or call too large.
  Result<AppendOutcome> Append(std::span<const RecordInput> records, std::optional<ProducerInput> producer = {});
  // The same without waiting: the records are copied, and `done` is called once, from a writer thread or, when
  // refused, from this call. It must be quick and must not call back into the stream.
  // Errors, besides those above: kUnavailable: too much is waiting for the disk already.
  void AppendAsync(std::span<const RecordInput> records, std::optional<ProducerInput> producer, AppendDone done);

  // The highest number the open shard has durably from this producer; 0: none.
  Result<uint64_t> ProducerSequence(ShardId shard, std::string_view producer) const;

  // The shard that takes this key now.
  ShardId ShardFor(std::string_view partition_key) const;
  ShardId ShardFor(HashKey key) const;

  // Returns T <= `now` and promises: every record with arrival <= T is readable, every later one arrives after T.
  // Waits for nothing: while appends are under way T lies before them. The promise ends with the process; after a
  // restart Seal(T) renews it whatever the clock then says.
  Timestamp Seal(Timestamp now);
  // No later record arrives before this time. After a restart it lies behind all records that are there.
  Timestamp EarliestNextArrival() const;

  // The position (sequence of the next record to read) that a start point means now. A time later than all records
  // means the end. Errors: kNotFound: shard. kInvalidArgument: a sequence that the shard has not reached.
  Result<Sequence> Locate(ShardId shard, const StartPoint& start) const;
  Result<ShardReader> Read(ShardId shard, Sequence position) const;
  // How long ago the record at `position` arrived; zero when there is none yet.
  Result<Milliseconds> BehindLatest(ShardId shard, Sequence position) const;
  // `listener` is called after records of any shard became readable or a shard ended, from the appending thread: set
  // a flag or wake someone.
  Subscription Subscribe(std::function<void()> listener);

  // Where a named consumer goes on, per shard. Durable when saved; the whole set is replaced at once.
  // Errors: kInvalidArgument: the name has other than 1 to 128 of [a-zA-Z0-9_.:/-]. kNotFound: never saved.
  Status SaveConsumer(const std::string& consumer, const std::map<ShardId, Sequence>& positions);
  Result<std::map<ShardId, Sequence>> LoadConsumer(const std::string& consumer) const;
  Status DeleteConsumer(const std::string& consumer);
  Result<std::vector<std::string>> ListConsumers() const;

  // Durable on return.
  Status SetRetention(Milliseconds retention, uint64_t retention_bytes);
  Status SetRecordBytesMax(uint64_t record_bytes_max);
  Status SetLabels(std::map<std::string, std::string> labels);

  // Closes the shard and opens two for its range, the second from `second_first` on. Returns their ids.
  // Errors: kNotFound; kFailedPrecondition: closed; kInvalidArgument: not inside the range; kLimitExceeded: kShardsMax.
  Result<std::vector<ShardId>> Split(ShardId shard, HashKey second_first);
  // Closes two open shards with adjacent ranges and opens one for both. What a producer sends again after a merge is
  // taken at least once: the new shard knows only what both parents had.
  Result<ShardId> Merge(ShardId shard, ShardId adjacent);

  // Removes what is past retention and prepares segments that will soon be needed. StreamStore calls it.
  Status Maintain();

 private:
  friend class StreamStore;
  struct Call;

  Stream(const Environment& environment, std::string folder, std::function<void()> wants_maintenance);
  Status Load();
  Status RecoverShards(const std::map<ShardId, std::vector<uint64_t>>& segments);
  Result<std::map<ShardId, std::vector<uint64_t>>> FindSegments();
  // The four below: with `mutex_` held exclusively, or before the stream is shared.
  Status SaveMetadata(StreamMetadata metadata);
  std::shared_ptr<Shard> MakeShard(ShardId id) const;
  void Route();
  Result<std::vector<ShardId>> Reshard(std::span<const ShardId> parents, std::span<const HashKeyRange> children);
  Result<std::shared_ptr<Shard>> FindShard(ShardId shard) const;
  Status CheckAppend(std::span<const RecordInput> records, const std::optional<ProducerInput>& producer) const;
  Status CheckNotDeleted() const;
  std::string ConsumerPath(const std::string& consumer) const;
  Status RemoveExpiredShards(Timestamp cutoff);
  void MarkDeleted();

  const Environment environment_;
  const std::string folder_;
  const std::function<void()> wants_maintenance_;
  std::string name_;

  std::shared_ptr<Arrivals> arrivals_;
  std::shared_ptr<Listeners> listeners_;
  std::shared_ptr<Spares> spares_;
  std::mutex maintenance_mutex_;
  mutable std::mutex consumers_mutex_;
  mutable std::shared_mutex mutex_;  // Guards what follows; appends share it while they queue, resharding owns it.
  bool deleted_ = false;
  std::unique_ptr<StreamMetadata> metadata_;
  std::map<ShardId, std::shared_ptr<Shard>> shards_;
  std::unique_ptr<Routing> routing_;
};

}  // namespace tailrace::stream
