#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "engine/engine_for_test.h"

// A state that version 1 wrote must be read by every later version: tests/formats/job_state_v1.bin was saved between
// the two halves of the rows below.

namespace tailrace::engine {
namespace {

constexpr std::string_view kProgram = R"(
CREATE STREAM D (K VARCHAR(24), N BIGINT, T DOUBLE, H DECIMAL(9,2));
CREATE PUMP tumbling AS INSERT INTO D SELECT STREAM K, COUNT(*), SUM(V), MAX(C) FROM S
GROUP BY K, STEP(S.ROWTIME BY INTERVAL '10' SECOND);
CREATE PUMP stagger AS INSERT INTO D (K, N) SELECT STREAM K, COUNT(V) FROM S
WINDOWED BY STAGGER (PARTITION BY K RANGE INTERVAL '7' SECOND);
CREATE STREAM E (K VARCHAR(24), N BIGINT, A DOUBLE, D DOUBLE, F VARCHAR(24), L DECIMAL(9,2), X DOUBLE);
CREATE PUMP sliding AS INSERT INTO E SELECT STREAM K, COUNT(*) OVER w, AVG(V) OVER w, STDDEV_SAMP(V) OVER w,
FIRST_VALUE(K) OVER a, MIN(C) OVER w, EXP_AVG(V, INTERVAL '3' SECOND) OVER w FROM S
WINDOW w AS (PARTITION BY K RANGE INTERVAL '9' SECOND PRECEDING), a AS (ROWS 5 PRECEDING);
CREATE STREAM F (K VARCHAR(24), C DECIMAL(9,2));
CREATE PUMP joining AS INSERT INTO F SELECT STREAM l.K, r.C FROM S OVER (RANGE INTERVAL '6' SECOND PRECEDING) AS l
LEFT JOIN R AS r ON l.K = r.K;
CREATE STREAM G (K VARCHAR(24), C DECIMAL(9,2));
CREATE PUMP sorting AS INSERT INTO G SELECT STREAM K, 1 / C FROM S ORDER BY FLOOR(S.ROWTIME TO MINUTE), C;
CREATE STREAM H (X DOUBLE);
CREATE PUMP scoring AS INSERT INTO H SELECT STREAM ANOMALY_SCORE FROM TABLE(RANDOM_CUT_FOREST(
CURSOR(SELECT STREAM V FROM S), 5, 10, 50, 2));
)";
const std::vector<JobForTest::Input> kInputs = {{"S", "(K VARCHAR(24), V DOUBLE, C DECIMAL(9,2))"},
                                                {"R", "(K VARCHAR(24), C DECIMAL(9,2))"}};

void PushSome(JobForTest& test, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; ++i) {
    const std::string key = i % 7 == 0 ? "NULL" : StrCat("a key of some length ", i % 3);
    test.Push("S", i * 700, {key, StrCat(i * i % 13, ".25"), i % 11 == 0 ? "0" : StrCat(i % 5, ".50")});
    if (i % 4 == 0) test.Push("R", i * 700, {key, StrCat(i)});
  }
}

std::vector<std::vector<std::string>> TakeAll(JobForTest& test) {
  return std::exchange(test.rows, std::vector<std::vector<std::string>>(test.rows.size()));
}

TEST(JobStateTest, AStateOfVersionOneGoesOnAsIfItHadNeverStopped) {
  JobForTest whole(kProgram, kInputs);
  PushSome(whole, 0, 60);
  TakeAll(whole);
  PushSome(whole, 60, 120);
  whole.Advance(1'000'000);

  std::ifstream file(TAILRACE_SOURCE_DIR "/tests/formats/job_state_v1.bin", std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  const std::string state = bytes.str();
  ASSERT_FALSE(state.empty());
  JobForTest restored(kProgram, kInputs);
  ByteReader reader(state);
  const Status loaded = restored.job->Load(reader);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  PushSome(restored, 60, 120);
  restored.Advance(1'000'000);
  const auto expected = TakeAll(whole);
  for (const char* stream : {"D", "E", "F", "G", "H", "error_stream"}) {
    const auto index = static_cast<size_t>(whole.Stream(stream));
    EXPECT_FALSE(expected[index].empty()) << stream;
    EXPECT_EQ(restored.rows[index], expected[index]) << stream;
  }
}

// What happens to the job after a deferred save does not reach the saved bytes: keys are added, windows close and are
// opened anew while another thread may be writing.
TEST(JobStateTest, ADeferredSaveKeepsTheMomentAtWhichItWasMade) {
  JobForTest test(kProgram, kInputs);
  test.saves_live = false;  // This test does.
  PushSome(test, 1, 20);
  const std::string plain = test.Saved();
  ByteWriter deferring = ByteWriter::Deferring();
  test.job->Save(deferring);
  PushSome(test, 20, 40);
  deferring.WriteSome(1);
  PushSome(test, 40, 60);
  test.Advance(1'000'000);
  while (deferring.WriteSome(1)) continue;
  EXPECT_EQ(std::move(deferring).Finish(), plain);
}

}  // namespace
}  // namespace tailrace::engine
