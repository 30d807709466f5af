#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/disk.h"
#include "stream/types.h"

namespace tailrace::stream {

class Segment;
class Shard;
struct Frame;

struct ReadLimits {
  size_t records_max = 10'000;   // At least 1.
  size_t bytes_max = 256 << 10;  // Of data and keys. The first record is given whatever its size.
};

// Records and the bytes they point into. Reuse one object for many reads: its buffers are kept.
class RecordBatch {
 public:
  const std::vector<RecordView>& records() const { return records_; }
  Sequence next_sequence() const { return next_sequence_; }  // Where the following read goes on.
  // Records that retention removed before they were read: the reader was too slow.
  uint64_t lost_to_retention() const { return lost_to_retention_; }
  bool caught_up() const { return caught_up_; }  // Nothing more was readable.
  // The shard is closed (split, merged) and this was the last of it.
  bool shard_ended() const { return shard_ended_; }

 private:
  friend class ShardReader;
  void Clear();
  void Reserve(size_t bytes);

  std::vector<RecordView> records_;
  size_t record_bytes_ = 0;  // Data and keys of `records_`.
  std::unique_ptr<char[]> buffer_;
  size_t size_ = 0;
  size_t capacity_ = 0;
  Sequence next_sequence_ = 0;
  uint64_t lost_to_retention_ = 0;
  bool caught_up_ = false;
  bool shard_ended_ = false;
};

// Reads one shard in sequence order, straight from the page cache in large pieces; verifies every checksum.
//
// State    The position; no record is held back.
// Threads  One owner, beside any appends.
class ShardReader {
 public:
  ShardReader(std::shared_ptr<Shard> shard, Sequence position);
  ~ShardReader();
  ShardReader(ShardReader&&) noexcept;

  // Replaces the batch by the next records. An empty batch means: caught up, or the shard has ended.
  // Never blocks for records. Errors: kCorruption with file and offset; kNotFound: the stream was deleted.
  Status Read(const ReadLimits& limits, RecordBatch& batch);

  // Blocks until a record at the position is readable, the shard ends or is deleted (true), or time is up (false).
  bool Wait(std::chrono::milliseconds timeout);

  // The position of the first record that arrived at or after the time; the end, when there is none yet.
  Result<Sequence> FindArrival(Timestamp arrival) const;

  Sequence position() const { return position_; }
  void Seek(Sequence position);

 private:
  Result<bool> OpenPlanned(RecordBatch& batch, uint64_t& end_offset);
  Status ReadSegment(const ReadLimits& limits, uint64_t end_offset, RecordBatch& batch);
  Result<Frame> NextFrame(std::string_view bytes, uint64_t end_offset) const;
  Status TakeRecords(const Frame& frame, const ReadLimits& limits, RecordBatch& batch, bool& full);

  std::shared_ptr<Shard> shard_;
  Sequence position_;
  // Where the frame that holds `position_` begins; none before the first read and after Seek.
  std::shared_ptr<const Segment> segment_;
  std::unique_ptr<File> file_;
  uint64_t offset_ = 0;
};

}  // namespace tailrace::stream
