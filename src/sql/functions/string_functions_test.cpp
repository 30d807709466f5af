#include "sql/functions/string_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"
#include "sql/functions/letter_case.h"

namespace tailrace::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(StringFunctionsTest, CountsCharacters) {
  EXPECT_EQ(CallText("CHAR_LENGTH", {Text("caf\u00e9")}), "4");
  EXPECT_EQ(CallText("CHARACTER_LENGTH", {Char("a               ")}), "16");
  EXPECT_EQ(CallText("OCTET_LENGTH", {Text("caf\u00e9")}), "5");
  EXPECT_EQ(CallText("CHAR_LENGTH", {Null()}), "NULL");
  EXPECT_EQ(CallText("CHAR_LENGTH", {Int(1)}),
            "REFUSED Cannot apply 'CHAR_LENGTH' to arguments of type 'CHAR_LENGTH(<INTEGER>)'");
}

TEST(StringFunctionsTest, MapsCase) {
  EXPECT_EQ(ToUpper("stra\u00dfe \u00e9\u00ff \u03c2\u03ac \u0436\u0451 \u0133 x1"),
            "STRASSE \u00c9\u0178 \u03a3\u0386 \u0416\u0401 \u0132 X1");
  EXPECT_EQ(ToLower("\u00c9\u0178 \u03a3\u0386 \u0416\u0401 \u0132 X1"),
            "\u00e9\u00ff \u03c3\u03ac \u0436\u0451 \u0133 x1");
  EXPECT_EQ(ToUpper("\u65e5\u672c \xff\xe9"), "\u65e5\u672c \xff\xe9");
  EXPECT_EQ(ToInitialCapitals("hELLO  big-wORLD \u00e9A"), "Hello  Big-world \u00c9a");
  EXPECT_EQ(CallText("UPPER", {Text("AbC")}), "ABC");
  EXPECT_EQ(CallText("LOWER", {Text("AbC")}), "abc");
  EXPECT_EQ(CallText("INITCAP", {Text("abc def")}), "Abc Def");
}

TEST(StringFunctionsTest, OverlaysByTheDialectsTable) {
  const auto overlay = [](int64_t from) { return CallText("OVERLAY", {Text("12345"), Text("foo"), Int(from)}); };
  const auto overlay_for = [](int64_t from, int64_t length) {
    return CallText("OVERLAY", {Text("12345"), Text("foo"), Int(from), Int(length)});
  };
  EXPECT_EQ(overlay(1), "foo45");
  EXPECT_EQ(overlay(0), "foo345");
  EXPECT_EQ(overlay(-2), "foo12345");
  EXPECT_EQ(overlay(4), "123foo");
  EXPECT_EQ(overlay(17), "12345foo");
  EXPECT_EQ(overlay_for(2, 0), "1foo2345");
  EXPECT_EQ(overlay_for(2, 2), "1foo45");
  EXPECT_EQ(overlay_for(2, 9), "1foo");
  EXPECT_THAT(overlay_for(2, -1), StartsWith("ERROR INVALID_ARGUMENT"));
  EXPECT_EQ(CallText("OVERLAY", {Text("a\u00e9z"), Text("-"), Int(2)}), "a-z");
}

TEST(StringFunctionsTest, FindsPositions) {
  EXPECT_EQ(CallText("POSITION", {Text(".com"), Text("http://www.amazon.com")}), "18");
  EXPECT_EQ(CallText("POSITION", {Text("x"), Text("abc")}), "0");
  EXPECT_EQ(CallText("POSITION", {Text(""), Text("abc")}), "1");
  EXPECT_EQ(CallText("POSITION", {Text("z"), Text("\u00e9\u00e9z")}), "3");
  EXPECT_EQ(CallText("POSITION", {Null(), Text("abc")}), "NULL");
}

TEST(StringFunctionsTest, Trims) {
  const auto trim = [](ast::TrimSide side, std::vector<TestValue> args, bool literals = true) {
    ast::Call call;
    call.trim = side;
    return Call("TRIM", args, call, literals).text;
  };
  EXPECT_EQ(trim(ast::TrimSide::kBoth, {Text(" Trim front and back ")}), "Trim front and back");
  EXPECT_EQ(trim(ast::TrimSide::kBoth, {Text(" Trim front and back "), Text(" ")}), "Trim front and back");
  EXPECT_EQ(trim(ast::TrimSide::kLeading, {Text("xxxTrim frontxxx"), Text("x")}), "Trim frontxxx");
  EXPECT_EQ(trim(ast::TrimSide::kTrailing, {Text("xxxTrimxBackxxx"), Text("x")}), "xxxTrimxBack");
  EXPECT_EQ(trim(ast::TrimSide::kBoth, {Text("xxxNo y to trimxxx"), Text("y")}), "xxxNo y to trimxxx");
  EXPECT_EQ(trim(ast::TrimSide::kBoth, {Text("\u00e9a\u00e9"), Text("\u00e9")}), "a");
  EXPECT_EQ(trim(ast::TrimSide::kBoth, {Text("a"), Null()}), "NULL");
  EXPECT_THAT(trim(ast::TrimSide::kBoth, {Text("a"), Text("xy")}), HasSubstr("REFUSED TRIM takes one character"));
  EXPECT_THAT(trim(ast::TrimSide::kBoth, {Text("a"), Text("")}, false), StartsWith("ERROR INVALID_ARGUMENT"));
}

TEST(SubstringTest, CutsByPosition) {
  const auto from = [](int64_t start, int64_t length) {
    return CallText("SUBSTRING_FROM", {Text("123456789"), Int(start), Int(length)});
  };
  EXPECT_EQ(from(3, 4), "3456");
  EXPECT_EQ(from(17, 4), "");
  EXPECT_EQ(from(-1, 4), "12");
  EXPECT_EQ(from(6, 0), "");
  EXPECT_EQ(from(8, 4), "89");
  EXPECT_EQ(from(-9, 4), "");
  EXPECT_EQ(from(INT64_MIN, 4), "");
  EXPECT_THAT(from(1, -1), StartsWith("ERROR INVALID_ARGUMENT"));
  const auto comma = [](int64_t start, int64_t length) {
    return CallText("SUBSTRING", {Text("123456789"), Int(start), Int(length)});
  };
  EXPECT_EQ(comma(3, 4), "3456");
  EXPECT_EQ(comma(7, 4), "789");
  EXPECT_EQ(comma(10, 4), "NULL");
  EXPECT_EQ(CallText("SUBSTRING", {Text("123456789"), Int(-3)}), "123456789");
  EXPECT_EQ(CallText("SUBSTRING", {Text("http://www.amazon.com"), Int(12), Int(18 - 8 - 4)}), "amazon");
  EXPECT_EQ(CallText("SUBSTRING", {Text("\u00e9\u00e8z"), Int(2), Int(1)}), "\u00e8");
  EXPECT_EQ(CallText("SUBSTRING", {Null(), Int(2), Int(1)}), "NULL");
  TestValue rising = Text("abc");
  rising.monotonicity = Monotonicity::kAscending;
  EXPECT_EQ(Call("SUBSTRING_FROM", {rising, Int(1), Int(2)}).monotonicity, Monotonicity::kAscending);
  EXPECT_EQ(Call("SUBSTRING_FROM", {rising, Int(2), Int(2)}).monotonicity, Monotonicity::kNone);
}

TEST(SubstringTest, FindsByPattern) {
  EXPECT_EQ(CallText("SUBSTRING_FROM", {Text("TECHNOLOGY"), Text("L[A-Z]*")}), "LOGY");
  EXPECT_EQ(CallText("SUBSTRING_FROM", {Text("TECHNOLOGY"), Text("FOO")}), "NULL");
  EXPECT_EQ(CallText("SUBSTRING_FROM", {Text("TECHNOLOGY"), Text("O[A-Z]")}), "OL");
  EXPECT_EQ(CallText("SUBSTRING_SIMILAR", {Text("123456789"), Text("23#\"456#\"78"), Text("#")}), "456");
  EXPECT_EQ(CallText("SUBSTRING_SIMILAR", {Text("TECHNOLOGY"), Text("TECH%\"NOLO%\"GY"), Text("%")}), "NOLO");
  EXPECT_EQ(CallText("SUBSTRING_SIMILAR", {Text("TECHNOLOGY"), Text("X#\"Y#\"Z"), Text("#")}), "NULL");
  EXPECT_THAT(CallText("SUBSTRING_SIMILAR", {Text("a"), Text("X#\"Y"), Text("#")}), HasSubstr("twice"));
  EXPECT_THAT(CallText("SUBSTRING_FROM", {Text("a"), Text("(")}), StartsWith("REFUSED"));
  EXPECT_THAT(Call("SUBSTRING_FROM", {Text("a"), Text("(")}, {}, false).text, StartsWith("ERROR INVALID_PATTERN"));
}

TEST(RegexReplaceTest, ReplacesAsJavaDoes) {
  const auto replace = [](std::string_view text, std::string_view regex, std::string_view replacement,
                          int64_t start = 1, int64_t occurrence = 0) {
    return CallText("REGEX_REPLACE", {Text(text), Text(regex), Text(replacement), Int(start), Int(occurrence)});
  };
  EXPECT_EQ(replace("http://www.amazon.com", "http://", "https://"), "https://www.amazon.com");
  EXPECT_EQ(replace("a1b2c3", "([a-z])([0-9])", "$2$1"), "1a2b3c");
  EXPECT_EQ(replace("a1b2c3", "([a-z])([0-9])", "$2$1", 1, 2), "a12bc3");
  EXPECT_EQ(replace("a1b2c3", "[a-z]", "x", 2), "a1x2x3");
  EXPECT_EQ(replace("abc", "x*", "-"), "-a-b-c-");
  EXPECT_EQ(replace("abc", "b", "\\$0"), "a$0c");
  EXPECT_EQ(replace("abc", "b", "$0$0"), "abbc");
  EXPECT_EQ(replace("abc", "(b)", "$12"), "ab2c");
  EXPECT_EQ(replace("abc", "z", "x"), "abc");
  EXPECT_EQ(replace("abc", "b", "x", 9), "abc");
  EXPECT_EQ(replace("\u00e9b", "b", "x", 2), "\u00e9x");
  EXPECT_THAT(replace("abc", "b", "x", 0), StartsWith("ERROR INVALID_ARGUMENT"));
  EXPECT_THAT(replace("abc", "b", "x", 1, -1), StartsWith("ERROR INVALID_ARGUMENT"));
  EXPECT_THAT(replace("abc", "b", "$1"), HasSubstr("no group 1"));
  EXPECT_THAT(replace("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "(a+)+$", "x"), StartsWith("ERROR REGEX_LIMIT"));
  EXPECT_EQ(CallText("REGEX_REPLACE", {Text("a"), Text("a"), Null(), Int(1), Int(0)}), "NULL");
}

}  // namespace
}  // namespace tailrace::sql
