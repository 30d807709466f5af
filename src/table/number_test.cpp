#include "table/number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/rng.h"
#include "base/str.h"
#include "sim/sim.h"

namespace tailrace::table {
namespace {

std::string Text(std::string_view text) {
  const auto number = Number::Parse(text);
  return number.ok() ? number->ToString() : "error";
}

TEST(NumberTest, PrintsExactly) {
  EXPECT_EQ(Text("2.55"), "2.55");
  EXPECT_EQ(Text("2.50"), "2.5");
  EXPECT_EQ(Text("-0.001"), "-0.001");
  EXPECT_EQ(Text("00100"), "100");
  EXPECT_EQ(Text("1e3"), "1000");
  EXPECT_EQ(Text("1.5E-2"), "0.015");
  EXPECT_EQ(Text("-0.0"), "0");
  EXPECT_EQ(Text("+7"), "7");
  EXPECT_EQ(Text("12345678901234567890123456789012345678"), "12345678901234567890123456789012345678");
  EXPECT_EQ(Text("0.12345678901234567890123456789012345678"), "0.12345678901234567890123456789012345678");
  EXPECT_EQ(Text("1.5e100"), "1.5E+100");
  EXPECT_EQ(Text("1e-130"), "1E-130");
  EXPECT_EQ(Text("9.9e125"), "9.9E+125");
  EXPECT_EQ(Number(INT64_MIN).ToString(), "-9223372036854775808");
  EXPECT_EQ(Number(1200).ToString(), "1200");
}

TEST(NumberTest, RefusesWhatIsNoNumberOrTooLarge) {
  for (const std::string_view text : {"", "-", ".", "abc", "1 ", " 1", "1e", "1.2.3", "0x1", "NaN", "1e126", "1e-131",
                                      "123456789012345678901234567890123456789", "1e99999999999"}) {
    EXPECT_EQ(Text(text), "error") << text;
  }
}

TEST(NumberTest, AddsExactly) {
  const auto sum = [](std::string_view a, std::string_view b) {
    const auto result = Number::Add(Number::Parse(a).value(), Number::Parse(b).value());
    return result.ok() ? result->ToString() : "error";
  };
  EXPECT_EQ(sum("0.1", "0.2"), "0.3");
  EXPECT_EQ(sum("999", "1"), "1000");
  EXPECT_EQ(sum("1", "-1"), "0");
  EXPECT_EQ(sum("-2.5", "1"), "-1.5");
  EXPECT_EQ(sum("1", "-2.5"), "-1.5");
  EXPECT_EQ(sum("0", "-7"), "-7");
  EXPECT_EQ(sum("1e30", "1e-8"), "error");  // 39 digits.
  EXPECT_EQ(sum("1e30", "1e-7"), "1000000000000000000000000000000.0000001");
}

TEST(NumberTest, OrderedBytesSortAsTheNumbers) {
  const std::vector<std::string_view> ascending = {"-1e100", "-12.5", "-12",  "-2",   "-1.5", "-1",   "-0.5", "-1e-99",
                                                   "0",      "1e-99", "0.05", "0.5",  "0.55", "1",    "1.01", "1.5",
                                                   "2",      "10",    "12",   "12.5", "100",  "1e100"};
  std::vector<std::string> encoded;
  for (const std::string_view text : ascending) Number::Parse(text).value().AppendOrdered(encoded.emplace_back());
  EXPECT_TRUE(std::ranges::is_sorted(encoded));
  for (size_t i = 1; i < encoded.size(); ++i) {
    EXPECT_FALSE(encoded[i].starts_with(encoded[i - 1])) << ascending[i];
    EXPECT_FALSE(encoded[i - 1].starts_with(encoded[i])) << ascending[i];
  }
  Rng rng(3);
  for (int i = 0; i < 2000; ++i) {  // Integers against the machine's own order and sums.
    const auto a = static_cast<int64_t>(rng.Below(2'000'000)) - 1'000'000;
    const auto b = static_cast<int64_t>(rng.Below(2'000'000)) - 1'000'000;
    EXPECT_EQ(Number(a) < Number(b), a < b) << a << " " << b;
    int64_t sum = 0;
    EXPECT_TRUE(Number::Add(Number(a), Number(b)).value().ToInt64(sum));
    EXPECT_EQ(sum, a + b);
  }
}

}  // namespace
}  // namespace tailrace::table
