#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "stream/hash_key.h"

namespace tailrace::stream {

class Shard;

// A stream's open shards in the order of their ranges, which cover the whole ring.
struct Routing {
  std::vector<HashKey> range_ends;
  std::vector<std::shared_ptr<Shard>> shards;

  size_t IndexFor(HashKey key) const {
    return static_cast<size_t>(std::lower_bound(range_ends.begin(), range_ends.end(), key) - range_ends.begin());
  }
};

}  // namespace tailrace::stream
