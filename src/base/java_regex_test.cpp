#include "base/java_regex.h"

#include <gtest/gtest.h>

namespace tailrace {
namespace {

bool Whole(std::string_view pattern, std::string_view subject) {
  auto regex = JavaRegex::Compile(pattern, RegexMode::kWhole);
  EXPECT_TRUE(regex.ok()) << (regex.ok() ? "" : regex.error().message);
  if (!regex.ok()) return false;
  RegexScratch scratch;
  const auto matched = regex->Matches(subject, scratch);
  EXPECT_TRUE(matched.ok()) << (matched.ok() ? "" : matched.error().message);
  return matched.ok() && *matched;
}

bool Refused(std::string_view pattern) { return !JavaRegex::Compile(pattern, RegexMode::kFind).ok(); }

TEST(JavaRegexTest, ModesAnchorAsMatcherDoes) {
  RegexScratch scratch;
  const auto find = JavaRegex::Compile("b+", RegexMode::kFind);
  const auto prefix = JavaRegex::Compile("b+", RegexMode::kPrefix);
  const auto whole = JavaRegex::Compile("b+", RegexMode::kWhole);
  EXPECT_TRUE(*find->Matches("abba", scratch));
  EXPECT_FALSE(*prefix->Matches("abba", scratch));
  EXPECT_TRUE(*prefix->Matches("bba", scratch));
  EXPECT_FALSE(*whole->Matches("bba", scratch));
  EXPECT_TRUE(*whole->Matches("bb", scratch));
  EXPECT_TRUE(Whole("a|ab", "ab"));  // matches() tries every alternative until one reaches the end.
}

TEST(JavaRegexTest, GroupsAndPositions) {
  const auto regex = JavaRegex::Compile("(a)(x)?(?<last>b+)", RegexMode::kFind);
  EXPECT_EQ(regex->group_count(), 3u);
  RegexScratch scratch;
  RegexGroup groups[4];
  const std::string_view subject = "--abb--abbb";
  ASSERT_TRUE(*regex->Match(subject, 0, scratch, groups));
  EXPECT_EQ(groups[0].In(subject), "abb");
  EXPECT_TRUE(groups[1].matched);
  EXPECT_FALSE(groups[2].matched);
  EXPECT_EQ(groups[3].In(subject), "bb");
  ASSERT_TRUE(*regex->Match(subject, groups[0].end, scratch, groups));
  EXPECT_EQ(groups[3].In(subject), "bbb");
}

TEST(JavaRegexTest, ClassUnionAndIntersection) {
  EXPECT_TRUE(Whole("[a-c[x-z]]+", "abzx"));
  EXPECT_FALSE(Whole("[a-c[x-z]]+", "abd"));
  EXPECT_TRUE(Whole("[a-z&&[^aeiou]]+", "bcd"));
  EXPECT_FALSE(Whole("[a-z&&[^aeiou]]+", "bad"));
  EXPECT_TRUE(Whole("[a-z&&[def]]", "e"));
  EXPECT_FALSE(Whole("[a-z&&[def]]", "g"));
  EXPECT_TRUE(Whole("[^a-c[x-z]]", "m"));
  EXPECT_FALSE(Whole("[^a-c[x-z]]", "y"));
  EXPECT_TRUE(Whole("[a-z&&[^m-p]&&[^b]]", "q"));
  EXPECT_FALSE(Whole("[a-z&&[^m-p]&&[^b]]", "b"));
  EXPECT_FALSE(Whole("[a-z&&[^m-p]&&[^b]]", "n"));
  EXPECT_TRUE(Whole("[^a-z&&[b]]", "b") == false);
  EXPECT_TRUE(Whole("[]a]+", "]a"));
  EXPECT_TRUE(Whole("[a&]+", "a&"));
  EXPECT_TRUE(Whole("[\\w-]+", "a-b"));
  EXPECT_TRUE(Whole("[+-]+", "+-"));
}

TEST(JavaRegexTest, Escapes) {
  EXPECT_TRUE(Whole("\\u0041\\x42\\x{43}\\0104", "ABCD"));
  EXPECT_TRUE(Whole("\\ud83d\\ude00", "\xF0\x9F\x98\x80"));
  EXPECT_TRUE(Whole("\\t\\e\\a\\f\\cA", "\t\x1b\x07\f\x01"));
  EXPECT_TRUE(Whole("\\Qa.b[\\E+", "a.b[["));
  EXPECT_FALSE(Whole("\\Qa.b\\E", "axb"));
  EXPECT_TRUE(Whole("[\\[\\]\\\\]+", "[]\\"));
  EXPECT_TRUE(Whole("(a)(b)\\2\\1", "abba"));
  EXPECT_TRUE(Whole("(a)\\11", "aa1"));  // One group: \1, then the digit 1.
  EXPECT_TRUE(Whole("(?<x>ab)\\k<x>", "abab"));
  EXPECT_TRUE(Whole("\\p{Alpha}+\\p{Punct}", "ab!"));
  EXPECT_FALSE(Whole("\\p{Alpha}", "\xC3\xA9"));
  EXPECT_TRUE(Whole("\\p{IsAlphabetic}\\p{L}\\pL\\p{javaLowerCase}", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"));
  EXPECT_TRUE(Whole("[\\P{Digit}]+", "a-"));
  EXPECT_FALSE(Whole("[\\P{Digit}]+", "a1"));
  EXPECT_TRUE(Whole("\\p{IsLatin}\\p{script=Greek}", "a\xCE\xB1"));
  EXPECT_FALSE(Whole("\\w", "\xC3\xA9"));
  EXPECT_FALSE(Whole("\\d", "\xD9\xA3"));  // ARABIC-INDIC DIGIT THREE: Java's \d is ASCII.
}

TEST(JavaRegexTest, DotKnowsJavasLineEnds) {
  EXPECT_FALSE(Whole(".", "\n"));
  EXPECT_FALSE(Whole(".", "\r"));
  EXPECT_FALSE(Whole(".", "\xC2\x85"));
  EXPECT_TRUE(Whole(".", "\x0b"));
  EXPECT_TRUE(Whole("(?s).", "\n"));
  EXPECT_TRUE(Whole("(?s:.).", "\na"));
  EXPECT_FALSE(Whole("(?s:.).", "\n\n"));
  EXPECT_TRUE(Whole("(?d).", "\r"));
  EXPECT_TRUE(Whole("(?i)aB", "Ab"));
  EXPECT_TRUE(Whole("(?x) a b # comment ) [", "ab"));
  EXPECT_TRUE(Whole("(?m)^a$\\n^b$", "a\nb"));
}

TEST(JavaRegexTest, RefusesWhatJavaRefuses) {
  for (const char* pattern : {"(", ")", "[a", "a\\", "\\y", "(?P<a>b)", "(*UTF8)a", "\\p{InGreek}", "\\u12", "\\C",
                              "*a", "[z-a]", "(?<1a>b)", "\\p{Nonsense}", "(?#c)a", "\\ud800"}) {
    EXPECT_TRUE(Refused(pattern)) << pattern;
  }
}

TEST(JavaRegexTest, GivesUpOnCatastrophicPatterns) {
  const auto regex = JavaRegex::Compile("(a+)+[0-9x]", RegexMode::kWhole);
  RegexScratch scratch;
  const auto matched = regex->Matches(std::string(64, 'a') + "c", scratch);
  ASSERT_FALSE(matched.ok());
  EXPECT_EQ(matched.error().code, ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace tailrace
