#include "ingest/agent/stream_target.h"

#include <gtest/gtest.h>

#include <set>

#include "ingest/agent/agent_harness_test.h"
#include "sim/assert_ok.h"
#include "sim/seeds.h"
#include "sim/sim_disk.h"
#include "stream/store.h"

namespace tailrace::ingest {
namespace {

using std::chrono::milliseconds;

class StreamTargetTest : public ::testing::Test {
 protected:
  void OpenStore() {
    TAILRACE_ASSERT_OK_AND_ASSIGN(
        store_, stream::StreamStore::Open({.disk = *made_disk_, .clock = clock_, .log = log_, .metrics = metrics_},
                                          "/streams", Rng(3), {.maintain_in_background = false}));
  }
  void CreateStream(uint32_t shards) {
    TAILRACE_ASSERT_OK(store_->Create("s", {.shards = shards, .segment_bytes = stream::kSegmentBytesMin}));
  }
  void OpenTarget() {
    TAILRACE_ASSERT_OK_AND_ASSIGN(stream_, store_->Find("s"));
    target_ = std::make_unique<StreamTarget>(stream_);
  }
  std::vector<std::string> Records() {
    std::vector<std::string> records;
    for (const stream::ShardDescription& shard : stream_->Describe().shards) {
      auto reader = stream_->Read(shard.id, 0);
      TAILRACE_CHECK(reader.ok());
      stream::RecordBatch batch;
      do {
        TAILRACE_CHECK(reader->Read({}, batch).ok());
        for (const stream::RecordView& record : batch.records()) records.emplace_back(record.data);
      } while (!batch.records().empty());
    }
    return records;
  }

  sim::SimClock clock_{FromUnixMs(1541034000000)};
  std::unique_ptr<sim::SimDisk> made_disk_ = std::make_unique<sim::SimDisk>(Rng(1));
  NullLog log_;
  MetricsRegistry metrics_;
  std::unique_ptr<stream::StreamStore> store_;
  std::shared_ptr<stream::Stream> stream_;
  std::unique_ptr<StreamTarget> target_;
};

TEST_F(StreamTargetTest, TellsStoredFromDuplicateAndRefused) {
  OpenStore();
  CreateStream(2);
  OpenTarget();
  const std::string large(stream_->Describe().options.record_bytes_max, 'x');
  const std::vector<TargetRecord> records = {{"k1", "one"}, {"k2", large}, {"k3", "three"}};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto first, target_->Put("p", 1, records));
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].kind, RecordResult::Kind::kStored);
  EXPECT_EQ(first[1].kind, RecordResult::Kind::kRefused);
  EXPECT_EQ(first[2].kind, RecordResult::Kind::kStored);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto again, target_->Put("p", 1, records));
  EXPECT_EQ(again[0].kind, RecordResult::Kind::kDuplicate);
  EXPECT_EQ(again[2].kind, RecordResult::Kind::kDuplicate);
  EXPECT_EQ(Records().size(), 2u);
  TAILRACE_ASSERT_OK(store_->Delete("s"));
  EXPECT_FALSE(target_->Put("p", 4, std::vector<TargetRecord>{{"k", "x"}}).ok());
}

// The power fails for log, stream and agent together, at any moment; what was written to the log and synced is in the
// stream exactly once in the end.
TEST_F(StreamTargetTest, ExactlyOnceThroughPowerFailures) {
  for (const uint64_t seed : sim::Seeds(40)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    made_disk_ = std::make_unique<sim::SimDisk>(rng.Fork());
    sim::SimDisk& disk = *made_disk_;
    TAILRACE_ASSERT_OK(disk.MakeDirectories("/log"));
    TAILRACE_ASSERT_OK(disk.MakeDirectories("/streams"));
    TAILRACE_ASSERT_OK(disk.SyncDirectory("/"));
    OpenStore();
    CreateStream(1 + static_cast<uint32_t>(rng.Below(3)));
    std::multiset<std::string> written;
    int number = 0;
    for (int life = 0; life < 6; ++life) {
      OpenTarget();
      AgentHarness harness(disk, clock_, *target_, OneFlow("/log/*.log", "\"maxBufferAgeMillis\": 100"));
      harness.Start();
      harness.Settle();
      for (int step = 0; step < 15; ++step) {
        const std::string path = StrCat("/log/", rng.Below(3), ".log");
        for (uint64_t lines = rng.Below(20); lines > 0; --lines) {
          const std::string line = StrCat("line ", ++number, "\n");
          TAILRACE_ASSERT_OK(AppendTo(disk, path, line));
          written.insert(line);
        }
        // The log itself must not lose what the agent may have sent already.
        if (Exists(disk, path)) {
          TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, disk.Open(path, OpenMode::kReadWrite));
          TAILRACE_ASSERT_OK(file->Sync());
          TAILRACE_ASSERT_OK(disk.SyncDirectory("/log"));
        }
        clock_.Advance(milliseconds(rng.Below(200)));
        harness.Notify();
      }
      if (life == 5) {
        harness.Run(std::chrono::seconds(3));
        EXPECT_EQ(harness.flow().behind_bytes, 0u);
      }
      harness.Kill();
      target_.reset();
      stream_.reset();
      store_.reset();
      disk.Restart(sim::Outage::kPowerLost);
      OpenStore();
    }
    OpenTarget();
    const std::vector<std::string> records = Records();
    EXPECT_EQ(std::multiset<std::string>(records.begin(), records.end()), written);
    target_.reset();
    stream_.reset();
    store_.reset();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tailrace::ingest
