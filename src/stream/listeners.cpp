#include "stream/listeners.h"

#include <mutex>

namespace tailrace::stream {

uint64_t Listeners::Add(std::function<void()> listener) {
  const std::unique_lock lock(mutex_);
  listeners_.emplace(next_id_, std::move(listener));
  return next_id_++;
}

void Listeners::Remove(uint64_t id) {
  const std::unique_lock lock(mutex_);
  listeners_.erase(id);
}

void Listeners::Notify() const {
  const std::shared_lock lock(mutex_);
  for (const auto& [id, listener] : listeners_) listener();
}

}  // namespace tailrace::stream
