#include "ingest/formats/aggregate_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "ingest/formats/decoder_testing.h"

namespace tailrace::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Made by aws-kinesis-agg 1.2.3 (PyPI): {"n":1} with key a, {"n":2} with key b, {"n":3} with key a and the greatest
// hash key, and nothing with key a and hash key 0.
std::string FourParts() {
  std::string bytes;
  EXPECT_TRUE(
      FromHex("f3899ac20a01610a0162122733343032383233363639323039333834363334363333373436303734333137363832313134353512"
              "01301a0b08001a077b226e223a317d1a0b08011a077b226e223a327d1a0d080010001a077b226e223a337d1a06080010011a0063"
              "667c471b7f45391c751cb85462cc1d",
              bytes));
  return bytes;
}

std::unique_ptr<Decoder> MakeNumbers(stream::HashKeyRange range = {}) {
  auto inner = MakeDecoder(MakeSchema("json", {{"n", "INTEGER"}}));
  return MakeAggregateDecoder(std::move(inner).value(), [range](stream::ShardId) { return std::optional(range); });
}

std::vector<std::string> Texts(const data::Column& column) {
  return std::vector<std::string>(column.texts().begin(), column.texts().end());
}

TEST(AggregateDecoderTest, GivesEveryPartARowWithTheTimeAndNumberOfItsRecord) {
  const auto decoder = MakeNumbers();
  const Decoded decoded = DecodeTexts(*decoder, {R"({"n":0})", FourParts(), R"({"n":9})"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("0", "1", "2", "3", "9"));
  EXPECT_THAT(decoded.record_of_row, ElementsAre(0, 1, 1, 1, 2));
  EXPECT_EQ(decoded.batch.rowtimes->int64s()[0], 1000);
  EXPECT_EQ(decoded.batch.rowtimes->int64s()[3], 1001);
  EXPECT_EQ(decoded.batch.rowtimes->int64s()[4], 1002);
  EXPECT_THAT(Texts(*decoded.batch.columns[3]), ElementsAre("7", "8", "8", "8", "9"));
  EXPECT_THAT(Texts(*decoded.batch.columns[4]), ElementsAre("key", "a", "b", "a", "key"));
  EXPECT_THAT(decoded.errors, IsEmpty());  // The part without bytes has no row.
}

TEST(AggregateDecoderTest, SaysWhichPartIsWrong) {
  auto inner = MakeDecoder(MakeSchema("csv", {{"n", "INTEGER"}}));
  const auto decoder = MakeAggregateDecoder(std::move(inner).value(),
                                            [](stream::ShardId) { return std::optional<stream::HashKeyRange>(); });
  const Decoded decoded = DecodeTexts(*decoder, {"1", FourParts()});
  ASSERT_EQ(decoded.errors.size(), 3u);
  EXPECT_EQ(decoded.errors[2].record, 1u);
  EXPECT_EQ(decoded.errors[2].bytes, R"({"n":3})");
  EXPECT_THAT(decoded.errors[2].message, testing::HasSubstr("(in one of the 4 parts of an aggregated record)"));
}

TEST(AggregateDecoderTest, TakesADamagedOneWhole) {
  std::string damaged = FourParts();
  damaged.back() ^= 1;
  const auto decoder = MakeNumbers();
  const Decoded decoded = DecodeTexts(*decoder, {damaged, R"({"n":5})"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("5"));
  ASSERT_EQ(decoded.errors.size(), 1u);
  EXPECT_EQ(decoded.errors[0].bytes, damaged);
}

TEST(AggregateDecoderTest, LeavesOutThePartsThatLandedInTheWrongShard) {
  // The lower half of the ring: part 1 (key b) and part 2 (the greatest hash key) lie above it.
  const auto decoder = MakeNumbers(stream::EvenHashKeyRanges(2)[0]);
  const Decoded decoded = DecodeTexts(*decoder, {"not json", FourParts(), "nor this"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("1"));
  EXPECT_THAT(decoded.record_of_row, ElementsAre(1));
  ASSERT_EQ(decoded.errors.size(), 4u);
  for (const size_t i : {1u, 2u}) {
    EXPECT_EQ(decoded.errors[i].record, 1u);
    EXPECT_EQ(decoded.errors[i].bytes, i == 1 ? R"({"n":2})" : R"({"n":3})");
    EXPECT_THAT(decoded.errors[i].message, testing::HasSubstr("belongs to another shard"));
  }
}

}  // namespace
}  // namespace tailrace::ingest
