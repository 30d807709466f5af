#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "stream/world_test.h"

// Many threads on one stream: waiting and asynchronous appends, readers, seals, maintenance and resharding at once.
// Run it under the tsan preset too.

namespace tailrace::stream {
namespace {

constexpr int kThreads = 4;
constexpr int kAppends = 150;

std::string Name(int thread, int number) { return fmt::format("{}:{:06}", thread, number); }

// Each thread's records are all there, once, in its order within each shard.
void ExpectComplete(const Stream& stream, int threads) {
  std::map<std::string, std::string> last_of_thread;
  size_t found = 0;
  for (const ShardDescription& shard : stream.Describe().shards) {
    last_of_thread.clear();
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto records, ReadAll(stream, shard.id));
    found += records.size();
    int64_t arrival = 0;
    for (const StoredRecord& record : records) {
      std::string& last = last_of_thread[record.data.substr(0, record.data.find(':'))];
      EXPECT_LT(last, record.data);
      last = record.data;
      EXPECT_GE(record.arrival_unix_ms, arrival);
      arrival = record.arrival_unix_ms;
    }
  }
  EXPECT_EQ(found, static_cast<size_t>(threads) * kAppends * 3);
}

std::vector<RecordInput> ThreeRecords(const std::vector<std::string>& names) {
  std::vector<RecordInput> records;
  for (const std::string& name : names) records.push_back({.partition_key = name, .data = name});
  return records;
}

TEST(StreamThreadsTest, WaitingAppendsReadersSealsAndMaintenanceTogether) {
  TestWorld world;
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream,
                                store->Create("s", {.shards = 2, .segment_bytes = kSegmentBytesMin}));
  std::atomic<int> running = kThreads;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kAppends; ++i) {
        const std::vector<std::string> names = {Name(thread, 3 * i), Name(thread, 3 * i + 1), Name(thread, 3 * i + 2)};
        const auto outcome = stream->Append(ThreeRecords(names));
        EXPECT_TRUE(outcome.ok() && outcome->status().ok());
      }
      --running;
    });
  }
  threads.emplace_back([&] {
    while (running > 0) {
      world.clock.Advance(std::chrono::milliseconds(1));
      TAILRACE_EXPECT_OK(store->Maintain());
    }
  });
  // A sealed time stays as it was first seen: the count of records up to it never changes.
  threads.emplace_back([&] {
    while (running > 0) {
      const Timestamp seal = stream->Seal(world.clock.Now());
      const auto count = [&] {
        size_t records = 0;
        for (ShardId shard = 0; shard < 2; ++shard) {
          const auto all = ReadAll(*stream, shard);
          for (const StoredRecord& record : *all) records += record.arrival_unix_ms <= ToUnixMs(seal) ? 1 : 0;
        }
        return records;
      };
      const size_t first = count();
      EXPECT_EQ(count(), first);
    }
  });
  size_t followed = 0;
  TAILRACE_ASSERT_OK_AND_ASSIGN(ShardReader reader, stream->Read(0, 0));
  RecordBatch batch;
  while (running > 0) {
    if (!reader.Wait(std::chrono::milliseconds(1))) continue;
    TAILRACE_ASSERT_OK(reader.Read({}, batch));
    followed += batch.records().size();
  }
  for (std::thread& thread : threads) thread.join();
  TAILRACE_ASSERT_OK(reader.Read({.records_max = 1'000'000, .bytes_max = 100 << 20}, batch));
  EXPECT_LE(followed, stream->Describe().shards[0].next_sequence);
  ExpectComplete(*stream, kThreads);
}

TEST(StreamThreadsTest, AsynchronousAppendsAreAllAnswered) {
  TestWorld world;
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Create("s", {.shards = 3}));
  std::mutex mutex;
  std::condition_variable condition;
  int answered = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kAppends; ++i) {
        const std::vector<std::string> names = {Name(thread, 3 * i), Name(thread, 3 * i + 1), Name(thread, 3 * i + 2)};
        if (i % 3 == 0) {
          EXPECT_TRUE(stream->Append(ThreeRecords(names)).ok());
          const std::lock_guard lock(mutex);
          ++answered;
          continue;
        }
        stream->AppendAsync(ThreeRecords(names), {}, [&](Result<AppendOutcome> outcome) {
          EXPECT_TRUE(outcome.ok() && outcome->status().ok());
          const std::lock_guard lock(mutex);
          ++answered;
          condition.notify_all();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::unique_lock lock(mutex);
  condition.wait(lock, [&] { return answered == kThreads * kAppends; });
  lock.unlock();
  ExpectComplete(*stream, kThreads);
}

TEST(StreamThreadsTest, ReshardingLosesNothing) {
  TestWorld world;
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Create("s", {.shards = 2}));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kAppends; ++i) {
        const std::vector<std::string> names = {Name(thread, 3 * i), Name(thread, 3 * i + 1), Name(thread, 3 * i + 2)};
        const auto outcome = stream->Append(ThreeRecords(names));
        EXPECT_TRUE(outcome.ok() && outcome->status().ok());
      }
    });
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const ShardId merged, stream->Merge(0, 1));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto halves, stream->Split(merged, HashKey{1} << 127));
  TAILRACE_EXPECT_OK(stream->Split(halves[0], HashKey{1} << 126));
  for (std::thread& thread : threads) thread.join();
  ExpectComplete(*stream, kThreads);
}

TEST(StreamThreadsTest, UnansweredAppendsAreFinishedWhenTheStreamIsLeft) {
  TestWorld world;
  std::atomic<int> answered = 0;
  {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Create("s", {}));
    for (int i = 0; i < 100; ++i) {
      stream->AppendAsync(Inputs({Name(0, i)}), {}, [&](const Result<AppendOutcome>& outcome) {
        if (outcome.ok() && outcome->status().ok()) ++answered;
      });
    }
  }
  EXPECT_EQ(answered, 100);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Find("s"));
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 100u);
}

}  // namespace
}  // namespace tailrace::stream
