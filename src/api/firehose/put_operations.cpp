// PutRecord and PutRecordBatch: answered from the stream's writer threads, when the records are on disk.

#include "api/firehose/operations.h"
#include "base/str.h"

namespace tailrace::api::firehose {
namespace {

constexpr uint64_t kBatchBytesMax = 4 << 20;
constexpr std::string_view kPartitionKey = "-";  // Delivery streams know no keys.

aws::Answer<std::shared_ptr<stream::Stream>> FindTarget(DeliveryStreams& streams, const aws::Call& call,
                                                        bool& encrypted) {
  TAILRACE_AWS_ASSIGN(const DeliveryDescription found, FindNamed(streams, call));
  encrypted = found.encrypted;
  if (!found.definition.source_stream.empty()) {
    return aws::Fail("InvalidSourceException", StrCat("Firehose ", found.definition.name, " delivers the stream ",
                                                      found.definition.source_stream, ": put the records there"));
  }
  auto stream = streams.FindStream(found.definition.name);
  if (!stream.ok()) return std::unexpected(ToFirehoseError(stream.error(), call));
  return std::move(stream).value();
}

std::string RecordId(const stream::RecordPlace& place, std::string_view stream) {
  return fmt::format("{:020}{:012}{}", place.sequence, place.shard, stream);
}

void WriteBatch(const stream::AppendOutcome& outcome, std::string_view stream, bool encrypted, aws::Writer& out) {
  size_t failed = 0;
  for (const stream::RecordPlace& place : outcome.places) failed += outcome.FailureOf(place.shard) != nullptr;
  out.Reserve(outcome.places.size() * 120 + 100);
  out.BeginMap();
  out.Integer("FailedPutCount", static_cast<int64_t>(failed));
  out.Boolean("Encrypted", encrypted);
  out.BeginList("RequestResponses");
  for (const stream::RecordPlace& place : outcome.places) {
    out.BeginMap();
    if (const Error* const error = outcome.FailureOf(place.shard)) {
      out.Text("ErrorCode", "ServiceUnavailableException");
      out.Text("ErrorMessage", error->message);
    } else {
      out.Text("RecordId", RecordId(place, stream));
    }
    out.EndMap();
  }
  out.EndList();
  out.EndMap();
}

void Append(const std::shared_ptr<stream::Stream>& stream, std::span<const stream::RecordInput> records, bool encrypted,
            bool single, const aws::CallPtr& call) {
  stream->AppendAsync(records, std::nullopt, [call, encrypted, single, name = stream->name()](auto outcome) {
    if (!outcome.ok()) return call->Fail(ToFirehoseError(outcome.error(), *call));
    aws::Writer out(call->encoding());
    if (!single) {
      WriteBatch(*outcome, name, encrypted, out);
      return call->Respond(std::move(out));
    }
    const Status status = outcome->status();
    if (!status.ok()) return call->Fail({"ServiceUnavailableException", status.error().message, 503});
    out.BeginMap();
    out.Text("RecordId", RecordId(outcome->places.front(), name));
    out.Boolean("Encrypted", encrypted);
    out.EndMap();
    call->Respond(std::move(out));
  });
}

}  // namespace

void PutRecord(DeliveryStreams& streams, const aws::CallPtr& call) {
  bool encrypted = false;
  const auto stream = FindTarget(streams, *call, encrypted);
  if (!stream.has_value()) return call->Fail(stream.error());
  const stream::RecordInput record{.partition_key = kPartitionKey,
                                   .data = call->input().Find("Record").Find("Data").text()};
  Append(*stream, {&record, 1}, encrypted, true, call);
}

void PutRecordBatch(DeliveryStreams& streams, const aws::CallPtr& call) {
  bool encrypted = false;
  const auto stream = FindTarget(streams, *call, encrypted);
  if (!stream.has_value()) return call->Fail(stream.error());
  std::vector<stream::RecordInput> records;
  uint64_t bytes = 0;
  for (const aws::Value entry : call->input().Find("Records")) {
    records.push_back({.partition_key = kPartitionKey, .data = entry.Find("Data").text()});
    bytes += records.back().data.size();
  }
  if (bytes > kBatchBytesMax) {
    return call->Fail({"InvalidArgumentException", "Records size exceeds 4 MB limit"});
  }
  Append(*stream, records, encrypted, false, call);
}

}  // namespace tailrace::api::firehose
