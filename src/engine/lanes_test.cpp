#include <gtest/gtest.h>

#include "base/rng.h"
#include "engine/engine_for_test.h"

// Keyed operators in lanes give what one lane gives, and read what others saved.

namespace tailrace::engine {
namespace {

constexpr std::string_view kProgram =
    "CREATE STREAM T (K VARCHAR(8), N INTEGER, C BIGINT, V DOUBLE, L VARCHAR(8), D BIGINT);"
    "CREATE PUMP t AS INSERT INTO T SELECT STREAM K, N, COUNT(*), SUM(V), MIN(K), COUNT(DISTINCT V) FROM S "
    "GROUP BY K, N, STEP(S.ROWTIME BY INTERVAL '10' SECOND);"
    "CREATE STREAM G (K VARCHAR(8), C BIGINT);"
    "CREATE PUMP g AS INSERT INTO G SELECT STREAM K, COUNT(V) FROM S WINDOWED BY STAGGER (PARTITION BY K RANGE "
    "INTERVAL '7' SECOND);"
    "CREATE STREAM W (K VARCHAR(8), C BIGINT, A DOUBLE, H VARCHAR(8), F DOUBLE);"
    "CREATE PUMP w AS INSERT INTO W SELECT STREAM K, COUNT(*) OVER w, SUM(V) OVER w, MAX(K) OVER w3, LAG(V, 1) OVER w3 "
    "FROM S WINDOW w AS (PARTITION BY K RANGE INTERVAL '5' SECOND PRECEDING), w3 AS (PARTITION BY N ROWS 3 PRECEDING);"
    "CREATE STREAM U (M TIMESTAMP, N INTEGER);"
    "CREATE PUMP u AS INSERT INTO U SELECT STREAM DISTINCT FLOOR(S.ROWTIME TO MINUTE), N FROM S;"
    // An aggregate that fails for some groups of a window.
    "CREATE STREAM E (N INTEGER, Q SMALLINT);"
    "CREATE PUMP e AS INSERT INTO E SELECT STREAM N, CAST(SUM(N * 1000) AS SMALLINT) FROM S "
    "GROUP BY N, STEP(S.ROWTIME BY INTERVAL '10' SECOND);";

// Rows at random from the seed; with `switches` the job goes on in another number of lanes every so often.
std::vector<std::vector<std::string>> RowsWith(uint64_t seed, size_t threads, bool switches) {
  Workers workers(threads);
  JobForTest job(kProgram, {{.name = "S", .columns = "(K VARCHAR(8), N INTEGER, V DOUBLE)"}});
  job.saves_live = seed % 2 == 0;
  job.options.lanes = {.workers = &workers, .rows_min = seed % 3 == 0 ? size_t{8} : size_t{1}};
  job.Remake();
  Rng rng(seed);
  int64_t time = 1'000'000;
  for (int batch = 0; batch < 40; ++batch) {
    RowsForTest rows = job.NewRows("S");
    for (uint64_t row = 0, count = 1 + rng.Below(60); row < count; ++row) {
      time += static_cast<int64_t>(rng.Below(300));
      rows.Add(time, {rng.Chance(0.1) ? "NULL" : StrCat("key", rng.Below(50)),
                      rng.Chance(0.1) ? "NULL" : StrCat(rng.Below(40)),
                      rng.Chance(0.1) ? "NULL" : StrCat(rng.Below(9), ".5")});
    }
    job.Push("S", rows);
    if (!switches || batch % 5 != 4) continue;
    job.options.lanes.workers = job.options.lanes.workers == nullptr ? &workers : nullptr;
    job.SaveAndLoad();
  }
  job.Advance(time + 100'000);
  return std::move(job.rows);
}

TEST(LanesTest, GiveTheRowsOfOneLaneInTheirOrder) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const auto expected = RowsWith(seed, 1, false);
    for (const auto& stream : expected) EXPECT_FALSE(stream.empty()) << seed;
    for (const size_t threads : {size_t{2}, size_t{5}}) {
      EXPECT_EQ(RowsWith(seed, threads, false), expected) << seed << " " << threads;
      EXPECT_EQ(RowsWith(seed, threads, true), expected) << seed << " " << threads;
    }
  }
}

}  // namespace
}  // namespace tailrace::engine
