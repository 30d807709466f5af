// PutRecord and PutRecords. They run on the I/O thread: what they do is short, and the disk is waited for elsewhere.

#include <algorithm>

#include "api/kinesis/names.h"
#include "api/kinesis/number_text.h"
#include "api/kinesis/operations.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

using aws::Answer;
using aws::AwsError;
using aws::CallPtr;
using aws::Value;
using stream::RecordInput;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kCallBytes = 5 * kMiB;        // Of PutRecords, keys included.
constexpr uint64_t kLargeCallBytes = 10 * kMiB;  // When the stream takes large records.
constexpr std::string_view kRateExceeded = "ProvisionedThroughputExceededException";

struct Put {
  FactsPtr facts;
  std::vector<RecordInput> records;     // Views into the call's document.
  std::vector<uint32_t> numbers;        // Of each, in the request, when some were not taken.
  std::map<uint32_t, AwsError> faults;  // Those not taken.
  size_t count = 0;                     // In the request.
};

AwsError TooFast(const aws::Identity& identity, std::string_view stream, stream::ShardId shard) {
  return {std::string(kRateExceeded), StrCat("Rate exceeded for shard ", ShardName(shard), " in stream ", stream,
                                             " under account ", identity.account, ".")};
}

// `number`: of a record among several, from 1; 0 for the only one.
Answer<RecordInput> ReadRecord(const Value& entry, const StreamFacts& facts, size_t number) {
  RecordInput record;
  const Value data = entry.Find("Data");
  record.data = data.text();
  record.partition_key = entry.Find("PartitionKey").text();
  if (record.data.size() > facts.record_bytes_max) {
    const std::string fault = aws::ConstraintFault(
        StrCat("java.nio.HeapByteBuffer[pos=0 lim=", record.data.size(), " cap=", record.data.size(), "]"),
        number == 0 ? "data" : StrCat("records.", number, ".member.data"),
        StrCat("Member must have length less than or equal to ", facts.record_bytes_max));
    return std::unexpected(aws::ValidationError({&fault, 1}));
  }
  if (record.data.size() + record.partition_key.size() > facts.record_bytes_max) {
    return std::unexpected(
        InvalidArgument(StrCat("Record data and partition key have ", record.data.size() + record.partition_key.size(),
                               " bytes, more than the stream's ", facts.record_bytes_max, ".")));
  }
  if (const Value hash = entry.Find("ExplicitHashKey")) {
    record.explicit_hash_key = stream::ParseHashKey(hash.text());
    if (!record.explicit_hash_key.has_value()) {
      return std::unexpected(
          InvalidArgument(StrCat("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                                 "Specified value was ",
                                 hash.text())));
    }
  }
  return record;
}

// Any number that is not from the future: order within a shard is kept without it.
Answer<void> CheckOrdering(const Value& ordering, const StreamFacts& facts, const aws::Identity& identity,
                           Timestamp now) {
  if (!ordering) return {};
  const auto number = SequenceNumber::Parse(ordering.text());
  if (!number.has_value() && ShardOfOldNumber(ordering.text()).has_value()) return {};
  // Children's numbers begin a second after their parents' end, and so may be ahead of the clock.
  if (number.has_value() && number->time_s <= std::max(ToUnixMs(now) / 1000, number->shard_created_s)) return {};
  return std::unexpected(
      InvalidArgument(StrCat("ExclusiveMinimumSequenceNumber ", ordering.text(), " used in PutRecord on stream ",
                             facts.name, " under account ", identity.account, " is invalid.")));
}

// Leaves out what is beyond the shards' rates.
void ApplyRates(Kinesis& kinesis, const aws::Identity& identity, Put& put) {
  if (!kinesis.throttle().on()) return;
  std::vector<RecordInput> taken;
  for (uint32_t i = 0; i < put.records.size(); ++i) {
    const RecordInput& record = put.records[i];
    const stream::ShardId shard = record.explicit_hash_key.has_value()
                                      ? put.facts->stream->ShardFor(*record.explicit_hash_key)
                                      : put.facts->stream->ShardFor(record.partition_key);
    const std::string key = StrCat(put.facts->id, "/", shard, "/put");
    const auto bytes = static_cast<double>(record.data.size() + record.partition_key.size());
    if (kinesis.throttle().Take(key + "/bytes", bytes, {.per_second = kMiB, .burst = kMiB}) &&
        kinesis.throttle().Take(key + "/records", 1, {.per_second = 1000, .burst = 1000})) {
      taken.push_back(record);
      put.numbers.push_back(i);
    } else {
      put.faults.emplace(i, TooFast(identity, put.facts->name, shard));
    }
  }
  put.records = std::move(taken);
}

AwsError ShardFailure(const aws::Identity& identity, const StreamFacts& facts, stream::ShardId shard,
                      const Error& error) {
  if (error.code == ErrorCode::kUnavailable) return TooFast(identity, facts.name, shard);
  if (error.code == ErrorCode::kNotFound) return StreamNotFound(identity, facts.name);
  return {"InternalFailure", error.message, 500};
}

// Facts that know every shard of the outcome; null when they have to be renewed, which may block.
bool KnowsShards(const StreamFacts& facts, const stream::AppendOutcome& outcome) {
  for (const stream::RecordPlace& place : outcome.places) {
    if (facts.Shard(place.shard) == nullptr) return false;
  }
  return true;
}

// Writes where records of one shard are. Borrows the shard.
class PlaceWriter {
 public:
  explicit PlaceWriter(const stream::ShardDescription& shard) : shard_(shard), name_(ShardName(shard.id)) {}

  void Write(aws::Writer& out, const stream::RecordPlace& place) {
    out.Text("SequenceNumber", Number(place));
    out.Text("ShardId", name_);
  }

  // The same as a map of its own.
  void WriteMap(aws::Writer& out, const stream::RecordPlace& place) {
    if (out.encoding() != aws::Encoding::kJson) {
      out.BeginMap();
      Write(out, place);
      return out.EndMap();
    }
    const std::string_view number = Number(place);
    out.JsonValue(kNumber.size() + number.size() + kShard.size() + name_.size() + kEnd.size(), [&](char* at) {
      for (const std::string_view part : {kNumber, number, kShard, std::string_view(name_), kEnd}) {
        at = std::ranges::copy(part, at).out;
      }
      return at;
    });
  }

 private:
  static constexpr std::string_view kNumber = R"({"SequenceNumber":")";
  static constexpr std::string_view kShard = R"(","ShardId":")";
  static constexpr std::string_view kEnd = R"("})";

  std::string_view Number(const stream::RecordPlace& place) {
    return number_.Of(NumberOf(shard_, place.sequence, place.arrival));
  }

  const stream::ShardDescription& shard_;
  const std::string name_;
  NumberText number_;
};

void AnswerPutRecords(const aws::Call& call, const Put& put, const stream::AppendOutcome& outcome, aws::Writer& out) {
  std::map<uint32_t, AwsError> faults = put.faults;
  for (uint32_t i = 0; i < outcome.places.size() && !outcome.failures.empty(); ++i) {
    const stream::ShardId shard = outcome.places[i].shard;
    const Error* const error = outcome.FailureOf(shard);
    if (error == nullptr) continue;
    faults.emplace(put.numbers.empty() ? i : put.numbers[i], ShardFailure(call.identity(), *put.facts, shard, *error));
  }
  out.Reserve(put.count * 130 + 100);
  out.BeginMap();
  if (put.facts->encrypted) out.Text("EncryptionType", "KMS");
  out.Integer("FailedRecordCount", static_cast<int64_t>(faults.size()));
  out.BeginList("Records");
  std::map<stream::ShardId, PlaceWriter> writers;
  size_t next_place = 0;
  for (uint32_t i = 0; i < put.count; ++i) {
    const bool appended = put.numbers.empty() || (next_place < put.numbers.size() && put.numbers[next_place] == i);
    const size_t place = next_place;
    if (appended) ++next_place;
    const auto fault = faults.find(i);
    if (fault != faults.end()) {
      out.BeginMap();
      out.Text("ErrorCode", fault->second.type);
      out.Text("ErrorMessage", fault->second.message);
      out.EndMap();
    } else {
      const stream::RecordPlace& taken = outcome.places[place];
      writers.try_emplace(taken.shard, *put.facts->Shard(taken.shard)).first->second.WriteMap(out, taken);
    }
  }
  out.EndList();
  out.EndMap();
}

void AnswerPutRecord(const aws::Call& call, const Put& put, const stream::AppendOutcome& outcome, aws::Writer& out,
                     std::optional<AwsError>& failure) {
  const stream::RecordPlace& place = outcome.places.front();
  if (const Error* const error = outcome.FailureOf(place.shard)) {
    failure = ShardFailure(call.identity(), *put.facts, place.shard, *error);
    return;
  }
  out.BeginMap();
  if (put.facts->encrypted) out.Text("EncryptionType", "KMS");
  PlaceWriter(*put.facts->Shard(place.shard)).Write(out, place);
  out.EndMap();
}

void Complete(const CallPtr& call, const Put& put, const Result<stream::AppendOutcome>& outcome, bool single,
              Kinesis& kinesis) {
  if (!outcome.ok()) {
    if (outcome.error().code == ErrorCode::kNotFound) kinesis.directory().Forget(put.facts->name);
    return call->Fail(ShardFailure(call->identity(), *put.facts, 0, outcome.error()));
  }
  aws::Writer out(call->encoding());
  std::optional<AwsError> failure;
  if (single) {
    AnswerPutRecord(*call, put, *outcome, out, failure);
  } else {
    AnswerPutRecords(*call, put, *outcome, out);
  }
  if (failure.has_value()) return call->Fail(*failure);
  call->Respond(std::move(out));
}

// The stream's own writer threads call back: they must not wait for the stream.
void Append(Kinesis& kinesis, const CallPtr& call, std::shared_ptr<Put> put, bool single) {
  const FactsPtr facts = put->facts;
  facts->stream->AppendAsync(put->records, std::nullopt, [&kinesis, call, put, single](auto result) mutable {
    if (!result.ok() || KnowsShards(*put->facts, *result)) return Complete(call, *put, result, single, kinesis);
    auto outcome = std::make_shared<Result<stream::AppendOutcome>>(std::move(result));
    const bool posted = kinesis.environment().workers.Post([&kinesis, call, put, single, outcome] {
      put->facts = kinesis.directory().Renewed(*put->facts);
      Complete(call, *put, *outcome, single, kinesis);
    });
    if (!posted) call->Fail({"InternalFailure", "the server is stopping", 500});
  });
}

// A stream takes records when it is ACTIVE or UPDATING.
Answer<FactsPtr> FindWritable(Kinesis& kinesis, const aws::Call& call) {
  TAILRACE_AWS_ASSIGN(FactsPtr facts, kinesis.directory().FindWithoutWaiting(call));
  if (kinesis.options().transition > Milliseconds(0) && kinesis.Now() < facts->created + kinesis.options().transition) {
    return std::unexpected(StreamNotFound(call.identity(), facts->name));
  }
  return facts;
}

Answer<std::shared_ptr<Put>> ReadPutRecord(Kinesis& kinesis, const aws::Call& call) {
  TAILRACE_AWS_ASSIGN(FactsPtr facts, FindWritable(kinesis, call));
  TAILRACE_AWS_ASSIGN(const RecordInput record, ReadRecord(call.input(), *facts, 0));
  TAILRACE_AWS_TRY(
      CheckOrdering(call.input().Find("SequenceNumberForOrdering"), *facts, call.identity(), kinesis.Now()));
  auto put = std::make_shared<Put>(Put{.facts = std::move(facts), .records = {record}, .count = 1});
  ApplyRates(kinesis, call.identity(), *put);
  if (!put->faults.empty()) return std::unexpected(put->faults.begin()->second);
  return put;
}

Answer<std::shared_ptr<Put>> ReadPutRecords(Kinesis& kinesis, const aws::Call& call) {
  TAILRACE_AWS_ASSIGN(FactsPtr facts, FindWritable(kinesis, call));
  const Value list = call.input().Find("Records");
  auto put = std::make_shared<Put>(Put{.facts = std::move(facts), .count = list.size()});
  put->records.reserve(list.size());
  uint64_t bytes = 0;
  for (const Value entry : list) {
    TAILRACE_AWS_ASSIGN(const RecordInput record, ReadRecord(entry, *put->facts, put->records.size() + 1));
    bytes += record.data.size() + record.partition_key.size();
    put->records.push_back(record);
  }
  const uint64_t bytes_max = put->facts->record_bytes_max > kMiB ? kLargeCallBytes : kCallBytes;
  if (bytes > bytes_max) {
    return std::unexpected(InvalidArgument(StrCat("Records size exceeds ", bytes_max / kMiB, " MB limit")));
  }
  ApplyRates(kinesis, call.identity(), *put);
  return put;
}

}  // namespace

void PutRecord(Kinesis& kinesis, const CallPtr& call) {
  auto put = ReadPutRecord(kinesis, *call);
  if (!put.has_value()) return call->Fail(put.error());
  Append(kinesis, call, *std::move(put), true);
}

void PutRecords(Kinesis& kinesis, const CallPtr& call) {
  auto put = ReadPutRecords(kinesis, *call);
  if (!put.has_value()) return call->Fail(put.error());
  Append(kinesis, call, *std::move(put), false);
}

}  // namespace tailrace::api::kinesis
