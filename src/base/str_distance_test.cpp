#include <gtest/gtest.h>

#include "base/str.h"

namespace tailrace {
namespace {

TEST(EditDistanceTest, CountsSwappedNeighboursAsOneSlip) {
  EXPECT_EQ(EditDistance("FORM", "from"), 1u);
  EXPECT_EQ(EditDistance("SELCET", "SELECT"), 1u);
  EXPECT_EQ(EditDistance("SELEC", "SELECT"), 1u);
  EXPECT_EQ(EditDistance("WHHERE", "WHERE"), 1u);
  EXPECT_EQ(EditDistance("GROUP", "ORDER"), 4u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
}

TEST(NearestNameTest, OffersOnlyWhatCanBeASlip) {
  const std::vector<std::string> names = {"order_count", "trigger_count"};
  EXPECT_EQ(NearestName("oder_cuont", names), "order_count");
  EXPECT_EQ(NearestName("customer", names), std::nullopt);
}

}  // namespace
}  // namespace tailrace
