#include "ingest/generate/zipf.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace tailrace::ingest {

Zipf::Zipf(size_t count, double exponent) {
  TAILRACE_CHECK(count > 0);
  cumulated_.reserve(count);
  double sum = 0;
  for (size_t k = 0; k < count; ++k) {
    sum += std::pow(static_cast<double>(k + 1), -exponent);
    cumulated_.push_back(sum);
  }
  for (double& value : cumulated_) value /= sum;
}

size_t Zipf::Draw(Rng& rng) const {
  const auto found = std::ranges::upper_bound(cumulated_, rng.Uniform());
  return std::min(static_cast<size_t>(found - cumulated_.begin()), cumulated_.size() - 1);
}

Rng RngFor(uint64_t seed, uint64_t index) {
  Rng mixed(seed * 0x9e3779b97f4a7c15 + index);
  return mixed.Fork();
}

}  // namespace tailrace::ingest
