#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>

namespace tailrace::engine {

// A queue of small values that never change. A copy costs a pointer a block and keeps the values of its moment.
//
// Threads  A copy that is only read may be on another thread than the original: blocks are shared, but nobody writes
//          where somebody else reads.
template <typename T>
class BlockQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  const T& operator[](size_t index) const {
    return (*blocks_[(head_ + index) / kBlockSize])[(head_ + index) % kBlockSize];
  }
  const T& front() const { return (*this)[0]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(const T& value) {
    const size_t place = head_ + size_;
    if (place / kBlockSize == blocks_.size()) blocks_.push_back(std::make_shared<Block>());
    (*blocks_[place / kBlockSize])[place % kBlockSize] = value;
    ++size_;
  }
  void pop_front() {
    ++head_;
    --size_;
    if (head_ < kBlockSize) return;
    blocks_.pop_front();
    head_ = 0;
  }
  void clear() {
    blocks_.clear();
    head_ = size_ = 0;
  }
  size_t bytes() const { return blocks_.size() * sizeof(Block); }

 private:
  static constexpr size_t kBlockSize = 1024;
  using Block = std::array<T, kBlockSize>;

  std::deque<std::shared_ptr<Block>> blocks_;
  size_t head_ = 0;  // In the first block.
  size_t size_ = 0;
};

}  // namespace tailrace::engine
