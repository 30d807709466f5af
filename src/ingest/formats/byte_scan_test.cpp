#include "ingest/formats/byte_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/rng.h"

namespace tailrace::ingest {
namespace {

std::string RandomText(Rng& rng, size_t size) {
  constexpr std::string_view kBytes = "\"\\\n\x1f \x7f,az{}\x80\xff";
  std::string text;
  for (size_t i = 0; i < size; ++i) text += rng.Chance(0.5) ? 'a' : kBytes[rng.Below(kBytes.size())];
  return text;
}

TEST(ByteScanTest, AgreesWithLookingAtEveryByte) {
  Rng rng(1);
  for (size_t size = 0; size < 200; ++size) {
    const std::string text = RandomText(rng, size);
    std::vector<uint32_t> specials(size + kSpecialsSlack);
    specials.resize(FindStringSpecials(text, specials.data()));
    std::vector<uint32_t> expected_specials;
    for (uint32_t i = 0; i < size; ++i) {
      const auto byte = static_cast<uint8_t>(text[i]);
      const bool special = byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x80;
      EXPECT_EQ(IsStringSpecial(text[i]), special) << size << " " << i;
      if (special) expected_specials.push_back(i);
    }
    EXPECT_EQ(specials, expected_specials) << size;
    std::vector<uint64_t> marks(size / 64 + 1, ~uint64_t{0});
    MarkThree(text, ',', '\n', '{', marks.data());
    for (size_t i = 0; i < size; ++i) {
      const bool one = text[i] == ',' || text[i] == '\n' || text[i] == '{';
      EXPECT_EQ((marks[i / 64] >> (i % 64) & 1) != 0, one) << size << " " << i;
    }
    const size_t expected = std::min(text.find_first_of(",\n{"), size);
    EXPECT_EQ(FindOneOf(text.data(), text.data() + size, ',', '\n', '{') - text.data(),
              static_cast<ptrdiff_t>(expected));
    const std::string padded = text + std::string(16, 'x');
    EXPECT_TRUE(SameBytes(text.data(), text.data() + size, padded.data(), size));
    if (size == 0) continue;
    EXPECT_FALSE(SameBytes(text.data(), text.data() + size - 1, padded.data(), size));
    std::string other = padded;
    other[rng.Below(size)] ^= 1;
    EXPECT_FALSE(SameBytes(text.data(), text.data() + size, other.data(), size));
  }
}

TEST(ByteScanTest, FindsSpecialsWhereThereIsNothingElse) {
  for (size_t size = 0; size < 300; ++size) {
    std::vector<uint32_t> specials(size + kSpecialsSlack);
    ASSERT_EQ(FindStringSpecials(std::string(size, '"'), specials.data()), size);
    for (uint32_t i = 0; i < size; ++i) ASSERT_EQ(specials[i], i) << size;
  }
}

TEST(ByteScanTest, CountsAndFindsOneByte) {
  Rng rng(2);
  for (size_t size = 0; size < 300; ++size) {
    const std::string text = RandomText(rng, size);
    EXPECT_EQ(CountByte(text, '\n'), static_cast<size_t>(std::ranges::count(text, '\n')));
    std::vector<uint32_t> breaks;
    AppendLineBreaks(text, breaks);
    std::vector<uint32_t> expected_breaks;
    for (uint32_t i = 0; i < size; ++i) {
      if (text[i] == '\n') expected_breaks.push_back(i);
    }
    EXPECT_EQ(breaks, expected_breaks) << size;
    EXPECT_EQ(FindByte(text.data(), text.data() + size, '"') - text.data(),
              static_cast<ptrdiff_t>(std::min(text.find('"'), size)));
    EXPECT_FALSE(size > 30 && IsAsciiLine(text));
    const LineQuotes quotes = FindLineQuotes(text);
    size_t at = 0;
    for (size_t i = 0; i < quotes.count; ++i, ++at) {
      at = text.find('"', at);
      EXPECT_EQ(quotes.at[i], at);
    }
    EXPECT_TRUE(quotes.count == LineQuotes::kMax || text.find('"', at) == std::string::npos);
    EXPECT_EQ(quotes.plain, IsAsciiLine(text) && text.find('\\') == std::string::npos);
    std::string plain(size, 'x');
    EXPECT_TRUE(IsAsciiLine(plain));
    if (size == 0) continue;
    plain[rng.Below(size)] = rng.Chance(0.5) ? '\n' : '\x80';
    EXPECT_FALSE(IsAsciiLine(plain)) << size;
  }
}

TEST(ByteScanTest, LineBreaksWithinQuotesEndNoLine) {
  Rng rng(3);
  for (size_t size = 0; size < 400; ++size) {
    const std::string text = RandomText(rng, size);
    for (const bool begins_in_quotes : {false, true}) {
      size_t expected = 0;
      bool inside = begins_in_quotes;
      for (size_t i = 0; i < size; ++i) {
        if (text[i] == '"') inside = !inside;
        if (text[i] == '\n' && !inside) expected = i + 1;
      }
      bool in_quotes = begins_in_quotes;
      EXPECT_EQ(EndOfUnquotedLines(text, in_quotes), expected) << size;
      EXPECT_EQ(in_quotes, inside) << size;
    }
  }
}

}  // namespace
}  // namespace tailrace::ingest
