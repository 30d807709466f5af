#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stream/types.h"

namespace tailrace::stream {

struct ShardMetadata {
  ShardId id = 0;
  HashKeyRange range;
  std::vector<ShardId> parents;
  Timestamp created{};
  bool open = true;
  Timestamp closed{};
  Sequence end_sequence = 0;  // When closed.
};

// What a stream's directory holds besides its records: the file stream.meta.
struct StreamMetadata {
  std::string name;
  std::string id;  // 16 random bytes.
  Timestamp created{};
  StreamOptions options;
  ShardId next_shard = 0;
  std::vector<ShardMetadata> shards;  // By id.
};

std::string EncodeMetadata(const StreamMetadata& metadata);
// Errors: kCorruption, kUnsupported (a later version).
Result<StreamMetadata> DecodeMetadata(std::string_view bytes);

// Errors: kInvalidArgument with the value and its limits.
Status CheckOptions(const StreamOptions& options);

}  // namespace tailrace::stream
