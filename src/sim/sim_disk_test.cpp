#include "sim/sim_disk.h"

#include <gtest/gtest.h>

#include "base/str.h"
#include "sim/sim.h"

namespace tailrace::sim {
namespace {

std::string Content(Disk& disk, const std::string& path) {
  const auto bytes = ReadFile(disk, path);
  return bytes.ok() ? *bytes : StrCat("<", ErrorCodeName(bytes.error().code), ">");
}

TEST(SimDiskTest, BehavesLikeADiskWhileNothingFails) {
  SimDisk disk(Rng(1));
  TAILRACE_ASSERT_OK(disk.MakeDirectories("/a/b"));
  TAILRACE_ASSERT_OK(WriteFileAtomically(disk, "/a/b/f", "one"));
  TAILRACE_ASSERT_OK(WriteFileAtomically(disk, "/a/b/f", "two"));
  EXPECT_EQ(Content(disk, "/a/b/f"), "two");
  EXPECT_EQ(*disk.List("/a"), std::vector<std::string>{"b"});
  EXPECT_EQ(*disk.List("/a/b"), std::vector<std::string>{"f"});
  EXPECT_EQ(disk.Remove("/a/b").error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(disk.Open("/none/f", OpenMode::kCreate).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(disk.Open("/a/b/f", OpenMode::kCreateNew).error().code, ErrorCode::kAlreadyExists);
  TAILRACE_ASSERT_OK(disk.Rename("/a/b", "/c"));
  EXPECT_EQ(Content(disk, "/c/f"), "two");
}

TEST(SimDiskTest, SyncedBytesSurviveAndUnsyncedOnesMayNot) {
  bool lost = false;
  bool kept = false;
  bool torn = false;
  for (const uint64_t seed : Seeds()) {
    SimDisk disk{Rng(seed)};
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, disk.Open("/f", OpenMode::kCreate));
    TAILRACE_ASSERT_OK(file->WriteAt(0, std::string(1024, 'a')));
    TAILRACE_ASSERT_OK(file->Sync());
    TAILRACE_ASSERT_OK(disk.SyncDirectory("/"));
    TAILRACE_ASSERT_OK(file->WriteAt(0, std::string(1024, 'b')));
    disk.Restart();
    EXPECT_FALSE(file->Info().ok());
    const std::string found = Content(disk, "/f");
    ASSERT_EQ(found.size(), 1024u);
    for (const size_t sector : {0, 512}) EXPECT_EQ(found.substr(sector, 512), std::string(512, found[sector]));
    lost |= found == std::string(1024, 'a');
    kept |= found == std::string(1024, 'b');
    torn |= found[0] != found[512];
  }
  EXPECT_TRUE(lost && kept && torn);
}

TEST(SimDiskTest, NamesNeedTheirDirectorySynced) {
  bool lost = false;
  bool kept = false;
  for (const uint64_t seed : Seeds()) {
    SimDisk disk{Rng(seed)};
    TAILRACE_ASSERT_OK(WriteFileAtomically(disk, "/old", "x"));
    TAILRACE_ASSERT_OK(disk.Rename("/old", "/new"));
    disk.Restart();
    EXPECT_NE(Exists(disk, "/old"), Exists(disk, "/new"));
    lost |= Exists(disk, "/old");
    kept |= Exists(disk, "/new");
  }
  EXPECT_TRUE(lost && kept);
}

TEST(SimDiskTest, AKilledProcessLosesNothing) {
  SimDisk disk(Rng(1));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, disk.Open("/f", OpenMode::kCreate));
  TAILRACE_ASSERT_OK(file->WriteAt(0, "abc"));
  disk.Restart(Outage::kProcessKilled);
  EXPECT_EQ(Content(disk, "/f"), "abc");
}

TEST(SimDiskTest, CrashesAfterTheGivenNumberOfOperations) {
  SimDisk disk(Rng(1), {.ops_before_crash = 2});
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, disk.Open("/f", OpenMode::kCreate));
  TAILRACE_ASSERT_OK(file->WriteAt(0, "abc"));
  EXPECT_EQ(file->Sync().error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(disk.crashed());
  EXPECT_EQ(disk.Stat("/f").error().code, ErrorCode::kUnavailable);
  disk.Restart();
  EXPECT_FALSE(disk.crashed());
}

TEST(SimDiskTest, AFailedSyncForgetsItsPages) {
  SimDisk disk(Rng(1), {.sync_failure = 1.0});
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, disk.Open("/f", OpenMode::kCreate));
  TAILRACE_ASSERT_OK(disk.SyncDirectory("/"));
  TAILRACE_ASSERT_OK(file->WriteAt(0, std::string(512 * 64, 'a')));
  EXPECT_FALSE(file->Sync().ok());
  disk.SetFaults({});
  TAILRACE_EXPECT_OK(file->Sync());
  EXPECT_EQ(Content(disk, "/f"), std::string(512 * 64, 'a'));  // Still in the cache.
  disk.Restart();
  EXPECT_NE(Content(disk, "/f"), std::string(512 * 64, 'a'));
}

TEST(SimDiskTest, AFullDiskRefusesGrowthOnly) {
  SimDisk disk(Rng(1), {.capacity_bytes = 4});
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, disk.Open("/f", OpenMode::kCreate));
  TAILRACE_ASSERT_OK(file->WriteAt(0, "abcd"));
  EXPECT_EQ(file->WriteAt(4, "e").error().code, ErrorCode::kLimitExceeded);
  TAILRACE_EXPECT_OK(file->WriteAt(0, "ABCD"));
  EXPECT_EQ(Content(disk, "/f"), "ABCD");
}

TEST(SimClockTest, MovesOnlyWhenTold) {
  SimClock clock(FromUnixMs(1000));
  clock.Advance(std::chrono::microseconds(600));
  EXPECT_EQ(clock.Now(), FromUnixMs(1000));
  clock.Advance(std::chrono::microseconds(600));
  EXPECT_EQ(clock.Now(), FromUnixMs(1001));
  clock.SetNow(FromUnixMs(5));
  EXPECT_EQ(clock.Now(), FromUnixMs(5));
  EXPECT_EQ(clock.Monotonic(), std::chrono::microseconds(1200));
}

}  // namespace
}  // namespace tailrace::sim
