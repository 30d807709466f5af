#include <gtest/gtest.h>

#include "base/rng.h"
#include "engine/engine_for_test.h"

// Goal    A save that goes on while rows come never copies much at one go, however large one part of the state is.
// Method  All rows are of one key, so that one part holds them all. The bytes that are written little by little must be
//         nearly all there are (what is not among them was copied when the save began), and no step and no row may
//         write much more than it is meant to. What is saved is what a save at one go gives, and a job that loads it
//         goes on as the saved one did.

namespace tailrace::engine {
namespace {

constexpr int64_t kRows = 20'000;
constexpr size_t kPiece = 4096;
constexpr size_t kMore = 16 * 1024;  // An entry beyond a piece: a tree of a forest.
constexpr size_t kBatchBytes = 256;  // What a batch that is shared, not copied, counts.
constexpr size_t kNotedBytes = 64;   // What a row counts that is noted, not copied.
constexpr size_t kErrorBytes = 150;  // With its row's text.
constexpr size_t kAtTheCut = 64 * 1024;

struct Case {
  const char* name;
  const char* program;
  size_t rows_a_push = 1000;
  size_t live_bytes_min = 0;  // Else nearly all bytes of the state.
  size_t push_bytes = 2048;   // That a push of a few rows may write before it changes things, on an average.
  bool one_time = false;      // All rows have one ROWTIME.
  bool other_rows = false;    // Each row has one of the stream R.
};

const Case kCases[] = {
    {"CountOfASlidingWindow", R"(CREATE STREAM D (N BIGINT);
CREATE PUMP p AS INSERT INTO D SELECT STREAM COUNT(*) OVER w FROM S WINDOW w AS (RANGE INTERVAL '18' SECOND PRECEDING);
)"},
    {"SumsLeastsAndTextsOfASlidingWindow", R"(CREATE STREAM D (N BIGINT, V DOUBLE, T VARCHAR(24), L VARCHAR(24));
CREATE PUMP p AS INSERT INTO D SELECT STREAM SUM(N) OVER w, MIN(V) OVER w, FIRST_VALUE(T) OVER w, MAX(T) OVER w
FROM S WINDOW w AS (PARTITION BY K RANGE INTERVAL '18' SECOND PRECEDING);
)"},
    {"AscendingLeastsAreAsManyAsRows", R"(CREATE STREAM D (N BIGINT);
CREATE PUMP p AS INSERT INTO D SELECT STREAM MIN(I) OVER w FROM S WINDOW w AS (ROWS 15000 PRECEDING);
)"},
    {.name = "SumsOfDoublesTurnTheirStacks",
     .program = R"(CREATE STREAM D (V DOUBLE);
CREATE PUMP p AS INSERT INTO D SELECT STREAM SUM(V) OVER w FROM S WINDOW w AS (RANGE INTERVAL '18' SECOND PRECEDING);
)",
     .push_bytes = SIZE_MAX},
    {"DistinctValuesOfAllTime", R"(CREATE STREAM D (N BIGINT);
CREATE PUMP p AS INSERT INTO D SELECT STREAM COUNT(DISTINCT U) OVER (RANGE UNBOUNDED PRECEDING) FROM S;
)"},
    {"DistinctValuesOfAGroup", R"(CREATE STREAM D (N BIGINT);
CREATE PUMP p AS INSERT INTO D SELECT STREAM COUNT(DISTINCT U) FROM S GROUP BY K, STEP(S.ROWTIME BY INTERVAL '1' HOUR);
)"},
    {"DistinctValuesOfAStaggerWindow", R"(CREATE STREAM D (K VARCHAR(24), N BIGINT);
CREATE PUMP p AS INSERT INTO D SELECT STREAM K, COUNT(DISTINCT U) FROM S
WINDOWED BY STAGGER (PARTITION BY K RANGE INTERVAL '20' SECOND);
)"},
    {.name = "AJoin",
     .program = R"(CREATE STREAM D (K VARCHAR(24), N BIGINT);
CREATE PUMP p AS INSERT INTO D SELECT STREAM l.K, r.N FROM S OVER (RANGE INTERVAL '18' SECOND PRECEDING) AS l
LEFT JOIN R AS r ON l.I = r.N;
)",
     .rows_a_push = 1,
     .live_bytes_min = 15'000 * kBatchBytes},
    {.name = "RowsSorted",
     .program = R"(CREATE STREAM D (N BIGINT);
CREATE PUMP p AS INSERT INTO D SELECT STREAM N FROM S ORDER BY FLOOR(S.ROWTIME TO HOUR), N;
)",
     .rows_a_push = 1,
     .live_bytes_min = kRows * kBatchBytes},
    {.name = "RowsThatWaitForAnotherStream",
     .program = R"(CREATE STREAM D (N BIGINT);
CREATE PUMP p AS INSERT INTO D SELECT STREAM N FROM S UNION ALL SELECT STREAM l.I FROM S AS l
LEFT JOIN R OVER (RANGE INTERVAL '60' SECOND FOLLOWING) AS r ON l.I = r.N;
)",
     .rows_a_push = 1,
     .live_bytes_min = 15'000 * kBatchBytes},
    {.name = "RowsRanked",
     .program = R"(CREATE STREAM D (N BIGINT, R INTEGER);
CREATE PUMP p AS INSERT INTO D SELECT STREAM N, "groupRank" FROM TABLE(GROUP_RANK(CURSOR(SELECT STREAM N FROM S), 'N',
'groupRank', 'desc', 'asc', 0, 100));
)",
     .rows_a_push = 1,
     .live_bytes_min = kRows * kBatchBytes,
     .one_time = true},
    {.name = "RowsHeldForTheirOwnTime",
     .program = R"(CREATE STREAM D (N BIGINT, T TIMESTAMP);
CREATE PUMP p AS INSERT INTO D SELECT STREAM l.I, r.ROWTIME FROM S AS l LEFT JOIN R OVER (RANGE INTERVAL '25' SECOND
FOLLOWING) AS r ON l.I = r.N;
)",
     .live_bytes_min = (kRows - 1000) * kNotedBytes,
     .other_rows = true},
    {.name = "ErrorsThatWaitForAnotherPump",
     .program = R"(CREATE STREAM D (N BIGINT);
CREATE PUMP bad AS INSERT INTO D SELECT STREAM 1 / (N - N) FROM S;
CREATE PUMP late AS INSERT INTO D SELECT STREAM l.I FROM S AS l
LEFT JOIN R OVER (RANGE INTERVAL '60' SECOND FOLLOWING) AS r ON l.I = r.N;
)",
     .live_bytes_min = kRows * kErrorBytes},
    {.name = "AForest",
     .program = R"(CREATE STREAM D (X DOUBLE);
CREATE PUMP p AS INSERT INTO D SELECT STREAM ANOMALY_SCORE FROM TABLE(RANDOM_CUT_FOREST(
CURSOR(SELECT STREAM V FROM S), 50, 256, 10000, 2));
)",
     .push_bytes = 32 * 1024},
};

class LiveSaveTest : public testing::TestWithParam<Case> {};

const std::vector<JobForTest::Input> kInputs = {
    {"S", "(K VARCHAR(24), V DOUBLE, N BIGINT, T VARCHAR(24), U VARCHAR(24), I BIGINT)"}, {"R", "(N BIGINT)"}};

RowsForTest SomeRows(const JobForTest& test, const Case& param, int64_t from, int64_t to) {
  RowsForTest rows = test.NewRows("S");
  for (int64_t i = from; i < to; ++i) {
    Rng rng(static_cast<uint64_t>(i));
    rows.Add(param.one_time ? 0 : i, {"the only key", StrCat(rng.Below(1000), ".5"), StrCat(rng.Below(1000)),
                                      StrCat("a text that is long ", rng.Below(100)), StrCat("u", i), StrCat(i)});
  }
  return rows;
}

void PushSome(JobForTest& test, const Case& param, int64_t from, int64_t to) {
  test.Push("S", SomeRows(test, param, from, to));
  if (!param.other_rows) return;
  RowsForTest others = test.NewRows("R");
  for (int64_t i = from; i < to; ++i) others.Add(to - 1, {StrCat(i)});
  test.Push("R", others);
}

void Fill(JobForTest& test, const Case& param) {
  test.saves_live = false;
  const auto each = static_cast<int64_t>(param.rows_a_push);
  for (int64_t row = 0; row < kRows; row += each) PushSome(test, param, row, row + each);
}

size_t LiveBytesMin(const Case& param, const std::string& plain) {
  return param.live_bytes_min > 0 ? param.live_bytes_min : plain.size() - kAtTheCut;
}

TEST_P(LiveSaveTest, CopiesLittleAtOneGo) {
  const Case& param = GetParam();
  JobForTest test(param.program, kInputs, 4096, {.following_join_keeps_time = true});
  Fill(test, param);
  const std::string plain = test.Saved();
  ByteWriter writer = ByteWriter::Deferring();
  test.job->Save(writer);
  for (bool more = true; more;) {
    const size_t before = writer.live_bytes();
    more = writer.WriteSome(kPiece);
    ASSERT_LE(writer.live_bytes() - before, kPiece + kMore);
  }
  EXPECT_GE(writer.live_bytes(), LiveBytesMin(param, plain)) << plain.size() << " bytes in all";
  EXPECT_TRUE(std::move(writer).Finish() == plain);
}

TEST_P(LiveSaveTest, AlsoWhileRowsComeAndGo) {
  const Case& param = GetParam();
  JobForTest test(param.program, kInputs, 4096, {.following_join_keeps_time = true});
  Fill(test, param);
  const std::string plain = test.Saved();
  test.Take("D");
  ByteWriter writer = ByteWriter::Deferring();
  test.job->Save(writer);
  int64_t row = kRows;
  for (bool more = true; more; row += 7) {
    const size_t before = writer.live_bytes();
    more = writer.WriteSome(kPiece);
    ASSERT_LE(writer.live_bytes() - before, kPiece + kMore);
    PushSome(test, param, row, row + 7);
  }
  if (param.push_bytes != SIZE_MAX) {
    const auto pushes = static_cast<size_t>((row - kRows) / 7);
    EXPECT_GE(writer.live_bytes() + pushes * param.push_bytes, LiveBytesMin(param, plain)) << plain.size();
  }
  const std::string saved = std::move(writer).Finish();
  EXPECT_TRUE(saved == plain);

  test.Advance(10'000'000);
  const std::vector<std::string> expected = test.Take("D");
  EXPECT_FALSE(expected.empty());
  test.Remake();
  ByteReader reader(saved);
  JobForTest::Expect(test.job->Load(reader));
  for (int64_t again = kRows; again < row; again += 7) PushSome(test, param, again, again + 7);
  test.Advance(10'000'000);
  EXPECT_EQ(test.Take("D"), expected);
}

INSTANTIATE_TEST_SUITE_P(Parts, LiveSaveTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tailrace::engine
