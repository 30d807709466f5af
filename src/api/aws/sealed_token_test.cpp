#include "api/aws/sealed_token.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace tailrace::api::aws {
namespace {

TEST(TokenSealerTest, OpensWhatItSealed) {
  const TokenSealer sealer(std::string(TokenSealer::kKeyBytes, 'k'));
  for (const size_t size : {0, 1, 93, 94, 95, 200}) {
    const std::string state(size, 's');
    const std::string token = sealer.Seal(state);
    EXPECT_EQ(sealer.Unseal(token), state);
    EXPECT_NE(sealer.Seal(state), token);
  }
}

// As the service's iterators: a prefix of eight bytes, 152 + 16 k bytes in all.
TEST(TokenSealerTest, HasTheFormOfTheServicesIterators) {
  const TokenSealer sealer(std::string(TokenSealer::kKeyBytes, 'k'));
  std::string bytes;
  ASSERT_TRUE(FromBase64(sealer.Seal("short"), bytes));
  EXPECT_EQ(bytes.size(), 152U);
  EXPECT_EQ(ToHex(bytes.substr(0, 8)), "0000000000000001");
}

TEST(TokenSealerTest, RefusesWhatIsNotItsOwn) {
  const TokenSealer sealer(std::string(TokenSealer::kKeyBytes, 'k'));
  const std::string token = sealer.Seal("state");
  EXPECT_FALSE(TokenSealer(std::string(TokenSealer::kKeyBytes, 'x')).Unseal(token).has_value());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(sealer.Unseal(changed).has_value()) << i;
  }
  EXPECT_FALSE(sealer.Unseal("").has_value());
  EXPECT_FALSE(sealer.Unseal(token.substr(4)).has_value());
  EXPECT_FALSE(sealer.Unseal(token + "AAAA").has_value());
}

}  // namespace
}  // namespace tailrace::api::aws
