#include <gtest/gtest.h>

#include <ctime>

#include "sql/parser.h"

// Goal    Texts without end, depth or sense cost neither stack nor quadratic time.

namespace tailrace::sql {
namespace {

std::string Repeat(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

std::string FirstError(const std::string& text) {
  const std::vector<Diagnostic> diagnostics = Parse(text).diagnostics;
  return diagnostics.empty() ? "" : diagnostics[0].message;
}

TEST(LimitTest, NestedExpressions) {
  const auto nested = [](size_t levels) {
    return "SELECT STREAM " + Repeat("(", levels) + "a" + Repeat(")", levels) + " FROM s";
  };
  EXPECT_EQ(FirstError(nested(198)), "");
  EXPECT_EQ(FirstError(nested(100'000)), "nested deeper than 200 levels");
}

TEST(LimitTest, EveryKindOfNesting) {
  for (const char* open :
       {"NOT ", "- ", "f(", "CASE WHEN ", "(a, ", "CAST(", "a IN (", "CURSOR(SELECT STREAM ", "TRIM(", "{fn ",
        "PERIOD(", "EXISTS(SELECT a FROM (", "(a, b) OVERLAPS (", "SUM(a) OVER (PARTITION BY "}) {
    EXPECT_NE(FirstError("SELECT STREAM " + Repeat(open, 20'000) + "a"), "") << open;
  }
  EXPECT_NE(FirstError("SELECT STREAM a FROM " + Repeat("(SELECT STREAM a FROM ", 20'000)), "");
  EXPECT_NE(FirstError("SELECT STREAM a FROM " + Repeat("(", 20'000)), "");
  EXPECT_NE(FirstError(Repeat("(", 20'000) + "SELECT a FROM b"), "");
}

TEST(LimitTest, ChainsThatCannotBeBalanced) {
  EXPECT_EQ(FirstError("SELECT STREAM a" + Repeat(" + a", 190) + " FROM s"), "");
  EXPECT_EQ(FirstError("SELECT STREAM a" + Repeat(" + a", 20'000) + " FROM s"), "expression has more than 200 levels");
  EXPECT_EQ(FirstError("SELECT a FROM s" + Repeat(" UNION ALL SELECT a FROM s", 190)), "");
  EXPECT_EQ(FirstError("SELECT a FROM s" + Repeat(" UNION ALL SELECT a FROM s", 20'000)),
            "query has more than 200 levels");
  EXPECT_EQ(FirstError("SELECT a FROM s" + Repeat(" CROSS JOIN s", 20'000)), "query has more than 200 levels");
  // Chains inside parentheses inside chains add up.
  std::string text = "a";
  for (int level = 0; level < 10; ++level) text = "(" + text + Repeat(" * a", 50) + ")";
  EXPECT_EQ(FirstError("SELECT STREAM " + text + " FROM s"), "expression has more than 200 levels");
}

TEST(LimitTest, LongProgramsAreTaken) {
  const std::string statement = "INSERT INTO t SELECT STREAM a, b AS \"x\", c || 'y' FROM s WHERE a > 1;\n";
  const std::string text = Repeat(statement, kProgramBytesMax / statement.size());
  const ParseResult result = Parse(text);
  EXPECT_TRUE(result.diagnostics.empty());
  EXPECT_EQ(result.program.statements.size(), kProgramBytesMax / statement.size());
  EXPECT_EQ(FirstError(text + statement), "the program is too long: 1.0 MiB, at most 1.0 MiB");
}

TEST(LimitTest, ErrorsAreLimited) {
  EXPECT_EQ(Parse(Repeat("x;", 5'000)).diagnostics.size(), kDiagnosticsMax);
  EXPECT_EQ(Parse(Repeat("a\xe2\x80\x93", 5'000)).diagnostics.size(), kDiagnosticsMax);
}

TEST(LimitTest, HostileTextsTakeLinearTime) {
  constexpr size_t kBytes = 30'000;
  for (const std::string_view piece : {"(",
                                       ")",
                                       "((a)",
                                       "a,",
                                       "a ",
                                       "'",
                                       "\"",
                                       "u&'\\0041' ",
                                       "SELECT a FROM (",
                                       "x INT ",
                                       "a.",
                                       "1 ",
                                       "/*",
                                       "a IN (",
                                       "- ",
                                       ";",
                                       "; WHERE ",
                                       "(;WHERE ",
                                       "CASE ",
                                       "{",
                                       "SELCET ",
                                       "a b c, ",
                                       "\xe2\x80\x9c",
                                       "\xe2\x80\x98",
                                       "(a,b) OVERLAPS (c,d) "}) {
    for (const std::string_view head : {"", "SELECT STREAM ", "CREATE STREAM a (", "SELECT STREAM a FROM "}) {
      const std::string text = std::string(head) + Repeat(piece, kBytes / piece.size());
      const std::clock_t begin = std::clock();
      Parse(text);
      // Processor time: linear texts take some tens of milliseconds, several times that with sanitizers.
      EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC) << head << piece;
    }
  }
}

}  // namespace
}  // namespace tailrace::sql
