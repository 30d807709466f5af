#include "ingest/kafka/kafka_intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/str.h"
#include "stream/world_test.h"

namespace tailrace::ingest {
namespace {

using stream::DataOf;
using stream::ReadAll;
using testing::ElementsAre;

class KafkaIntakeTest : public testing::Test {
 protected:
  void SetUp() override { Open({}); }

  void Open(const stream::StreamOptions& options) {
    stream_.reset();
    store_.reset();
    auto opened = world_.OpenStore();
    TAILRACE_ASSERT_OK(opened);
    store_ = std::move(opened).value();
    auto found = store_->Find("topic");
    auto made = found.ok() ? std::move(found) : store_->Create("topic", options);
    TAILRACE_ASSERT_OK(made);
    stream_ = std::move(made).value();
  }

  KafkaIntake Intake(uint32_t incarnation = 1) { return {stream_, "cluster-id", "clicks", incarnation}; }

  stream::TestWorld world_;
  std::unique_ptr<stream::StreamStore> store_;
  std::shared_ptr<stream::Stream> stream_;
};

TEST_F(KafkaIntakeTest, ReadsOnWhereTheStreamEnds) {
  KafkaIntake intake = Intake();
  EXPECT_EQ(*intake.NextOffset(0), 0);
  // Offset 2 is a transaction's marker.
  const KafkaRecord records[] = {{.offset = 0, .key = "a", .value = "zero"},
                                 {.offset = 1, .value = "one"},
                                 {.offset = 3, .key = "b", .value = "three"}};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const KafkaIntake::Taken taken, intake.Take(0, records));
  EXPECT_EQ(taken.records, 3u);
  Open({});
  KafkaIntake again = Intake();
  EXPECT_EQ(*again.NextOffset(0), 4);
  EXPECT_EQ(*again.NextOffset(1), 0);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stored, ReadAll(*stream_, 0));
  EXPECT_THAT(DataOf(stored), ElementsAre("zero", "one", "three"));
  EXPECT_EQ(stored[0].partition_key, "a");
  EXPECT_EQ(stored[1].partition_key, "0");
}

TEST_F(KafkaIntakeTest, TakesNothingTwice) {
  KafkaIntake intake = Intake();
  const KafkaRecord first[] = {{.offset = 5, .value = "5"}, {.offset = 6, .value = "6"}};
  const KafkaRecord overlapping[] = {{.offset = 6, .value = "6"}, {.offset = 9, .value = "9"}};
  TAILRACE_ASSERT_OK(intake.Take(0, first));
  TAILRACE_ASSERT_OK(intake.Take(0, overlapping));
  EXPECT_THAT(DataOf(*ReadAll(*stream_, 0)), ElementsAre("5", "6", "9"));
}

TEST_F(KafkaIntakeTest, KeepsTopicsThatWereMadeAnewApart) {
  KafkaIntake before = Intake();
  const KafkaRecord records[] = {{.offset = 41, .value = "old"}};
  TAILRACE_ASSERT_OK(before.Take(0, records));
  KafkaIntake after = Intake(2);
  EXPECT_EQ(*before.NextOffset(0), 42);
  EXPECT_EQ(*after.NextOffset(0), 0);
}

TEST_F(KafkaIntakeTest, PassesOverWhatIsNoRecord) {
  TAILRACE_ASSERT_OK(stream_->SetRecordBytesMax(1024));
  KafkaIntake intake = Intake();
  const std::string large(2000, 'x');
  const std::string long_key(1000, 'k');
  const KafkaRecord records[] = {{.offset = 0, .key = "gone", .tombstone = true},
                                 {.offset = 1, .value = large},
                                 {.offset = 2, .key = "\xff", .value = "kept"},
                                 {.offset = 3, .key = long_key, .value = "long"},
                                 {.offset = 4, .value = ""}};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const KafkaIntake::Taken taken, intake.Take(7, records));
  EXPECT_EQ(taken.records, 3u);
  EXPECT_EQ(taken.tombstones, 1u);
  EXPECT_THAT(taken.too_large, ElementsAre(1));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stored, ReadAll(*stream_, 0));
  EXPECT_THAT(DataOf(stored), ElementsAre("kept", "long", ""));
  EXPECT_EQ(stored[0].partition_key, "\xEF\xBF\xBD");
  EXPECT_EQ(stored[1].partition_key, std::string(256, 'k'));
  EXPECT_EQ(*intake.NextOffset(7), 5);
}

TEST_F(KafkaIntakeTest, FindsItsPlaceAfterShardsWereSplitAndMerged) {
  KafkaIntake intake = Intake();
  const KafkaRecord records[] = {{.offset = 10, .value = "ten"}};
  TAILRACE_ASSERT_OK(intake.Take(0, records));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto children, stream_->Split(0, KafkaIntake::HashKeyOf(1)));
  const KafkaRecord other[] = {{.offset = 20, .value = "twenty"}};
  TAILRACE_ASSERT_OK(intake.Take(1, other));
  TAILRACE_ASSERT_OK(stream_->Merge(children[0], children[1]));
  EXPECT_EQ(*intake.NextOffset(0), 11);
  EXPECT_EQ(*intake.NextOffset(1), 21);
}

TEST_F(KafkaIntakeTest, SpreadsPartitionsOverShards) {
  const auto ranges = stream::EvenHashKeyRanges(4);
  std::vector<int> partitions(4);
  for (int32_t partition = 0; partition < 16; ++partition) {
    for (size_t shard = 0; shard < 4; ++shard) {
      if (ranges[shard].Contains(KafkaIntake::HashKeyOf(partition))) ++partitions[shard];
    }
  }
  EXPECT_THAT(partitions, ElementsAre(4, 4, 4, 4));
}

TEST_F(KafkaIntakeTest, TakesEachRecordOnceWhateverTheCuts) {
  // Goal    Random batches with random repeats, as a consumer sees them after restarts, leave each record once.
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(StrCat("seed ", seed));
    Rng rng(seed);
    KafkaIntake intake(stream_, "cluster-id", StrCat("topic-", seed), 1);
    const auto before = ReadAll(*stream_, 0)->size();
    std::vector<std::string> values;
    std::vector<KafkaRecord> topic;
    for (int64_t offset = 0; offset < 200; ++offset) {
      if (rng.Below(5) == 0) continue;  // A marker.
      values.push_back(StrCat(seed, ".", offset));
    }
    size_t i = 0;
    for (int64_t offset = 0; i < values.size(); ++offset) {
      if (values[i] != StrCat(seed, ".", offset)) continue;
      topic.push_back({.offset = offset, .value = values[i++]});
    }
    size_t position = 0;
    while (position < topic.size()) {
      const size_t begin = position - std::min<size_t>(position, rng.Below(10));
      position = std::min(topic.size(), position + 1 + rng.Below(20));
      TAILRACE_ASSERT_OK(intake.Take(3, std::span(topic).subspan(begin, position - begin)));
      ASSERT_EQ(*intake.NextOffset(3), topic[position - 1].offset + 1);
    }
    std::vector<std::string> stored = DataOf(*ReadAll(*stream_, 0));
    stored.erase(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(before));
    EXPECT_EQ(stored, values);
  }
}

}  // namespace
}  // namespace tailrace::ingest
