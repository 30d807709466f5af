#include "api/kinesis/throttle.h"

#include <algorithm>

namespace tailrace::api::kinesis {
namespace {

constexpr std::chrono::minutes kForgetAfter{1};

}  // namespace

bool Throttle::Take(const std::string& key, double units, const Rate& rate) {
  if (!on_) return true;
  const std::chrono::nanoseconds now = clock_.Monotonic();
  const std::lock_guard lock(mutex_);
  if (now - swept_ > kForgetAfter) {
    std::erase_if(buckets_, [&](const auto& entry) { return now - entry.second.filled > kForgetAfter; });
    swept_ = now;
  }
  const auto [found, fresh] = buckets_.try_emplace(key, Bucket{rate.burst, now});
  Bucket& bucket = found->second;
  const double seconds = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.units = std::min(rate.burst, bucket.units + seconds * rate.per_second);
  bucket.filled = now;
  if (bucket.units < std::min(units, rate.burst)) return false;
  bucket.units -= units;
  return true;
}

}  // namespace tailrace::api::kinesis
