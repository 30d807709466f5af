#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace tailrace::engine {

// A queue of records of a fixed number of 64-bit cells in one block. The caller passes the cells a record has, the same
// at every call; so a queue takes 24 bytes beside its block.
class CellRing {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint64_t* At(size_t index, size_t cells) { return &cells_[((head_ + index) & (capacity_ - 1)) * cells]; }
  const uint64_t* At(size_t index, size_t cells) const { return &cells_[((head_ + index) & (capacity_ - 1)) * cells]; }
  uint64_t* Back(size_t cells) { return At(size_ - 1, cells); }

  // The new last record, not initialised.
  uint64_t* Push(size_t cells) {
    if (size_ == capacity_) Move(std::max<uint32_t>(kCapacityMin, capacity_ * 2), cells);
    return At(size_++, cells);
  }
  void PopFront(size_t cells) {
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
    if (capacity_ > kShrinkFrom && size_ < capacity_ / 8) Move(capacity_ / 2, cells);
  }
  void PopBack() { --size_; }
  void Clear() {
    cells_.reset();
    capacity_ = head_ = size_ = 0;
  }
  // All records in order, as at most two runs of cells.
  template <typename Take>
  void ForEachRun(size_t cells, const Take& take) const {
    const size_t first = std::min<size_t>(size_, capacity_ - head_);
    if (first > 0) take(&cells_[head_ * cells], first * cells);
    if (first < size_) take(&cells_[0], (size_ - first) * cells);
  }
  // The first two records, because who takes off the one looks at the other; the last one and the place behind it.
  void PrefetchEnds(size_t cells) const {
    if (capacity_ == 0) return;
    __builtin_prefetch(&cells_[head_ * cells]);
    __builtin_prefetch(&cells_[((head_ + 1) & (capacity_ - 1)) * cells]);
    __builtin_prefetch(&cells_[((head_ + size_ - 1) & (capacity_ - 1)) * cells]);
    __builtin_prefetch(&cells_[((head_ + size_) & (capacity_ - 1)) * cells], 1);
  }
  uint64_t bytes(size_t cells) const { return uint64_t{capacity_} * cells * sizeof(uint64_t); }

 private:
  static constexpr uint32_t kCapacityMin = 4;
  static constexpr uint32_t kShrinkFrom = 64;

  void Move(uint32_t capacity, size_t cells) {
    auto moved = std::make_unique_for_overwrite<uint64_t[]>(capacity * cells);
    for (size_t i = 0; i < size_; ++i) std::memcpy(&moved[i * cells], At(i, cells), cells * sizeof(uint64_t));
    cells_ = std::move(moved);
    capacity_ = capacity;
    head_ = 0;
  }

  std::unique_ptr<uint64_t[]> cells_;
  uint32_t capacity_ = 0;  // In records; a power of two.
  uint32_t head_ = 0;
  uint32_t size_ = 0;
};

// A text in two cells: up to 12 bytes in place, more in a block of its own that ReleaseText frees.
inline constexpr size_t kTextInPlaceMax = 12;

inline void StoreText(uint64_t* cells, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  char* const bytes = reinterpret_cast<char*>(cells);
  std::memcpy(bytes, &size, sizeof size);
  if (size <= kTextInPlaceMax) {
    if (size > 0) std::memcpy(bytes + sizeof size, text.data(), size);
    return;
  }
  char* const block = new char[size];
  std::memcpy(block, text.data(), size);
  std::memcpy(&cells[1], &block, sizeof block);
}

inline std::string_view ViewText(const uint64_t* cells) {
  const char* const bytes = reinterpret_cast<const char*>(cells);
  uint32_t size = 0;
  std::memcpy(&size, bytes, sizeof size);
  if (size <= kTextInPlaceMax) return {bytes + sizeof size, size};
  const char* block = nullptr;
  std::memcpy(&block, &cells[1], sizeof block);
  return {block, size};
}

inline void ReleaseText(const uint64_t* cells) {
  const std::string_view text = ViewText(cells);
  if (text.size() > kTextInPlaceMax) delete[] text.data();
}

}  // namespace tailrace::engine
