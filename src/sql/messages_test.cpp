#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Faults that people make who know other dialects or are in a hurry: the message names the place and what to write.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Fault {
  std::string_view text;
  std::string_view message;  // Part of "line:column message; hint".
};

std::string Pump(std::string_view query) {
  return StrCat("CREATE STREAM D (a VARCHAR(16), n INTEGER); CREATE PUMP p AS INSERT INTO D\n", query);
}

constexpr Fault kFaults[] = {
    {"SELECT STREAM sector FROM SOURCE_SQL_STREAM_001", "2:1 the query gives 1 column, D has 2; wanted are A, N"},
    {R"(SELECT STREAM sector "QUANTITY" FROM SOURCE_SQL_STREAM_001)",
     "QUANTITY is taken as an alias here: is a ',' missing before it?"},
    {"SELECT STREAM sector, price AS ROWTIME FROM SOURCE_SQL_STREAM_001", "AS ROWTIME needs a TIMESTAMP"},
    {"SELECT STREAM sector, quantity FROM SOURCE_SQL_STREAM_001 WHERE sector = \"TECH\"",
     "2:74 column TECH not found; a text stands in single quotes: 'TECH'"},
    {"SELECT STREAM SUBSTR(sector, 1, 2), 1 FROM SOURCE_SQL_STREAM_001",
     "2:15 there is no function SUBSTR; write SUBSTRING(text FROM start FOR length)"},
    {"SELECT STREAM sector, LEN(sector) FROM SOURCE_SQL_STREAM_001",
     "there is no function LEN; write CHAR_LENGTH(text)"},
    {"SELECT STREAM sector, COUNT(*) FROM SOURCE_SQL_STREAM_001 GROUP BY sector, TUMBLE(ROWTIME, INTERVAL '1' MINUTE)",
     "a window is a key of GROUP BY: STEP(s.ROWTIME BY INTERVAL '1' MINUTE)"},
    {"SELECT STREAM sector AS sec, COUNT(*) FROM SOURCE_SQL_STREAM_001 GROUP BY sec, FLOOR(ROWTIME TO MINUTE)",
     "column SEC not found; aliases of the select list are not known here: write the expression itself"},
    {"SELECT STREAM sector, COUNT(*) FROM SOURCE_SQL_STREAM_001 GROUP BY sector, FLOOR(EVENT_TIME TO MINUTE)",
     "event times may come late, so they end no window"},
    {"SELECT STREAM sector || quantity, 1 FROM SOURCE_SQL_STREAM_001", "CAST(number AS VARCHAR(20))"},
    {"SELECT STREAM sector, EVENT_TIME - CURRENT_TIMESTAMP FROM SOURCE_SQL_STREAM_001",
     "(a - b) SECOND is an interval, TSDIFF(a, b) milliseconds"},
    {"SELECT STREAM sector, EVENT_TIME + 5 FROM SOURCE_SQL_STREAM_001", "add an interval: INTERVAL '5' SECOND"},
    {"SELECT STREAM sector + 'x', 1 FROM SOURCE_SQL_STREAM_001", "|| joins texts"},
    {"SELECT STREAM sector, 1 FROM SOURCE_SQL_STREAM_001 WHERE price > 3 && flag", "'&' is no operator; write AND"},
    {"WITH x AS (SELECT 1) SELECT STREAM sector, 1 FROM x",
     "2:1 WITH is not part of the dialect; write the query as a subquery in FROM"},
    {"SELECT STREAM sector, COUNT(*) OVER (ROWS BETWEEN CURRENT ROW AND 3 FOLLOWING) FROM SOURCE_SQL_STREAM_001",
     "FOLLOWING is not allowed: a window ends at the current row"},
    {"SELECT STREAM sector, COUNT(*) OVER (ORDER BY sector RANGE 3 PRECEDING) FROM SOURCE_SQL_STREAM_001",
     "RANGE cannot be over VARCHAR(16); ORDER BY takes ROWTIME, a TIMESTAMP, an integer or a DECIMAL"},
    {"SELECT STREAM sector, COUNT(*) OVER (ORDER BY quantity RANGE INTERVAL '3' SECOND PRECEDING) FROM "
     "SOURCE_SQL_STREAM_001",
     "RANGE over INTEGER takes a number, not negative; ORDER BY ROWTIME takes an interval"},
    {"SELECT STREAM a.sector, 1 FROM SOURCE_SQL_STREAM_001 a JOIN SOURCE_SQL_STREAM_002 OVER (ROWS 3 FOLLOWING) b "
     "ON a.sector = b.sector",
     "FOLLOWING takes an interval: rows that have not come cannot be counted"},
    {"SELECT STREAM a.sector, 1 FROM SOURCE_SQL_STREAM_001 OVER (ROWS 3 PRECEDING) a JOIN SOURCE_SQL_STREAM_002 OVER "
     "(RANGE INTERVAL '1' HOUR FOLLOWING) b ON a.sector = b.sector",
     "FOLLOWING on the other side of the join does not go with ROWS"},
};

TEST(MessagesTest, SayWhatToWrite) {
  for (const Fault& fault : kFaults) {
    const std::vector<std::string> errors = Errors(Pump(fault.text));
    EXPECT_THAT(Join(errors, "\n"), HasSubstr(std::string(fault.message))) << fault.text;
  }
}

TEST(MessagesTest, AllErrorsAtOnce) {
  EXPECT_THAT(
      Errors("CREATE STREAM D (a VARCHAR(16), n INTEGR);\n"
             "CREATE PUMP p AS INSERT INTO D SELECT STREAM \"sectr\", 1 FROM SOURCE_SQL_STREAM_01;\n"
             "CREATE PUMP q AS INSERT INTO X SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WHERE quantity = 'x';"),
      ElementsAre(HasSubstr("1:35 unknown column type: INTEGR; did you mean INTEGER?"),
                  HasSubstr("2:62 no stream or table is called SOURCE_SQL_STREAM_01; did you mean"), HasSubstr("3:30 "),
                  HasSubstr("3:96 INTEGER cannot be compared with a text")));
}

TEST(MessagesTest, AnyWordMayNameAColumn) {
  EXPECT_THAT(Errors("CREATE STREAM t (order INTEGER, group INTEGER, \"from\" INTEGER);"), IsEmpty());
}

TEST(MessagesTest, ComparisonsWithNullAndSwappedFormats) {
  EXPECT_THAT(Warnings("SELECT STREAM price FROM SOURCE_SQL_STREAM_001 WHERE sector = NULL"),
              ElementsAre(HasSubstr("a comparison with NULL is never TRUE; write IS NULL")));
  EXPECT_THAT(Warnings("SELECT STREAM CHAR_TO_TIMESTAMP(sector, 'yyyy-MM-dd') FROM SOURCE_SQL_STREAM_001"),
              ElementsAre(HasSubstr("CHAR_TO_TIMESTAMP takes the format first, then the text")));
  EXPECT_THAT(Warnings("SELECT STREAM CHAR_TO_TIMESTAMP('yyyy-MM-dd', sector) FROM SOURCE_SQL_STREAM_001"), IsEmpty());
}

TEST(MessagesTest, WarningsAboutInputsHaveNoPlaceInTheText) {
  const std::string_view text = "CREATE STREAM t (a INTEGER); CREATE PUMP p AS INSERT INTO t SELECT STREAM n FROM s;";
  CompileInput input{.text = text, .inputs = {}, .tables = {}, .options = {}};
  input.inputs.push_back({"S", {{{"clientIp", data::Type::Varchar(15)}, {"N", data::Type::Integer()}}}});
  const CompileResult result = Compile(input);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_THAT(FormatWithSource(result.diagnostics[0], "app.sql", text),
              HasSubstr("app.sql: warning: input stream S: column \"clientIp\" is VARCHAR(15)"));
  EXPECT_EQ(FormatWithSource(result.diagnostics[0], "app.sql", text).find('\n'), std::string::npos);
}

TEST(MessagesTest, ExplainTellsOfEveryWindow) {
  const auto explain = [](std::string_view text, CompileOptions options = {}) {
    const CompileResult result = CompileForTest(text, options);
    return result.ok() ? Explain(result.program) : result.diagnostics[0].message;
  };
  constexpr std::string_view kJoin =
      "SELECT STREAM a.price FROM SOURCE_SQL_STREAM_001 a JOIN SOURCE_SQL_STREAM_002 OVER (RANGE INTERVAL '1' HOUR "
      "FOLLOWING) b ON a.sector = b.sector";
  EXPECT_THAT(explain(kJoin), HasSubstr("left rows of 1 h, right rows of the same ROWTIME"));
  EXPECT_THAT(explain(kJoin, {.following_join_keeps_time = true}),
              HasSubstr("ROWTIME = LEFT_ROWTIME | state: rows of 1 h | emits 1 h after ROWTIME"));
  EXPECT_THAT(
      explain("SELECT STREAM COUNT(*) OVER (PARTITION BY sector ORDER BY MONOTONIC(cost) RANGE 0.5 PRECEDING) FROM "
              "SOURCE_SQL_STREAM_001"),
      HasSubstr("OVER (PARTITION BY SECTOR ORDER BY COST RANGE 0.50 PRECEDING) | state: rows of the range a key"));
}

}  // namespace
}  // namespace tailrace::sql
