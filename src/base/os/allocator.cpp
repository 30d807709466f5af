#include "base/os/allocator.h"

#include <malloc.h>

#include <algorithm>
#include <climits>

namespace tailrace {
namespace {

// Each heap keeps what its threads have freed. Two cores rarely allocate at the same moment in more than a few threads.
constexpr int kHeapsMax = 4;
// Setting these also stops glibc from raising them with every large block that is freed, up to 32 and 64 MiB.
constexpr int kOwnMappingFrom = 512 * 1024;
constexpr int kTrimFrom = 1024 * 1024;
constexpr int kOwnMappingFromMax = 32 << 20;  // The most that glibc takes.

}  // namespace

void KeepLittleFreedMemory() {
  ::mallopt(M_ARENA_MAX, kHeapsMax);
  // Small blocks would be freed without being joined to their neighbours, and the next larger allocation, whose ever it
  // is, would do so for all of them at one go: 180 ms for a million. Joined as they are freed they are sorted by later
  // allocations, at most 10,000 by each.
  ::mallopt(M_MXFAST, 0);
  ::mallopt(M_MMAP_THRESHOLD, kOwnMappingFrom);
  ::mallopt(M_TRIM_THRESHOLD, kTrimFrom);
}

void KeepFreedMemory(uint64_t bytes_max) {
  const int limit = static_cast<int>(std::min<uint64_t>(bytes_max, INT_MAX));
  ::mallopt(M_TRIM_THRESHOLD, limit);
  ::mallopt(M_MMAP_THRESHOLD, std::min(limit, kOwnMappingFromMax));
}

}  // namespace tailrace
