#include "app/told_time.h"

#include <gtest/gtest.h>

#include <thread>

#include "app/runtime.h"
#include "app/simulation_world_test.h"

namespace tailrace::app {
namespace {

constexpr Milliseconds kReserve{1'000};

Timestamp At(int64_t unix_ms) { return FromUnixMs(unix_ms); }

TEST(ToldTimeTest, IsOnDiskBeforeAnythingIsToldAndSeldomWritten) {
  sim::SimDisk disk{Rng(1)};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto told, ToldTime::Open(disk, "/told-time", kReserve));
  EXPECT_EQ(told->told_before(), Timestamp{});
  TAILRACE_ASSERT_OK(told->Reach(At(10'000)));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Timestamp stored, ReadToldTime(disk, "/told-time"));
  EXPECT_EQ(stored, At(11'000));
  const uint64_t operations = disk.operations();
  TAILRACE_ASSERT_OK(told->Reach(At(10'900)));
  TAILRACE_ASSERT_OK(told->Reach(At(9'000)));
  EXPECT_EQ(disk.operations(), operations);
  disk.SetFaults({.write_failure = 1.0});
  EXPECT_FALSE(told->Reach(At(11'001)).ok());
  disk.SetFaults({});
  disk.Restart(sim::Outage::kPowerLost);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto next, ToldTime::Open(disk, "/told-time", kReserve));
  EXPECT_EQ(next->told_before(), At(11'000));
}

TEST(ToldTimeTest, AnEndInOrderLeavesNoReserve) {
  sim::SimDisk disk{Rng(1)};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto told, ToldTime::Open(disk, "/told-time", kReserve));
  TAILRACE_ASSERT_OK(told->Reach(At(10'000)));
  TAILRACE_ASSERT_OK(told->Reach(At(10'500)));
  told->DropReserve();
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Timestamp stored, ReadToldTime(disk, "/told-time"));
  EXPECT_EQ(stored, At(10'500));
}

TEST(ToldTimeTest, WhatIsForeseenIsStoredShortlyBeforeSoThatNobodyWaitsForTheDisk) {
  sim::SimDisk disk{Rng(1)};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto told, ToldTime::Open(disk, "/told-time", kReserve));
  EXPECT_EQ(told->StoreAhead(At(0)), std::nullopt);
  told->Foresee(At(20'000));
  told->Foresee(At(10'000));
  const uint64_t operations = disk.operations();
  EXPECT_EQ(told->StoreAhead(At(9'799)), At(9'800));
  EXPECT_EQ(disk.operations(), operations);
  EXPECT_EQ(told->StoreAhead(At(9'800)), At(19'800));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Timestamp stored, ReadToldTime(disk, "/told-time"));
  EXPECT_EQ(stored, At(11'000));
  disk.SetFaults({.write_failure = 1.0});  // Nothing is written any more, and nothing has to be.
  TAILRACE_ASSERT_OK(told->Reach(At(10'003)));
  told->Foresee(At(10'700));
  EXPECT_EQ(told->StoreAhead(At(10'700)), At(19'800));
  EXPECT_FALSE(told->Reach(At(11'001)).ok());
  disk.SetFaults({});
  told->DropReserve();
  disk.Restart(sim::Outage::kPowerLost);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Timestamp after, ReadToldTime(disk, "/told-time"));
  EXPECT_EQ(after, At(10'003));
}

TEST(ToldTimeTest, WhatCouldNotBeStoredAheadIsStoredWhenItIsReached) {
  sim::SimDisk disk{Rng(1)};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto told, ToldTime::Open(disk, "/told-time", kReserve));
  told->Foresee(At(10'000));
  disk.SetFaults({.write_failure = 1.0});
  EXPECT_EQ(told->StoreAhead(At(10'000)), std::nullopt);
  disk.SetFaults({});
  TAILRACE_ASSERT_OK(told->Reach(At(10'000)));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Timestamp stored, ReadToldTime(disk, "/told-time"));
  EXPECT_EQ(stored, At(11'000));
}

TEST(ToldTimeTest, WithoutAReserveTimeStaysWhereItIs) {
  sim::SimDisk disk{Rng(1)};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto told, ToldTime::Open(disk, "/told-time", Milliseconds(0)));
  told->Foresee(At(10'000));
  EXPECT_EQ(told->StoreAhead(At(10'000)), std::nullopt);
  EXPECT_FALSE(Exists(disk, "/told-time"));
}

TEST(ToldTimeTest, AThreadStoresAhead) {
  sim::SimDisk disk{Rng(1)};
  sim::SimClock clock{At(10'000)};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto told, ToldTime::Open(disk, "/told-time", kReserve));
  told->Start(clock);
  const auto stored_is = [&](Timestamp time) {
    const auto stored = ReadToldTime(disk, "/told-time");
    return stored.ok() && *stored == time;
  };
  told->Foresee(At(10'100));
  while (!stored_is(At(11'100))) std::this_thread::yield();
  clock.Advance(std::chrono::seconds(10));
  told->Foresee(At(20'200));
  while (!stored_is(At(21'200))) std::this_thread::yield();
  told->Stop();
  TAILRACE_ASSERT_OK(told->Reach(At(20'500)));
  EXPECT_TRUE(stored_is(At(21'200)));
}

class NoSources final : public ValueSource {
 public:
  Result<std::string> Environment(const std::string& name) override { return Error{ErrorCode::kNotFound, name}; }
  Result<std::string> FileText(const std::string& path) override { return Error{ErrorCode::kNotFound, path}; }
};

class OldFolder : public SimMachine, public testing::Test {
 public:
  OldFolder() : SimMachine(3) {}
};

// Before there was one time for all, each application kept its own.
TEST_F(OldFolder, TheTimeThatAnApplicationKeptForItselfIsTakenOver) {
  TAILRACE_ASSERT_OK(website_.MakeDirectories("/app"));
  TAILRACE_ASSERT_OK(WriteFileAtomically(website_, "/app/tailrace.yaml", kSimulatedDefinition));
  TAILRACE_ASSERT_OK(WriteFileAtomically(website_, "/app/monitor.sql", kSimulatedSql));
  TAILRACE_ASSERT_OK(WriteFileAtomically(website_, "/app/agent.json", kSimulatedAgent));
  NoSources sources;
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Definition definition, LoadDefinition(website_, "/app", sources));
  const Timestamp told = clock_.Now() + std::chrono::hours(1);
  TAILRACE_ASSERT_OK(MakeDirectoriesDurably(disk_, "/data/apps/shop"));
  {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto own, ToldTime::Open(disk_, "/data/apps/shop/told-time", Milliseconds(0)));
    TAILRACE_ASSERT_OK(own->Reach(told));
  }
  RuntimeOptions options{.data_folder = "/data", .run_agents = false};
  options.simulation = RuntimeOptions::Simulation{[this] { return tables_.Open(); }};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto runtime,
                                Runtime::Open(std::move(options), {disks_, clock_, net_, log_, metrics_, 7}));
  TAILRACE_ASSERT_OK(runtime->AddApplication(definition));
  EXPECT_GT(runtime->clock().Now(), told);
  EXPECT_FALSE(Exists(disk_, "/data/apps/shop/told-time"));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Timestamp stored, ReadToldTime(disk_, "/data/told-time"));
  EXPECT_EQ(stored, told);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, runtime->streams().Find("orders"));
  const std::vector<stream::RecordInput> records = {{.partition_key = "k", .data = "{}"}};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto outcome, stream->Append(records));
  EXPECT_GT(outcome.places[0].arrival, told);
}

}  // namespace
}  // namespace tailrace::app
