#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Statements: streams, pumps, views, inserts, and what makes a program invalid. Spec sections 3 and 8.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kTarget = "CREATE STREAM t (a INTEGER, b VARCHAR(4), c DOUBLE, d TIMESTAMP);";

// Errors of a pump into t.
std::vector<std::string> PumpErrors(std::string_view insert) {
  return Errors(StrCat(kTarget, "CREATE PUMP p AS INSERT INTO t ", insert, ";"));
}

// The projected values of the only pump.
std::vector<std::string> Assigned(const CompileResult& result) {
  std::vector<std::string> values;
  for (const BoundExprPtr& expr : FindNode<Project>(*result.program.pumps.at(0).plan)->exprs) {
    values.push_back(StrCat(ToString(*expr), " ", expr->type.ToString()));
  }
  return values;
}

TEST(BindStatementTest, StreamsStandInOrderWithTheErrorStreamLast) {
  const CompileResult result =
      CompileForTest("CREATE STREAM b (x INTEGER); CREATE OR REPLACE STREAM \"a\" (y DOUBLE);");
  ASSERT_TRUE(result.ok());
  std::vector<std::string> names;
  for (const StreamInfo& stream : result.program.streams) names.push_back(stream.name);
  EXPECT_THAT(names, ElementsAre("SOURCE_SQL_STREAM_001", "SOURCE_SQL_STREAM_002", "B", "a", "error_stream"));
  EXPECT_EQ(result.program.streams[0].metadata_columns, kMetadataColumns);
  EXPECT_EQ(result.program.FindStream("a"), 3);
  EXPECT_EQ(result.program.FindStream("A"), -1);
}

TEST(BindStatementTest, ValuesAreAssignedByPositionAndConverted) {
  const CompileResult result = CompileForTest(StrCat(kTarget, R"(CREATE PUMP p AS INSERT INTO t
      SELECT STREAM total, sector, price, EVENT_TIME AS a FROM SOURCE_SQL_STREAM_001)"));
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(Assigned(result), ElementsAre("#7 INTEGER", "#1 VARCHAR(4)", "#3 DOUBLE", "#4 TIMESTAMP"));
  EXPECT_EQ(result.program.pumps[0].plan->schema.fields.size(), 4u);
}

TEST(BindStatementTest, AListGivesTheRestNull) {
  const CompileResult result = CompileForTest(StrCat(kTarget, R"(CREATE PUMP p AS INSERT INTO t (c, A)
      SELECT STREAM 7, quantity FROM SOURCE_SQL_STREAM_001)"));
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(Assigned(result), ElementsAre("#6 INTEGER", "NULL VARCHAR(4)", "7.0 DOUBLE", "NULL TIMESTAMP"));
}

TEST(BindStatementTest, WhatCannotBeAssigned) {
  EXPECT_THAT(PumpErrors("(a) SELECT STREAM EVENT_TIME FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(AllOf(HasSubstr("column A is INTEGER, the value is TIMESTAMP"),
                                HasSubstr("UNIX_TIMESTAMP(...) gives its milliseconds"))));
  EXPECT_THAT(PumpErrors("(d) SELECT STREAM sector FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("column D is TIMESTAMP, the value is VARCHAR(16); CAST(... AS TIMESTAMP)")));
  EXPECT_THAT(PumpErrors("(b) SELECT STREAM price FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("column B is VARCHAR(4), the value is REAL")));
  EXPECT_THAT(PumpErrors("(a) SELECT STREAM flag FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("column A is INTEGER, the value is BOOLEAN")));
  // Text to a number is what the CREATE PUMP page of the reference does.
  EXPECT_THAT(PumpErrors("(a) SELECT STREAM sector FROM SOURCE_SQL_STREAM_001"), IsEmpty());
}

TEST(BindStatementTest, CountsMustAgree) {
  EXPECT_THAT(PumpErrors("SELECT STREAM price FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("the query gives 1 column, T has 4")));
  EXPECT_THAT(PumpErrors("(a, b) SELECT STREAM quantity, sector, price FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("the query gives 3 columns, the list has 2")));
}

TEST(BindStatementTest, ListsOfColumns) {
  EXPECT_THAT(PumpErrors("(a, x) SELECT STREAM quantity, quantity FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("column X not found in T")));
  EXPECT_THAT(PumpErrors("(a, a) SELECT STREAM quantity, quantity FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("column A is listed twice")));
  const std::string strict = "CREATE STREAM t (a INTEGER NOT NULL, b INTEGER); CREATE PUMP p AS INSERT INTO t ";
  EXPECT_THAT(Errors(StrCat(strict, "(b) SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001")),
              ElementsAre(HasSubstr("column A of T is NOT NULL and not in the list")));
  EXPECT_THAT(Errors(StrCat(strict, "SELECT STREAM NULL, quantity FROM SOURCE_SQL_STREAM_001")),
              ElementsAre(HasSubstr("column A is NOT NULL, the value is NULL")));
  EXPECT_THAT(Errors(StrCat(strict, "SELECT STREAM quantity, quantity FROM SOURCE_SQL_STREAM_001")), IsEmpty());
}

TEST(BindStatementTest, RowtimeMayBeListed) {
  const CompileResult result = CompileForTest(StrCat(kTarget, R"(CREATE PUMP p AS INSERT INTO t (ROWTIME, a)
      SELECT STREAM EVENT_TIME, quantity FROM SOURCE_SQL_STREAM_001)"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(ToString(*FindNode<Project>(*result.program.pumps[0].plan)->rowtime), "#4");
}

TEST(BindStatementTest, OuterSelectMayLeaveOutStream) {
  EXPECT_THAT(PumpErrors("(a) SELECT n FROM (SELECT STREAM quantity AS n FROM SOURCE_SQL_STREAM_001)"), IsEmpty());
  EXPECT_THAT(PumpErrors("(a) SELECT quantity FROM SOURCE_SQL_STREAM_001"), IsEmpty());
}

TEST(BindStatementTest, SeveralPumpsMayWriteToOneStream) {
  const CompileResult result = CompileForTest(StrCat(kTarget, R"(
      CREATE PUMP p1 AS INSERT INTO t (a) SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001;
      CREATE PUMP p2 AS INSERT INTO t (b) SELECT STREAM sector FROM SOURCE_SQL_STREAM_002;)"));
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result.program.pumps.size(), 2u);
  EXPECT_EQ(result.program.pumps[0].target, result.program.pumps[1].target);
}

TEST(BindStatementTest, NamesThatAreTaken) {
  EXPECT_THAT(Errors("CREATE STREAM error_stream (a INTEGER);"),
              ElementsAre(HasSubstr("the name error_stream is taken")));
  EXPECT_THAT(Errors("CREATE STREAM \"Error_Stream\" (a INTEGER);"), ElementsAre(HasSubstr("error_stream is taken")));
  EXPECT_THAT(Errors("CREATE OR REPLACE STREAM SOURCE_SQL_STREAM_001 (a INTEGER);"),
              ElementsAre(HasSubstr("SOURCE_SQL_STREAM_001 is an input stream")));
  EXPECT_THAT(Errors("CREATE STREAM t (a INTEGER); CREATE STREAM T (a INTEGER);"),
              ElementsAre(HasSubstr("STREAM T exists already")));
  EXPECT_THAT(Errors("CREATE STREAM t (a INTEGER); CREATE OR REPLACE STREAM T (b INTEGER);"), IsEmpty());
  EXPECT_THAT(Errors("CREATE STREAM t (a INTEGER, A INTEGER);"), ElementsAre(HasSubstr("column A is declared twice")));
  EXPECT_THAT(Errors("CREATE STREAM t (ROWTIME TIMESTAMP);"), ElementsAre(HasSubstr("every stream has ROWTIME")));
}

TEST(BindStatementTest, AStreamIsNotCreatedAgainAfterItsPump) {
  EXPECT_THAT(Errors(R"(CREATE STREAM t (a INTEGER);
                        CREATE PUMP p AS INSERT INTO t SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001;
                        CREATE OR REPLACE STREAM t (a INTEGER);)"),
              ElementsAre(HasSubstr("stream T is created again after a pump has used it")));
}

TEST(BindStatementTest, PumpsAreReplacedOnlyWhenAsked) {
  const std::string pump = "PUMP p AS INSERT INTO t (a) SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001;";
  EXPECT_THAT(Errors(StrCat(kTarget, "CREATE ", pump, "CREATE ", pump)),
              ElementsAre(HasSubstr("pump P exists already")));
  const CompileResult result = CompileForTest(StrCat(kTarget, "CREATE ", pump, "CREATE OR REPLACE ", pump));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.program.pumps.size(), 1u);
}

TEST(BindStatementTest, StreamsFlowOneWay) {
  EXPECT_THAT(Errors(R"(CREATE STREAM a (x INTEGER); CREATE STREAM b (x INTEGER);
                        CREATE PUMP p1 AS INSERT INTO b SELECT STREAM x FROM a;
                        CREATE PUMP p2 AS INSERT INTO a SELECT STREAM x FROM b;)"),
              ElementsAre(HasSubstr("pump P2 closes a circle of streams: A, B, A")));
  EXPECT_THAT(Errors("CREATE STREAM a (x INTEGER); CREATE PUMP p AS INSERT INTO a SELECT STREAM x FROM a;"),
              ElementsAre(HasSubstr("pump P closes a circle of streams: A, A")));
}

TEST(BindStatementTest, StatementsTakeEffectInOrder) {
  EXPECT_THAT(Errors(R"(CREATE PUMP p AS INSERT INTO t SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001;
                        CREATE STREAM t (a INTEGER);)"),
              ElementsAre(HasSubstr("stream T is created further down")));
}

TEST(BindStatementTest, AFaultyCreateStreamCausesNoFurtherErrors) {
  EXPECT_THAT(Errors(R"(CREATE STREAM t (a INTERVAL SECOND);
                        CREATE PUMP p AS INSERT INTO t SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001;
                        CREATE STREAM u (a INTEGER);
                        CREATE PUMP q AS INSERT INTO u SELECT STREAM a + 1 FROM t WHERE a > 2;)")
                  .size(),
              1u);
}

TEST(BindStatementTest, TargetsMustBeStreamsOfTheProgram) {
  const std::string tail = " SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001;";
  EXPECT_THAT(Errors(StrCat("CREATE PUMP p AS INSERT INTO SOURCE_SQL_STREAM_002", tail)),
              ElementsAre(HasSubstr("SOURCE_SQL_STREAM_002 is an input stream, pumps may not write to it")));
  EXPECT_THAT(Errors(StrCat("CREATE PUMP p AS INSERT INTO error_stream", tail)),
              ElementsAre(HasSubstr("error_stream cannot be written by SQL")));
  EXPECT_THAT(Errors(StrCat("CREATE PUMP p AS INSERT INTO LIMITS", tail)),
              ElementsAre(HasSubstr("LIMITS is no stream, pumps write to streams")));
  EXPECT_THAT(Errors(StrCat("CREATE STREAM DESTINATION (a INTEGER); CREATE PUMP p AS INSERT INTO DESTINATON", tail)),
              ElementsAre(HasSubstr("stream DESTINATON not defined; did you mean DESTINATION?")));
  EXPECT_THAT(PumpErrors("(a) SELECT high FROM LIMITS"),
              ElementsAre(HasSubstr("the query of a pump must read a stream")));
}

TEST(BindStatementTest, AnInsertOutsideAPumpIsPutIntoOne) {
  const std::string text = StrCat(kTarget, "INSERT INTO t (a) SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001;");
  EXPECT_THAT(Errors(text), ElementsAre(HasSubstr("INSERT stands only inside a pump")));
  EXPECT_THAT(Errors(ApplyFixes(text, CompileForTest(text).diagnostics)), IsEmpty());
}

TEST(BindStatementTest, ViewsArePutInWhereTheyAreRead) {
  const CompileResult result = CompileForTest(R"(CREATE STREAM t (a INTEGER);
      CREATE VIEW v AS SELECT STREAM quantity * 2 AS q FROM SOURCE_SQL_STREAM_001;
      CREATE PUMP p AS INSERT INTO t SELECT STREAM v.q FROM v WHERE q > 2;)");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(FindNode<StreamScan>(*result.program.pumps[0].plan)->stream, 0);
  EXPECT_THAT(Errors(R"(CREATE VIEW v AS SELECT STREAM nope FROM SOURCE_SQL_STREAM_001;
                        SELECT STREAM nope FROM v; SELECT STREAM * FROM v;)"),
              ElementsAre(HasSubstr("column NOPE not found")));
}

TEST(BindStatementTest, ViewsThatReadEachOtherManyTimesAreStopped) {
  std::string text = "CREATE VIEW v0 AS SELECT STREAM quantity AS q FROM SOURCE_SQL_STREAM_001;";
  for (int level = 1; level < 40; ++level) {
    text += StrCat("CREATE VIEW v", level, " AS SELECT STREAM q FROM v", level - 1, " UNION ALL SELECT STREAM q FROM v",
                   level - 1, ";");
  }
  EXPECT_THAT(Errors(text), testing::Contains(HasSubstr("the program grows beyond")));
}

TEST(BindStatementTest, StoppedPumpsStartUnlessToldOtherwise) {
  const std::string text =
      StrCat(kTarget, "CREATE PUMP p STOPPED AS INSERT INTO t (a) SELECT STREAM quantity FROM SOURCE_SQL_STREAM_001");
  EXPECT_FALSE(CompileForTest(text).program.pumps.at(0).stopped);
  EXPECT_TRUE(CompileForTest(text, {.start_stopped_pumps = false}).program.pumps.at(0).stopped);
}

TEST(BindStatementTest, LimitsOfTheService) {
  std::string wide = "CREATE STREAM t (";
  for (int column = 0; column < 1'001; ++column) wide += StrCat(column == 0 ? "" : ",", "c", column, " INTEGER");
  EXPECT_THAT(Errors(wide + ");"), ElementsAre(HasSubstr("a stream may have 1000 columns, this has 1001")));
  EXPECT_THAT(Errors(StrCat("-- ", std::string(102'400, 'x'))),
              ElementsAre(HasSubstr("the program has 102403 characters, at most 102400 are allowed")));
}

TEST(BindStatementTest, DiagnosticsComeInOrderOfPlace) {
  const CompileResult result = CompileForTest(R"(CREATE PUMP p AS INSERT INTO nowhere SELECT STREAM x FROM y;
      CREATE STREAM t (a INTEGER, a INTEGER);)");
  ASSERT_EQ(result.diagnostics.size(), 3u);
  EXPECT_LT(result.diagnostics[0].range.begin, result.diagnostics[1].range.begin);
  EXPECT_LT(result.diagnostics[1].range.begin, result.diagnostics[2].range.begin);
}

}  // namespace
}  // namespace tailrace::sql
