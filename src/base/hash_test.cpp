#include "base/hash.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tailrace {
namespace {

// Vectors: RFC 3720, appendix B.4; "123456789" is the check value of the CRC catalogues.
TEST(Crc32cTest, MatchesTheStandard) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(Crc32c(""), 0U);
}

TEST(Crc32cTest, LongTextsAreTheSameWholeAndInPieces) {
  Rng rng(1);
  for (const size_t size : {1535, 1536, 1537, 3072, 5000, 100'000}) {
    const std::string bytes = rng.Bytes(size);
    uint32_t pieces = 0;  // Each too short for the path that long texts take.
    for (size_t offset = 0; offset < size; offset += 100) pieces = Crc32c(bytes.substr(offset, 100), pieces);
    EXPECT_EQ(Crc32c(bytes), pieces) << size;
  }
}

}  // namespace
}  // namespace tailrace
