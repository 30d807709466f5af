#include "ingest/agent/agent_runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>

#include "base/os/posix_disk.h"
#include "base/os/system_clock.h"
#include "base/str.h"
#include "sim/assert_ok.h"

// On the machine's own disk, clock and file watch.

namespace tailrace::ingest {
namespace {

using std::chrono::seconds;

// Lets the test wait for records.
class WaitingTarget final : public RecordTarget {
 public:
  TargetLimits limits() const override { return {.records_max = 10'000}; }
  Result<std::vector<RecordResult>> Put(std::string_view, uint64_t, std::span<const TargetRecord> records) override {
    const std::lock_guard lock(mutex_);
    for (const TargetRecord& record : records) records_.emplace_back(record.data);
    changed_.notify_all();
    return std::vector<RecordResult>(records.size());
  }
  Result<std::optional<uint64_t>> LastSequence(std::string_view) override { return std::optional<uint64_t>(); }
  bool WaitFor(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(20), [&] { return records_.size() >= count; });
  }
  std::vector<std::string> Records() {
    const std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> records_;
};

class AgentRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = StrCat(::testing::TempDir(), "agent_runner_test_",
                     ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    TAILRACE_ASSERT_OK(disk_.MakeDirectories(folder_ + "/log"));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Start() {
    const auto loaded = ParseAgentConfig(StrCat(R"({"flows": [{"filePattern": ")", folder_,
                                                R"(/log/*.log", "kinesisStream": "s", "maxBufferAgeMillis": 0}]})"),
                                         "agent.json");
    ASSERT_TRUE(loaded.ok());
    auto agent = Agent::Make(
        loaded.config, {.checkpoint_path = folder_ + "/state/checkpoints", .polled = false},
        {.disk = disk_, .clock = clock_, .log = log_}, [this](const FlowConfig&) { return &target_; }, Rng(1));
    ASSERT_TRUE(agent.ok()) << agent.error().message;
    agent_ = std::move(*agent);
    runner_ = std::make_unique<AgentRunner>(*agent_, clock_, log_);
    TAILRACE_ASSERT_OK(runner_->Start());
  }
  void Stop() {
    runner_->Stop();
    runner_.reset();
  }
  void Append(const std::string& name, std::string_view bytes) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, disk_.Open(folder_ + "/log/" + name, OpenMode::kCreate));
    TAILRACE_ASSERT_OK_AND_ASSIGN(const FileInfo info, file->Info());
    TAILRACE_ASSERT_OK(file->WriteAt(info.size_bytes, bytes));
  }

  std::string folder_;
  PosixDisk disk_;
  SystemClock clock_;
  NullLog log_;
  WaitingTarget target_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<AgentRunner> runner_;
};

TEST_F(AgentRunnerTest, DeliversALineWithoutWaitingForATimer) {
  Append("a.log", "old\n");
  Start();
  std::vector<double> latencies_ms;
  // The first line may come before the first scan, and then belongs to what was there.
  while (agent_->status().flows.at(0).files_total == 0) std::this_thread::yield();
  for (size_t i = 1; i <= 50; ++i) {
    const auto begin = clock_.Monotonic();
    Append("a.log", StrCat("line ", i, "\n"));
    ASSERT_TRUE(target_.WaitFor(i));
    latencies_ms.push_back(std::chrono::duration<double, std::milli>(clock_.Monotonic() - begin).count());
  }
  std::sort(latencies_ms.begin(), latencies_ms.end());
  RecordProperty("latency_median_us", static_cast<int>(latencies_ms[25] * 1000));
  EXPECT_LT(latencies_ms[25], 100.0) << "polling would take that long";
  Stop();
}

TEST_F(AgentRunnerTest, FollowsRealRotationsAndRestarts) {
  Start();
  std::vector<std::string> expected;
  const auto write = [&](const std::string& name, const std::string& line) {
    Append(name, line + "\n");
    expected.push_back(line + "\n");
  };
  while (agent_->status().flows.empty() || agent_->status().flows[0].id.empty()) std::this_thread::yield();
  write("a.log", "1");
  write("a.log", "2");
  ASSERT_TRUE(target_.WaitFor(2));
  TAILRACE_ASSERT_OK(disk_.Rename(folder_ + "/log/a.log", folder_ + "/log/a.log.1"));
  write("a.log", "3");
  ASSERT_TRUE(target_.WaitFor(3));
  write("a.log.1", "4");
  ASSERT_TRUE(target_.WaitFor(4));
  Stop();
  write("a.log", "5");
  write("b.log", "6");
  Start();
  ASSERT_TRUE(target_.WaitFor(6));
  std::filesystem::copy(folder_ + "/log/a.log", folder_ + "/log/a.log.2");
  std::filesystem::resize_file(folder_ + "/log/a.log", 0);
  write("a.log", "7");
  ASSERT_TRUE(target_.WaitFor(7));
  Stop();
  EXPECT_EQ(target_.Records(), expected);
}

TEST_F(AgentRunnerTest, ANewFolderAndFileAreFoundAtOnceAndStopSendsTheRest) {
  std::filesystem::remove_all(folder_ + "/log");
  Start();
  while (agent_->status().flows[0].id.empty()) std::this_thread::yield();
  TAILRACE_ASSERT_OK(disk_.MakeDirectories(folder_ + "/log"));
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += StrCat(i, "\n");
  Append("new.log", lines);
  ASSERT_TRUE(target_.WaitFor(5000));
  Stop();
  EXPECT_TRUE(agent_->drained());
}

}  // namespace
}  // namespace tailrace::ingest
