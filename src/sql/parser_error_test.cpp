#include <gtest/gtest.h>

#include "sql/parser.h"

// Goal    Every fault is told once, at its place, with what was expected; the faults behind it are told as well.

namespace tailrace::sql {
namespace {

using Lines = std::vector<std::string>;

Lines Errors(std::string_view text) {
  Lines lines;
  for (const Diagnostic& diagnostic : Parse(text).diagnostics) lines.push_back(Format(diagnostic, "", text));
  return lines;
}

TEST(ErrorTest, SaysWhatWasExpectedAndFound) {
  EXPECT_EQ(Errors("SELECT STREAM a FROM"),
            Lines{"1:21: expected a stream, table, TABLE(..) or subquery, found the end "
                  "of the text"});
  EXPECT_EQ(Errors("SELECT STREAM a FROM s WHERE ;"), Lines{"1:30: expected an expression, found ';'"});
  EXPECT_EQ(Errors("CREATE STREAM a b INTEGER;"), Lines{"1:17: expected '(', found b"});
  EXPECT_EQ(Errors("SELECT STREAM a b c FROM s"), Lines{"1:19: expected ',' or FROM, found c"});
  EXPECT_EQ(Errors("SELECT STREAM SUM(a FROM s"), Lines{"1:21: expected ')', found FROM"});
  EXPECT_EQ(Errors("SELECT STREAM a FROM s JOIN t WHERE a > 1"),
            Lines{"1:31: expected ON or USING for the JOIN, found WHERE; CROSS JOIN needs neither"});
  EXPECT_EQ(Errors("Welcome to the console"), Lines{"1:1: expected CREATE, INSERT or SELECT, found Welcome"});
  EXPECT_EQ(Errors("SELECT STREAM a FROM s WHERE a > 1 b"), Lines{"1:36: expected ';', found b"});
  EXPECT_EQ(Errors("SELECT STREAM a WHERE b > 1"), Lines{"1:17: expected FROM before WHERE"});
  EXPECT_EQ(
      Errors("CREATE PUMP p AS SELECT STREAM a FROM s"),
      Lines{"1:18: expected INSERT INTO after AS, found SELECT; a pump writes to a stream: INSERT INTO name SELECT"});
  EXPECT_EQ(Errors("CREATE STREAM 'a' (b INT)"),
            Lines{"1:15: expected the stream's name, found 'a'; names are quoted with \""});
  EXPECT_EQ(Errors("CREATE STREAM a ()"), Lines{"1:18: expected a column name, found ')'"});
}

TEST(ErrorTest, ClausesOutOfOrder) {
  EXPECT_EQ(Errors("SELECT STREAM COUNT(*) OVER w FROM s WINDOW w AS (ROWS 3 PRECEDING) WHERE a > 1"),
            Lines{"1:69: WHERE must stand before WINDOW"});
  EXPECT_EQ(Errors("SELECT STREAM a FROM s WHERE a > 1 WHERE b > 1"), Lines{"1:36: WHERE is given twice"});
  EXPECT_EQ(
      Errors("SELECT STREAM a FROM s ORDER BY a UNION ALL SELECT STREAM a FROM t"),
      Lines{"1:35: ORDER BY and LIMIT must stand behind the last query of UNION; or put the query with its ORDER BY "
            "in parentheses"});
}

TEST(ErrorTest, WhatOtherDialectsHave) {
  EXPECT_EQ(Errors("WITH a AS (SELECT 1) SELECT * FROM a"),
            Lines{"1:1: WITH is not part of the dialect; write the query as a subquery in FROM"});
  EXPECT_EQ(Errors("CREATE TABLE a (b INT)"),
            Lines{"1:8: CREATE TABLE is not part of the dialect; create a STREAM; reference tables are named in the "
                  "application"});
  EXPECT_EQ(Errors("SELECT STREAM a % 2 FROM s"), Lines{"1:17: % is no operator; write MOD(a, b)"});
  EXPECT_EQ(Errors("SELECT STREAM a::INT FROM s"),
            Lines{"1:16: ':' is no operator; write CAST(x AS type) for x::type"});
  EXPECT_EQ(Errors("SELECT STREAM (SELECT MAX(a) FROM t) FROM s"),
            Lines{"1:16: a subquery cannot be a value here; subqueries stand in FROM, behind IN or EXISTS, and in "
                  "CURSOR(..)"});
  EXPECT_EQ(Errors("SELECT STREAM COUNT(*) FILTER (WHERE a > 1) FROM s"),
            Lines{"1:24: FILTER is not part of the dialect; write CASE WHEN .. THEN .. END inside the aggregate"});
  EXPECT_EQ(Errors("CREATE STREAM a (b STRING, c BOOL)"),
            (Lines{"1:20: unknown column type: 'STRING'; the dialect calls it VARCHAR(n)",
                   "1:30: unknown column type: 'BOOL'; the dialect calls it BOOLEAN"}));
  EXPECT_EQ(Errors("CREATE STREAM a (b INTERVAL DAY)"),
            Lines{"1:20: INTERVAL cannot be the type of a column; store milliseconds as BIGINT"});
}

TEST(ErrorTest, AllFaultsOfAProgramAtOnce) {
  EXPECT_EQ(Errors("CREATE STREAM a (b STRING, c VARCHAR(0), d INTEGER);\n"
                   "SELECT STREAM a +, b FROM s WHERE c = GROUP BY d;\n"
                   "SELECT STREAM x FROM (SELECT STREAM y FROM WHERE z > 1) WHERE > 2;\n"
                   "SELECT STREAM ok FROM s;"),
            (Lines{"1:20: unknown column type: 'STRING'; the dialect calls it VARCHAR(n)",
                   "1:30: VARCHAR length 0 out of range: 1 to 65535", "2:18: expected an expression, found ','",
                   "2:39: expected an expression, found GROUP",
                   "3:44: expected a stream, table, TABLE(..) or subquery, found WHERE",
                   "3:63: expected an expression, found '>'"}));
}

TEST(ErrorTest, SoundStatementsAreKeptAndFaultyDefinitionsNamed) {
  const ParseResult result = Parse(
      "CREATE STREAM a (b STRING); CREATE STREAM c (d INT); CREATE FUNCTION f(x) RETURNS INT RETURN x;"
      "CREATE PUMP p AS INSERT INTO c SELECT; SELECT STREAM d FROM c");
  EXPECT_EQ(result.program.statements.size(), 2u);
  ASSERT_EQ(result.faulty_definitions.size(), 2u);
  EXPECT_EQ(result.faulty_definitions[0].name, "A");
  EXPECT_EQ(result.faulty_definitions[1].name, "F");
}

TEST(ErrorTest, MissingParenthesis) {
  EXPECT_EQ(Errors("SELECT STREAM a FROM (SELECT STREAM a FROM s;\nSELECT STREAM b FROM t"),
            Lines{"1:45: expected ')' to close the '(' in line 1, column 22, found ';'"});
  EXPECT_EQ(Errors("CREATE STREAM a (b INTEGER\nCREATE STREAM c (d INTEGER);"),
            Lines{"2:1: expected ',' or ')', found CREATE"});
  EXPECT_EQ(Errors("SELECT STREAM a) FROM s"), Lines{"1:16: expected FROM, found ')'"});
}

TEST(ErrorTest, OpenQuotes) {
  EXPECT_EQ(Errors("SELECT STREAM a FROM s WHERE b = 'x"), Lines{"1:34: character literal is never closed"});
  EXPECT_EQ(
      Errors("SELECT STREAM a FROM s WHERE b = 'x AND c = 1;\nSELECT STREAM a FROM s WHERE b = 'y';\n"),
      Lines{"2:36: character literal is never closed; the one at line 1, column 34 runs over the end of its line; "
            "perhaps its quote is missing"});
  EXPECT_EQ(Errors("SELECT STREAM \"a FROM s;\nSELECT STREAM b FROM s"),
            Lines{"1:15: the quoted name is not closed in its line"});
}

TEST(ErrorTest, Names) {
  const std::string longest(128, 'a');
  EXPECT_EQ(Errors("SELECT STREAM " + longest + ", \"" + longest + "\" FROM s"), Lines{});
  EXPECT_EQ(Errors("SELECT STREAM " + longest + "b FROM s"), Lines{"1:15: name of 129 characters, at most 128"});
  EXPECT_EQ(Errors("SELECT STREAM \"\" FROM s"), Lines{"1:15: name of 0 characters, allowed 1 to 128"});
  EXPECT_EQ(
      Errors("CREATE STREAM select (a INT)"),
      Lines{"1:15: expected the stream's name, found select; a reserved word needs quotes to be a name: \"SELECT\""});
}

TEST(ErrorTest, Encodings) {
  EXPECT_EQ(Errors(std::string("\xff\xfeS\0E\0", 6)), Lines{"1:1: the text is UTF-16; save it as UTF-8"});
  EXPECT_EQ(Errors("SELECT STREAM a FROM s\nWHERE b = '\xe4'"),
            Lines{"2:12: the text is not valid UTF-8; save it as UTF-8"});
  EXPECT_EQ(Errors(std::string_view("SELECT STREAM a\0 FROM s", 23)), Lines{"1:16: unexpected byte 0x00"});
}

}  // namespace
}  // namespace tailrace::sql
