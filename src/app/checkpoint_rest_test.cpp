#include <gtest/gtest.h>

#include <vector>

#include "app/running_application.h"
#include "app/runtime.h"
#include "app/sim_tables_test.h"
#include "base/log.h"
#include "sim/sim.h"

// Goal    After a checkpoint that took long the next one begins later, so that the work for checkpoints stays a part of
// all. Method  An application on a clock and a disk of the test; the file of a checkpoint takes as long as the test
// says.

namespace tailrace::app {
namespace {

using std::chrono::milliseconds;

class SlowDisk final : public Disk {
 public:
  SlowDisk(Disk& disk, sim::SimClock& clock) : disk_(disk), clock_(clock) {}
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override { return disk_.Open(path, mode); }
  Result<FileInfo> Stat(const std::string& path) override { return disk_.Stat(path); }
  Result<std::vector<std::string>> List(const std::string& directory) override { return disk_.List(directory); }
  Status MakeDirectories(const std::string& path) override { return disk_.MakeDirectories(path); }
  Status Remove(const std::string& path) override { return disk_.Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override {
    if (to.ends_with("/checkpoint")) clock_.Advance(checkpoint_takes);
    return disk_.Rename(from, to);
  }
  Status SyncDirectory(const std::string& path) override { return disk_.SyncDirectory(path); }

  milliseconds checkpoint_takes{0};

 private:
  Disk& disk_;
  sim::SimClock& clock_;
};

class NoNet final : public Net {
 public:
  Result<HttpResponse> Http(const HttpRequest&) override { return Error{ErrorCode::kUnavailable, "no network"}; }
  Status SendMail(const MailServer&, const Mail&) override { return Error{ErrorCode::kUnavailable, "no network"}; }
};

class NoSources final : public ValueSource {
 public:
  Result<std::string> Environment(const std::string& name) override { return Error{ErrorCode::kNotFound, name}; }
  Result<std::string> FileText(const std::string& path) override { return Error{ErrorCode::kNotFound, path}; }
};

constexpr const char* kDefinition = R"(
name: counts
streams: {orders: {shards: 1}}
inputs: {S: {stream: orders, format: json, columns: [{name: n, type: BIGINT, path: $.n}]}}
sql: counts.sql
checkpoint_interval: 1s
)";
constexpr const char* kSql = R"(
CREATE STREAM COUNTS (n BIGINT);
CREATE PUMP counts AS INSERT INTO COUNTS
SELECT STREAM COUNT(*) FROM S_001 GROUP BY STEP(S_001.ROWTIME BY INTERVAL '1' HOUR);
)";

class CheckpointRestTest : public testing::Test {
 protected:
  void SetUp() override { Open({.checkpoint_records = 1}); }  // One is enough to be saved.
  void Open(ApplicationOptions application) {
    TearDown();
    TAILRACE_ASSERT_OK(sim_disk_.MakeDirectories("/app"));
    TAILRACE_ASSERT_OK(WriteFileAtomically(sim_disk_, "/app/tailrace.yaml", kDefinition));
    TAILRACE_ASSERT_OK(WriteFileAtomically(sim_disk_, "/app/counts.sql", kSql));
    NoSources sources;
    TAILRACE_ASSERT_OK_AND_ASSIGN(Definition definition, LoadDefinition(sim_disk_, "/app", sources));
    ASSERT_TRUE(definition.ok()) << FormatProblems(definition, true);
    RuntimeOptions options{.data_folder = "/data", .application = std::move(application)};
    options.simulation = RuntimeOptions::Simulation{
        [this]() -> Result<std::unique_ptr<table::KeyValueStore>> { return tables_.Open(); }};
    TAILRACE_ASSERT_OK_AND_ASSIGN(runtime_,
                                  Runtime::Open(std::move(options), {disk_, clock_, net_, log_, metrics_, 7}));
    TAILRACE_ASSERT_OK(runtime_->AddApplication(std::move(definition)));
    application_ = &runtime_->FindApplication("counts")->application();
    TAILRACE_ASSERT_OK_AND_ASSIGN(stream_, runtime_->streams().Find("orders"));
  }
  void TearDown() override {
    stream_.reset();
    runtime_.reset();
  }

  // A record every 100 ms for so long. Output: when checkpoints were begun, in ms since the call.
  std::vector<int64_t> CheckpointsDuring(milliseconds length) {
    const Timestamp begin = clock_.Now();
    std::vector<int64_t> begun;
    while (clock_.Now() - begin < length) {
      const std::vector<stream::RecordInput> records{{.partition_key = "k", .data = "{\"n\":1}"}};
      EXPECT_TRUE(stream_->Append(records).ok());
      const uint64_t before = application_->CurrentStatus().checkpoints;
      const int64_t now = (clock_.Now() - begin).count();
      const auto stepped = application_->Step();
      EXPECT_TRUE(stepped.ok());
      if (application_->CurrentStatus().checkpoints > before) begun.push_back(now);
      clock_.Advance(milliseconds(100));
    }
    return begun;
  }
  static std::vector<int64_t> Gaps(const std::vector<int64_t>& times) {
    std::vector<int64_t> gaps;
    for (size_t i = 1; i < times.size(); ++i) gaps.push_back(times[i] - times[i - 1]);
    return gaps;
  }

  sim::SimClock clock_{FromUnixMs(1'700'000'000'000)};
  sim::SimDisk sim_disk_{Rng(1)};
  SlowDisk disk_{sim_disk_, clock_};
  NoNet net_;
  NullLog log_;
  MetricsRegistry metrics_;
  SimTables tables_{sim_disk_, Rng(2)};
  std::unique_ptr<Runtime> runtime_;
  Application* application_ = nullptr;
  std::shared_ptr<stream::Stream> stream_;
};

TEST_F(CheckpointRestTest, ASmallCheckpointIsMadeEveryInterval) {
  const std::vector<int64_t> begun = CheckpointsDuring(milliseconds(10'000));
  ASSERT_GE(begun.size(), 9U);
  for (const int64_t gap : Gaps(begun)) EXPECT_EQ(gap, 1'000);
}

// Ten records a second: little to do again.
TEST_F(CheckpointRestTest, AQuietApplicationMakesOneEveryHalfMinute) {
  Open({});
  const std::vector<int64_t> begun = CheckpointsDuring(milliseconds(100'000));
  ASSERT_EQ(begun.size(), 3U);
  for (const int64_t gap : Gaps(begun)) EXPECT_EQ(gap, 30'000);
}

TEST_F(CheckpointRestTest, RecordsAndTheirBytesMakeOneDueWithTheInterval) {
  Open({.checkpoint_records = 25});
  for (const int64_t gap : Gaps(CheckpointsDuring(milliseconds(20'000)))) EXPECT_EQ(gap, 2'500);
  Open({.checkpoint_bytes = 15 * 7});  // Records of seven bytes.
  for (const int64_t gap : Gaps(CheckpointsDuring(milliseconds(20'000)))) EXPECT_EQ(gap, 1'500);
  Open({.checkpoint_records = 3});
  for (const int64_t gap : Gaps(CheckpointsDuring(milliseconds(20'000)))) EXPECT_EQ(gap, 1'000);
}

TEST_F(CheckpointRestTest, ALargeOneIsFollowedByFourTimesWhatItTook) {
  disk_.checkpoint_takes = milliseconds(1'500);
  const std::vector<int64_t> gaps = Gaps(CheckpointsDuring(milliseconds(60'000)));
  ASSERT_GE(gaps.size(), 8U);
  for (const int64_t gap : gaps) {
    EXPECT_GE(gap, 6'000);
    EXPECT_LE(gap, 6'100);  // The first step after.
  }
  // When the state is small again, so is the rest.
  disk_.checkpoint_takes = milliseconds(0);
  const std::vector<int64_t> small = Gaps(CheckpointsDuring(milliseconds(20'000)));
  ASSERT_GE(small.size(), 10U);
  for (size_t i = 1; i < small.size(); ++i) EXPECT_EQ(small[i], 1'000);
}

TEST_F(CheckpointRestTest, ButByAMinuteAtMost) {
  disk_.checkpoint_takes = milliseconds(40'000);
  const std::vector<int64_t> gaps = Gaps(CheckpointsDuring(milliseconds(400'000)));
  ASSERT_GE(gaps.size(), 4U);
  for (const int64_t gap : gaps) {
    EXPECT_GE(gap, 60'000);
    EXPECT_LE(gap, 60'100);
  }
}

}  // namespace
}  // namespace tailrace::app
