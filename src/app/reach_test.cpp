#include "app/reach.h"

#include <gtest/gtest.h>

#include "base/str.h"
#include "sql/compile.h"

namespace tailrace::app {
namespace {

// How far back a row of D depends on records of S (K VARCHAR(4), N INTEGER), for D's pump and what stands before it.
std::optional<int64_t> Reach(const std::string& before, const std::string& query) {
  const std::string text =
      StrCat(before, "CREATE STREAM D (n BIGINT); CREATE PUMP p AS INSERT INTO D SELECT STREAM ", query, ";");
  sql::CompileInput input{.text = text, .inputs = {}, .tables = {}, .options = {}, .parameters = {}};
  input.inputs.push_back({"S", {{{"K", data::Type::Varchar(4)}, {"N", data::Type::Integer()}}}});
  const sql::CompileResult compiled = sql::Compile(input);
  for (const sql::Diagnostic& diagnostic : compiled.diagnostics) {
    if (diagnostic.severity == sql::Severity::kError) ADD_FAILURE() << sql::Format(diagnostic, "", text);
  }
  const auto reach = ReachOf(compiled.program, compiled.program.FindStream("D"));
  return reach.has_value() ? std::optional(reach->count()) : std::nullopt;
}

TEST(ReachTest, IsTheLengthOfTheWindowsOneBehindTheOther) {
  EXPECT_EQ(Reach("", "N FROM S WHERE N > 3"), 0);
  EXPECT_EQ(Reach("", "COUNT(*) FROM S GROUP BY STEP(S.ROWTIME BY INTERVAL '10' SECOND)"), 10'000);
  EXPECT_EQ(Reach("",
                  "COUNT(*) FROM S GROUP BY K, STEP(S.ROWTIME BY INTERVAL '10' SECOND) "
                  "EMIT EMPTY FOR INTERVAL '1' MINUTE"),
            70'000);
  EXPECT_EQ(Reach("", "COUNT(*) OVER (RANGE INTERVAL '15' SECOND PRECEDING) FROM S"), 15'000);
  // The order flood's way: 15 s, then a minute of what came of it; the longer of two ways counts.
  const std::string first =
      "CREATE STREAM A (n BIGINT); CREATE PUMP a AS INSERT INTO A SELECT STREAM COUNT(*) OVER W FROM S "
      "WINDOW W AS (RANGE INTERVAL '15' SECOND PRECEDING); "
      "CREATE PUMP b AS INSERT INTO A SELECT STREAM N FROM S;";
  EXPECT_EQ(Reach(first, "COUNT(*) OVER W FROM A WINDOW W AS (RANGE INTERVAL '1' MINUTE PRECEDING)"), 75'000);
}

TEST(ReachTest, RowsAndLearningHaveNoLimitInTime) {
  EXPECT_EQ(Reach("", "COUNT(*) OVER (ROWS 10 PRECEDING) FROM S"), std::nullopt);
  EXPECT_EQ(Reach("", "COUNT(*) FROM S GROUP BY MONOTONIC(N)"), std::nullopt);
}

}  // namespace
}  // namespace tailrace::app
