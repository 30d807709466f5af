#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace tailrace::api::kinesis {

// The service's rates, when they are wanted. Off: everything is let through.
//
// State    A bucket for each key that was asked for in the last minute.
// Threads  Any.
class Throttle {
 public:
  // So many units a second on average, `burst` at once.
  struct Rate {
    double per_second = 0;
    double burst = 0;
  };

  Throttle(bool on, const Clock& clock) : on_(on), clock_(clock) {}

  bool on() const { return on_; }
  // Takes `units` of what the key has; false, and nothing taken, when that is too little. What is larger than the burst
  // is let through when the bucket is full, and paid off later.
  bool Take(const std::string& key, double units, const Rate& rate);

 private:
  struct Bucket {
    double units = 0;
    std::chrono::nanoseconds filled{};
  };

  const bool on_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
  std::chrono::nanoseconds swept_{};
};

}  // namespace tailrace::api::kinesis
