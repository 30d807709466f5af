#include "stream/hash_key.h"

#include <gtest/gtest.h>

namespace tailrace::stream {
namespace {

// Expected numbers: measured on the service, recorded in the contract's data model.

TEST(HashKeyTest, IsTheMd5AsABigEndianNumber) {
  EXPECT_EQ(HashKeyText(HashKeyOf("a")), "16955237001963240173058271559858726497");
  EXPECT_EQ(HashKeyText(HashKeyOf("b")), "195289424170611159128911017612795795343");
  EXPECT_EQ(HashKeyText(HashKeyOf("e")), "299611584147932843547128611849858313266");
}

TEST(HashKeyTest, ThreeShardsSplitTheRingAsTheServiceDoes) {
  const auto ranges = EvenHashKeyRanges(3);
  ASSERT_EQ(ranges.size(), 3u);
  EXPECT_EQ(HashKeyText(ranges[0].first), "0");
  EXPECT_EQ(HashKeyText(ranges[0].last), "113427455640312821154458202477256070484");
  EXPECT_EQ(HashKeyText(ranges[1].first), "113427455640312821154458202477256070485");
  EXPECT_EQ(HashKeyText(ranges[1].last), "226854911280625642308916404954512140969");
  EXPECT_EQ(HashKeyText(ranges[2].first), "226854911280625642308916404954512140970");
  EXPECT_EQ(HashKeyText(ranges[2].last), "340282366920938463463374607431768211455");
}

TEST(HashKeyTest, PowersOfTwoSplitWithoutRemainder) {
  EXPECT_EQ(EvenHashKeyRanges(1)[0], (HashKeyRange{0, kHashKeyMax}));
  const auto ranges = EvenHashKeyRanges(4);
  EXPECT_EQ(ranges[0].last, (HashKey{1} << 126) - 1);
  EXPECT_EQ(ranges[3].first, HashKey{3} << 126);
}

TEST(HashKeyTest, ParsesExactlyTheDecimalForm) {
  EXPECT_EQ(ParseHashKey("0"), HashKey{0});
  EXPECT_EQ(ParseHashKey("340282366920938463463374607431768211455"), kHashKeyMax);
  EXPECT_EQ(ParseHashKey("340282366920938463463374607431768211456"), std::nullopt);
  for (const char* text : {"", "00", "01", "-1", "+1", " 1", "1 ", "1.0", "x"}) {
    EXPECT_EQ(ParseHashKey(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tailrace::stream
