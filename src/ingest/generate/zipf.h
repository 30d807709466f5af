#pragma once

#include <cstddef>
#include <vector>

#include "base/rng.h"

namespace tailrace::ingest {

// Numbers 0 to count - 1, the k-th with a chance in proportion to 1 / (k + 1)^exponent: few are frequent, many rare.
// Threads  Any.
class Zipf {
 public:
  // `count` is at least 1.
  Zipf(size_t count, double exponent);
  size_t Draw(Rng& rng) const;

 private:
  std::vector<double> cumulated_;  // Up to 1.
};

// A generator of its own for the number `index` of a sequence: what it gives depends on nothing before.
Rng RngFor(uint64_t seed, uint64_t index);

}  // namespace tailrace::ingest
