#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "stream/types.h"

namespace tailrace::stream {

// Gives a stream's records their arrival times, never decreasing, and seals.
//
// Threads  Any. A shard calls Take and Settle under its own lock, so that its records queue in arrival order.
class Arrivals {
 public:
  explicit Arrivals(const Clock& clock) : clock_(clock) {}

  // The time for records that the shard takes now. They count as under way until Settle.
  int64_t Take(ShardId shard);
  // The shard's records under way are now those from this arrival on, or none.
  void Settle(ShardId shard, std::optional<int64_t> oldest_under_way_unix_ms);
  // No arrival will be before this one. For recovery.
  void RaiseFloor(int64_t arrival_unix_ms);

  // No later record gets an arrival before this.
  Timestamp earliest_next() const;
  Timestamp Seal(Timestamp now);
  std::optional<Timestamp> last_seal() const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  int64_t floor_unix_ms_ = 0;             // The earliest next arrival.
  std::map<ShardId, int64_t> under_way_;  // The oldest arrival that is not readable yet.
  std::optional<Timestamp> last_seal_;
};

}  // namespace tailrace::stream
