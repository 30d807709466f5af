#include "base/spare_check.h"

#include <gtest/gtest.h>

namespace tailrace {
namespace {

constexpr size_t kLarge = SpareCheck::kBytesMin * 4;

TEST(SpareCheckTest, ABufferIsSpareAfterManyUsesThatNeededLittle) {
  SpareCheck check;
  for (size_t use = 1; use < SpareCheck::kUses; ++use) EXPECT_FALSE(check.AfterUse(100, kLarge));
  EXPECT_TRUE(check.AfterUse(100, kLarge));
  EXPECT_FALSE(check.AfterUse(100, kLarge));  // Made anew, it is looked at anew.
}

TEST(SpareCheckTest, OneThatIsNeededNowAndThenIsNot) {
  SpareCheck check;
  for (size_t use = 0; use < 10 * SpareCheck::kUses; ++use) {
    const bool much = use % SpareCheck::kUses == 0;
    EXPECT_FALSE(check.AfterUse(much ? kLarge / SpareCheck::kShare + 1 : 0, kLarge));
  }
}

TEST(SpareCheckTest, SmallOnesAreKept) {
  SpareCheck check;
  for (size_t use = 0; use < 10 * SpareCheck::kUses; ++use) EXPECT_FALSE(check.AfterUse(0, SpareCheck::kBytesMin - 1));
}

}  // namespace
}  // namespace tailrace
