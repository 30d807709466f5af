#include "stream/arrivals.h"

#include <algorithm>

namespace tailrace::stream {

int64_t Arrivals::Take(ShardId shard) {
  const std::lock_guard lock(mutex_);
  floor_unix_ms_ = std::max(floor_unix_ms_, ToUnixMs(clock_.Now()));
  under_way_.try_emplace(shard, floor_unix_ms_);
  return floor_unix_ms_;
}

void Arrivals::Settle(ShardId shard, std::optional<int64_t> oldest_under_way_unix_ms) {
  const std::lock_guard lock(mutex_);
  if (oldest_under_way_unix_ms.has_value()) {
    under_way_[shard] = *oldest_under_way_unix_ms;
  } else {
    under_way_.erase(shard);
  }
}

void Arrivals::RaiseFloor(int64_t arrival_unix_ms) {
  const std::lock_guard lock(mutex_);
  floor_unix_ms_ = std::max(floor_unix_ms_, arrival_unix_ms);
}

Timestamp Arrivals::earliest_next() const {
  const std::lock_guard lock(mutex_);
  return FromUnixMs(floor_unix_ms_);
}

Timestamp Arrivals::Seal(Timestamp now) {
  const std::lock_guard lock(mutex_);
  int64_t sealed = ToUnixMs(now);
  for (const auto& [shard, oldest] : under_way_) sealed = std::min(sealed, oldest - 1);
  floor_unix_ms_ = std::max(floor_unix_ms_, sealed + 1);
  const Timestamp seal = FromUnixMs(sealed);
  last_seal_ = std::max(last_seal_.value_or(seal), seal);
  return seal;
}

std::optional<Timestamp> Arrivals::last_seal() const {
  const std::lock_guard lock(mutex_);
  return last_seal_;
}

}  // namespace tailrace::stream
