#include "api/kinesis/shard_read.h"

#include <algorithm>

#include "api/kinesis/names.h"
#include "base/base64.h"
#include "base/str.h"

namespace tailrace::api::kinesis {

void WriteHashKeyRange(aws::Writer& out, const stream::HashKeyRange& range) {
  out.BeginMap("HashKeyRange");
  out.Text("StartingHashKey", stream::HashKeyText(range.first));
  out.Text("EndingHashKey", stream::HashKeyText(range.last));
  out.EndMap();
}

namespace {

constexpr std::string_view kEncryption = R"(,"EncryptionType":"KMS")";
constexpr std::string_view kPartitionKey = R"(,"PartitionKey":")";
constexpr std::string_view kSequenceNumber = R"(","SequenceNumber":")";
constexpr size_t kNumberDigits = 56;
constexpr size_t kFrameBytes = 160;  // What stands around data and key.

// In a JSON string, as it is.
bool Plain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= c >= ' ' && c != '"' && c != '\\' && c != '\x7f';
  return plain;
}

char* Put(std::string_view text, char* into) { return std::copy(text.begin(), text.end(), into); }

}  // namespace

size_t RecordWriter::Estimate(size_t records, size_t bytes) {
  return records * (kFrameBytes + kNumberDigits + 4) + Base64Size(bytes);
}

void RecordWriter::Write(const stream::RecordView& record) {
  const std::string_view number = number_.Of(NumberOf(shard_, record.sequence, record.arrival));
  if (out_.encoding() != aws::Encoding::kJson || !Plain(record.partition_key)) return WriteFields(record, number);
  if (begin_.empty() || record.arrival != begin_arrival_) {
    aws::Writer time(aws::Encoding::kJson);
    time.Time(record.arrival);
    begin_ = StrCat(R"({"ApproximateArrivalTimestamp":)", std::move(time).Take(), R"(,"Data":")");
    begin_arrival_ = record.arrival;
  }
  const size_t most =
      begin_.size() + Base64Size(record.data.size()) + record.partition_key.size() + number.size() + kFrameBytes;
  out_.JsonValue(most, [&](char* at) {
    at = Put(begin_, at);
    EncodeBase64(record.data, at);
    at += Base64Size(record.data.size());
    *at++ = '"';
    if (encrypted_) at = Put(kEncryption, at);
    at = Put(kPartitionKey, at);
    at = Put(record.partition_key, at);
    at = Put(kSequenceNumber, at);
    at = Put(number, at);
    return Put(R"("})", at);
  });
}

void RecordWriter::WriteFields(const stream::RecordView& record, std::string_view number) {
  out_.BeginMap();
  out_.Time("ApproximateArrivalTimestamp", record.arrival);
  out_.Blob("Data", record.data);
  if (encrypted_) out_.Text("EncryptionType", "KMS");
  out_.Text("PartitionKey", record.partition_key);
  out_.Text("SequenceNumber", number);
  out_.EndMap();
}

bool WriteChildShards(aws::Writer& out, const stream::Stream& stream, stream::ShardId parent) {
  const stream::StreamDescription description = stream.Describe();
  bool any = false;
  for (const stream::ShardDescription& shard : description.shards) {
    if (std::ranges::find(shard.parents, parent) == shard.parents.end()) continue;
    if (!any) out.BeginList("ChildShards");
    any = true;
    out.BeginMap();
    out.Text("ShardId", ShardName(shard.id));
    out.BeginList("ParentShards");
    for (const stream::ShardId id : shard.parents) out.Text(ShardName(id));
    out.EndList();
    WriteHashKeyRange(out, shard.range);
    out.EndMap();
  }
  if (any) out.EndList();
  return any;
}

aws::Answer<stream::StartPoint> StartAtNumber(const aws::Identity& identity, const StreamFacts& facts,
                                              stream::ShardId shard, std::string_view text, bool after,
                                              std::string_view operation) {
  const auto number = SequenceNumber::Parse(text);
  const std::string invalid =
      StrCat("StartingSequenceNumber ", text, " used in ", operation, " on shard ", ShardName(shard), " in stream ",
             facts.name, " under account ", identity.account, " is invalid");
  const auto old_shard = number.has_value() ? std::nullopt : ShardOfOldNumber(text);
  if (!number.has_value() && !old_shard.has_value()) return std::unexpected(InvalidArgument(invalid + "."));
  const stream::ShardId encoded = number.has_value() ? number->shard : *old_shard;
  if (encoded != shard) {
    return std::unexpected(InvalidArgument(StrCat("Invalid StartingSequenceNumber. It encodes ", ShardName(encoded),
                                                  ", while it was used in a call to a shard with ", ShardName(shard))));
  }
  if (!number.has_value()) return aws::Fail("InternalFailure", "", 500);  // As the service fails.
  if (number->shard_created_s != ShardCreatedSeconds(*facts.Shard(shard))) {
    return std::unexpected(InvalidArgument(invalid + " because it did not come from this stream."));
  }
  const stream::Sequence sequence = after || number->place == 0 ? number->place : number->place - 1;
  return stream::StartPoint{.kind = stream::StartPoint::Kind::kAtSequence, .sequence = sequence};
}

aws::Answer<stream::Sequence> LocateClamped(const StreamFacts& facts, stream::ShardId shard, stream::StartPoint start) {
  using Kind = stream::StartPoint::Kind;
  if (start.kind == Kind::kAtSequence) {
    const auto end = facts.stream->Locate(shard, {.kind = Kind::kLatest});
    if (end.ok()) start.sequence = std::min(start.sequence, *end);
  }
  auto position = facts.stream->Locate(shard, start);
  if (!position.ok()) return std::unexpected(aws::ToAwsError(position.error()));
  return *position;
}

}  // namespace tailrace::api::kinesis
