#include "engine/queue_cut.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "base/rng.h"
#include "base/str.h"
#include "sim/seeds.h"

// Method  A queue of texts of many lengths has records put on its end, taken off both ends and changed, at random,
// while
//         it is being saved; what comes out must be what it had when the save began, and no step writes much more
//         than it was told to.

namespace tailrace::engine {
namespace {

std::string RandomText(Rng& rng) { return std::string(rng.Below(40), static_cast<char>('a' + rng.Below(26))); }

class QueueUnderSave {
 public:
  QueueUnderSave(Rng& rng, bool deferred) : rng_(rng) {
    for (uint64_t count = rng.Below(400); count > 0; --count) queue_.push_back(RandomText(rng));
    for (const std::string& text : queue_) expected_ += text + ";";
    cut_ = SaveQueue(writer_, queue_.size(), [this, deferred](size_t index, ByteWriter& out) {
      out.Append(queue_[index]);
      deferred ? out.Defer([](ByteWriter& later) { later.Append(";"); }) : out.Append(";");
    });
  }

  void ChangeSomething() {
    if (rng_.Chance(0.3)) queue_.push_back(RandomText(rng_));
    if (queue_.empty()) return;
    if (rng_.Chance(0.3)) {
      if (cut_ != nullptr) cut_->BeforePopFront();
      queue_.pop_front();
    } else if (rng_.Chance(0.3)) {
      if (cut_ != nullptr) cut_->BeforePopBack(queue_.size());
      queue_.pop_back();
    } else if (rng_.Chance(0.3)) {
      const size_t index = rng_.Below(queue_.size());
      if (cut_ != nullptr) cut_->BeforeChange(index);
      queue_[index] = RandomText(rng_);
    } else if (rng_.Chance(0.1)) {
      const size_t count = 1 + rng_.Below(std::min<size_t>(queue_.size(), 5));
      if (cut_ != nullptr) cut_->BeforeChangeOfFirst(count);
      for (size_t i = 0; i < count; ++i) queue_[i] = RandomText(rng_);
    } else if (rng_.Chance(0.005)) {
      if (cut_ != nullptr) cut_->BeforeChangeOfAll();
      queue_.clear();
    }
  }
  void WriteSome(size_t bytes_max) {
    const size_t before = writer_.live_bytes();
    writer_.WriteSome(bytes_max);
    EXPECT_LE(writer_.live_bytes() - before, bytes_max + 600);  // A record more; one with a deferred part counts 256.
  }
  std::string Finish() {
    while (writer_.WriteSome(1)) continue;
    return std::move(writer_).Finish();
  }
  const std::string& expected() const { return expected_; }

 private:
  Rng& rng_;
  std::deque<std::string> queue_;
  std::string expected_;
  ByteWriter writer_ = ByteWriter::Deferring(0);
  std::shared_ptr<QueueCut> cut_;
};

TEST(QueueCutTest, GivesTheRecordsOfItsMomentWhateverHappensToThemMeanwhile) {
  for (const uint64_t seed : sim::Seeds(300)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    QueueUnderSave queue(rng, rng.Chance(0.5));
    const double writes = rng.Chance(0.3) ? 0.0 : 0.3;
    for (int step = 0; step < 600; ++step) {
      queue.ChangeSomething();
      if (rng.Chance(writes)) queue.WriteSome(1 + rng.Below(100));
    }
    ASSERT_EQ(queue.Finish(), queue.expected());
  }
}

TEST(QueueCutTest, APlainWriterGetsEverythingAtOnce) {
  ByteWriter plain;
  const auto write = [](size_t index, ByteWriter& out) { out.Append(StrCat(index)); };
  EXPECT_EQ(SaveQueue(plain, 11, write), nullptr);
  EXPECT_EQ(plain.bytes(), "012345678910");
}

}  // namespace
}  // namespace tailrace::engine
