#include "api/kinesis/sequence_number.h"

#include <gtest/gtest.h>

namespace tailrace::api::kinesis {
namespace {

// Numbers of the service's layout, computed apart from this code.
TEST(SequenceNumberTest, WritesTheServicesLayout) {
  SequenceNumber number{.shard_created_s = 1767323043, .shard = 0, .place = 0, .time_s = 1767323043};
  EXPECT_EQ(number.ToText(), "49670459241555399947774066873782815692060580592366911490");
  number.place = 1;
  number.time_s = 1767323048;
  EXPECT_EQ(number.ToText(), "49670459241555399947774066873784024617880195565139001346");
  number.place = SequenceNumber::kEndPlace;
  number.time_s = 1767323100;
  EXPECT_EQ(number.ToText(), "49670459241566550320373332185352374625377294060955369474");
}

TEST(SequenceNumberTest, ReadsWhatItWrites) {
  const SequenceNumber number{
      .shard_created_s = 1767323043, .shard = 1023, .place = 0x123456789abcdef, .time_s = 1000000000};
  EXPECT_EQ(SequenceNumber::Parse(number.ToText()), number);
}

// The first numbers of neighbouring shards that a stream is made with lie this far apart at the service.
TEST(SequenceNumberTest, NeighbouringShardsDifferAsAtTheService) {
  SequenceNumber number{.shard_created_s = 1767323043, .shard = 1, .place = 0, .time_s = 1767323043};
  EXPECT_EQ(number.ToText(), "49670459241577700692972597496924351410333228953872891922");
}

TEST(SequenceNumberTest, RefusesWhatIsNoNumberOfOurs) {
  for (const char* text : {"", "0", "x", "-1", "49670459241555399947774066873782815692060580592366911491",
                           "4967045924155539994777406687378281569206058059236691149",
                           "496704592415553999477740668737828156920605805923669114900",
                           "9999999999999999999999999999999999999999999999999999999999999999999999"}) {
    EXPECT_EQ(SequenceNumber::Parse(text), std::nullopt) << text;
  }
}

TEST(SequenceNumberTest, NumbersOfAShardBeginAfterItsParentsEnd) {
  stream::ShardDescription parent{
      .id = 0, .created = FromUnixMs(1'000'000), .open = false, .closed = FromUnixMs(5'000'999)};
  stream::ShardDescription child{.id = 1, .parents = {0}, .created = FromUnixMs(5'000'999)};
  EXPECT_EQ(ShardCreatedSeconds(parent), 998);
  EXPECT_EQ(EndingNumber(parent).time_s, 5000);
  EXPECT_EQ(ShardCreatedSeconds(child), 5001);
  EXPECT_EQ(NumberOf(child, 0, FromUnixMs(5'000'999)).time_s, 5001);
}

TEST(ShardNameTest, IsReadLeniently) {
  EXPECT_EQ(ShardName(7), "shardId-000000000007");
  EXPECT_EQ(ParseShardName("shardId-000000000007"), 7U);
  EXPECT_EQ(ParseShardName("x-7"), 7U);
  EXPECT_EQ(ParseShardName("7"), 7U);
  EXPECT_EQ(ParseShardName("1-2-3"), 2U);
  EXPECT_EQ(ParseShardName("shardId-2147483648"), std::nullopt);
  EXPECT_EQ(ParseShardName("shardId--1"), std::nullopt);
  EXPECT_EQ(ParseShardName("shardId-"), std::nullopt);
}

}  // namespace
}  // namespace tailrace::api::kinesis
