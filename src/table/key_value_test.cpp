#include "table/key_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/rng.h"
#include "base/str.h"
#include "sim/sim.h"
#include "table/temporary_folder.h"

namespace tailrace::table {
namespace {

uint64_t LargestFile(const std::string& folder) {
  uint64_t largest = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".sst") largest = std::max<uint64_t>(largest, entry.file_size());
  }
  return largest;
}

// What is in memory while a file is made goes with the number of its items, so it must not go with the size of the
// table.
TEST(KeyValueStoreTest, FilesAreNoLargerThanTheMemoryThatMakingThemMayTake) {
  constexpr uint64_t kMemoryBytes = 8 << 20;
  constexpr uint64_t kValues = 60'000;
  const TemporaryFolder folder;
  {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store,
                                  KeyValueStore::Open(folder.path(), {.sync = false, .memory_bytes = kMemoryBytes}));
    Rng rng(1);
    std::vector<Mutation> mutations;
    for (uint64_t value = 0; value < kValues; ++value) {
      std::string bytes(1024, '\0');  // That nothing compresses.
      std::ranges::generate(bytes, [&] { return static_cast<char>(rng.Below(256)); });
      mutations.push_back({.key = StrCat(rng.Below(UINT64_MAX)), .value = std::move(bytes)});
      if (mutations.size() < 200) continue;
      TAILRACE_ASSERT_OK(store->Write(mutations));
      mutations.clear();
    }
  }
  const uint64_t largest = LargestFile(folder.path());
  EXPECT_GT(largest, kMemoryBytes / 2);  // Several of what was in memory were made one.
  EXPECT_LE(largest, 3 * kMemoryBytes);  // RocksDB takes up to twice the size it is told, where that saves work later.
}

}  // namespace
}  // namespace tailrace::table
