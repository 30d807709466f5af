#include "ingest/kafka/kafka_start.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/str.h"
#include "stream/world_test.h"

namespace tailrace::ingest {
namespace {

TEST(KafkaStartTest, ComesBackFromItsFile) {
  stream::TestWorld world;
  Disk& disk = world.disk;
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto nothing, LoadKafkaStart(disk, "/start"));
  EXPECT_FALSE(nothing.has_value());
  const KafkaStart start{"MkU3OEVBNTcwNTJENDM2Qk", "clicks", 2, {{0, 0}, {11, 9'000'000'000}}};
  TAILRACE_ASSERT_OK(StoreKafkaStart(disk, "/start", start));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto loaded, LoadKafkaStart(disk, "/start"));
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(*loaded, start);
}

TEST(KafkaStartTest, ReadsTheDocumentedForm) {
  const std::string lines = "tailrace kafka start 1\ncluster c\ntopic t\nincarnation 1\noffset 3 7\n";
  TAILRACE_ASSERT_OK_AND_ASSIGN(const KafkaStart start,
                                ParseKafkaStart(fmt::format("{}crc32c {:08x}\n", lines, Crc32c(lines))));
  EXPECT_EQ(start, (KafkaStart{"c", "t", 1, {{3, 7}}}));
}

TEST(KafkaStartTest, RefusesEveryCutAndEveryFlippedBit) {
  const std::string text = FormatKafkaStart({"cluster", "topic", 1, {{0, 5}, {1, 6}}});
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(ParseKafkaStart(text.substr(0, size)).error().code, ErrorCode::kCorruption) << size;
  }
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(ParseKafkaStart(damaged).ok()) << bit;
  }
}

}  // namespace
}  // namespace tailrace::ingest
