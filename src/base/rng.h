#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace tailrace {

// A seeded pseudo-random generator; the same seed gives the same numbers everywhere.
// Source  xoshiro256**: Blackman, Vigna, "Scrambled linear pseudorandom number generators", 2021.
class Rng {
 public:
  explicit Rng(uint64_t seed);

  uint64_t Next();
  uint64_t Below(uint64_t limit);  // Uniform in [0, limit); limit > 0.
  double Uniform();                // Uniform in [0, 1).
  double Exponential();            // Mean 1.
  bool Chance(double probability) { return Uniform() < probability; }
  std::string Bytes(size_t count);
  Rng Fork() { return Rng(Next()); }  // An independent generator.

  // The whole state, for checkpoints.
  const std::array<uint64_t, 4>& state() const { return state_; }
  void set_state(const std::array<uint64_t, 4>& state) { state_ = state; }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace tailrace
