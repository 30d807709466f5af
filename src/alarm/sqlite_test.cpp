#include "alarm/sqlite.h"

#include <gtest/gtest.h>

#include <set>

#include "base/str.h"
#include "sim/assert_ok.h"
#include "sim/seeds.h"
#include "sim/sim_clock.h"
#include "sim/sim_sqlite.h"

namespace tailrace::alarm {
namespace {

constexpr const char* kPath = "/data/rows.db";

class SqliteTest : public testing::Test {
 protected:
  // Opens as often as a disk that fails now and then needs.
  static std::unique_ptr<Sqlite> Open() {
    for (int attempt = 0; attempt < 100; ++attempt) {
      auto opened = Sqlite::Open(kPath, Sqlite::Mode::kReadWrite);
      if (opened.ok()) return std::move(*opened);
    }
    return nullptr;
  }

  static Status Insert(Sqlite& database, int64_t id) {
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement insert, database.Prepare("INSERT INTO Rows VALUES (?)"));
    return insert.Bind(id).Run();
  }

  static Result<std::set<int64_t>> Rows(Sqlite& database) {
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement select, database.Prepare("SELECT id FROM Rows"));
    std::set<int64_t> rows;
    while (true) {
      TAILRACE_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) return rows;
      rows.insert(select.Int64(0));
    }
  }
};

// A row whose commit failed with its sync may be seen by the next process, from the system's memory. Whoever sees it
// acts on it, so from then on it must be there, also when the power fails before anything else is written.
TEST_F(SqliteTest, C2_9_WhatTheNextProcessSeesOutlivesAPowerFailure) {
  uint64_t refused_and_seen = 0;
  for (const uint64_t seed : sim::Seeds(100)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    sim::SimDisk disk(rng.Fork());
    TAILRACE_ASSERT_OK(disk.MakeDirectories("/data"));
    TAILRACE_ASSERT_OK(disk.SyncDirectory("/"));
    sim::SimClock clock(FromUnixMs(0));
    const sim::SimSqlite sqlite(disk, clock, rng.Fork());
    std::set<int64_t> acknowledged;
    {
      const std::unique_ptr<Sqlite> database = Open();
      ASSERT_NE(database, nullptr);
      TAILRACE_ASSERT_OK(database->Execute("CREATE TABLE Rows (id INTEGER PRIMARY KEY)"));
      disk.SetFaults({.sync_failure = 0.5});
      for (int64_t id = 0; id < 5; ++id) {
        if (Insert(*database, id).ok()) acknowledged.insert(id);
      }
      disk.SetFaults({.ops_before_crash = 0});  // The death of the process writes nothing.
    }
    disk.Restart(sim::Outage::kProcessKilled);
    std::set<int64_t> seen;
    {
      disk.SetFaults({.sync_failure = 0.2});
      const std::unique_ptr<Sqlite> database = Open();
      ASSERT_NE(database, nullptr);
      TAILRACE_ASSERT_OK_AND_ASSIGN(seen, Rows(*database));
      disk.SetFaults({.ops_before_crash = 0});
    }
    disk.Restart(sim::Outage::kPowerLost);
    const std::unique_ptr<Sqlite> database = Open();
    ASSERT_NE(database, nullptr);
    TAILRACE_ASSERT_OK_AND_ASSIGN(const std::set<int64_t> left, Rows(*database));
    EXPECT_EQ(left, seen);
    for (const int64_t id : acknowledged) EXPECT_TRUE(left.contains(id)) << id;
    refused_and_seen += seen.size() > acknowledged.size() ? 1 : 0;
  }
  if (sim::Seeds(100).size() == 100) {
    EXPECT_GT(refused_and_seen, 10u);
  }
}

}  // namespace
}  // namespace tailrace::alarm
