#pragma once

#include <mutex>

#include "base/clock.h"

namespace tailrace {

// The machine's time, except that it never goes back. When the machine's clock is set back, this one goes on from where
// it was, an eighth slower, until the machine has caught up: counts a second stay nearly true, and nothing stands
// still meanwhile.
//
// Threads  Any.
class ForwardClock final : public Clock {
 public:
  // `machine` is borrowed.
  explicit ForwardClock(const Clock& machine);

  Timestamp Now() const override;
  std::chrono::nanoseconds Monotonic() const override { return machine_.Monotonic(); }

  // From now on no time before this one: it was given out before a restart.
  void RaiseTo(Timestamp time);
  // How far this clock is before the machine's. Zero as long as nobody sets that one back.
  Milliseconds Ahead() const;

 private:
  using Precise = std::chrono::sys_time<std::chrono::nanoseconds>;
  Precise Advance() const;  // With the lock held.

  const Clock& machine_;
  mutable std::mutex mutex_;
  mutable Precise last_{};
  mutable std::chrono::nanoseconds last_monotonic_{};
};

}  // namespace tailrace
