#pragma once

#include <cstdint>
#include <string_view>

#include "data/type.h"

namespace tailrace::ingest {

// Watches a column's values as text and proposes a type for all of them. Numbers that are written as text count as
// numbers, unless a leading zero says that they are names.
class TypeGuess {
 public:
  void SeeNull() {}
  void SeeText(std::string_view text);
  void SeeNested(std::string_view source);  // An array or object: it will be text.
  // True when some value was "[27/Oct/2000:09:27:09 -0400]" or the like: text, with a function that reads it.
  bool log_time() const { return log_times_ > 0; }
  // Texts get a length that is a power of 4: 4, 16, 64 ... VARCHAR(16) when there was no value at all.
  data::Type Propose() const;

 private:
  uint64_t values_ = 0;
  uint64_t integers_ = 0;  // Fit 32 bits.
  uint64_t bigints_ = 0;   // Fit 64 bits.
  uint64_t doubles_ = 0;   // Any number.
  uint64_t booleans_ = 0;
  uint64_t timestamps_ = 0;
  uint64_t log_times_ = 0;
  size_t chars_max_ = 0;
};

}  // namespace tailrace::ingest
