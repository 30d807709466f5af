#pragma once

#include <vector>

#include "stream/types.h"

namespace tailrace::api::kinesis {

// The splits, then the merges, that give a stream `count` open shards of even ranges. Shards are named by a hash key in
// them, as the ids come into being on the way.
struct ReshardPlan {
  struct Split {
    stream::HashKey inside = 0;
    stream::HashKey second_first = 0;
  };
  struct Merge {
    stream::HashKey first = 0;
    stream::HashKey second = 0;
  };
  std::vector<Split> splits;
  std::vector<Merge> merges;
  size_t new_shards = 0;  // Made on the way, those that are merged again included.
};

ReshardPlan PlanReshard(const stream::StreamDescription& description, uint32_t count);

}  // namespace tailrace::api::kinesis
