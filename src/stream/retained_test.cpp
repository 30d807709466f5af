#include "stream/retained.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream/world_test.h"

namespace tailrace::stream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RetainedTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = world_.OpenStore();
    TAILRACE_ASSERT_OK(opened);
    store_ = std::move(opened).value();
    auto made = store_->Create("s", {.shards = 1, .segment_bytes = kSegmentBytesMin});
    TAILRACE_ASSERT_OK(made);
    stream_ = std::move(made).value();
  }

  void Append(const std::vector<std::string>& data) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const AppendOutcome outcome, stream_->Append(Inputs(data)));
    TAILRACE_ASSERT_OK(outcome.status());
  }

  // All that a reader gives now.
  static std::vector<std::string> Rest(RetainedShard& shard) {
    std::vector<std::string> data;
    while (true) {
      const auto next = shard.Next();
      if (!next.ok()) {
        ADD_FAILURE() << next.error().message;
        return data;
      }
      if (*next == nullptr) return data;
      data.emplace_back((*next)->data);
    }
  }

  TestWorld world_;
  std::unique_ptr<StreamStore> store_;
  std::shared_ptr<Stream> stream_;
};

TEST_F(RetainedTest, ReadsBesideTheWriterAndGoesOnWhenThereIsMore) {
  Append({"a", "b"});
  TAILRACE_ASSERT_OK_AND_ASSIGN(const RetainedStream retained, OpenRetained(world_.disk, "/data/streams", "s"));
  ASSERT_EQ(retained.shards.size(), 1u);
  RetainedShard& shard = *retained.shards[0].shard;
  TAILRACE_ASSERT_OK(shard.Begin(Timestamp{}));
  EXPECT_THAT(Rest(shard), ElementsAre("a", "b"));
  Append({"c"});
  EXPECT_THAT(Rest(shard), ElementsAre("c"));
  // Over the end of several segments.
  std::vector<std::string> large;
  for (int i = 0; i < 10; ++i) large.push_back(std::string(30'000, static_cast<char>('0' + i)));
  for (const std::string& record : large) Append({record});
  EXPECT_EQ(Rest(shard), large);
}

TEST_F(RetainedTest, GivesTheSameRecordsAsTheStreamItself) {
  for (int i = 0; i < 500; ++i) {
    Append({std::string(static_cast<size_t>(i * 7 % 900), 'x') + std::to_string(i), std::to_string(i)});
    world_.clock.Advance(Milliseconds(i % 3));
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto expected, ReadAll(*stream_, 0));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const RetainedStream retained, OpenRetained(world_.disk, "/data/streams", "s"));
  RetainedShard& shard = *retained.shards[0].shard;
  TAILRACE_ASSERT_OK(shard.Begin(Timestamp{}));
  for (const StoredRecord& record : expected) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const RecordView* const next, shard.Next());
    ASSERT_NE(next, nullptr);
    EXPECT_EQ((StoredRecord{next->sequence, ToUnixMs(next->arrival), std::string(next->partition_key),
                            std::string(next->data)}),
              record);
  }
  EXPECT_TRUE(Rest(shard).empty());
}

TEST_F(RetainedTest, BeginsWhereTheTimeIs) {
  for (int i = 0; i < 20; ++i) {
    Append({std::to_string(i) + std::string(20'000, ' ')});
    world_.clock.Advance(Milliseconds(1'000));
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const RetainedStream retained, OpenRetained(world_.disk, "/data/streams", "s"));
  RetainedShard& shard = *retained.shards[0].shard;
  TAILRACE_ASSERT_OK(shard.Begin(FromUnixMs(kTestStartUnixMs + 15'000)));
  const std::vector<std::string> data = Rest(shard);
  ASSERT_EQ(data.size(), 5u);
  EXPECT_THAT(data[0], testing::StartsWith("15 "));
  EXPECT_LT(shard.bytes_total(), 8u * 2 * kSegmentBytesMin);  // Not the whole stream.
}

TEST_F(RetainedTest, DamageBeforeReadableRecordsIsReported) {
  for (int i = 0; i < 10; ++i) Append({std::to_string(i) + std::string(20'000, ' ')});
  const std::string path = SegmentPath("s", 0, 1);
  {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, world_.disk.Open(path, OpenMode::kReadWrite));
    TAILRACE_ASSERT_OK(file->WriteAt(kSegmentHeaderAlignment + 100, "damage"));
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const RetainedStream retained, OpenRetained(world_.disk, "/data/streams", "s"));
  RetainedShard& shard = *retained.shards[0].shard;
  TAILRACE_ASSERT_OK(shard.Begin(Timestamp{}));
  const auto next = shard.Next();
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(next.error().message, HasSubstr(path + " at offset 4096"));
}

TEST_F(RetainedTest, AStreamThatIsNotThereIsNotFound) {
  const auto retained = OpenRetained(world_.disk, "/data/streams", "orders");
  ASSERT_FALSE(retained.ok());
  EXPECT_EQ(retained.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace tailrace::stream
