#include "sql/diagnostic.h"

#include <gtest/gtest.h>

namespace tailrace::sql {
namespace {

TEST(LocateTest, CountsLinesAndCodePoints) {
  const std::string text = "a\r\n  \xc3\xa4x\n\ny";
  EXPECT_EQ(Locate(text, 0).line, 1u);
  EXPECT_EQ(Locate(text, 0).column, 1u);
  EXPECT_EQ(Locate(text, 7).line, 2u);  // The x behind two blanks and one letter of two bytes.
  EXPECT_EQ(Locate(text, 7).column, 4u);
  EXPECT_EQ(Locate(text, 10).line, 4u);
  EXPECT_EQ(Locate(text, 10).column, 1u);
  EXPECT_EQ(Locate(text, 11).column, 2u);  // The end of the text.
}

TEST(LocateTest, ByteOrderMarkTakesNoColumn) { EXPECT_EQ(Locate("\xef\xbb\xbfSELECT", 3).column, 1u); }

TEST(FormatTest, OneLine) {
  const Diagnostic error{.range = {4, 5}, .message = "unknown column", .hint = "did you mean b?"};
  EXPECT_EQ(Format(error, "monitor.sql", "one\ntwo"), "monitor.sql:2:1: unknown column; did you mean b?");
  const Diagnostic warning{.severity = Severity::kWarning, .range = {0, 3}, .message = "odd"};
  EXPECT_EQ(Format(warning, "", "one"), "1:1: warning: odd");
}

TEST(FormatTest, SourceLineWithMarks) {
  const Diagnostic error{.range = {8, 12}, .message = "no such column"};
  EXPECT_EQ(FormatWithSource(error, "a.sql", "SELECT\n\tname x"), "a.sql:2:2: no such column\n\tname x\n\t^~~~");
}

TEST(FormatTest, MarksEndWithTheLine) {
  const Diagnostic error{.range = {2, 9}, .message = "open"};
  EXPECT_EQ(FormatWithSource(error, "", "a 'bc\r\ndef"), "1:3: open\na 'bc\n  ^~~");
  const Diagnostic end{.range = {3, 3}, .message = "end"};
  EXPECT_EQ(FormatWithSource(end, "", "abc"), "1:4: end\nabc\n   ^");
}

}  // namespace
}  // namespace tailrace::sql
