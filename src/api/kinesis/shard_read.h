#pragma once

#include <string>
#include <string_view>

#include "api/aws/service.h"
#include "api/aws/writer.h"
#include "api/kinesis/number_text.h"
#include "api/kinesis/stream_directory.h"

// What GetRecords and SubscribeToShard have in common.
namespace tailrace::api::kinesis {

void WriteRecord(aws::Writer& out, const stream::ShardDescription& shard, const stream::RecordView& record,
                 bool encrypted, NumberText& text);

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
