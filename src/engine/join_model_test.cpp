#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "base/rng.h"
#include "engine/engine_for_test.h"
#include "sim/seeds.h"

// Goal    Stream joins of every kind give the pairs and the unmatched rows that the definition gives.
// Method  Random rows on two streams, or of both sides on one, so that a batch has many of each; cut into random
// batches
//         with random saves. The expected rows are found by looking at all pairs. To replay one case:
//         TAILRACE_SEED=<n>.

namespace tailrace::engine {
namespace {

struct Row {
  int side;
  int64_t time;
  int64_t key;
  int64_t value;
};

struct Frame {
  bool by_rows = false;
  int64_t width = 0;
  std::string sql;  // Empty: no window.
};

Frame RandomFrame(Rng& rng) {
  const uint64_t kind = rng.Below(3);
  if (kind == 0) return {};
  if (kind == 1) {
    const auto seconds = static_cast<int64_t>(1 + rng.Below(8));
    return {.by_rows = false,
            .width = seconds * 1000,
            .sql = StrCat("OVER (RANGE INTERVAL '", seconds, "' SECOND PRECEDING)")};
  }
  const auto rows = static_cast<int64_t>(1 + rng.Below(4));
  return {.by_rows = true, .width = rows, .sql = StrCat("OVER (ROWS ", rows, " PRECEDING)")};
}

// Rows in the order in which they are taken: time, left first, arrival.
std::vector<Row> RandomRows(Rng& rng) {
  std::vector<Row> rows;
  int64_t time = 1'000'000;
  for (int i = 0; i < 60; ++i) {
    time += rng.Chance(0.4) ? 0 : static_cast<int64_t>(rng.Below(2500));
    rows.push_back({.side = static_cast<int>(rng.Below(2)),
                    .time = time,
                    .key = static_cast<int64_t>(rng.Below(3)),
                    .value = static_cast<int64_t>(rng.Below(10))});
  }
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return std::pair(row.time, row.side); });
  return rows;
}

// Whether the row of `earlier` is in its side's window when the row of `later` is taken.
bool InWindow(const std::vector<Row>& rows, size_t earlier, size_t later, const Frame& frame) {
  if (!frame.by_rows) return rows[later].time - rows[earlier].time <= frame.width;
  int64_t newer = 0;
  for (size_t i = earlier + 1; i < later; ++i) newer += rows[i].side == rows[earlier].side ? 1 : 0;
  return newer < frame.width;
}

// When an unmatched row comes out.
int64_t ExpiryOf(const std::vector<Row>& rows, size_t row, const Frame& frame) {
  if (!frame.by_rows) return rows[row].time + frame.width;
  int64_t newer = 0;
  for (size_t i = row + 1; i < rows.size(); ++i) {
    newer += rows[i].side == rows[row].side ? 1 : 0;
    if (newer == frame.width) return rows[i].time;
  }
  return rows.back().time;
}

std::string Line(int64_t time, const Row* left, const Row* right) {
  return StrCat(time, "\t", left == nullptr ? "NULL" : StrCat(left->value), "\t",
                right == nullptr ? "NULL" : StrCat(right->value));
}

std::vector<std::string> Expected(const std::vector<Row>& rows, const Frame frames[2], const std::string& kind) {
  std::vector<std::string> lines;
  std::vector<bool> matched(rows.size());
  for (size_t later = 0; later < rows.size(); ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      const bool sides = rows[earlier].side != rows[later].side;
      if (!sides || rows[earlier].key != rows[later].key) continue;
      const Row& left = rows[rows[later].side == 0 ? later : earlier];
      const Row& right = rows[rows[later].side == 0 ? earlier : later];
      if (!InWindow(rows, earlier, later, frames[rows[earlier].side]) || left.value > right.value) continue;
      matched[earlier] = matched[later] = true;
      lines.push_back(Line(rows[later].time, &left, &right));
    }
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    const bool left = rows[row].side == 0;
    if (matched[row] || !(kind == "FULL" || kind == (left ? "LEFT" : "RIGHT"))) continue;
    lines.push_back(
        Line(ExpiryOf(rows, row, frames[rows[row].side]), left ? &rows[row] : nullptr, left ? nullptr : &rows[row]));
  }
  std::ranges::sort(lines);
  return lines;
}

// Pushes the rows one side after the other as they come.
void PushBySide(JobForTest& test, const std::vector<Row>& rows, Rng& rng) {
  for (size_t row = 0; row < rows.size();) {
    const std::string stream = rows[row].side == 0 ? "L" : "R";
    RowsForTest batch = test.NewRows(stream);
    const int side = rows[row].side;
    for (size_t left = 1 + rng.Below(5); left > 0 && row < rows.size() && rows[row].side == side; --left, ++row) {
      batch.Add(rows[row].time, {StrCat(rows[row].key), StrCat(rows[row].value)});
    }
    test.Push(stream, batch);
    if (rng.Chance(0.3)) test.SaveAndLoad();
  }
}

void PushOneStream(JobForTest& test, const std::vector<Row>& rows, Rng& rng) {
  for (size_t row = 0; row < rows.size();) {
    RowsForTest batch = test.NewRows("B");
    for (size_t left = 1 + rng.Below(rows.size()); left > 0 && row < rows.size(); --left, ++row) {
      batch.Add(rows[row].time, {StrCat(rows[row].side), StrCat(rows[row].key), StrCat(rows[row].value)});
    }
    test.Push("B", batch);
    if (rng.Chance(0.3)) test.SaveAndLoad();
  }
}

// Rows of both sides at once, of the same time and of the same part of time.
void PushSidesTogether(JobForTest& test, const std::vector<Row>& rows, Rng& rng) {
  for (size_t row = 0; row < rows.size();) {
    RowsForTest sides[2] = {test.NewRows("L"), test.NewRows("R")};
    for (size_t left = 1 + rng.Below(rows.size()); left > 0 && row < rows.size(); --left, ++row) {
      sides[rows[row].side].Add(rows[row].time, {StrCat(rows[row].key), StrCat(rows[row].value)});
    }
    const Job::StreamRows batches[2] = {{test.program->FindStream("R"), sides[1].batch()},
                                        {test.program->FindStream("L"), sides[0].batch()}};
    ASSERT_TRUE(test.job->PushTogether(batches, FromUnixMs(rows[row - 1].time)).ok());
    if (rng.Chance(0.3)) test.SaveAndLoad();
  }
}

void RunCase(const std::string& kind, uint64_t seed) {
  Rng rng(seed);
  const Frame frames[2] = {RandomFrame(rng), RandomFrame(rng)};
  const uint64_t way = rng.Below(3);
  const bool one_stream = way == 0;
  SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed, " ", kind, " left: ", frames[0].sql, " right: ", frames[1].sql));
  const std::vector<Row> rows = RandomRows(rng);
  const auto source = [&](int side) -> std::string {
    if (one_stream) return StrCat("(SELECT STREAM K, V FROM B WHERE SIDE = ", side, ") ", frames[side].sql);
    return StrCat(side == 0 ? "L " : "R ", frames[side].sql);
  };
  const std::string text =
      StrCat("CREATE STREAM D (A INTEGER, B INTEGER); CREATE PUMP p AS INSERT INTO D SELECT STREAM l.V, r.V FROM ",
             source(0), " AS l ", kind, " JOIN ", source(1), " AS r ON l.K = r.K AND l.V <= r.V;");
  JobForTest test(
      text,
      {{"L", "(K INTEGER, V INTEGER)"}, {"R", "(K INTEGER, V INTEGER)"}, {"B", "(SIDE INTEGER, K INTEGER, V INTEGER)"}},
      1 + rng.Below(30));
  if (way == 0) PushOneStream(test, rows, rng);
  if (way == 1) PushBySide(test, rows, rng);
  if (way == 2) PushSidesTogether(test, rows, rng);
  ASSERT_TRUE(test.job->Advance(Timestamp::max()).ok());
  std::vector<std::string> found = test.Take("D");
  EXPECT_TRUE(std::ranges::is_sorted(found, {}, [](const std::string& line) { return std::stoll(line); }));
  std::ranges::sort(found);
  ASSERT_EQ(found, Expected(rows, frames, kind));
}

TEST(JoinModelTest, EveryKindOfJoinAgreesWithTheDefinition) {
  for (const uint64_t seed : sim::Seeds(60)) {
    for (const char* kind : {"INNER", "LEFT", "RIGHT", "FULL"}) {
      RunCase(kind, seed);
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tailrace::engine
