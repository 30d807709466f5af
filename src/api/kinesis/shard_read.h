#pragma once

#include <string>
#include <string_view>

#include "api/aws/service.h"
#include "api/aws/writer.h"
#include "api/kinesis/number_text.h"
#include "api/kinesis/stream_directory.h"

// What GetRecords and SubscribeToShard have in common.
namespace tailrace::api::kinesis {

// Writes records of one shard. `out` and `shard` are borrowed.
class RecordWriter {
 public:
  RecordWriter(aws::Writer& out, const stream::ShardDescription& shard, bool encrypted)
      : out_(out), shard_(shard), encrypted_(encrypted) {}
  void Write(const stream::RecordView& record);
  // Of what Write adds to `out` for records of so many bytes of data and keys in all, nearly.
  static size_t Estimate(size_t records, size_t bytes);

 private:
  void WriteFields(const stream::RecordView& record, std::string_view number);

  aws::Writer& out_;
  const stream::ShardDescription& shard_;
  const bool encrypted_;
  NumberText number_;
  // Of a record as JSON, up to its data: the same for all that arrived together.
  std::string begin_;
  Timestamp begin_arrival_{};
};

// Writes "ChildShards" of an ended shard. False, and nothing written, when it has none (any more).
bool WriteChildShards(aws::Writer& out, const stream::Stream& stream, stream::ShardId parent);

void WriteHashKeyRange(aws::Writer& out, const stream::HashKeyRange& range);

// The record that a sequence number names, or the one after it.
// Errors  InvalidArgumentException: no number, of another shard, of another stream.
aws::Answer<stream::StartPoint> StartAtNumber(const aws::Identity& identity, const StreamFacts& facts,
                                              stream::ShardId shard, std::string_view text, bool after,
                                              std::string_view operation);

// Stream::Locate, with numbers beyond the newest record taken as the end.
aws::Answer<stream::Sequence> LocateClamped(const StreamFacts& facts, stream::ShardId shard, stream::StartPoint start);

}  // namespace tailrace::api::kinesis
