#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Warnings, and the silence where there is nothing to warn of.

namespace tailrace::sql {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(WarningsTest, ASuppressionThatSuppressesNothing) {
  const auto query = [](std::string_view condition) {
    return StrCat(R"(SELECT STREAM price, n FROM (SELECT STREAM price, COUNT(*) OVER
        (RANGE INTERVAL '1' MINUTE PRECEDING) AS n FROM SOURCE_SQL_STREAM_001) WHERE )",
                  condition);
  };
  for (const std::string_view idle : {"n >= 1", "n > 0", "1 <= n", "n <> 0", "price > 3 AND n >= 1"}) {
    EXPECT_THAT(Warnings(query(idle)), ElementsAre(HasSubstr("this condition holds for every row"))) << idle;
  }
  for (const std::string_view useful : {"n = 1", "n >= 2", "n > 1", "1 >= n", "n <= 1", "price >= 1"}) {
    EXPECT_THAT(Warnings(query(useful)), IsEmpty()) << useful;
  }
}

TEST(WarningsTest, AGroupAlwaysHasARow) {
  const std::string from = "SELECT STREAM sector FROM SOURCE_SQL_STREAM_001 GROUP BY sector, FLOOR(ROWTIME TO HOUR) ";
  EXPECT_THAT(Warnings(StrCat(from, "HAVING COUNT(*) >= 1")), ElementsAre(HasSubstr("holds for every row")));
  // Counts only prices that are not NULL: may be 0.
  EXPECT_THAT(Warnings(StrCat(from, "HAVING COUNT(price) >= 1")), IsEmpty());
}

TEST(WarningsTest, ColumnsTooShortForAnAddress) {
  const auto warnings = [](std::string_view column) {
    return Warnings(StrCat("CREATE STREAM t (", column, R"();
        CREATE PUMP p AS INSERT INTO t SELECT STREAM sector FROM SOURCE_SQL_STREAM_001)"));
  };
  for (const std::string_view bad : {"host VARCHAR(16)", "\"clientIp\" VARCHAR(15)", "remote_addr CHAR(20)"}) {
    EXPECT_THAT(warnings(bad), ElementsAre(HasSubstr("an IPv6 address has up to 39 characters"))) << bad;
  }
  for (const std::string_view good :
       {"host VARCHAR(64)", "shipment VARCHAR(16)", "zip VARCHAR(8)", "description VARCHAR(16)", "ip VARCHAR(2)"}) {
    EXPECT_THAT(warnings(good), IsEmpty()) << good;
  }
}

TEST(WarningsTest, AnAverageThatLosesItsFraction) {
  const auto warnings = [](std::string_view type, std::string_view average) {
    return Warnings(StrCat("CREATE STREAM t (a ", type, "); CREATE PUMP p AS INSERT INTO t SELECT STREAM ", average,
                           " FROM SOURCE_SQL_STREAM_001 GROUP BY FLOOR(ROWTIME TO HOUR)"));
  };
  EXPECT_THAT(warnings("DOUBLE", "AVG(quantity)"), ElementsAre(HasSubstr("AVG of INTEGER is a whole number")));
  EXPECT_THAT(warnings("DECIMAL(8,2)", "AVG(total)"), ElementsAre(HasSubstr("AVG of BIGINT is a whole number")));
  EXPECT_THAT(warnings("INTEGER", "AVG(quantity)"), IsEmpty());
  EXPECT_THAT(warnings("DOUBLE", "AVG(ratio)"), IsEmpty());
  EXPECT_THAT(warnings("DOUBLE", "AVG(CAST(quantity AS DOUBLE))"), IsEmpty());
}

TEST(WarningsTest, WindowsThatDataOrNothingCloses) {
  const auto warnings = [](std::string_view key) {
    return Warnings(StrCat("SELECT STREAM COUNT(*) FROM SOURCE_SQL_STREAM_001 GROUP BY ", key));
  };
  EXPECT_THAT(warnings("MONOTONIC(FLOOR(EVENT_TIME TO MINUTE))"),
              ElementsAre(HasSubstr("this window closes only when a row with a later value comes")));
  EXPECT_THAT(warnings("FLOOR(LOCALTIMESTAMP TO MINUTE)"), ElementsAre(HasSubstr("this window never closes")));
  EXPECT_THAT(warnings("MONOTONIC(FLOOR(EVENT_TIME TO MINUTE)), STEP(ROWTIME BY INTERVAL '1' MINUTE)"), IsEmpty());
}

TEST(WarningsTest, StreamsThatNobodyWrites) {
  EXPECT_THAT(Warnings("CREATE STREAM t (a INTEGER);"), ElementsAre(HasSubstr("no pump writes to stream T")));
}

TEST(WarningsTest, JoinsOfUnrelatedStreamsWithoutAWindow) {
  const std::string select = "SELECT STREAM a.price FROM SOURCE_SQL_STREAM_001 a JOIN SOURCE_SQL_STREAM_002 ";
  EXPECT_THAT(Warnings(StrCat(select, "b ON a.sector = b.sector")),
              ElementsAre(HasSubstr("neither side of the join has a window")));
  EXPECT_THAT(Warnings(StrCat(select, "b ON a.ROWTIME = b.ROWTIME")), IsEmpty());
  EXPECT_THAT(Warnings(StrCat(select, "OVER (ROWS 3 PRECEDING) b ON a.sector = b.sector")), IsEmpty());
}

TEST(WarningsTest, ErrorsSilenceTheWarningsAboutTheWholeProgram) {
  EXPECT_THAT(Warnings("CREATE STREAM t (a INTEGER); SELECT STREAM nope FROM SOURCE_SQL_STREAM_001"), IsEmpty());
}

}  // namespace
}  // namespace tailrace::sql
