#pragma once

#include "base/clock.h"

namespace tailrace {

// The machine's clocks. Threads: any.
class SystemClock final : public Clock {
 public:
  Timestamp Now() const override;
  std::chrono::nanoseconds Monotonic() const override;
};

}  // namespace tailrace
