#include "base/forward_clock.h"

#include <algorithm>

namespace tailrace {
namespace {

// Of each eight steps that the machine takes, this clock takes seven while it is ahead.
constexpr int kSlowSteps = 7;
constexpr int kMachineSteps = 8;

}  // namespace

ForwardClock::ForwardClock(const Clock& machine)
    : machine_(machine), last_(machine.Now()), last_monotonic_(machine.Monotonic()) {}

ForwardClock::Precise ForwardClock::Advance() const {
  const std::chrono::nanoseconds monotonic = machine_.Monotonic();
  const Precise slow = last_ + (monotonic - last_monotonic_) * kSlowSteps / kMachineSteps;
  last_ = std::max<Precise>(machine_.Now(), slow);
  last_monotonic_ = monotonic;
  return last_;
}

Timestamp ForwardClock::Now() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::floor<Milliseconds>(Advance());
}

void ForwardClock::RaiseTo(Timestamp time) {
  const std::lock_guard lock(mutex_);
  last_ = std::max<Precise>(Advance(), time);
}

Milliseconds ForwardClock::Ahead() const {
  const std::lock_guard lock(mutex_);
  const Timestamp now = std::chrono::floor<Milliseconds>(Advance());
  return std::max(now - machine_.Now(), Milliseconds(0));
}

}  // namespace tailrace
