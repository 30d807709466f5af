#include "sql/used_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

namespace tailrace::sql {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Names of the columns of SOURCE_SQL_STREAM_001 that the program looks at.
std::vector<std::string> Used(std::string_view text, bool error_rows = false) {
  const CompileResult result = CompileForTest(text);
  EXPECT_TRUE(result.ok()) << text;
  if (!result.ok()) return {};
  const int stream = result.program.FindStream("SOURCE_SQL_STREAM_001");
  std::vector<data::Field> fields = result.program.streams[static_cast<size_t>(stream)].schema->fields;
  for (const data::Field& field : MetadataFields()) fields.push_back(field);
  const std::vector<bool> used = UsedColumns(result.program, stream, error_rows);
  EXPECT_EQ(used.size(), fields.size());
  std::vector<std::string> names;
  for (size_t i = 0; i < used.size() && i < fields.size(); ++i) {
    if (used[i]) names.push_back(fields[i].name);
  }
  return names;
}

TEST(UsedColumnsTest, SelectedAndComparedOnes) {
  EXPECT_THAT(Used("SELECT STREAM ticker_symbol FROM SOURCE_SQL_STREAM_001 WHERE price > 3"),
              UnorderedElementsAre("TICKER_SYMBOL", "PRICE"));
  EXPECT_THAT(Used("SELECT STREAM COUNT(*) FROM SOURCE_SQL_STREAM_001 GROUP BY FLOOR(ROWTIME TO MINUTE)"), IsEmpty());
  EXPECT_THAT(Used("SELECT STREAM PARTITION_KEY, SHARD_ID FROM SOURCE_SQL_STREAM_001"),
              UnorderedElementsAre("PARTITION_KEY", "SHARD_ID"));
}

TEST(UsedColumnsTest, ThroughSubqueriesWindowsAndJoins) {
  EXPECT_THAT(Used("SELECT STREAM t FROM (SELECT STREAM ticker_symbol AS t, price AS p FROM SOURCE_SQL_STREAM_001)"),
              UnorderedElementsAre("TICKER_SYMBOL"));
  EXPECT_THAT(Used("SELECT STREAM t FROM (SELECT STREAM ticker_symbol AS t, 1 / price AS p "
                   "FROM SOURCE_SQL_STREAM_001)"),
              UnorderedElementsAre("TICKER_SYMBOL", "PRICE"))
      << "a division that fails takes its row out, whoever looks at it";
  EXPECT_THAT(Used("SELECT STREAM SUM(price) OVER (PARTITION BY ticker_symbol ROWS 2 PRECEDING) "
                   "FROM SOURCE_SQL_STREAM_001"),
              UnorderedElementsAre("TICKER_SYMBOL", "PRICE"));
  EXPECT_THAT(Used("SELECT STREAM a.change FROM SOURCE_SQL_STREAM_001 OVER (RANGE INTERVAL '1' MINUTE PRECEDING) a "
                   "JOIN SOURCE_SQL_STREAM_001 b ON a.ticker_symbol = b.ticker_symbol"),
              UnorderedElementsAre("TICKER_SYMBOL", "CHANGE"));
}

TEST(UsedColumnsTest, AnErrorShowsTheWholeRow) {
  const std::string_view failing = "SELECT STREAM 1 / QUANTITY FROM SOURCE_SQL_STREAM_001";
  EXPECT_THAT(Used(failing), UnorderedElementsAre("QUANTITY"));
  EXPECT_THAT(Used(failing, /*error_rows=*/true), ::testing::IsSupersetOf({"QUANTITY", "SECTOR", "deviceId"}));
  const std::string_view late = "SELECT STREAM APPROXIMATE_ARRIVAL_TIME AS ROWTIME, sector FROM SOURCE_SQL_STREAM_001";
  EXPECT_THAT(Used(late), UnorderedElementsAre("APPROXIMATE_ARRIVAL_TIME", "SECTOR"));
  EXPECT_THAT(Used(late, /*error_rows=*/true), ::testing::IsSupersetOf({"QUANTITY", "SECTOR", "deviceId"}));
  EXPECT_THAT(Used("SELECT STREAM sector FROM SOURCE_SQL_STREAM_001", /*error_rows=*/true),
              UnorderedElementsAre("SECTOR"));
}

}  // namespace
}  // namespace tailrace::sql
