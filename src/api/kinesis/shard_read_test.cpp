#include "api/kinesis/shard_read.h"

#include <gtest/gtest.h>

namespace tailrace::api::kinesis {
namespace {

constexpr int64_t kCreatedUnixMs = 1'700'000'000'000;

std::string Written(const std::vector<stream::RecordView>& records, bool encrypted) {
  stream::ShardDescription shard;
  shard.created = FromUnixMs(kCreatedUnixMs);
  aws::Writer out(aws::Encoding::kJson);
  out.BeginList();
  RecordWriter writer(out, shard, encrypted);
  for (const stream::RecordView& record : records) writer.Write(record);
  out.EndList();
  return std::move(out).Take();
}

stream::RecordView Record(stream::Sequence sequence, int64_t arrival_unix_ms, std::string_view key,
                          std::string_view data) {
  return {.data = data, .partition_key = key, .arrival = FromUnixMs(arrival_unix_ms), .sequence = sequence};
}

std::string NumberText(const stream::RecordView& record) {
  stream::ShardDescription shard;
  shard.created = FromUnixMs(kCreatedUnixMs);
  return NumberOf(shard, record.sequence, record.arrival).ToText();
}

TEST(RecordWriterTest, WritesWhatClientsRead) {
  const stream::RecordView first = Record(0, kCreatedUnixMs + 1'005, "k", "foobar");
  const stream::RecordView second = Record(1, kCreatedUnixMs + 1'005, "key 2", "");
  const stream::RecordView third = Record(2, kCreatedUnixMs + 2'000, "k", "f");
  EXPECT_EQ(
      Written({first, second, third}, false),
      R"([{"ApproximateArrivalTimestamp":1700000001.005,"Data":"Zm9vYmFy","PartitionKey":"k","SequenceNumber":")" +
          NumberText(first) +
          R"("},{"ApproximateArrivalTimestamp":1700000001.005,"Data":"","PartitionKey":"key 2","SequenceNumber":")" +
          NumberText(second) +
          R"("},{"ApproximateArrivalTimestamp":1700000002,"Data":"Zg==","PartitionKey":"k","SequenceNumber":")" +
          NumberText(third) + R"("}])");
}

TEST(RecordWriterTest, EscapesKeysAndTellsOfEncryption) {
  const stream::RecordView quoted = Record(7, kCreatedUnixMs, "a\"b\\c\n", "f");
  EXPECT_EQ(
      Written({quoted}, true),
      R"([{"ApproximateArrivalTimestamp":1700000000,"Data":"Zg==","EncryptionType":"KMS","PartitionKey":"a\"b\\c\n",)"
      R"("SequenceNumber":")" +
          NumberText(quoted) + R"("}])");
  const stream::RecordView umlaut = Record(8, kCreatedUnixMs, "\xc3\xa4", "f");
  EXPECT_NE(Written({umlaut}, true).find("\xc3\xa4"), std::string::npos);
  const stream::RecordView plain = Record(9, kCreatedUnixMs, "k", "f");
  EXPECT_EQ(Written({plain}, true),
            R"([{"ApproximateArrivalTimestamp":1700000000,"Data":"Zg==","EncryptionType":"KMS","PartitionKey":"k",)"
            R"("SequenceNumber":")" +
                NumberText(plain) + R"("}])");
}

}  // namespace
}  // namespace tailrace::api::kinesis
