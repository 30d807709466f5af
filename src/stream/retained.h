#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/disk.h"
#include "base/result.h"
#include "stream/frame.h"
#include "stream/segment.h"
#include "stream/types.h"

namespace tailrace::stream {

// The records of one shard as they stand on disk, read without opening the stream: beside the server that has it, and
// without changing anything.
//
// State    One frame.
// Errors   kCorruption with file and offset, where a frame is bad and records after it are there. What cannot be read
// at
//          the end of the newest segment is an append under way, or its remains: the end.
// Threads  One owner; other processes may append and remove segments meanwhile.
class RetainedShard {
 public:
  // `folder`: of the stream. Begins at a segment from which no record that arrived at or after `from` is missed.
  RetainedShard(Disk& disk, std::string folder, std::string stream_id, ShardId shard)
      : disk_(disk), folder_(std::move(folder)), stream_id_(std::move(stream_id)), shard_(shard) {}
  Status Begin(Timestamp from);

  // The next record, at or after `from`; null at the end of what is there. Views are valid until the next call.
  Result<const RecordView*> Next();

  ShardId shard() const { return shard_; }
  // Where the records begin: those before were removed by retention.
  Sequence oldest_sequence() const { return oldest_sequence_; }
  // How much lies before the reader, and how much it has read. Grows while others append.
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_total() const { return bytes_total_; }

 private:
  Result<std::vector<uint64_t>> ListSegments() const;
  Status OpenSegment(uint64_t number);
  Result<bool> NextFrame();
  Result<bool> NextSegment();
  std::string PathOf(uint64_t number) const;

  Disk& disk_;
  const std::string folder_;
  const std::string stream_id_;
  const ShardId shard_;
  Timestamp from_{};
  Sequence oldest_sequence_ = 0;
  Sequence expected_ = 0;
  uint64_t number_ = 0;  // Of the open segment; 0: none.
  std::unique_ptr<File> file_;
  uint64_t generation_ = 0;
  Timestamp arrival_floor_{};  // Of what came before the segment.
  uint64_t offset_ = 0;
  std::string bytes_;  // Of the file, from bytes_offset_ on.
  uint64_t bytes_offset_ = 0;
  std::unique_ptr<RecordWalk> walk_;
  RecordView record_;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_total_ = 0;
};

// A stream's description and shards, read as RetainedShard does.
struct RetainedStream {
  std::string name;
  struct Part {
    HashKeyRange range;
    std::unique_ptr<RetainedShard> shard;  // Not begun.
  };
  std::vector<Part> shards;  // By id.
};
// `streams_folder`: where the data folder has its streams. Errors: kNotFound: no such stream; those of its metadata.
Result<RetainedStream> OpenRetained(Disk& disk, const std::string& streams_folder, const std::string& name);

}  // namespace tailrace::stream
