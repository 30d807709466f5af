#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"
#include "engine/engine_for_test.h"
#include "sim/seeds.h"

// Goal    Tumbling and stagger windows agree with their definition: every row counts once, in the right window, and
//         groups come out in first-seen order.
// Method  Random rows in random batches with random saves and bounds; expected rows by sorting rows into windows.

namespace tailrace::engine {
namespace {

struct Row {
  int64_t time;
  std::string key;
  int64_t value;
};

struct Group {
  std::string key;
  int64_t count = 0;
  int64_t sum = 0;
};

std::vector<Row> RandomRows(Rng& rng) {
  std::vector<Row> rows;
  int64_t time = -50'000;  // Windows before 1970 too.
  for (int i = 0; i < 200; ++i) {
    time += rng.Chance(0.4) ? 0 : static_cast<int64_t>(rng.Below(rng.Chance(0.05) ? 30'000 : 2000));
    rows.push_back({.time = time,
                    .key = rng.Chance(0.1) ? "NULL" : StrCat("k", rng.Below(5)),
                    .value = static_cast<int64_t>(rng.Below(100))});
  }
  return rows;
}

std::vector<std::string> Feed(Rng& rng, const std::string& text, const std::vector<Row>& rows) {
  JobForTest test(text, {{"S", "(K VARCHAR(4), V INTEGER)"}});
  for (size_t row = 0; row < rows.size();) {
    RowsForTest batch = test.NewRows("S");
    for (size_t left = 1 + rng.Below(30); left > 0 && row < rows.size(); --left, ++row) {
      batch.Add(rows[row].time, {rows[row].key, StrCat(rows[row].value)});
    }
    test.Push("S", batch);
    if (row < rows.size() && rng.Chance(0.3)) test.Advance(rows[row].time);
    if (rng.Chance(0.3)) test.SaveAndLoad();
  }
  test.Advance(rows.back().time + 1'000'000);
  return test.Take("D");
}

void Count(std::vector<Group>& groups, const Row& row) {
  auto found = std::ranges::find(groups, row.key, &Group::key);
  if (found == groups.end()) found = groups.insert(groups.end(), {.key = row.key});
  ++found->count;
  found->sum += row.value;
}

TEST(TumblingModelTest, GroupsByTimeAndKeyAgreeWithTheDefinition) {
  for (const uint64_t seed : sim::Seeds(60)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    const std::vector<Row> rows = RandomRows(rng);
    std::map<int64_t, std::vector<Group>> windows;  // By end.
    for (const Row& row : rows) {
      const int64_t end = (row.time - (((row.time % 10'000) + 10'000) % 10'000)) + 10'000;
      Count(windows[end], row);
    }
    std::vector<std::string> expected;
    for (const auto& [end, groups] : windows) {
      for (const Group& group : groups) {
        expected.push_back(StrCat(end, "\t", group.key, "\t", group.count, "\t", group.sum));
      }
    }
    const std::string text =
        "CREATE STREAM D (K VARCHAR(4), N BIGINT, T INTEGER); CREATE PUMP p AS INSERT INTO D "
        "SELECT STREAM K, COUNT(*), SUM(V) FROM S GROUP BY STEP(S.ROWTIME BY INTERVAL '10' SECOND), K;";
    ASSERT_EQ(Feed(rng, text, rows), expected);
  }
}

TEST(TumblingModelTest, StaggerWindowsAgreeWithTheDefinition) {
  for (const uint64_t seed : sim::Seeds(60)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    const std::vector<Row> rows = RandomRows(rng);
    struct Open {
      int64_t end;
      Group group;
    };
    std::vector<Open> windows;  // In order of opening, which is that of their ends.
    for (const Row& row : rows) {
      const auto open = std::ranges::find_if(
          windows, [&](const Open& window) { return window.group.key == row.key && row.time < window.end; });
      Open& window = open != windows.end() ? *open : windows.emplace_back(row.time + 5000, Group{.key = row.key});
      ++window.group.count;
      window.group.sum += row.value;
    }
    std::vector<std::string> expected;
    for (const Open& window : windows) {
      expected.push_back(StrCat(window.end, "\t", window.group.key, "\t", window.group.count, "\t", window.group.sum));
    }
    const std::string text =
        "CREATE STREAM D (K VARCHAR(4), N BIGINT, T INTEGER); CREATE PUMP p AS INSERT INTO D "
        "SELECT STREAM K, COUNT(*), SUM(V) FROM S WINDOWED BY STAGGER (PARTITION BY K RANGE INTERVAL '5' SECOND);";
    ASSERT_EQ(Feed(rng, text, rows), expected);
  }
}

}  // namespace
}  // namespace tailrace::engine
