#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "ingest/agent/agent_harness_test.h"
#include "sim/assert_ok.h"
#include "sim/seeds.h"
#include "sim/sim_disk.h"

// Goal    Whatever order appends, rotations, crashes and refusals come in, the target ends with exactly the lines that
//         were written, each once, and those of a file in its order.
// Method  A model writes lines that name their file and place, rotates as logrotate can, kills the agent at any point
//         and lets the target fail. To replay one case: TAILRACE_SEED=<n>.

namespace tailrace::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class World {
 public:
  explicit World(uint64_t seed) : rng_(seed), disk_(rng_.Fork()), state_disk_(rng_.Fork()), target_rng_(rng_.Fork()) {
    TAILRACE_CHECK(disk_.MakeDirectories("/log").ok());
    TAILRACE_CHECK(state_disk_.MakeDirectories("/state").ok() && state_disk_.SyncDirectory("/").ok());
    exact_ = rng_.Chance(0.4);
    headed_ = rng_.Chance(0.3);
    target_.rng = &target_rng_;
    target_.limits_.records_max = 1 + rng_.Below(20);
    std::string pattern = exact_ ? "/log/app.log" : "/log/app.log*";
    hasty_ = rng_.Chance(0.5);
    std::string options =
        StrCat("\"maxBufferAgeMillis\": ", hasty_ ? 0 : 300, ", \"maxBufferSizeRecords\": ", 1 + rng_.Below(10));
    harness_ = std::make_unique<AgentHarness>(disks_, clock_, target_, OneFlow(pattern, options));
    harness_->Start();
    harness_->Settle();
  }

  void Step() {
    switch (rng_.Below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        Write();
        break;
      case 4:
        Rename();
        break;
      case 5:
        CopyAndTruncate();
        break;
      case 6:
        Compress();
        break;
      case 7:
        Crash();
        break;
      case 8:
        Trouble();
        break;
      default:
        Pass();
        break;
    }
  }

  void Finish() {
    target_.failure_chance = target_.record_failure_chance = target_.lost_answer_chance = 0;
    if (unfinished_line_) {
      Put("end\n");
      unfinished_line_ = false;
    }
    for (int i = 0; i < 300; ++i) {
      clock_.Advance(milliseconds(500));
      harness_->Notify();
    }
  }

  void Check() const {
    std::multiset<std::string> expected(written_.begin(), written_.end());
    std::multiset<std::string> received(target_.all.begin(), target_.all.end());
    std::vector<std::string> lost;
    std::vector<std::string> extra;
    std::set_difference(expected.begin(), expected.end(), received.begin(), received.end(), std::back_inserter(lost));
    std::set_difference(received.begin(), received.end(), expected.begin(), expected.end(), std::back_inserter(extra));
    EXPECT_TRUE(lost.empty()) << lost.size() << " lost, first " << lost[0];
    if (repeats_allowed_) return;
    EXPECT_TRUE(extra.empty()) << extra.size() << " repeated, first " << extra[0];
    std::map<int, int> last;  // By generation.
    for (const std::string& line : target_.all) {
      int generation = 0;
      int number = 0;
      if (std::sscanf(line.c_str(), "line %d %d", &generation, &number) != 2) continue;
      EXPECT_GT(number, last[generation]) << line;
      last[generation] = number;
    }
  }

  size_t written() const { return written_.size(); }

 private:
  void Put(std::string_view bytes) { TAILRACE_CHECK(AppendTo(disk_, "/log/app.log", bytes).ok()); }

  void Write() {
    for (uint64_t lines = 1 + rng_.Below(8); lines > 0; --lines) {
      if (headed_ && number_ == 0 && !unfinished_line_) {
        Put("# the same header in every file\n");
        written_.push_back("# the same header in every file\n");
      }
      if (unfinished_line_) {
        Put("end\n");
        unfinished_line_ = false;
        continue;
      }
      const std::string line =
          StrCat("line ", generation_, " ", ++number_, " ", std::string(rng_.Below(90), 'x'), "end\n");
      written_.push_back(line);
      unfinished_line_ = rng_.Chance(0.1);
      Put(unfinished_line_ ? std::string_view(line).substr(0, line.size() - 4) : std::string_view(line));
    }
    fresh_ = true;
  }

  void Look() {
    harness_->Notify();
    fresh_ = false;
    seen_ = Exists(disk_, "/log/app.log");
  }

  // app.log.1 becomes app.log.2 and so on.
  void Shift() {
    for (int i = 20; i >= 1; --i) {
      const std::string from = StrCat("/log/app.log.", i);
      if (Exists(disk_, from)) TAILRACE_CHECK(disk_.Rename(from, StrCat("/log/app.log.", i + 1)).ok());
    }
  }

  bool MayRotate() { return Exists(disk_, "/log/app.log") && !unfinished_line_; }

  void Rename() {
    if (!MayRotate()) return;
    // With an exact pattern a file that nobody looked at between two rotations has no name to find it by.
    if (exact_ && fresh_) Look();
    Shift();
    TAILRACE_CHECK(disk_.Rename("/log/app.log", "/log/app.log.1").ok());
    NextGeneration();
  }

  void CopyAndTruncate() {
    if (!MayRotate()) return;
    if (exact_ && fresh_) Look();
    if (rng_.Chance(0.5) && !exact_) Write();
    if (unfinished_line_) return;
    Shift();
    const auto bytes = ReadFile(disk_, "/log/app.log");
    TAILRACE_CHECK(bytes.ok());
    const size_t half = rng_.Below(bytes->size() + 1);
    TAILRACE_CHECK(AppendTo(disk_, "/log/app.log.1", bytes->substr(0, half)).ok());
    if (rng_.Chance(0.5)) Look();
    TAILRACE_CHECK(AppendTo(disk_, "/log/app.log.1", bytes->substr(half)).ok());
    if (rng_.Chance(0.5)) Look();
    auto file = disk_.Open("/log/app.log", OpenMode::kReadWrite);
    TAILRACE_CHECK(file.ok() && (*file)->Truncate(0).ok());
    NextGeneration();
  }

  void NextGeneration() {
    ++generation_;
    number_ = 0;
    if (exact_ || rng_.Chance(0.5)) {
      Look();
    } else {
      harness_->Settle();  // Noticed by the open file alone, without a scan.
    }
  }

  // The oldest rotated file is compressed, once the agent had the chance to see it.
  void Compress() {
    Look();
    harness_->Run(seconds(5));
    for (int i = 20; i >= 1; --i) {
      const std::string path = StrCat("/log/app.log.", i);
      if (!Exists(disk_, path)) continue;
      TAILRACE_CHECK(AppendTo(disk_, StrCat(path, ".gz"), "line of compressed bytes\n").ok());
      // Unsent lines of a closed file would be gone with it.
      if (harness_->flow().behind_bytes == 0) TAILRACE_CHECK(disk_.Remove(path).ok());
      return;
    }
  }

  void Crash() {
    harness_->Kill();
    disk_.Restart(sim::Outage::kProcessKilled);
    // The positions have to stand more: what was not synced may be lost.
    const bool power_lost = rng_.Chance(0.5);
    state_disk_.Restart(power_lost ? sim::Outage::kPowerLost : sim::Outage::kProcessKilled);
    repeats_allowed_ |= power_lost && hasty_;
    if (rng_.Chance(0.5)) Write();
    if (rng_.Chance(0.3) && MayRotate() && (seen_ || !exact_)) {
      Shift();
      TAILRACE_CHECK(disk_.Rename("/log/app.log", "/log/app.log.1").ok());
      ++generation_;
      number_ = 0;
      seen_ = false;
      if (!exact_ || rng_.Chance(0.5)) Write();
    }
    harness_->Start();
    Look();
  }

  void Trouble() {
    const bool trouble = rng_.Chance(0.6);
    target_.failure_chance = trouble ? 0.3 : 0;
    target_.record_failure_chance = trouble ? 0.05 : 0;
    target_.lost_answer_chance = trouble ? 0.2 : 0;
  }

  void Pass() {
    clock_.Advance(milliseconds(rng_.Below(400)));
    if (rng_.Chance(0.05)) harness_->Run(seconds(rng_.Below(80)));
    if (rng_.Chance(0.5)) {
      Look();
    } else {
      harness_->Settle();
    }
  }

  Rng rng_;
  sim::SimClock clock_{FromUnixMs(1541034000000)};
  sim::SimDisk disk_;
  sim::SimDisk state_disk_;
  RoutingDisk disks_{disk_, state_disk_, "/state"};
  Rng target_rng_;
  MemoryTarget target_;
  std::unique_ptr<AgentHarness> harness_;
  bool exact_ = false;
  bool headed_ = false;
  bool hasty_ = false;            // Sends at once: what is being sent is not synced first.
  bool repeats_allowed_ = false;  // After a power failure that took what was not synced.
  bool fresh_ = false;            // Something was written that the agent was not told of.
  bool seen_ = false;             // The agent knows of the file that is written.
  bool unfinished_line_ = false;
  int generation_ = 1;
  int number_ = 0;
  std::vector<std::string> written_;
};

TEST(AgentPropertyTest, EveryLineOnceAndInItsFilesOrder) {
  size_t written = 0;
  for (const uint64_t seed : sim::Seeds(300)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    World world(seed);
    for (int step = 0; step < 80; ++step) world.Step();
    world.Finish();
    world.Check();
    written += world.written();
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(written, 0u);
}

}  // namespace
}  // namespace tailrace::ingest
