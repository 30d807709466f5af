#include "stream/frame.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "sim/assert_ok.h"

namespace tailrace::stream {
namespace {

constexpr uint64_t kGeneration = 0x0102030405060708;

std::string OneFrame(const std::vector<RecordInput>& records, std::string_view producer = {}, uint64_t last = 0) {
  ByteBuffer buffer;
  FrameWriter writer(buffer);
  writer.Begin(41, 1'700'000'000'123, producer);
  for (const RecordInput& record : records) writer.Add(record);
  writer.SetProducerLast(last);
  writer.End();
  SealFrame(buffer.data(), kGeneration, 4096);
  return std::string(buffer.view());
}

// The bytes as docs/stream-format.md lays them out, written by hand.
TEST(FrameTest, HasTheDocumentedBytes) {
  const std::string frame = OneFrame({{.partition_key = "k", .data = "ab"}}, "p", 9);
  const std::string expected = std::string("\x48\0\0\0", 4) +                        // length 72
                               std::string("\x08\x07\x06\x05\x04\x03\x02\x01", 8) +  // generation
                               std::string("\x29\0\0\0\0\0\0\0", 8) +                // first sequence
                               std::string("\x7b\x68\xe5\xcf\x8b\x01\0\0", 8) +      // arrival
                               std::string("\1\0\0\0", 4) +                          // records
                               std::string("\0\x10\0\0", 4) +                        // synced before
                               std::string("\x09\0\0\0\0\0\0\0", 8) +                // producer's last number
                               std::string("\1\0\0\0\0\0\0\0", 8) +                  // producer bytes, reserved
                               "p" + std::string("\2\0\0\0\1\0", 6) + "kab" + std::string(6, '\0');
  EXPECT_EQ(ToHex(frame.substr(4)), ToHex(expected));
  const uint32_t checksum = Crc32c(expected);
  EXPECT_EQ(frame.substr(0, 4), std::string(reinterpret_cast<const char*>(&checksum), 4));
}

TEST(FrameTest, GivesBackItsRecords) {
  const std::string big(100'000, 'x');
  const std::string frame = OneFrame({{.partition_key = "a", .data = ""}, {.partition_key = "bc", .data = big}});
  const std::string longer = frame + "more";
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Frame parsed, ParseFrame(longer, kGeneration));
  EXPECT_EQ(parsed.end_sequence(), 43u);
  RecordWalk walk(parsed);
  RecordView record;
  TAILRACE_ASSERT_OK(walk.Next(record));
  EXPECT_EQ(record.partition_key, "a");
  EXPECT_EQ(record.data, "");
  EXPECT_EQ(record.sequence, 41u);
  TAILRACE_ASSERT_OK(walk.Next(record));
  EXPECT_EQ(record.partition_key, "bc");
  EXPECT_EQ(record.data, big);
  EXPECT_EQ(record.sequence, 42u);
  EXPECT_EQ(ToUnixMs(record.arrival), 1'700'000'000'123);
  EXPECT_TRUE(walk.done());
}

TEST(FrameTest, EveryFlippedBitAndEveryCutIsNoticed) {
  const std::string frame = OneFrame({{.partition_key = "key", .data = "some data"}}, "producer", 5);
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string damaged = frame;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(ParseFrame(damaged, kGeneration).ok()) << bit;
  }
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_EQ(ParseFrame(frame.substr(0, size), kGeneration).error().code, ErrorCode::kLimitExceeded) << size;
  }
  EXPECT_EQ(ParseFrame(frame, kGeneration + 1).error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace tailrace::stream
