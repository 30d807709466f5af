#include "sql/functions/fast_regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"

namespace tailrace::sql {
namespace {

using ::testing::HasSubstr;

// The groups joined by |, "no row", or the error.
std::string Match(std::string_view text, std::string_view pattern) {
  const auto regex = FastRegex::Compile(pattern);
  if (!regex.ok()) return regex.error().message;
  std::vector<std::string_view> groups(regex->group_count());
  if (!regex->Match(text, groups)) return "no row";
  std::vector<std::string> texts(groups.begin(), groups.end());
  return Join(texts, "|");
}

TEST(FastRegexTest, FollowsTheDialectsTable) {
  EXPECT_EQ(Match("Mary_had_a_little_lamb", "(.*)_(._.*)_.*"), "Mary_had|a_little");
  EXPECT_EQ(Match("Mary_had_a_little_lamb", "(.*)_+(._.*)"), "no row");
  EXPECT_EQ(Match("Mary____had_a_little_lamb", "(.*)_+(.*)"), "Mary|had_a_little_lamb");
  EXPECT_EQ(Match("Mary____had_a_little_lamb", "(.*)_+(<Alpha>.*)"), "Mary|had_a_little_lamb");
}

TEST(FastRegexTest, ReadsTheWholeSyntax) {
  EXPECT_EQ(Match("ab12", "([a-z]+)([0-9]{2})"), "ab|12");
  EXPECT_EQ(Match("ab12", "([^0-9]*)(<Digit>{1,3})"), "ab|12");
  EXPECT_EQ(Match("a.b", "(a)\\.(b)"), "a|b");
  EXPECT_EQ(Match("axb", "(a)\\.(b)"), "no row");
  EXPECT_EQ(Match("x|y", "(x)\"|\"(y)"), "x|y");
  EXPECT_EQ(Match("cat", "(cat|dog)"), "cat");
  EXPECT_EQ(Match("dog", "(cat|dog)"), "dog");
  EXPECT_EQ(Match("cow", "(cat|dog)"), "no row");
  EXPECT_EQ(Match("a1", "([a-z0-9]{2}&@[0-9]@)"), "a1");
  EXPECT_EQ(Match("ab", "([a-z0-9]{2}&@[0-9]@)"), "no row");
  EXPECT_EQ(Match("anything at all", "(@)"), "anything at all");
  EXPECT_EQ(Match("", "()"), "");
  EXPECT_EQ(Match("a", "(#)"), "no row");
  EXPECT_EQ(Match("007", "(<000-010>)"), "007");
  EXPECT_EQ(Match("011", "(<000-010>)"), "no row");
  EXPECT_EQ(Match("0042", "(<7-120>)"), "0042");
  EXPECT_EQ(Match("120", "(<7-120>)"), "120");
  EXPECT_EQ(Match("121", "(<7-120>)"), "no row");
  EXPECT_EQ(Match("6", "(<7-120>)"), "no row");
  EXPECT_EQ(Match("abab-x", "((ab)*)-(x)"), "abab|x");
  EXPECT_EQ(Match("ababc", "(ab)*(c)"), "c");
  EXPECT_EQ(Match("color", "(colou?r)"), "color");
  EXPECT_EQ(Match("\u00e9\u00e8-\u00ea", "(.*)-(.)"), "\u00e9\u00e8|\u00ea");
  EXPECT_EQ(Match("aaa", "(a{3,})"), "aaa");
  EXPECT_EQ(Match("aa", "(a{3,})"), "no row");
}

TEST(FastRegexTest, ConsumesEverythingOrNothing) {
  EXPECT_EQ(Match("abc", "(ab)"), "no row");
  EXPECT_EQ(Match("key=value rest", "(.*)=(.*) .*"), "key|value");
  EXPECT_EQ(Match("key=value", "key=(.*)"), "value");
}

TEST(FastRegexTest, RefusesWhatItCannotRead) {
  EXPECT_THAT(Match("", "abc"), HasSubstr("no group"));
  EXPECT_THAT(Match("", "(a"), HasSubstr("( without )"));
  EXPECT_THAT(Match("", "(a))"), HasSubstr("unmatched )"));
  EXPECT_THAT(Match("", "([a"), HasSubstr("[ without ]"));
  EXPECT_THAT(Match("", "(*)"), HasSubstr("nothing to repeat"));
  EXPECT_THAT(Match("", "(<Nope>)"), HasSubstr("unknown class <Nope>"));
  EXPECT_THAT(Match("", "(a{9999})"), HasSubstr("more than 1000 times"));
  EXPECT_THAT(Match("", "(a)|(b)"), HasSubstr("must stand inside a group"));
  EXPECT_THAT(Match("", StrCat("(", std::string(200, '('), "a", std::string(200, ')'), ")")), HasSubstr("levels"));
  EXPECT_THAT(Match("", "((a|b)*a(a|b){20})"), HasSubstr("states"));
}

}  // namespace
}  // namespace tailrace::sql
