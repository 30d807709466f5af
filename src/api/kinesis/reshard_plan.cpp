#include "api/kinesis/reshard_plan.h"

#include <algorithm>
#include <set>

namespace tailrace::api::kinesis {

ReshardPlan PlanReshard(const stream::StreamDescription& description, uint32_t count) {
  std::set<stream::HashKey> begins;  // Of the open shards.
  for (const stream::ShardDescription& shard : description.shards) {
    if (shard.open) begins.insert(shard.range.first);
  }
  std::set<stream::HashKey> wanted;
  for (const stream::HashKeyRange& range : stream::EvenHashKeyRanges(count)) wanted.insert(range.first);
  ReshardPlan plan;
  // Every wanted border that is missing splits the shard around it.
  for (const stream::HashKey border : wanted) {
    if (begins.contains(border)) continue;
    plan.splits.push_back({.inside = border, .second_first = border});
    begins.insert(border);
    plan.new_shards += 2;
  }
  // Every border that is not wanted merges the shards at its sides, from the lowest on.
  for (const stream::HashKey border : begins) {
    if (wanted.contains(border)) continue;
    plan.merges.push_back({.first = border - 1, .second = border});
    plan.new_shards += 1;
  }
  return plan;
}

}  // namespace tailrace::api::kinesis
