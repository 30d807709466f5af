#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "stream/stream.h"

namespace tailrace::sink::delivery {

using Positions = std::map<stream::ShardId, stream::Sequence>;  // Of the next record, per shard.

struct SpanRecord {
  stream::ShardId shard = 0;
  stream::Sequence sequence = 0;
  Timestamp arrival{};
  std::string data;
};

// Consecutive records of a stream that are delivered together.
struct Span {
  std::vector<SpanRecord> records;  // By arrival, then shard.
  uint64_t bytes = 0;               // Of their data.
  Positions end;                    // Of the record after the span.
};

// Cuts a stream into spans. Where the cuts lie follows from the records alone, not from when they are read: a span ends
// with the record that makes it as large as `bytes_max`, or before the first record that arrived `interval` or more
// after the span's first one. Without an interval a span is what is there.
//
// Threads  One owner.
class SpanReader {
 public:
  struct Limits {
    uint64_t bytes_max = 0;
    Milliseconds interval{0};
    size_t records_max = 0;
  };

  // A shard without a position is read from its oldest record.
  static Result<std::unique_ptr<SpanReader>> Open(std::shared_ptr<stream::Stream> stream, const Positions& positions);

  // Adds what has arrived up to `now`. True: the span is complete.
  // Errors: kCorruption, kNotFound from the stream.
  Result<bool> Fill(Timestamp now, const Limits& limits, Span& span);
  // Adds all records up to the known end of a span, which the stream still has.
  Status FillTo(const Positions& end, Span& span);

  Positions positions() const;
  // Records that retention removed before they were read.
  uint64_t lost_to_retention() const { return lost_to_retention_; }

 private:
  struct Cursor {
    Cursor(stream::ShardId shard, stream::ShardReader reader, stream::Sequence position)
        : shard(shard), reader(std::move(reader)), position(position) {}
    stream::ShardId shard;
    stream::ShardReader reader;
    stream::RecordBatch batch;
    size_t next = 0;       // In batch.
    bool read_up = false;  // Nothing more up to the sealed moment.
    bool ended = false;    // The shard is closed and read to its end.
    stream::Sequence position;
  };

  explicit SpanReader(std::shared_ptr<stream::Stream> stream) : stream_(std::move(stream)) {}
  Status AddShards(const Positions& positions);
  Result<Cursor*> Earliest(Timestamp until, const Positions* end);
  static void Take(Cursor& cursor, Span& span);

  const std::shared_ptr<stream::Stream> stream_;
  std::vector<std::unique_ptr<Cursor>> cursors_;  // By shard.
  uint64_t lost_to_retention_ = 0;
};

}  // namespace tailrace::sink::delivery
