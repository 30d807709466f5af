#include <algorithm>

#include "api/kinesis/iterator.h"
#include "api/kinesis/names.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/shard_read.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

using aws::Answer;
using aws::Call;
using aws::Value;

constexpr size_t kRecordsMax = 10'000;
constexpr size_t kBytesMax = 10 << 20;
constexpr size_t kPieceBytes = 1 << 20;
constexpr double kReadBytesPerSecond = 2 << 20;

Answer<ShardIterator> OpenIterator(Kinesis& kinesis, std::string_view token) {
  auto iterator = ShardIterator::Unseal(kinesis.tokens(), token);
  if (!iterator.has_value()) return std::unexpected(InvalidArgument("Invalid ShardIterator."));
  const Timestamp now = kinesis.Now();
  if (now - iterator->issued > kTokenLifetime) {
    return aws::Fail(
        "ExpiredIteratorException",
        StrCat("Iterator expired. The iterator was created at time ", JavaDate(iterator->issued),
               " while right now it is ", JavaDate(now), " which is further in the future than the tolerated delay of ",
               kTokenLifetime.count(), " milliseconds."));
  }
  return *std::move(iterator);
}

Answer<FactsPtr> FindRead(Kinesis& kinesis, const aws::Identity& identity, const std::string& stream,
                          std::string_view shard) {
  auto facts = kinesis.directory().FindNamed(identity, stream);
  if (facts.has_value() || facts.error().type != "ResourceNotFoundException") return facts;
  return std::unexpected(ShardDoesNotExist(identity, stream, shard));
}

Answer<void> CheckReadRate(Kinesis& kinesis, const aws::Identity& identity, const StreamFacts& facts,
                           stream::ShardId shard) {
  const std::string key = StrCat(facts.id, "/", shard, "/get");
  if (kinesis.throttle().Take(key, 1, {.per_second = 5, .burst = 5}) &&
      kinesis.throttle().Take(key + "/debt", 1, {.per_second = kReadBytesPerSecond, .burst = 1})) {
    return {};
  }
  return aws::Fail("ProvisionedThroughputExceededException",
                   StrCat("Rate exceeded for shard ", ShardName(shard), " in stream ", facts.name, " under account ",
                          identity.account, "."));
}

struct Reading {
  stream::Sequence next = 0;
  bool ended = false;
  bool caught_up = false;
  size_t bytes = 0;
};

// Room for the whole answer, by what the first records are like.
void Reserve(const stream::RecordBatch& batch, size_t limit, aws::Writer& out) {
  const size_t read = batch.records().size();
  size_t bytes = 0;
  for (const stream::RecordView& record : batch.records()) bytes += record.data.size() + record.partition_key.size();
  const size_t records = batch.caught_up() ? read : std::min(limit, kBytesMax / (bytes / read + 1) + 1);
  out.Reserve(out.size() + RecordWriter::Estimate(records, records * bytes / read) + kPieceBytes / 4);
}

// Writes the records from `position` on, in pieces, so that an answer of many megabytes needs one buffer.
Result<Reading> ReadRecords(const StreamFacts& facts, const ShardIterator& iterator, size_t limit, Timestamp now,
                            aws::Writer& out) {
  TAILRACE_ASSIGN_OR_RETURN(stream::ShardReader reader, facts.stream->Read(iterator.shard, iterator.position));
  const stream::ShardDescription& shard = *facts.Shard(iterator.shard);
  Reading reading;
  stream::RecordBatch batch;
  RecordWriter writer(out, shard, facts.encrypted);
  size_t count = 0;
  bool first = true;
  while (count < limit && reading.bytes < kBytesMax) {
    TAILRACE_TRY(reader.Read(
        {.records_max = limit - count, .bytes_max = std::min(kPieceBytes, kBytesMax - reading.bytes)}, batch));
    reading.next = batch.next_sequence();
    reading.ended = batch.shard_ended();
    reading.caught_up = batch.caught_up();
    if (batch.records().empty()) break;
    if (first && batch.records().front().arrival < now - facts.retention) {
      // Past retention, though its segment is still there.
      TAILRACE_ASSIGN_OR_RETURN(const stream::Sequence kept, reader.FindArrival(now - facts.retention));
      first = false;
      reader.Seek(std::max(kept, iterator.position));
      continue;
    }
    if (first) Reserve(batch, limit, out);
    first = false;
    for (const stream::RecordView& record : batch.records()) {
      const size_t bytes = record.data.size() + record.partition_key.size();
      if (count > 0 && reading.bytes + bytes > kBytesMax) {
        reading.next = record.sequence;
        reading.caught_up = false;
        return reading;
      }
      writer.Write(record);
      reading.bytes += bytes;
      ++count;
    }
  }
  return reading;
}

Answer<void> CheckIteratorType(const std::string& type, const Value& number) {
  const bool by_number = type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER";
  if (type != "AT_TIMESTAMP" && by_number != number.present()) {
    return std::unexpected(InvalidArgument(
        StrCat("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) ",
               "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ", type, " and ",
               by_number ? "no StartingSequenceNumber." : "also a StartingSequenceNumber.")));
  }
  return {};
}

Answer<void> CheckTimestamp(const std::string& type, const Value& timestamp, Timestamp now) {
  if (type != "AT_TIMESTAMP") return {};
  if (!timestamp) {
    return std::unexpected(
        InvalidArgument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request "
                        "has no timestamp parameter."));
  }
  if (timestamp.integer() > ToUnixMs(now)) {
    return std::unexpected(InvalidArgument(StrCat(
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ",
        timestamp.integer(), ", currentTimestampInMillis: ", ToUnixMs(now))));
  }
  return {};
}

}  // namespace

Answer<void> GetShardIterator(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  const Value input = call.input();
  const std::string shard_text = input.Text("ShardId");
  const std::string type = input.Text("ShardIteratorType");
  TAILRACE_AWS_ASSIGN(const std::string name, kinesis.directory().NameIn(call));
  const auto shard = ParseShardName(shard_text);
  if (!shard.has_value()) return std::unexpected(CouldNotFindShard(call.identity(), name, shard_text));
  TAILRACE_AWS_ASSIGN(FactsPtr facts, FindRead(kinesis, call.identity(), name, ShardName(*shard)));
  if (facts->Shard(*shard) == nullptr) facts = kinesis.directory().Renewed(*facts);
  if (facts->Shard(*shard) == nullptr) {
    return std::unexpected(ShardDoesNotExist(call.identity(), name, ShardName(*shard)));
  }
  const Value number = input.Find("StartingSequenceNumber");
  const Value timestamp = input.Find("Timestamp");
  TAILRACE_AWS_TRY(CheckIteratorType(type, number));
  stream::StartPoint start;
  if (number) {
    TAILRACE_AWS_ASSIGN(start, StartAtNumber(call.identity(), *facts, *shard, number.text(),
                                             type == "AFTER_SEQUENCE_NUMBER", "GetShardIterator"));
  }
  TAILRACE_AWS_TRY(CheckTimestamp(type, timestamp, kinesis.Now()));
  if (type == "LATEST") {
    start.kind = stream::StartPoint::Kind::kLatest;
  } else if (timestamp && type == "AT_TIMESTAMP") {
    start = {.kind = stream::StartPoint::Kind::kAtTimestamp, .timestamp = FromUnixMs(timestamp.integer())};
  }
  TAILRACE_AWS_ASSIGN(const stream::Sequence position, LocateClamped(*facts, *shard, start));
  const ShardIterator iterator{
      .issued = kinesis.Now(), .stream = name, .stream_id = facts->id, .shard = *shard, .position = position};
  out.BeginMap();
  out.Text("ShardIterator", iterator.Seal(kinesis.tokens()));
  out.EndMap();
  return {};
}

Answer<void> GetRecords(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  const Value input = call.input();
  TAILRACE_AWS_ASSIGN(ShardIterator iterator, OpenIterator(kinesis, input.Find("ShardIterator").text()));
  const std::string shard_name = ShardName(iterator.shard);
  TAILRACE_AWS_ASSIGN(FactsPtr facts, FindRead(kinesis, call.identity(), iterator.stream, shard_name));
  if (facts->Shard(iterator.shard) == nullptr) facts = kinesis.directory().Renewed(*facts);
  if (facts->id != iterator.stream_id || facts->Shard(iterator.shard) == nullptr) {
    return std::unexpected(ShardDoesNotExist(call.identity(), iterator.stream, shard_name));
  }
  TAILRACE_AWS_TRY(CheckReadRate(kinesis, call.identity(), *facts, iterator.shard));
  const auto limit = static_cast<size_t>(input.Integer("Limit", kRecordsMax));
  const Timestamp now = kinesis.Now();
  out.BeginMap();
  out.BeginList("Records");
  const auto reading = ReadRecords(*facts, iterator, limit, now, out);
  if (!reading.ok()) {
    if (reading.error().code != ErrorCode::kNotFound) return std::unexpected(aws::ToAwsError(reading.error()));
    kinesis.directory().Forget(facts->name);
    return std::unexpected(ShardDoesNotExist(call.identity(), iterator.stream, shard_name));
  }
  out.EndList();
  if (kinesis.throttle().on()) {
    kinesis.throttle().Take(StrCat(facts->id, "/", iterator.shard, "/get/debt"), static_cast<double>(reading->bytes),
                            {.per_second = kReadBytesPerSecond, .burst = 1});
  }
  const auto behind = reading->caught_up ? Result<Milliseconds>(Milliseconds(0))
                                         : facts->stream->BehindLatest(iterator.shard, reading->next);
  out.Integer("MillisBehindLatest", behind.ok() ? behind.value().count() : 0);
  // Readers take the end of a shard by both signs or by none.
  if (reading->ended && WriteChildShards(out, *facts->stream, iterator.shard)) {
    out.EndMap();
    return {};
  }
  iterator.position = reading->next;
  iterator.issued = now;
  out.Text("NextShardIterator", iterator.Seal(kinesis.tokens()));
  out.EndMap();
  return {};
}

}  // namespace tailrace::api::kinesis
