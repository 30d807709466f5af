#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sql/parser.h"

// Goal    Errors with a certain cure carry it: the text with all fixes applied is the program that was meant.

namespace tailrace::sql {
namespace {

std::string ReadText(const std::string& name) {
  std::ifstream file(std::string(TAILRACE_SOURCE_DIR) + "/tests/data/" + name);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::vector<std::string> Errors(std::string_view text) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : Parse(text).diagnostics) lines.push_back(Format(diagnostic, "", text));
  return lines;
}

std::string Fixed(std::string_view text) { return ApplyFixes(text, Parse(text).diagnostics); }

using Lines = std::vector<std::string>;

TEST(FloodProgramTest, PrintedTextIsRefusedAndRepaired) {
  const std::string printed = ReadText("flood-as-printed.sql");
  EXPECT_EQ(Errors(printed),
            (Lines{"5:1: expected SELECT before FROM in INSERT INTO \"ALARM_STREAM\"; write SELECT STREAM order_count",
                   "7:33: statement ends inside '(' - remove ';' before WINDOW",
                   "21:24: statement ends inside '(' - remove ';' before WINDOW"}));
  const std::string fixed = Fixed(printed);
  EXPECT_EQ(fixed, ReadText("flood-intended.sql"));
  EXPECT_EQ(Errors(fixed), Lines{});
}

TEST(FloodProgramTest, RepairedStatementsReachTheBinder) {
  const ParseResult result = Parse(ReadText("flood-as-printed.sql"));
  ASSERT_EQ(result.program.statements.size(), 4u);
  const auto& pump = std::get<ast::CreatePump>(result.program.statements[1].node);
  EXPECT_EQ(pump.name.name, "STREAM_PUMP");
  const auto& outer = std::get<ast::Select>(pump.insert.query->node);
  EXPECT_TRUE(outer.stream);
  ASSERT_EQ(outer.items.size(), 1u);
  EXPECT_EQ(std::get<ast::Name>(outer.items[0].expr->node).parts[0].name, "ORDER_COUNT");
  EXPECT_NE(outer.where, nullptr);
  const auto& inner = std::get<ast::Select>(std::get<ast::FromQuery>(outer.from[0]->node).query->node);
  ASSERT_EQ(inner.windows.size(), 1u);
  EXPECT_EQ(inner.windows[0].name.name, "FIFTEEN_SECOND_SLIDING_WINDOW");
}

TEST(FloodProgramTest, RepositoryTextIsSoundGrammar) {
  // Its undefined window name is the binder's to find.
  EXPECT_EQ(Errors(ReadText("flood-repo.sql")), Lines{});
}

TEST(RepairTest, SelectListOfAnInsertIsEverythingWhenItsNamesAreUnknown) {
  EXPECT_EQ(Fixed("INSERT INTO a FROM b WHERE c > 1"), "INSERT INTO a SELECT STREAM * FROM b WHERE c > 1");
  EXPECT_EQ(Fixed("INSERT INTO a FROM (SELECT STREAM x, COUNT(*) FROM b)"),
            "INSERT INTO a SELECT STREAM * FROM (SELECT STREAM x, COUNT(*) FROM b)");
  EXPECT_EQ(Fixed("INSERT INTO a FROM (SELECT STREAM t.\"x y\", ROWTIME FROM b AS t)"),
            "INSERT INTO a SELECT STREAM \"x y\" FROM (SELECT STREAM t.\"x y\", ROWTIME FROM b AS t)");
}

TEST(RepairTest, SelectListIsNotGuessedFromAQueryWithErrors) {
  const std::string text = "INSERT INTO a FROM (SELECT STREAM x + FROM b)";
  EXPECT_EQ(Fixed(text), text);
  EXPECT_EQ(Parse(text).diagnostics.size(), 2u);
}

TEST(RepairTest, SlipsOfKeywords) {
  EXPECT_EQ(Fixed("SELCET STREAM a FROM s"), "SELECT STREAM a FROM s");
  EXPECT_EQ(Fixed("SELECT STREAM a FORM s"), "SELECT STREAM a FROM s");
  EXPECT_EQ(Fixed("SELECT STEAM a FROM s"), "SELECT STREAM a FROM s");
  EXPECT_EQ(Fixed("SELECT STREAM a FROM s WEHRE a > 1"), "SELECT STREAM a FROM s WHERE a > 1");
  EXPECT_EQ(Fixed("SELECT STREAM a FROM s t WHRE a > 1"), "SELECT STREAM a FROM s t WHERE a > 1");
  EXPECT_EQ(Fixed("SELECT STREAM a FROM s GROPU BY a"), "SELECT STREAM a FROM s GROUP BY a");
  EXPECT_EQ(Fixed("SELECT STREAM a FROM s WHERE a BETWEN 1 AND 2"), "SELECT STREAM a FROM s WHERE a BETWEEN 1 AND 2");
  EXPECT_EQ(Fixed("SELECT STREAM a FROM s WHERE a = 1 ADN b = 2"), "SELECT STREAM a FROM s WHERE a = 1 AND b = 2");
  EXPECT_EQ(Fixed("CRAETE OR REPLCE STEAM a (b INTEGER)"), "CREATE OR REPLACE STREAM a (b INTEGER)");
  EXPECT_EQ(Fixed("CREATE STREAM a (b VARCAHR(3))"), "CREATE STREAM a (b VARCHAR(3))");
  EXPECT_EQ(Fixed("SELECT STREAM COUNT(*) OVER (RANGE INTERVAL '10' SECONDS PRECEEDING) FROM s"),
            "SELECT STREAM COUNT(*) OVER (RANGE INTERVAL '10' SECOND PRECEDING) FROM s");
}

TEST(RepairTest, NamesThatLookLikeKeywordsStayNames) {
  EXPECT_EQ(Errors("SELECT STREAM a form FROM s"), Lines{});
  EXPECT_EQ(Errors("SELECT STREAM form, a AS wheres FROM s were WHERE were.a > 1"), Lines{});
  EXPECT_EQ(Errors("SELECT STREAM (a - b) hours FROM s left1 JOIN t right1 ON left1.a = right1.a"), Lines{});
}

TEST(RepairTest, MissingAndSurplusPunctuation) {
  EXPECT_EQ(Fixed("CREATE STREAM a (b INTEGER c VARCHAR(3) \"d\" DOUBLE);"),
            "CREATE STREAM a (b INTEGER, c VARCHAR(3), \"d\" DOUBLE);");
  EXPECT_EQ(Fixed("CREATE STREAM a (b INTEGER, c DOUBLE,);"), "CREATE STREAM a (b INTEGER, c DOUBLE);");
  EXPECT_EQ(Fixed("CREATE STREAM a (b INTEGER; c DOUBLE);"), "CREATE STREAM a (b INTEGER, c DOUBLE);");
  EXPECT_EQ(Fixed("SELECT STREAM a, b, FROM s"), "SELECT STREAM a, b FROM s");
  EXPECT_EQ(Fixed("CREATE STREAM a (b INTEGER)\nCREATE STREAM c (d INTEGER)"),
            "CREATE STREAM a (b INTEGER);\nCREATE STREAM c (d INTEGER)");
  EXPECT_EQ(Fixed("SELECT STREAM a FROM s; WHERE a > 1"), "SELECT STREAM a FROM s WHERE a > 1");
  EXPECT_EQ(Fixed("SELECT STREAM a FROM (SELECT STREAM a FROM s;) WHERE a > 1"),
            "SELECT STREAM a FROM (SELECT STREAM a FROM s) WHERE a > 1");
}

TEST(RepairTest, MissingWords) {
  EXPECT_EQ(Fixed("CREATE PUMP p INSERT INTO a SELECT STREAM b FROM c"),
            "CREATE PUMP p AS INSERT INTO a SELECT STREAM b FROM c");
  EXPECT_EQ(Fixed("INSERT \"A\" SELECT STREAM b FROM c"), "INSERT INTO \"A\" SELECT STREAM b FROM c");
  EXPECT_EQ(Fixed("SELECT STREAM * FROM HOTSPOTS(CURSOR(SELECT STREAM a FROM s), 100) WHERE a > 1"),
            "SELECT STREAM * FROM TABLE(HOTSPOTS(CURSOR(SELECT STREAM a FROM s), 100)) WHERE a > 1");
  EXPECT_EQ(Fixed("SELECT DISTINCT STREAM a FROM s"), "SELECT STREAM DISTINCT a FROM s");
}

TEST(RepairTest, OtherDialects) {
  EXPECT_EQ(Fixed("SELECT STREAM `a` FROM s WHERE b == 1"), "SELECT STREAM \"a\" FROM s WHERE b = 1");
  EXPECT_EQ(Fixed("SELECT STREAM a AS 'x y' FROM s"), "SELECT STREAM a AS \"x y\" FROM s");
  EXPECT_EQ(Fixed("SELECT STREAM a FROM s WHERE b > INTERVAL 10 SECOND"),
            "SELECT STREAM a FROM s WHERE b > INTERVAL '10' SECOND");
  EXPECT_EQ(Fixed("SELECT STREAM \xe2\x80\x9c"
                  "a\xe2\x80\x9d FROM s WHERE b = \xe2\x80\x98x\xe2\x80\x99"),
            "SELECT STREAM \"a\" FROM s WHERE b = 'x'");
  EXPECT_EQ(Fixed("SELECT STREAM a \xe2\x80\x93 1 FROM s"), "SELECT STREAM a - 1 FROM s");
}

TEST(RepairTest, IntervalPrecision) {
  const std::string text = "SELECT STREAM a FROM s WHERE b > INTERVAL '120' MINUTE";
  EXPECT_EQ(Errors(text),
            Lines{"1:43: Interval field value 120 exceeds precision of MINUTE(2) field; write MINUTE(3)"});
  EXPECT_EQ(Fixed(text), "SELECT STREAM a FROM s WHERE b > INTERVAL '120' MINUTE(3)");
}

TEST(ApplyFixesTest, LeavesOutWhatOverlapsAnEarlierFix) {
  const std::vector<Diagnostic> diagnostics = {
      {.range = {0, 3}, .message = "a", .fixes = {{{0, 3}, "XYZ"}}},
      {.range = {2, 4}, .message = "b", .fixes = {{{2, 4}, "!"}, {{5, 6}, "?"}}},
      {.range = {6, 6}, .message = "c", .fixes = {{{6, 6}, "end"}}}};
  EXPECT_EQ(ApplyFixes("abcdef", diagnostics), "XYZdefend");
  EXPECT_EQ(ApplyFixes("abcdef", {}), "abcdef");
}

}  // namespace
}  // namespace tailrace::sql
