#pragma once

#include <atomic>

#include "base/clock.h"

namespace tailrace::app {

// Time that stands where it was set. Threads: any.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Timestamp now) : now_unix_ms_(ToUnixMs(now)) {}

  Timestamp Now() const override { return FromUnixMs(now_unix_ms_); }
  std::chrono::nanoseconds Monotonic() const override { return Milliseconds(now_unix_ms_.load()); }
  void Set(Timestamp now) { now_unix_ms_ = ToUnixMs(now); }

 private:
  std::atomic<int64_t> now_unix_ms_;
};

}  // namespace tailrace::app
