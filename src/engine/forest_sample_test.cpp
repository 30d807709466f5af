#include <gtest/gtest.h>

#include <regex>

#include "base/rng.h"
#include "engine/engine_for_test.h"

// Goal    T-RCF: the scores and explanations that the reference prints for blood pressures come out in size and form.
//         Its very numbers are those of its random trees.
// Method  Usual pressures, then the outlier that is printed.

namespace tailrace::engine {
namespace {

struct Scored {
  double score;
  std::string explanation;
};

class ForestSampleTest : public testing::Test {
 protected:
  void Push(int64_t systolic, int64_t diastolic) {
    time_ += 100;
    test_.Push("S", time_, {StrCat(systolic), StrCat(diastolic), "NORMAL"});
  }
  std::vector<Scored> Take() {
    std::vector<Scored> scored;
    for (const std::string& line : test_.Take("D")) {
      const std::vector<std::string_view> fields = Split(line, '\t');
      EXPECT_EQ(fields.size(), 6U) << line;
      scored.push_back({.score = std::stod(std::string(fields[4])), .explanation = std::string(fields[5])});
    }
    return scored;
  }

  JobForTest test_{
      R"sql(CREATE STREAM D ("Systolic" INTEGER, "Diastolic" INTEGER, "BloodPressureLevel" VARCHAR(20),
        ANOMALY_SCORE DOUBLE, ANOMALY_EXPLANATION VARCHAR(20480));
      CREATE PUMP p AS INSERT INTO D SELECT STREAM "Systolic", "Diastolic", "BloodPressureLevel", ANOMALY_SCORE,
        ANOMALY_EXPLANATION FROM TABLE(RANDOM_CUT_FOREST_WITH_EXPLANATION(CURSOR(SELECT STREAM * FROM S), 100, 256,
        100000, 1, TRUE));)sql",
      {{"S", "(Systolic INTEGER, Diastolic INTEGER, BloodPressureLevel VARCHAR(20))"}}};
  int64_t time_ = 1'600'000'000'000;
};

// The text holds exactly the two columns, in order, each with three texts of four decimals.
const std::regex kForm(
    R"re(\{"Systolic":\{"DIRECTION":"(HIGH|LOW)","STRENGTH":"\d+\.\d{4}","ATTRIBUTION_SCORE":"(\d+\.\d{4})"\},)re"
    R"re("Diastolic":\{"DIRECTION":"(HIGH|LOW)","STRENGTH":"\d+\.\d{4}","ATTRIBUTION_SCORE":"(\d+\.\d{4})"\}\})re");

TEST_F(ForestSampleTest, BloodPressures) {
  Rng rng(7);
  const auto next = [&] { Push(90 + static_cast<int64_t>(rng.Below(31)), 60 + static_cast<int64_t>(rng.Below(21))); };
  for (int i = 0; i < 256; ++i) next();
  for (const Scored& row : Take()) {
    EXPECT_EQ(row.score, 0) << "while it learns";
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(row.explanation, parts, kForm)) << row.explanation;
    EXPECT_EQ(parts[1], "LOW");
    EXPECT_EQ(parts[2], "0.0000");
  }

  for (int i = 0; i < 1000; ++i) next();
  double total = 0;
  for (const Scored& row : Take()) {
    total += row.score;
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(row.explanation, parts, kForm)) << row.explanation;
    EXPECT_NEAR(std::stod(parts[2]) + std::stod(parts[4]), row.score, 2e-4) << row.explanation;
  }
  const double usual = total / 1000;
  EXPECT_GT(usual, 0.6);  // Printed: 0.71 to 0.74.
  EXPECT_LT(usual, 1.1);

  Push(144, 123);
  const Scored outlier = Take().at(0);
  EXPECT_GT(outlier.score, 3.0);   // Printed: 3.86.
  EXPECT_LT(outlier.score, 8.01);  // log2(257)
  std::smatch parts;
  ASSERT_TRUE(std::regex_match(outlier.explanation, parts, kForm)) << outlier.explanation;
  EXPECT_EQ(parts[1], "HIGH");
  EXPECT_EQ(parts[3], "HIGH");
  EXPECT_GT(std::stod(parts[4]), 1.0);  // Printed: 1.74 and 2.11.
  EXPECT_GT(std::stod(parts[2]), 0.8);
}

}  // namespace
}  // namespace tailrace::engine
