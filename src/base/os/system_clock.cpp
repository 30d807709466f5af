#include "base/os/system_clock.h"

namespace tailrace {

Timestamp SystemClock::Now() const { return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()); }

std::chrono::nanoseconds SystemClock::Monotonic() const { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace tailrace
