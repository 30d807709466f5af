#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/workers.h"

namespace tailrace::engine {

// Keyed state may be cut into lanes by the hash of its keys, one a thread: a key's rows all meet in its lane, in their
// order, so results are those of one lane.
struct LaneOptions {
  Workers* workers = nullptr;  // Borrowed. Null: one lane, no threads.
  size_t rows_min = 1024;      // Fewer rows at a time are not worth waking a thread for.

  size_t count() const { return workers == nullptr ? 1 : workers->threads(); }

  // Calls task(0) ... task(tasks - 1), at the same time when there are rows enough.
  void Run(size_t rows, size_t tasks, const std::function<void(size_t)>& task) const {
    if (workers != nullptr && rows >= rows_min) return workers->Run(tasks, task);
    for (size_t i = 0; i < tasks; ++i) task(i);
  }
};

// The lane of a key with this hash.
inline size_t LaneOf(uint32_t hash, size_t lanes) { return static_cast<size_t>((uint64_t{hash} * lanes) >> 32); }

// The rows of each lane, in order.
class LaneRows {
 public:
  void Split(std::span<const uint32_t> hashes, size_t lanes) {
    if (rows_.size() < lanes) rows_.resize(lanes);
    for (auto& rows : rows_) rows.clear();
    for (uint32_t row = 0; row < hashes.size(); ++row) rows_[LaneOf(hashes[row], lanes)].push_back(row);
  }
  const std::vector<uint32_t>& operator[](size_t lane) const { return rows_[lane]; }

 private:
  std::vector<std::vector<uint32_t>> rows_;
};

}  // namespace tailrace::engine
