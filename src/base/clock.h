#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tailrace {

// A point in UTC, in milliseconds: the finest unit of the streams and of the SQL.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Milliseconds = std::chrono::milliseconds;

inline Timestamp FromUnixMs(int64_t unix_ms) { return Timestamp(Milliseconds(unix_ms)); }
inline int64_t ToUnixMs(Timestamp time) { return time.time_since_epoch().count(); }

// "2018-11-01T01:00:00.000Z".
std::string ToIso8601(Timestamp time);

// The only source of time. Threads: both calls are safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time; may step backwards when the machine's clock is set.
  virtual Timestamp Now() const = 0;
  // Time since an arbitrary start; never goes backwards. For durations, timeouts and back-off.
  virtual std::chrono::nanoseconds Monotonic() const = 0;
};

}  // namespace tailrace
