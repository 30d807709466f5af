#include "base/workers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>

namespace tailrace {
namespace {

TEST(WorkersTest, EveryTaskRunsOnceHoweverManyThreadsThereAre) {
  for (const size_t threads : {1, 2, 5}) {
    Workers workers(threads);
    EXPECT_EQ(workers.threads(), threads);
    for (size_t count = 0; count < 40; ++count) {
      std::vector<int> ran(count);  // Each task writes its own.
      workers.Run(count, [&](size_t task) { ++ran[task]; });
      EXPECT_EQ(std::ranges::count(ran, 1), static_cast<ptrdiff_t>(count)) << threads;
    }
  }
}

TEST(WorkersTest, TasksThatNobodyElseTakesAreDoneByTheOwner) {
  Workers workers(2);
  std::atomic<bool> busy = false;
  std::atomic<bool> go = false;
  workers.AddSpareWork(&workers, [&](size_t) {
    busy = true;
    while (!go) std::this_thread::yield();
    return false;
  });
  while (!busy) std::this_thread::yield();  // The other thread is held from here on.
  std::set<std::thread::id> ran_on;
  workers.Run(3, [&](size_t) { ran_on.insert(std::this_thread::get_id()); });
  EXPECT_EQ(ran_on, std::set{std::this_thread::get_id()});
  go = true;
  workers.RemoveSpareWork(&workers);
}

TEST(WorkersTest, SpareWorkGoesOnAfterAWakeAndEndsWhenItIsRemoved) {
  Workers workers(4);
  std::atomic<int> left = 0;
  std::atomic<int> done = 0;
  workers.AddSpareWork(&left, [&](size_t worker) {
    EXPECT_TRUE(worker >= 1 && worker < 4);
    int seen = left;
    while (seen > 0 && !left.compare_exchange_weak(seen, seen - 1)) {
    }
    if (seen > 0) ++done;
    return seen > 0;
  });
  for (int round = 1; round <= 20; ++round) {
    left += 10;
    workers.Wake();
    while (done < round * 10) std::this_thread::yield();
  }
  workers.RemoveSpareWork(&left);
  left = 5;
  workers.Wake();
  workers.Run(8, [](size_t) {});
  EXPECT_EQ(left, 5);
  EXPECT_EQ(done, 200);
}

}  // namespace
}  // namespace tailrace
