#pragma once

#include <mutex>

#include "base/clock.h"

namespace tailrace::sim {

// Time that moves only when the test says so. Threads: any.
class SimClock final : public Clock {
 public:
  explicit SimClock(Timestamp start) : now_(start) {}

  Timestamp Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  std::chrono::nanoseconds Monotonic() const override {
    const std::lock_guard lock(mutex_);
    return monotonic_;
  }

  void Advance(std::chrono::nanoseconds duration) {
    const std::lock_guard lock(mutex_);
    monotonic_ += duration;
    // What is less than a millisecond adds up.
    remainder_ += duration;
    const auto whole = std::chrono::floor<Milliseconds>(remainder_);
    now_ += whole;
    remainder_ -= whole;
  }
  // Sets the wall clock, also backwards; monotonic time does not notice.
  void SetNow(Timestamp now) {
    const std::lock_guard lock(mutex_);
    now_ = now;
  }

 private:
  mutable std::mutex mutex_;
  Timestamp now_;
  std::chrono::nanoseconds remainder_{};
  std::chrono::nanoseconds monotonic_{};
};

}  // namespace tailrace::sim
