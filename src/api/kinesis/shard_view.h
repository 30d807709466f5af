#pragma once

#include <map>
#include <string>

#include "api/aws/service.h"
#include "api/aws/writer.h"
#include "stream/types.h"

// What operations on streams, shards and tags have in common.
namespace tailrace::api::kinesis {

// Open shards of all streams; one stream may have stream::kShardsMax, closed ones included.
inline constexpr int64_t kShardLimit = 10'000;

// One entry of "Shards".
void WriteShard(aws::Writer& out, const stream::ShardDescription& shard);

// Errors  LimitExceededException: `more` shards beside `open`, or `of_stream` in one stream, are too many.
aws::Answer<void> CheckShardLimit(const aws::Identity& identity, int64_t open, int64_t more, int64_t of_stream);

// Errors  InvalidArgumentException: a character that tags may not have.
aws::Answer<void> CheckTagText(std::string_view text);

// Adds the request's tags to those that are there.
// Errors  InvalidArgumentException: characters; more than 50 in all.
aws::Answer<void> AddTags(const aws::Identity& identity, const std::string& stream, const aws::Value& added,
                          std::map<std::string, std::string>& tags);

}  // namespace tailrace::api::kinesis
