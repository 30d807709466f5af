#include "engine/entry_cut.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/rng.h"
#include "base/str.h"
#include "engine/block_queue.h"
#include "sim/seeds.h"

// Method  Texts of many lengths change, come and go at random while they are being saved; what the cut gives must be
//         what they were when it was made. Some runs write nothing in time, some everything at once.

namespace tailrace::engine {
namespace {

std::string RandomText(Rng& rng) {
  return std::string(rng.Below(rng.Chance(0.02) ? 100'000 : 20), static_cast<char>('a' + rng.Below(26)));
}

TEST(EntryCutTest, GivesTheEntriesOfItsMomentWhateverHappensToThemMeanwhile) {
  constexpr size_t kSections = 2;
  for (const uint64_t seed : sim::Seeds(100)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    std::vector<std::string> texts(rng.Below(300));
    std::vector<bool> there(texts.size());
    BlockQueue<uint32_t> queue;
    for (uint32_t i = 0; i < texts.size(); ++i) {
      texts[i] = RandomText(rng);
      there[i] = rng.Chance(0.8);
      if (there[i]) queue.push_back(i);
    }
    const auto save = [&](uint32_t index, size_t section, ByteWriter& out) {
      out.Append(StrCat(index, ".", section, texts[index], ";"));
    };
    ByteWriter expected;
    for (size_t section = 0; section < kSections; ++section) {
      for (size_t i = 0; i < queue.size(); ++i) save(queue[i], section, expected);
    }
    const auto order = [queue, next = size_t{0}]() mutable -> std::optional<uint32_t> {
      return next < queue.size() ? std::optional(queue[next++]) : std::nullopt;
    };
    EntryCut cut(there, order, kSections, save);
    const double writes = rng.Chance(0.5) ? 0.0 : 0.3;
    for (int step = 0; step < 300; ++step) {
      if (rng.Chance(writes)) cut.WriteSome(1 + rng.Below(500));
      const auto index = static_cast<uint32_t>(rng.Below(texts.size() + 3));
      cut.Keep(index);
      if (index >= texts.size()) continue;
      texts[index] = RandomText(rng);
      if (!queue.empty() && rng.Chance(0.3)) queue.pop_front();
      if (rng.Chance(0.3)) queue.push_back(index);
    }
    while (cut.WriteSome(1000) > 0) continue;
    ByteWriter written;
    for (size_t section = 0; section < kSections; ++section) cut.AppendSection(section, written);
    ASSERT_EQ(written.bytes(), expected.bytes());
  }
}

// A window without PARTITION BY is one entry, which may be larger than a block of bytes.
TEST(EntryCutTest, GivesALargeEntryThatWasWrittenEarlyAndIsTheLastOne) {
  const std::string text(1 << 20, 'a');
  const auto save = [&](uint32_t /*index*/, size_t section, ByteWriter& out) { out.Append(StrCat(section, text)); };
  const auto order = [next = uint32_t{0}]() mutable { return next < 1 ? std::optional(next++) : std::nullopt; };
  EntryCut cut(std::vector<bool>{true}, order, 2, save);
  cut.Keep(uint32_t{0});
  while (cut.WriteSome(1000) > 0) continue;
  ByteWriter written;
  for (size_t section = 0; section < 2; ++section) cut.AppendSection(section, written);
  EXPECT_EQ(written.bytes(), StrCat(0, text, 1, text));
}

TEST(BlockQueueTest, ACopyKeepsWhatItHad) {
  BlockQueue<int> queue;
  for (int i = 0; i < 5000; ++i) queue.push_back(i);
  for (int i = 0; i < 1500; ++i) queue.pop_front();
  const BlockQueue<int> copy = queue;
  for (int i = 0; i < 3500; ++i) {
    queue.pop_front();
    queue.push_back(-i);
  }
  ASSERT_EQ(copy.size(), 3500U);
  for (size_t i = 0; i < copy.size(); ++i) ASSERT_EQ(copy[i], static_cast<int>(1500 + i));
  EXPECT_EQ(queue.front(), 0);
  EXPECT_EQ(queue.back(), -3499);
}

}  // namespace
}  // namespace tailrace::engine
