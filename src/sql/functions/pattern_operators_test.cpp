#include "sql/functions/pattern_operators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using ::testing::HasSubstr;

struct Row {
  const char* text;
  const char* pattern;
  const char* escape;
  const char* result;
};

// Both as a literal pattern and as one that comes with the row.
void ExpectTable(std::string_view name, std::span<const Row> rows) {
  for (const Row& row : rows) {
    std::vector<TestValue> args = {Text(row.text), Text(row.pattern)};
    if (row.escape[0] != '\0') args.push_back(Text(row.escape));
    EXPECT_EQ(Call(name, args).text, row.result) << row.text << " " << name << " " << row.pattern;
    EXPECT_EQ(Call(name, args, {}, false).text, row.result) << row.text << " " << name << " " << row.pattern;
  }
}

TEST(LikeTest, FollowsTheDialectsTable) {
  constexpr Row kTable[] = {
      {"a", "a", "", "TRUE"},
      {"a", "A", "", "FALSE"},
      {"a", "b", "", "FALSE"},
      {"ab", "a_", "", "TRUE"},
      {"ab", "a%", "", "TRUE"},
      {"ab", "a\\_", "\\", "FALSE"},
      {"ab", "a\\%", "\\", "FALSE"},
      {"a_", "a\\_", "\\", "TRUE"},
      {"a%", "a\\%", "\\", "TRUE"},
      {"a", "a_", "", "FALSE"},
      {"a", "a%", "", "TRUE"},
      {"abcd", "a_", "", "FALSE"},
      {"abcd", "a%", "", "TRUE"},
      {"", "", "", "TRUE"},
      {"1a", "_a", "", "TRUE"},
      {"123aXYZ", "%a%", "", "TRUE"},
      {"123aXYZ", "_%_a%_", "", "TRUE"},
  };
  ExpectTable("LIKE", kTable);
}

TEST(LikeTest, FindsItsWayAmongSeveralRuns) {
  constexpr Row kTable[] = {
      {"aXbXc", "a%b%c", "", "TRUE"},
      {"ab", "a%b%b", "", "FALSE"},
      {"abab", "%ab_b", "", "TRUE"},
      {"aab", "%_ab", "", "TRUE"},
      {"ab", "%_ab", "", "FALSE"},
      {"\xc3\xa4"
       "b",
       "_b", "", "TRUE"},
      {"\xc3\xa4", "__", "", "FALSE"},
      {"x\xc3\xa4", "%_", "", "TRUE"},
      {"aaa", "%a_a%", "", "TRUE"},
      {"", "%", "", "TRUE"},
      {"", "_", "", "FALSE"},
      {"abcabd", "%ab_", "", "TRUE"},
      {"a", "a%a", "", "FALSE"},
      {"50%", "%!%", "!", "TRUE"},
      {"\xc3\xa4t\xc3\xa4", "\xc3\xa4%_", "", "TRUE"},
  };
  ExpectTable("LIKE", kTable);
}

TEST(LikeTest, NullAndErrors) {
  EXPECT_EQ(CallText("LIKE", {Null(), Text("a")}), "NULL");
  EXPECT_EQ(CallText("LIKE", {Text("a"), Null()}), "NULL");
  EXPECT_THAT(CallText("LIKE", {Text("a"), Text("a"), Text("xy")}), HasSubstr("ESCAPE must be one character"));
  EXPECT_THAT(CallText("LIKE", {Text("a"), Text("a\\"), Text("\\")}), HasSubstr("ends with its escape"));
  EXPECT_THAT(Call("LIKE", {Text("a"), Text("a\\"), Text("\\")}, {}, false).text,
              ::testing::StartsWith("ERROR INVALID_PATTERN"));
  EXPECT_EQ(CallText("LIKE", {Int(1), Text("a")}),
            "REFUSED Cannot apply 'LIKE' to arguments of type '<INTEGER> LIKE <VARCHAR(1)>'");
}

TEST(SimilarTest, FollowsTheDialectsTable) {
  constexpr Row kTable[] = {
      {"a", "a", "", "TRUE"},
      {"a", "A", "", "FALSE"},
      {"a", "b", "", "FALSE"},
      {"ab", "a_", "", "TRUE"},
      {"ab", "a%", "", "TRUE"},
      {"a", "a_", "", "FALSE"},
      {"a", "a%", "", "TRUE"},
      {"abcd", "a_", "", "FALSE"},
      {"abcd", "a%", "", "TRUE"},
      {"", "", "", "TRUE"},
      {"1a", "_a", "", "TRUE"},
      {"123aXYZ", "", "", "FALSE"},
      {"123aXYZ", "%a%", "", "TRUE"},
      {"123aXYZ", "_%_a%_", "", "TRUE"},
      {"xy", "(xy)", "", "TRUE"},
      {"abd", "[ab][bcde]d", "", "TRUE"},
      {"bdd", "[ab][bcde]d", "", "TRUE"},
      {"abd", "[ab]d", "", "FALSE"},
      {"cd", "[a-e]d", "", "TRUE"},
      {"cd", "[a-e^c]d", "", "FALSE"},
      {"ad", "[a-e^c]d", "", "TRUE"},
      {"yd", "[^a-e]d", "", "TRUE"},
      {"amy", "amy|fred", "", "TRUE"},
      {"fred", "amy|fred", "", "TRUE"},
      {"mike", "amy|fred", "", "FALSE"},
      {"acd", "ab*c+d", "", "TRUE"},
      {"accccd", "ab*c+d", "", "TRUE"},
      {"abd", "ab*c+d", "", "FALSE"},
      {"aabc", "ab*c+d", "", "FALSE"},
      {"abb", "a(b{3})", "", "FALSE"},
      {"abbb", "a(b{3})", "", "TRUE"},
      {"abbbbb", "a(b{3})", "", "FALSE"},
      {"abbbbb", "ab{3,6}", "", "TRUE"},
      {"abbbbbbbb", "ab{3,6}", "", "FALSE"},
      {"", "ab?", "", "FALSE"},
      {"", "(ab)?", "", "TRUE"},
      {"a", "ab?", "", "TRUE"},
      {"a", "(ab)?", "", "FALSE"},
      {"a", "a(b?)", "", "TRUE"},
      {"ab", "ab?", "", "TRUE"},
      {"ab", "a(b?)", "", "TRUE"},
      {"abb", "ab?", "", "FALSE"},
      {"ab", "a\\_", "\\", "FALSE"},
      {"ab", "a\\%", "\\", "FALSE"},
      {"a_", "a\\_", "\\", "TRUE"},
      {"a%", "a\\%", "\\", "TRUE"},
      {"a(b{3})", "a(b{3})", "", "FALSE"},
      {"a(b{3})", "a\\(b\\{3\\}\\)", "\\", "TRUE"},
      {"INFOTECH", "%TECH%", "", "TRUE"},
      {"a.b", "a.b", "", "TRUE"},
      {"axb", "a.b", "", "FALSE"},
      {"a\nb", "a%b", "", "TRUE"},
      {"q7", "[[:ALPHA:]][[:DIGIT:]]", "", "TRUE"},
  };
  ExpectTable("SIMILAR TO", kTable);
}

TEST(SimilarTest, RefusesInvalidPatterns) {
  EXPECT_THAT(CallText("SIMILAR TO", {Text("cd"), Text("[^(a-e)]d")}), HasSubstr("cannot stand inside brackets"));
  EXPECT_THAT(CallText("SIMILAR TO", {Text("cd"), Text("[a")}), HasSubstr("[ without ]"));
  EXPECT_THAT(CallText("SIMILAR TO", {Text("cd"), Text("[a[:]")}), HasSubstr("unknown class"));
  EXPECT_THAT(CallText("SIMILAR TO", {Text("cd"), Text("a{x}")}), HasSubstr("one or two numbers"));
  EXPECT_THAT(CallText("SIMILAR TO", {Text("cd"), Text("(a")}), ::testing::StartsWith("REFUSED"));
  EXPECT_THAT(Call("SIMILAR TO", {Text("cd"), Text("(a")}, {}, false).text,
              ::testing::StartsWith("ERROR INVALID_PATTERN"));
  EXPECT_EQ(CallText("SIMILAR TO", {Null(), Text("a")}), "NULL");
}

TEST(ConcatTest, JoinsTexts) {
  EXPECT_EQ(CallText("||", {Char("SQL"), Text("stream")}), "SQLstream");
  EXPECT_EQ(CallText("||", {Text("a"), Null()}), "NULL");
  EXPECT_EQ(Call("||", {Text("abc"), Text("de")}).type, data::Type::Varchar(5));
  EXPECT_EQ(CallText("||", {Text("a"), Int(1)}),
            "REFUSED Cannot apply '||' to arguments of type '<VARCHAR(1)> || <INTEGER>'");
}

}  // namespace
}  // namespace tailrace::sql
