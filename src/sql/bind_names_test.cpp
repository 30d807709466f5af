#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Names: folding, quoting, scopes, suggestions, stars. Spec sections 1.1, 4.3 and 4.4.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(BindNamesTest, UnquotedNamesAreFoldedAndQuotedOnesAreNot) {
  EXPECT_THAT(Errors(R"(SELECT STREAM ticker_symbol, "TICKER_SYMBOL", Ticker_Symbol, "deviceId"
                        FROM source_sql_stream_001)"),
              IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM \"ticker_symbol\" FROM SOURCE_SQL_STREAM_001"),
              ElementsAre("1:15 column \"ticker_symbol\" not found; did you mean TICKER_SYMBOL?"));
}

TEST(BindNamesTest, AColumnThatNeedsQuotesIsSuggestedWithThemAndRepaired) {
  const std::string text = "SELECT STREAM deviceid FROM SOURCE_SQL_STREAM_001";
  const CompileResult result = CompileForTest(text);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].message, "column DEVICEID not found");
  EXPECT_THAT(result.diagnostics[0].hint, HasSubstr("did you mean \"deviceId\"?"));
  EXPECT_EQ(ApplyFixes(text, result.diagnostics), "SELECT STREAM \"deviceId\" FROM SOURCE_SQL_STREAM_001");
}

TEST(BindNamesTest, QualifiersNameTheAliasOrElseTheStream) {
  EXPECT_THAT(Errors("SELECT STREAM s.price, \"S\".price FROM SOURCE_SQL_STREAM_001 AS s"), IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM SOURCE_SQL_STREAM_001.price FROM SOURCE_SQL_STREAM_001"), IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM SOURCE_SQL_STREAM_001.price FROM SOURCE_SQL_STREAM_001 s"),
              ElementsAre(HasSubstr("no FROM item is called SOURCE_SQL_STREAM_001")));
}

TEST(BindNamesTest, EveryWrongNameIsReportedOnceAndNothingFollowsFromIt) {
  EXPECT_THAT(Errors(R"(CREATE STREAM t (a INTEGER, b INTEGER);
                        CREATE PUMP p AS INSERT INTO t
                        SELECT STREAM x + 1, pric * 2 FROM SOURCE_SQL_STREAM_001 WHERE nothing > 1;)"),
              ElementsAre(HasSubstr("column X not found"),
                          AllOf(HasSubstr("column PRIC not found"), HasSubstr("did you mean PRICE?")),
                          HasSubstr("column NOTHING not found")));
  // The stream is unknown, so nothing can be said about its columns.
  EXPECT_THAT(Errors("SELECT STREAM a, b, s.c FROM nowhere s WHERE d > 1 GROUP BY e"),
              ElementsAre(HasSubstr("no stream or table is called NOWHERE")));
}

TEST(BindNamesTest, AWrongColumnOfASubqueryIsReportedWhereItIsMade) {
  EXPECT_THAT(Errors("SELECT STREAM a + 1, b FROM (SELECT STREAM nope AS a, price AS b FROM SOURCE_SQL_STREAM_001)"),
              ElementsAre(HasSubstr("1:44 column NOPE not found")));
}

TEST(BindNamesTest, StarLeavesOutRowtimeAndMetadata) {
  const PlanPtr plan = QueryPlan("SELECT STREAM *, 'oil' AS kind FROM SOURCE_SQL_STREAM_001");
  EXPECT_THAT(Names(*plan), ElementsAre("TICKER_SYMBOL", "SECTOR", "CHANGE", "PRICE", "EVENT_TIME", "deviceId",
                                        "QUANTITY", "TOTAL", "COST", "FLAG", "RATIO", "KIND"));
  const PlanPtr nested = QueryPlan("SELECT STREAM * FROM (SELECT STREAM ROWTIME, price FROM SOURCE_SQL_STREAM_001)");
  EXPECT_THAT(Names(*nested), ElementsAre("PRICE"));
}

TEST(BindNamesTest, MetadataColumnsAreUsableQuotedOrNot) {
  EXPECT_THAT(Errors(R"(SELECT STREAM APPROXIMATE_ARRIVAL_TIME, "APPROXIMATE_ARRIVAL_TIME", s.SHARD_ID,
                        PARTITION_KEY, SEQUENCE_NUMBER FROM SOURCE_SQL_STREAM_001 s)"),
              IsEmpty());
  EXPECT_THAT(Errors(R"(CREATE STREAM t (a INTEGER); SELECT STREAM SHARD_ID FROM t)"),
              ElementsAre(HasSubstr("column SHARD_ID not found")));
}

TEST(BindNamesTest, RowtimeIsQuotedOrNotQualifiedOrNot) {
  EXPECT_THAT(Errors(R"(SELECT STREAM ROWTIME, "ROWTIME", s.ROWTIME, s."ROWTIME" FROM SOURCE_SQL_STREAM_001 s)"),
              IsEmpty());
  EXPECT_THAT(Errors("SELECT ROWTIME FROM \"CompanyName\""), ElementsAre(HasSubstr("column ROWTIME not found")));
}

TEST(BindNamesTest, ItemsGetTheirAliasTheirColumnsNameOrANumber) {
  const PlanPtr plan =
      QueryPlan("SELECT STREAM price, price * 2, price x, price AS \"y z\" FROM SOURCE_SQL_STREAM_001");
  EXPECT_THAT(Names(*plan), ElementsAre("PRICE", "EXPR$1", "X", "y z"));
}

TEST(BindNamesTest, AliasListsRenameAllColumns) {
  EXPECT_THAT(Errors("SELECT STREAM t.a, t.b FROM (SELECT STREAM price, sector FROM SOURCE_SQL_STREAM_001) AS t(a, b)"),
              IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM t.a FROM (SELECT STREAM price, sector FROM SOURCE_SQL_STREAM_001) AS t(a)"),
              ElementsAre(HasSubstr("1 column names for 2 columns")));
}

TEST(BindNamesTest, AColumnThatTwoItemsHaveMustBeQualified) {
  const std::string from = " FROM SOURCE_SQL_STREAM_001 a JOIN SOURCE_SQL_STREAM_002 b ON a.ROWTIME = b.ROWTIME";
  EXPECT_THAT(Errors(StrCat("SELECT STREAM price", from)), ElementsAre(HasSubstr("column PRICE is ambiguous")));
  EXPECT_THAT(Errors(StrCat("SELECT STREAM a.price, b.price", from)), IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM 1 FROM SOURCE_SQL_STREAM_001, SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("two FROM items are called SOURCE_SQL_STREAM_001")));
}

TEST(BindNamesTest, SelectAliasesAreSeenByOrderByAndNotByGroupBy) {
  EXPECT_THAT(Errors(R"(SELECT STREAM FLOOR(ROWTIME TO MINUTE) AS m, COUNT(*) n FROM SOURCE_SQL_STREAM_001
                        GROUP BY FLOOR(ROWTIME TO MINUTE) ORDER BY m, n DESC)"),
              IsEmpty());
  EXPECT_THAT(Errors("SELECT STREAM FLOOR(ROWTIME TO MINUTE) AS m, COUNT(*) FROM SOURCE_SQL_STREAM_001 GROUP BY m"),
              ElementsAre(HasSubstr("column M not found")));
}

}  // namespace
}  // namespace tailrace::sql
