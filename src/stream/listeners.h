#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <shared_mutex>

namespace tailrace::stream {

// Those who want to know that something became readable. Threads: any.
class Listeners {
 public:
  uint64_t Add(std::function<void()> listener);
  void Remove(uint64_t id);  // Returns when no call of it is running.
  void Notify() const;

 private:
  mutable std::shared_mutex mutex_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::function<void()>> listeners_;
};

}  // namespace tailrace::stream
