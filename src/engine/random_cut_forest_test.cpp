#include "engine/random_cut_forest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/str.h"
#include "engine/engine_for_test.h"
#include "sim/seeds.h"

namespace tailrace::engine {
namespace {

// Two features around (110, 67), as in T-RCF.
std::array<double, 2> NormalPoint(Rng& rng) {
  double sum_a = 0;
  double sum_b = 0;
  for (int i = 0; i < 12; ++i) {  // Nearly normal.
    sum_a += rng.Uniform();
    sum_b += rng.Uniform();
  }
  return {std::round(107 + 5 * (sum_a - 6)), std::round(67 + 3 * (sum_b - 6))};
}

RandomCutForest::Options Options() { return {.trees = 100, .sample = 256, .decay = 100'000, .features = 2, .seed = 1}; }

TEST(RandomCutForestTest, LearnsThenScoresOutliersSeveralTimesHigher) {
  RandomCutForest forest(Options());
  Rng rng(7);
  for (int i = 0; i < 256; ++i) EXPECT_EQ(forest.Take(NormalPoint(rng), nullptr), 0);
  double sum = 0;
  for (int i = 0; i < 1000; ++i) sum += forest.Take(NormalPoint(rng), nullptr);
  const double normal = sum / 1000;
  EXPECT_GT(normal, 0.4);
  EXPECT_LT(normal, 1.3);
  const double outlier = forest.Take(std::array<double, 2>{144, 123}, nullptr);
  EXPECT_GT(outlier, 3 * normal);
  EXPECT_LE(outlier, std::log2(257.0));
}

TEST(RandomCutForestTest, SharesSumUpToTheScoreAndPointAtTheCause) {
  RandomCutForest forest(Options());
  Rng rng(7);
  for (int i = 0; i < 600; ++i) forest.Take(NormalPoint(rng), nullptr);
  Attribution shares;
  for (int i = 0; i < 200; ++i) {
    const double score = forest.Take(NormalPoint(rng), &shares);
    EXPECT_NEAR(std::accumulate(shares.high.begin(), shares.high.end(), 0.0) +
                    std::accumulate(shares.low.begin(), shares.low.end(), 0.0),
                score, 1e-9);
  }
  forest.Take(std::array<double, 2>{107, 20}, &shares);
  EXPECT_GT(shares.low[1], 5 * (shares.high[1] + shares.high[0] + shares.low[0]));
  EXPECT_GT(shares.strength[1], 1);  // More than the width of what is known below it.
}

TEST(RandomCutForestTest, ScoresAreTheSameInEveryRunAndAfterARestore) {
  Rng rng(3);
  std::vector<std::array<double, 2>> points;
  for (int i = 0; i < 1200; ++i) points.push_back(rng.Chance(0.2) ? points[points.size() / 2] : NormalPoint(rng));
  RandomCutForest whole({.trees = 20, .sample = 64, .decay = 300, .features = 2, .seed = 5});
  auto restored = std::make_unique<RandomCutForest>(
      RandomCutForest::Options{.trees = 20, .sample = 64, .decay = 300, .features = 2, .seed = 5});
  for (size_t i = 0; i < points.size(); ++i) {
    ASSERT_EQ(whole.Take(points[i], nullptr), restored->Take(points[i], nullptr)) << i;
    if (i % 37 != 0) continue;
    ByteWriter writer;
    restored->Save(writer);
    restored = std::make_unique<RandomCutForest>(
        RandomCutForest::Options{.trees = 20, .sample = 64, .decay = 300, .features = 2, .seed = 5});
    ByteReader reader(writer.bytes());
    const Status loaded = restored->Load(reader);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    ASSERT_TRUE(reader.at_end());
  }
}

// With a short decay the new becomes normal soon.
TEST(RandomCutForestTest, ForgetsByTheDecay) {
  RandomCutForest forest({.trees = 50, .sample = 64, .decay = 100, .features = 1, .seed = 2});
  Rng rng(1);
  for (int i = 0; i < 500; ++i) forest.Take(std::array<double, 1>{rng.Uniform()}, nullptr);
  const double at_first = forest.Take(std::array<double, 1>{50 + rng.Uniform()}, nullptr);
  for (int i = 0; i < 500; ++i) forest.Take(std::array<double, 1>{50 + rng.Uniform()}, nullptr);
  const double later = forest.Take(std::array<double, 1>{50 + rng.Uniform()}, nullptr);
  EXPECT_GT(at_first, 2 * later);
  EXPECT_GT(forest.Take(std::array<double, 1>{rng.Uniform()}, nullptr), later);  // The old is strange by now.
}

TEST(RandomCutTreeTest, HoldsExactlyTheInsertedPoints) {
  for (const uint64_t seed : sim::Seeds(50)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    RandomCutTree tree(2, 40);
    std::vector<std::array<double, 2>> points;
    for (int step = 0; step < 400; ++step) {
      if (points.size() == 40 || (!points.empty() && rng.Chance(0.4))) {
        const size_t gone = rng.Below(points.size());
        tree.Delete(points[gone]);
        points.erase(points.begin() + static_cast<ptrdiff_t>(gone));
      } else {
        points.push_back({static_cast<double>(rng.Below(6)), static_cast<double>(rng.Below(6)) / 4});
        tree.Insert(points.back(), rng);
      }
      ASSERT_EQ(tree.size(), points.size());
      std::vector<std::span<const double>> spans(points.begin(), points.end());
      ASSERT_TRUE(tree.Holds(spans));
      for (const auto& point : points) {
        const double score = tree.Score(point);
        ASSERT_GT(score, 0);
        ASSERT_LE(score, 1);
      }
    }
  }
}

TEST(ForestScoreTest, ExplanationHasAMemberAColumnAndSumsUpToTheScore) {
  JobForTest test(
      "CREATE STREAM D (S DOUBLE, E VARCHAR(4000)); CREATE PUMP p AS INSERT INTO D SELECT STREAM ANOMALY_SCORE, "
      "ANOMALY_EXPLANATION FROM TABLE(RANDOM_CUT_FOREST_WITH_EXPLANATION("
      "CURSOR(SELECT STREAM * FROM S), 30, 50, 1000, 2, TRUE));",
      {{"S", "(Systolic INTEGER, Name VARCHAR(8), Diastolic INTEGER)"}});
  Rng rng(1);
  RowsForTest rows = test.NewRows("S");
  for (int i = 0; i < 300; ++i) {
    const auto [systolic, diastolic] = NormalPoint(rng);
    rows.Add(i, {StrCat(static_cast<int64_t>(systolic)), "x", StrCat(static_cast<int64_t>(diastolic))});
  }
  rows.Add(300, {"107", "x", "250"});
  rows.Add(301, {"NULL", "x", "67"});
  test.Push("S", rows);
  const std::vector<std::string> lines = test.Take("D");
  ASSERT_EQ(lines.size(), 302);
  const std::string learning = R"({"Systolic":{"DIRECTION":"LOW","STRENGTH":"0.0000","ATTRIBUTION_SCORE":"0.0000"},)"
                               R"("Diastolic":{"DIRECTION":"LOW","STRENGTH":"0.0000","ATTRIBUTION_SCORE":"0.0000"}})";
  EXPECT_EQ(lines[0], StrCat("0\t0.0\t", learning));
  EXPECT_EQ(lines[50], StrCat("50\t0.0\t", learning));  // 50 shingles of 2 rows are 51 rows.
  EXPECT_EQ(lines[301], StrCat("301\t0.0\t", learning));
  double score = 0;
  double systolic = 0;
  double diastolic = 0;
  double strength_systolic = 0;
  double strength_diastolic = 0;
  char direction_systolic[8];
  char direction_diastolic[8];
  ASSERT_EQ(std::sscanf(lines[300].c_str(),
                        "300\t%lf\t{\"Systolic\":{\"DIRECTION\":\"%7[A-Z]\",\"STRENGTH\":\"%lf\",\"ATTRIBUTION_SCORE\":"
                        "\"%lf\"},\"Diastolic\":{\"DIRECTION\":\"%7[A-Z]\",\"STRENGTH\":\"%lf\",\"ATTRIBUTION_SCORE\":"
                        "\"%lf\"}}",
                        &score, direction_systolic, &strength_systolic, &systolic, direction_diastolic,
                        &strength_diastolic, &diastolic),
            7);
  EXPECT_NEAR(systolic + diastolic, score, 2e-4);
  EXPECT_GT(diastolic, systolic);
  EXPECT_STREQ(direction_diastolic, "HIGH");
  EXPECT_GT(strength_diastolic, strength_systolic);
}

}  // namespace
}  // namespace tailrace::engine
