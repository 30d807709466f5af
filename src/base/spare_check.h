#pragma once

#include <cstddef>

namespace tailrace {

// Tells when a buffer that is filled and emptied again and again is much larger than what comes by now.
//
// A stall or a backlog makes such a buffer large, and it would stay so for good. Freed whenever it is empty it would be
// made anew all the time under a steady load. So it is spare once many uses in a row have needed little of it.
class SpareCheck {
 public:
  static constexpr size_t kBytesMin = 256 * 1024;  // Smaller ones are kept.
  static constexpr size_t kUses = 64;
  static constexpr size_t kShare = 8;

  // After every use. Output: whether to free it.
  bool AfterUse(size_t used_bytes, size_t capacity_bytes) {
    if (capacity_bytes < kBytesMin || used_bytes > capacity_bytes / kShare) {
      uses_ = 0;
      return false;
    }
    if (++uses_ < kUses) return false;
    uses_ = 0;
    return true;
  }

 private:
  size_t uses_ = 0;  // In a row that needed little.
};

}  // namespace tailrace
