#pragma once

#include <cstdint>
#include <vector>

namespace tailrace::sim {

// The seeds a randomised test runs: 0, 1, 2, ... `count` of them.
// The variable TAILRACE_SEED=n makes it n alone (to replay a failure), TAILRACE_SEEDS=n makes it n seeds.
std::vector<uint64_t> Seeds(uint64_t count = 200);

}  // namespace tailrace::sim
