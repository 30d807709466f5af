#include "sink/dead_letters.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"
#include "base/str.h"
#include "sim/sim.h"
#include "table/temporary_folder.h"

// Method  Letters are added, replaced and removed at random, and the store is opened again in between; those that are
//         listed must be those of a plain set from which the least one goes as long as it is too large.

namespace tailrace::sink {
namespace {

constexpr size_t kLettersMax = 8;

std::set<data::Ordinal> Listed(const DeadLetters& letters, std::string_view sink) {
  std::set<data::Ordinal> ordinals;
  const auto page = letters.List(sink, {}, 1'000);
  EXPECT_TRUE(page.ok());
  for (const DeadLetter& letter : page->letters) ordinals.insert(letter.id.ordinal);
  return ordinals;
}

TEST(DeadLettersTest, TheOldestMakeRoomWhateverComesAndGoes) {
  for (const uint64_t seed : sim::Seeds(8)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    table::TemporaryFolder folder;
    sim::SimClock clock{FromUnixMs(1'700'000'000'000)};
    MetricsRegistry metrics;
    TAILRACE_ASSERT_OK_AND_ASSIGN(auto tables, table::TableStore::Open(folder.path(), clock, {.sync = false}));
    TAILRACE_ASSERT_OK_AND_ASSIGN(auto letters,
                                  DeadLetters::Open(*tables, clock, metrics, {.letters_max = kLettersMax}));
    std::map<std::string, std::set<data::Ordinal>> model;
    for (int step = 0; step < 60; ++step) {
      DeadLetters::Pending pending(*letters);
      std::map<std::string, std::set<data::Ordinal>> next = model;
      for (uint64_t removals = rng.Below(4); removals > 0; --removals) {
        const LetterId id{.sink = rng.Chance(0.5) ? "a" : "b", .ordinal = rng.Below(40)};
        pending.Remove(id);
        next[id.sink].erase(id.ordinal);
      }
      for (uint64_t additions = rng.Below(rng.Chance(0.1) ? 30 : 4); additions > 0; --additions) {
        const LetterId id{.sink = rng.Chance(0.5) ? "a" : "b", .ordinal = rng.Below(40)};
        pending.Add({.id = id, .reason = "because"});
        next[id.sink].insert(id.ordinal);
      }
      for (auto& [sink, ordinals] : next) {
        while (ordinals.size() > kLettersMax) ordinals.erase(ordinals.begin());
      }
      table::Changes changes;
      pending.AppendTo(changes);
      if (rng.Chance(0.1)) continue;  // The transaction fails: nothing has happened.
      TAILRACE_ASSERT_OK(tables->Apply(changes));
      pending.Commit();
      model = next;
      if (rng.Chance(0.05)) {
        TAILRACE_ASSERT_OK_AND_ASSIGN(letters,
                                      DeadLetters::Open(*tables, clock, metrics, {.letters_max = kLettersMax}));
      }
      for (const std::string sink : {"a", "b"}) {
        ASSERT_EQ(Listed(*letters, sink), model[sink]) << "step " << step;
        ASSERT_EQ(letters->count(sink), model[sink].size());
      }
    }
  }
}

}  // namespace
}  // namespace tailrace::sink
