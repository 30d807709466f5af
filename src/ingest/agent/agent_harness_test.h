#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/str.h"
#include "ingest/agent/agent.h"
#include "sim/sim_clock.h"

// What the agent's tests share.

namespace tailrace::ingest {

// Keeps what it is sent, by producer, and drops repeated numbers as a stream does. Fails the test when a repeated
// record is not the one that it was.
class MemoryTarget final : public RecordTarget {
 public:
  TargetLimits limits() const override { return limits_; }

  Result<std::vector<RecordResult>> Put(std::string_view producer, uint64_t first_sequence,
                                        std::span<const TargetRecord> records) override {
    ++puts;
    largest_put = std::max(largest_put, records.size());
    if (down || (rng != nullptr && rng->Chance(failure_chance))) {
      return Error{ErrorCode::kUnavailable, "the target is away"};
    }
    std::vector<RecordResult> results;
    Kept& kept = producers[std::string(producer)];
    bool failing = false;
    for (size_t i = 0; i < records.size(); ++i) {
      const uint64_t sequence = first_sequence + i;
      const std::string data(records[i].data);
      if (sequence <= kept.last) {
        const auto before = kept.records.find(sequence);
        if (before != kept.records.end()) {
          EXPECT_EQ(before->second, std::pair(std::string(records[i].partition_key), data)) << "of " << producer;
        }
        results.push_back({RecordResult::Kind::kDuplicate, {}});
        continue;
      }
      if (data.find(refuse) != std::string::npos && !refuse.empty()) {
        results.push_back({RecordResult::Kind::kRefused, "not wanted"});
        kept.last = sequence;
        continue;
      }
      failing |= rng != nullptr && rng->Chance(record_failure_chance);
      if (failing) {  // Like a shard: nothing is taken after something that was not.
        results.push_back({RecordResult::Kind::kRetry, "throttled"});
        continue;
      }
      if (!producer.empty()) {
        kept.last = sequence;
        kept.records[sequence] = {std::string(records[i].partition_key), data};
      }
      all.push_back(data);
      results.push_back({});
    }
    if (rng != nullptr && rng->Chance(lost_answer_chance)) return Error{ErrorCode::kTimeout, "no answer"};
    return results;
  }

  Result<std::optional<uint64_t>> LastSequence(std::string_view producer) override {
    const auto found = producers.find(std::string(producer));
    return std::optional<uint64_t>(found == producers.end() ? 0 : found->second.last);
  }

  std::string Text() const {
    std::string text;
    for (const std::string& record : all) text += record;
    return text;
  }

  struct Kept {
    uint64_t last = 0;
    std::map<uint64_t, std::pair<std::string, std::string>> records;
  };
  std::map<std::string, Kept> producers;
  std::vector<std::string> all;
  TargetLimits limits_{.records_max = 500};
  bool down = false;
  std::string refuse;
  Rng* rng = nullptr;
  double failure_chance = 0;
  double record_failure_chance = 0;
  double lost_answer_chance = 0;  // Taken, but the answer says nothing.
  size_t puts = 0;
  size_t largest_put = 0;
};

// Remembers warnings.
class TestLog final : public Log {
 public:
  void Write(LogLevel level, std::string_view message, Fields) override {
    if (level == LogLevel::kWarning) warnings.emplace_back(message);
    messages.emplace_back(message);
  }
  std::vector<std::string> warnings;
  std::vector<std::string> messages;
};

inline Status AppendTo(Disk& disk, const std::string& path, std::string_view bytes) {
  TAILRACE_ASSIGN_OR_RETURN(const auto file, disk.Open(path, OpenMode::kCreate));
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
  return file->WriteAt(info.size_bytes, bytes);
}

// Two disks as one: what lies below `folder` is on the second.
class RoutingDisk final : public Disk {
 public:
  RoutingDisk(Disk& first, Disk& second, std::string folder)
      : first_(first), second_(second), folder_(std::move(folder)) {}
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    return For(path).Open(path, mode);
  }
  Result<FileInfo> Stat(const std::string& path) override { return For(path).Stat(path); }
  Result<std::vector<std::string>> List(const std::string& directory) override {
    return For(directory).List(directory);
  }
  Status MakeDirectories(const std::string& path) override { return For(path).MakeDirectories(path); }
  Status Remove(const std::string& path) override { return For(path).Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override { return For(from).Rename(from, to); }
  Status SyncDirectory(const std::string& path) override { return For(path).SyncDirectory(path); }

 private:
  Disk& For(const std::string& path) { return path.starts_with(folder_) ? second_ : first_; }
  Disk& first_;
  Disk& second_;
  const std::string folder_;
};

// An agent that can be killed and started again over the same disk.
class AgentHarness {
 public:
  AgentHarness(Disk& disk, sim::SimClock& clock, RecordTarget& target, std::string_view config)
      : disk_(disk), clock_(clock), target_(target) {
    auto loaded = ParseAgentConfig(config, "agent.json");
    for (const ConfigProblem& problem : loaded.problems) EXPECT_FALSE(problem.is_error) << problem.ToString();
    config_ = std::move(loaded.config);
  }

  void Start() {
    auto made = Agent::Make(
        config_, {.checkpoint_path = "/state/checkpoints", .user = "aws-kinesis-agent-user"},
        {.disk = disk_, .clock = clock_, .log = log}, [this](const FlowConfig&) { return &target_; }, Rng(seed_++));
    ASSERT_TRUE(made.ok()) << made.error().message;
    agent = std::move(*made);
  }
  void Kill() { agent.reset(); }

  // Polls until nothing more is due at this time.
  void Settle() {
    for (int i = 0; i < 1000; ++i) {
      if (agent->Poll() > clock_.Monotonic()) return;
    }
    FAIL() << "the agent does not come to rest";
  }
  void Notify() {
    agent->NotifyChanged();
    Settle();
  }
  // Lets time pass in steps of 100 ms.
  void Run(std::chrono::milliseconds time) {
    for (std::chrono::milliseconds passed{0}; passed < time; passed += std::chrono::milliseconds(100)) {
      clock_.Advance(std::chrono::milliseconds(100));
      Settle();
    }
  }
  FlowStatus flow() { return agent->status().flows.at(0); }

  std::unique_ptr<Agent> agent;
  TestLog log;

 private:
  Disk& disk_;
  sim::SimClock& clock_;
  RecordTarget& target_;
  AgentConfig config_;
  uint64_t seed_ = 1;
};

inline std::string OneFlow(std::string_view pattern, std::string_view more = "") {
  return StrCat(R"({"flows": [{"filePattern": ")", pattern, R"(", "kinesisStream": "s")", more.empty() ? "" : ", ",
                more, "}]}");
}

}  // namespace tailrace::ingest
