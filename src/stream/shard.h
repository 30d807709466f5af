#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/disk.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/spare_check.h"
#include "stream/arrivals.h"
#include "stream/frame.h"
#include "stream/listeners.h"
#include "stream/producers.h"
#include "stream/segment.h"
#include "stream/spares.h"

namespace tailrace::stream {

struct StreamCounters {
  Counter& records;
  Counter& bytes;  // As stored.
  Counter& syncs;
  Counter& duplicates;
  Counter& torn_bytes;
  Counter& trimmed_records;
};

// What the shards of one stream have in common. Borrowed parts outlive them.
struct ShardContext {
  Disk& disk;
  Log& log;
  StreamCounters counters;
  std::shared_ptr<Arrivals> arrivals;
  std::shared_ptr<Listeners> listeners;
  std::shared_ptr<Spares> spares;
  std::function<void()> wants_maintenance;
  std::string folder;
  std::string stream_name;
  std::string stream_id;
  uint64_t segment_bytes = 0;
  Durability durability = Durability::kSynced;
};

// What has queued up for one write and sync, and who waits for it.
struct AppendGroup {
  struct FramePlace {
    size_t offset = 0;           // In `bytes`.
    bool begins_append = false;  // An append's frames stay in one segment, so that it is taken whole or not at all.
  };
  struct ProducerUpdate {
    Sequence end_sequence = 0;
    std::string producer;
    uint64_t last = 0;
    int64_t arrival_unix_ms = 0;
  };

  ByteBuffer bytes;
  std::vector<FramePlace> frames;
  std::vector<ProducerUpdate> producers;
  int64_t first_arrival_unix_ms = 0;
  SpareCheck spare;  // Of `bytes`.

  bool empty() const { return frames.empty(); }
  void Clear();
};

// One shard of a stream: its segments, and the queue of appends before them.
//
// Appending threads put frames into a queue. One of them (or the shard's writer thread, for those who do not wait)
// becomes the leader: it takes the whole queue, writes and syncs it, and wakes the others. Nobody sleeps on a timer.
//
// Threads  Any, all calls.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  // An append that is under way.
  struct Ticket {
    Sequence end_sequence = 0;
    bool done = false;
    std::optional<Error> failure;
  };
  using Done = std::function<void(const Status&)>;

  Shard(ShardContext context, ShardId id);
  ~Shard();  // Completes what is queued.

  ShardId id() const { return id_; }

  // Finds the shard's records after a start. `closed_end`: where a closed shard ends.
  // Errors: kCorruption with file and offset.
  Status Recover(std::vector<uint64_t> segment_numbers, std::optional<Sequence> closed_end);
  // Begins an empty shard that knows these producers.
  Status Begin(Producers producers);

  // Queues those of `records` that `which` names (all, when empty) and fills in their places. The ticket is done
  // after Wait; with `done`, that is called instead and the ticket not touched any more.
  // Errors: kNotFound, kFailedPrecondition (closed, failed sync), kUnavailable (queue full; only with `done`).
  Status Enqueue(std::span<const RecordInput> records, std::span<const uint32_t> which,
                 const std::optional<ProducerInput>& producer, std::span<RecordPlace> places, Ticket& ticket,
                 Done done);
  // Has the writer thread work on the queue while the caller does something else before Wait.
  void Kick();
  Status Wait(Ticket& ticket);

  // Takes no further records and waits for those under way. Returns where the shard ends. Either Reopen follows or,
  // when the end is stored, MarkEnded, which tells the readers.
  Result<Sequence> Close();
  void Reopen();
  void MarkEnded();
  void MarkDeleted();

  uint64_t ProducerLast(std::string_view producer) const;
  Producers producers() const;

  // What a reader at `position` reads next.
  struct ReadPlan {
    std::shared_ptr<const Segment> segment;  // Null: nothing to read.
    Sequence position = 0;                   // Moved up when retention has removed what was there.
    uint64_t offset = 0;                     // Of a frame at or before the position.
    uint64_t end_offset = 0;                 // Of what is readable in the segment.
    Sequence readable_end = 0;               // Of the shard.
    bool ended = false;                      // The shard has ended and `position` is its end.
  };
  Result<ReadPlan> PlanRead(Sequence position) const;
  // Where to look for the first record that arrived at or after the time: `position` is that of the frame at `offset`.
  Result<ReadPlan> PlanSearch(Timestamp arrival) const;
  bool WaitReadable(Sequence position, std::chrono::milliseconds timeout);
  std::string PathOf(SegmentId id) const { return context_.folder + "/" + id.FileName(); }
  Disk& disk() const { return context_.disk; }

  Sequence oldest_sequence() const;
  Sequence next_sequence() const;  // Of what is readable.
  uint64_t stored_bytes() const;

  // Removes segments of which all records arrived before `cutoff` and not after `seal`, and the oldest beyond
  // `bytes_max` (0: no such limit).
  Status Trim(Timestamp cutoff, std::optional<Timestamp> seal, uint64_t bytes_max, size_t spares_enough);
  // Stores indexes of sealed segments, and makes a spare when one will soon be needed.
  Status Prepare();

 private:
  struct Waiter {
    Ticket* ticket = nullptr;  // One of the two.
    Done done;
    Sequence end_sequence = 0;
  };
  // A segment file open for writing. Only the leader touches it.
  struct Active {
    std::shared_ptr<Segment> segment;
    std::unique_ptr<File> file;
    uint64_t file_bytes = 0;  // Written through up to here.
    uint64_t write_offset = 0;
    uint64_t synced_offset = 0;
    uint64_t scrub_end = 0;  // A failed write may have left frames up to here.
    bool asked_for_spare = false;
  };

  Status CheckOpen() const;
  void AddFrames(std::span<const RecordInput> records, std::span<const uint32_t> which,
                 const std::optional<ProducerInput>& producer, std::span<RecordPlace> places);
  void NextFrame(size_t append_bytes, int64_t arrival_unix_ms, std::string_view producer, bool begins_append);
  void Lead(std::unique_lock<std::mutex>& lock);
  Status WriteGroup();
  size_t PartEnd(size_t first, uint64_t room) const;
  size_t PartBytes(size_t first, size_t end) const;
  uint64_t Room() const;
  Status WritePart(size_t first, size_t end);
  Status SyncActive();
  Status MakeRoom(uint64_t end_offset);
  Status Roll();
  Status Scrub();
  void PublishPart(size_t first, size_t end);
  bool ClearRemains();
  void Complete(std::unique_lock<std::mutex>& lock, const Status& status, std::optional<int64_t> remains_unix_ms);
  void RunWriter();
  void StartWriter();

  uint64_t GenerationOf(SegmentId id) const { return id.Generation(context_.stream_id); }
  Result<bool> DropIfNotBegun(SegmentId id);
  Status RecoverNewest(SegmentId id, std::optional<Sequence> closed_end);
  Status CutTornTail(File& file, Segment& segment, uint64_t file_bytes);
  Status Harden(File& file, uint64_t from, uint64_t to);
  Result<std::shared_ptr<Segment>> OpenSealed(SegmentId id, Sequence expected_end);
  Status RollExpired(Timestamp cutoff, std::optional<Timestamp> seal);
  Status RemoveFiles(const std::shared_ptr<Segment>& segment, size_t spares_enough);

  const ShardContext context_;
  const ShardId id_;

  mutable std::mutex mutex_;  // Guards all below but what only the leader touches.
  std::condition_variable append_condition_;
  std::condition_variable writer_condition_;
  std::condition_variable readable_condition_;
  bool writing_ = false;  // There is a leader.
  bool closed_ = false;   // Takes no records.
  bool ended_ = false;    // And never will.
  bool deleted_ = false;
  bool stopping_ = false;
  bool writer_wanted_ = false;
  std::optional<Error> broken_;  // A sync failed.
  AppendGroup queue_;
  FrameWriter frame_writer_{queue_.bytes};
  Sequence next_sequence_ = 0;  // Of the next record queued.
  Producers producers_;         // Including the queue's.
  std::vector<Waiter> waiters_;
  std::thread writer_;

  Sequence durable_end_ = 0;  // Readable up to here.
  Producers durable_producers_;
  int64_t last_arrival_unix_ms_ = 0;                // Of what is readable.
  std::vector<std::shared_ptr<Segment>> segments_;  // By number; the last one is being written.

  // The leader's:
  AppendGroup writing_group_;
  Active active_;
  uint64_t last_number_ = 0;  // Of the newest segment.
  bool must_roll_ = false;    // A new segment was begun and not finished: the old one may get no more.
};

}  // namespace tailrace::stream
