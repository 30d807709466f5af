#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/rng.h"
#include "base/str.h"
#include "sim/sim.h"
#include "sink/file_sink.h"
#include "sink/rows_testing.h"
#include "sink/stream_sink.h"
#include "sink/table_sink.h"
#include "stream/store.h"
#include "table/temporary_folder.h"

// What every sink promises, for every kind of sink: rows in any batches, repeated after any crash, have their effect
// once.

namespace tailrace::sink {
namespace {

using testing::HasSubstr;

data::Schema CountSchema() {
  return {.fields = {{.name = "N", .type = data::Type::Bigint()}, {.name = "TEXT", .type = data::Type::Varchar(16)}}};
}

std::vector<data::Value> CountRow(int64_t n) { return {n, StrCat("row ", n)}; }

data::Batch CountRows(int64_t first, int64_t last) {
  std::vector<std::vector<data::Value>> rows;
  for (int64_t n = first; n <= last; ++n) rows.push_back(CountRow(n));
  return MakeBatch(CountSchema(), rows);
}

// A world with one sink of a kind; Reopen is what a restart of the program does.
class World {
 public:
  explicit World(std::string kind) : kind_(std::move(kind)) {
    TAILRACE_CHECK(disk_.MakeDirectories("/streams").ok() && disk_.SyncDirectory("/").ok());
    Reopen();
  }

  void Reopen() {
    sink_.reset();
    stream_.reset();
    streams_.reset();
    if (tables_ == nullptr || kind_ == "table") OpenTables();
    if (kind_ == "table") {
      TAILRACE_CHECK(tables_->EnsureTable("counts", {.key = {.hash = {"N", table::KeyType::kNumber}}}).ok());
      sink_ = MakeTableSink({.name = "out", .table = "counts", .schema = CountSchema()}, *environment_).value();
    } else if (kind_ == "stream") {
      streams_ = stream::StreamStore::Open({disk_, clock_, log_, metrics_}, "/streams", Rng(1),
                                           {.maintain_in_background = false})
                     .value();
      auto found = streams_->Find("out");
      stream_ = found.ok() ? *found : streams_->Create("out", {.shards = 3}).value();
      sink_ = MakeStreamSink({.name = "out", .schema = CountSchema()}, stream_, *environment_).value();
    } else {
      sink_ = MakeFileSink({.name = "out", .path = "/files/out.jsonl", .schema = CountSchema(), .bytes_max = 2000},
                           *environment_)
                  .value();
    }
  }

  // How often each row arrived.
  std::map<int64_t, int> Seen() {
    std::map<int64_t, int> seen;
    const auto count_lines = [&](std::string_view text) {
      for (const std::string_view line : Split(text, '\n')) {
        if (!line.empty()) ++seen[*ParseInt64(line.substr(5, line.find(',') - 5))];  // {"N":12,...
      }
    };
    if (kind_ == "table") {
      const table::Page page = tables_->Scan("counts", 10'000).value();
      for (const table::Item& item : page.items) {
        int64_t n = 0;
        TAILRACE_CHECK(item.at("N").number()->ToInt64(n));
        ++seen[n];
      }
    } else if (kind_ == "stream") {
      for (stream::ShardId shard = 0; shard < 3; ++shard) {
        stream::ShardReader reader = stream_->Read(shard, 0).value();
        stream::RecordBatch batch;
        do {
          TAILRACE_CHECK(reader.Read({}, batch).ok());
          for (const stream::RecordView& record : batch.records()) count_lines(record.data);
        } while (!batch.records().empty());
      }
    } else {
      const std::vector<std::string> names = disk_.List("/files").value();
      for (const std::string& name : names) {
        if (!name.ends_with(".position")) count_lines(ReadFile(disk_, StrCat("/files/", name)).value());
      }
    }
    return seen;
  }

  RedrivableSink& sink() { return *sink_; }
  sim::SimDisk& disk() { return disk_; }

 private:
  // Slow, so only done again where it matters.
  void OpenTables() {
    environment_.reset();
    letters_.reset();
    tables_.reset();
    tables_ = table::TableStore::Open(folder_.path(), clock_, {.sync = false}).value();
    letters_ = DeadLetters::Open(*tables_, clock_, metrics_, {.letters_max = 1000}).value();
    environment_.reset(new Environment{disk_, clock_, metrics_, *tables_, *letters_});
  }

  const std::string kind_;
  table::TemporaryFolder folder_;
  sim::SimClock clock_{FromUnixMs(1'700'000'000'000)};
  sim::SimDisk disk_{Rng(5)};
  MetricsRegistry metrics_;
  NullLog log_;
  std::unique_ptr<table::TableStore> tables_;
  std::unique_ptr<DeadLetters> letters_;
  std::unique_ptr<Environment> environment_;
  std::unique_ptr<stream::StreamStore> streams_;
  std::shared_ptr<stream::Stream> stream_;
  std::unique_ptr<RedrivableSink> sink_;
};

class SinkContractTest : public testing::TestWithParam<std::string> {};

TEST_P(SinkContractTest, RepeatedRowsHaveTheirEffectOnce) {
  World world(GetParam());
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(1, 40), 1));
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(1, 40), 1));
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(31, 60), 31));
  EXPECT_EQ(world.sink().last_ordinal(), 60u);
  TAILRACE_ASSERT_OK(world.sink().Settle());
  world.Reopen();
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(21, 70), 21));
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(71, 71), 71));
  EXPECT_EQ(world.sink().last_ordinal(), 71u);
  const std::map<int64_t, int> seen = world.Seen();
  ASSERT_EQ(seen.size(), 71u);
  for (const auto& [n, times] : seen) EXPECT_EQ(times, 1) << n;
}

// The program dies at a random step of the disk, starts again and repeats from an earlier checkpoint.
TEST_P(SinkContractTest, RowsSurviveCrashesOnce) {
  constexpr int64_t kRows = 120;
  for (const uint64_t seed : sim::Seeds(8)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    World world(GetParam());
    int64_t next = 1;
    int64_t checkpoint = 1;
    int crashes = 0;
    while (next <= kRows) {
      if (crashes < 3) world.disk().SetFaults({.ops_before_crash = rng.Below(60)});
      while (next <= kRows) {
        if (crashes < 6 && rng.Chance(0.1)) break;  // Killed between two calls.
        const int64_t last = std::min<int64_t>(kRows, next + static_cast<int64_t>(rng.Below(9)));
        if (!world.sink().Write(CountRows(next, last), static_cast<data::Ordinal>(next)).ok()) break;
        next = last + 1;
        if (rng.Chance(0.3) && world.sink().Settle().ok()) checkpoint = next;
      }
      if (next > kRows) break;
      ++crashes;
      next = checkpoint;
      world.disk().Restart(rng.Chance(0.5) ? sim::Outage::kPowerLost : sim::Outage::kProcessKilled);
      world.Reopen();
    }
    world.disk().SetFaults({});
    const std::map<int64_t, int> seen = world.Seen();
    for (int64_t n = 1; n <= kRows; ++n) ASSERT_EQ(seen.contains(n) ? seen.at(n) : 0, 1) << "row " << n;
    ASSERT_EQ(seen.size(), static_cast<size_t>(kRows));
  }
}

INSTANTIATE_TEST_SUITE_P(AllKinds, SinkContractTest, testing::Values("table", "stream", "file"),
                         [](const auto& info) { return info.param; });

// Somebody who reads the file along sees no line go away and come again.
TEST(FileSinkTest, LinesThatComeAgainAfterADeathStay) {
  World world("file");
  const auto size = [&] { return world.disk().Stat("/files/out.jsonl")->size_bytes; };
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(1, 10), 1));
  TAILRACE_ASSERT_OK(world.sink().Settle());
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(11, 30), 11));
  const uint64_t before = size();
  world.Reopen();
  EXPECT_EQ(world.sink().last_ordinal(), 10u);
  EXPECT_EQ(size(), before);
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(11, 15), 11));
  EXPECT_EQ(size(), before);
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(16, 40), 16));
  EXPECT_GT(size(), before);
  const std::map<int64_t, int> seen = world.Seen();
  EXPECT_EQ(seen.size(), 40u);
  for (const auto& [n, times] : seen) EXPECT_EQ(times, 1) << n;
}

TEST(FileSinkTest, WhatAPowerFailureToreIsCutOffAtOnce) {
  const std::string path = "/files/out.jsonl";
  for (const bool zeros : {false, true}) {
    World world("file");
    const auto size = [&] { return world.disk().Stat(path)->size_bytes; };
    TAILRACE_ASSERT_OK(world.sink().Write(CountRows(1, 10), 1));
    TAILRACE_ASSERT_OK(world.sink().Settle());
    TAILRACE_ASSERT_OK(world.sink().Write(CountRows(11, 12), 11));
    const uint64_t whole = size();
    TAILRACE_ASSERT_OK(world.sink().Write(CountRows(13, 30), 13));
    if (zeros) {  // Of a page in the middle; what follows reached the disk.
      world.disk().Overwrite(path, whole + 3, std::string(20, '\0'));
    } else {
      TAILRACE_ASSERT_OK(world.disk().Open(path, OpenMode::kReadWrite).value()->Truncate(whole + 3));
    }
    world.Reopen();
    EXPECT_EQ(size(), whole);
    EXPECT_EQ(world.Seen().size(), 12u);
    TAILRACE_ASSERT_OK(world.sink().Write(CountRows(11, 40), 11));
    const std::map<int64_t, int> seen = world.Seen();
    EXPECT_EQ(seen.size(), 40u);
    for (const auto& [n, times] : seen) EXPECT_EQ(times, 1) << n;
  }
}

TEST(FileSinkTest, LinesThatDoNotComeAgainAreCutOff) {
  World world("file");
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(1, 10), 1));
  TAILRACE_ASSERT_OK(world.sink().Settle());
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(11, 30), 11));
  world.Reopen();
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(111, 112), 11));  // Another program, other rows.
  EXPECT_EQ(world.Seen().size(), 12u);
  TAILRACE_ASSERT_OK(world.sink().Settle());
  world.Reopen();
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(113, 113), 13));
  const std::map<int64_t, int> seen = world.Seen();
  EXPECT_EQ(seen.size(), 13u);
  EXPECT_TRUE(seen.contains(111) && seen.contains(113) && !seen.contains(11));
}

// The kernel forgets what it could not write after it has said so once.
TEST(FileSinkTest, LinesThatAFailedSyncLostAreWrittenAgain) {
  World world("file");
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(1, 10), 1));
  world.disk().SetFaults({.sync_failure = 1.0});
  EXPECT_FALSE(world.sink().Settle().ok());
  world.disk().SetFaults({});
  TAILRACE_ASSERT_OK(world.sink().Write(CountRows(11, 12), 11));
  TAILRACE_ASSERT_OK(world.sink().Settle());
  world.disk().Restart(sim::Outage::kPowerLost);
  world.Reopen();
  EXPECT_EQ(world.sink().last_ordinal(), 12u);
  const std::map<int64_t, int> seen = world.Seen();
  EXPECT_EQ(seen.size(), 12u);
  for (const auto& [n, times] : seen) EXPECT_EQ(times, 1) << n;
}

TEST(StreamSinkTest, RefusesWhatTheStreamCannotTakeAndGoesOn) {
  sim::SimDisk disk{Rng(5)};
  sim::SimClock clock{FromUnixMs(0)};
  NullLog log;
  MetricsRegistry metrics;
  table::TemporaryFolder folder;
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto tables, table::TableStore::Open(folder.path(), clock, {.sync = false}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto letters, DeadLetters::Open(*tables, clock, metrics, {}));
  Environment environment{disk, clock, metrics, *tables, *letters};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto streams, stream::StreamStore::Open({disk, clock, log, metrics}, "/s", Rng(1),
                                                                              {.maintain_in_background = false}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto target, streams->Create("out", {.record_bytes_max = 40}));
  const data::Schema schema{.fields = {{.name = "T", .type = data::Type::Varchar(100)}}};
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const auto sink, MakeStreamSink({.name = "out", .schema = schema, .partition_key = "T"}, target, environment));
  const std::string large(60, 'x');
  TAILRACE_ASSERT_OK(sink->Write(MakeBatch(schema, {{"a"}, {large}, {"b"}, {data::Value()}}), 1));
  EXPECT_EQ(sink->last_ordinal(), 4u);
  stream::ShardReader reader = target->Read(0, 0).value();
  stream::RecordBatch batch;
  TAILRACE_ASSERT_OK(reader.Read({}, batch));
  ASSERT_EQ(batch.records().size(), 3u);
  EXPECT_EQ(batch.records()[0].data, R"({"T":"a"})");
  EXPECT_EQ(batch.records()[0].partition_key, "a");
  EXPECT_EQ(batch.records()[2].data, R"({"T":null})");

  TAILRACE_ASSERT_OK_AND_ASSIGN(const DeadLetter letter, letters->Get({.sink = "out", .ordinal = 2}));
  EXPECT_THAT(letter.reason, HasSubstr("the stream takes 40"));
  EXPECT_FALSE(RedriveLetter(*letters, letter.id, *sink).ok());
  TAILRACE_EXPECT_OK(RedriveLetter(*letters, letter.id, *sink, R"({"T":"small"})"));
  EXPECT_EQ(letters->count("out"), 0u);
  TAILRACE_ASSERT_OK(reader.Read({}, batch));
  ASSERT_EQ(batch.records().size(), 1u);
  EXPECT_EQ(batch.records()[0].data, R"({"T":"small"})");
}

}  // namespace
}  // namespace tailrace::sink
