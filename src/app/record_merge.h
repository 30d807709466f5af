#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/ports.h"
#include "stream/stream.h"

namespace tailrace::app {

// Where an application's reading stands: the next sequence of each shard of each of its streams.
using InputPositions = std::map<std::string, std::map<stream::ShardId, stream::Sequence>>;

// Records of one in-application input stream, in order. Views are valid until the next call of Next.
struct MergedRecords {
  int source = 0;     // Index of the input.
  int partition = 0;  // Which of the input's in-application streams: shard modulo parallelism.
  std::vector<data::Record> records;
};

// Those of one in-application input stream among several, which are in order of source and partition; added when there
// are none yet.
MergedRecords& RecordsOf(std::vector<MergedRecords>& streams, int source, int partition);

// Reads the shards of all input streams of an application as one sequence, ordered by arrival, then input, then shard,
// then sequence: the order that gives rows their ROWTIME. New shards (split, merge) are found by themselves.
// Threads  One owner.
class RecordMerge {
 public:
  struct Source {
    std::shared_ptr<stream::Stream> stream;
    int parallelism = 1;
  };

  // Begins at `positions`; a stream that has none begins at `start`, a shard that appears later at its first record.
  static Result<std::unique_ptr<RecordMerge>> Open(std::vector<Source> sources, const InputPositions& positions,
                                                   stream::StartPoint start);

  // Seals all streams at `now` and lets Next give what arrived up to the sealed moment, which is returned.
  Timestamp Begin(Timestamp now);
  // The next records of one in-application stream, `records_max` at most; none when all up to the sealed moment are
  // read. Errors: kCorruption, kNotFound from the stream.
  Result<MergedRecords> Next(size_t records_max);

  InputPositions Positions() const;
  // Records that retention removed before they were read.
  uint64_t lost_to_retention() const { return lost_to_retention_; }
  // How far the reading is behind the newest record.
  Milliseconds Behind() const;

 private:
  struct Cursor {
    Cursor(int source, stream::ShardId shard, stream::ShardReader reader)
        : source(source), shard(shard), reader(std::move(reader)) {}
    int source;
    stream::ShardId shard;
    stream::ShardReader reader;
    stream::RecordBatch batch;
    size_t next = 0;       // In batch.
    bool read_up = false;  // Nothing more up to the sealed moment.
    bool ended = false;    // The shard is closed and read to its end.
    stream::Sequence position = 0;
  };

  explicit RecordMerge(std::vector<Source> sources) : sources_(std::move(sources)) {}
  Status AddShards(const InputPositions& positions, const stream::StartPoint& start);
  Status Refill(Cursor& cursor);
  Result<Cursor*> Earliest();

  std::vector<Source> sources_;
  std::vector<std::unique_ptr<Cursor>> cursors_;  // By source, then shard.
  Timestamp until_{};
  uint64_t lost_to_retention_ = 0;
};

}  // namespace tailrace::app
