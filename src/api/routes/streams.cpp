#include <algorithm>
#include <boost/json.hpp>

#include "api/overview.h"
#include "api/routes/routes.h"
#include "app/runtime.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::api {
namespace {

namespace json = boost::json;
using RouteResult = Result<std::optional<http::Response>>;

constexpr size_t kRecordsPerPut = 500;
constexpr int64_t kRecordsPerGet = 10'000;

RouteResult Reply(const json::value& value) { return http::Response::Json(200, json::serialize(value) + "\n"); }

json::object Describe(const stream::StreamDescription& description, bool with_shards) {
  uint64_t records = 0;
  uint64_t bytes = 0;
  json::array shards;
  for (const stream::ShardDescription& shard : description.shards) {
    records += shard.next_sequence - shard.oldest_sequence;
    bytes += shard.bytes;
    shards.push_back({{"id", shard.id},
                      {"hash_first", stream::HashKeyText(shard.range.first)},
                      {"hash_last", stream::HashKeyText(shard.range.last)},
                      {"open", shard.open},
                      {"oldest", shard.oldest_sequence},
                      {"next", shard.next_sequence},
                      {"bytes", shard.bytes}});
  }
  json::object stream{{"name", description.name},
                      {"records", records},
                      {"bytes", bytes},
                      {"retention_ms", description.options.retention.count()},
                      {"created", ToUnixMs(description.created)}};
  stream["damage"] = description.damage.has_value() ? json::value(description.damage->message) : json::value(nullptr);
  if (with_shards) {
    stream["shards"] = std::move(shards);
  } else {
    stream["shards"] = description.shards.size();
  }
  return stream;
}

// A record's bytes as text when they are valid UTF-8, else in base64.
void AddData(json::object& record, std::string_view data) {
  if (IsValidUtf8(data)) {
    record["data"] = json::string(data);
  } else {
    record["data_base64"] = ToBase64(data);
  }
}

struct RecordText {
  std::string key;
  std::string data;
};

Result<std::vector<RecordText>> ParseRecords(const std::string& body) {
  json::error_code error;
  const json::value parsed = json::parse(body, error);
  const json::object* const object = error ? nullptr : parsed.if_object();
  const json::value* const list = object == nullptr ? nullptr : object->if_contains("records");
  if (list == nullptr || !list->is_array()) {
    return Error{ErrorCode::kInvalidArgument, "the body must be {\"records\": [{\"key\": .., \"data\": ..}]}"};
  }
  if (list->get_array().empty() || list->get_array().size() > kRecordsPerPut) {
    return Error{ErrorCode::kLimitExceeded,
                 StrCat(list->get_array().size(), " records in one call, allowed 1 to ", kRecordsPerPut)};
  }
  std::vector<RecordText> records;
  for (const json::value& value : list->get_array()) {
    const json::object* const entry = value.if_object();
    const json::value* const key = entry == nullptr ? nullptr : entry->if_contains("key");
    const json::value* const data = entry == nullptr ? nullptr : entry->if_contains("data");
    const json::value* const base64 = entry == nullptr ? nullptr : entry->if_contains("data_base64");
    RecordText record;
    const bool good_key = key != nullptr && key->is_string();
    const bool good_data = (data != nullptr && data->is_string()) != (base64 != nullptr && base64->is_string());
    if (!good_key || !good_data ||
        (data == nullptr && !FromBase64(std::string_view(base64->get_string()), record.data))) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("records[", records.size(), "] needs a text key, and data as text or data_base64")};
    }
    record.key = std::string(key->get_string());
    if (data != nullptr) record.data = std::string(data->get_string());
    records.push_back(std::move(record));
  }
  return records;
}

// Records of one shard from where the caller asks.
Status ReadShard(const stream::Stream& stream, stream::ShardId shard, const std::string& from, size_t limit,
                 std::vector<std::pair<int64_t, json::object>>& records, stream::Sequence& next) {
  stream::StartPoint start;
  if (from == "latest") {
    start.kind = stream::StartPoint::Kind::kLatest;
  } else if (!from.empty() && from != "oldest") {
    const auto sequence = ParseInt64(from);
    if (!sequence.has_value() || *sequence < 0) {
      return Error{ErrorCode::kInvalidArgument, StrCat("from='", from, "' is not oldest, latest or a sequence")};
    }
    start = {.kind = stream::StartPoint::Kind::kAtSequence, .sequence = static_cast<uint64_t>(*sequence)};
  }
  TAILRACE_ASSIGN_OR_RETURN(next, stream.Locate(shard, start));
  TAILRACE_ASSIGN_OR_RETURN(stream::ShardReader reader, stream.Read(shard, next));
  stream::RecordBatch batch;
  size_t taken = 0;
  while (taken < limit) {
    TAILRACE_TRY(reader.Read({.records_max = limit - taken}, batch));
    next = batch.next_sequence();
    if (batch.records().empty()) break;
    for (const stream::RecordView& view : batch.records()) {
      json::object record{{"shard", shard},
                          {"sequence", view.sequence},
                          {"arrival", ToUnixMs(view.arrival)},
                          {"key", RepairUtf8(view.partition_key)}};
      AddData(record, view.data);
      records.emplace_back(ToUnixMs(view.arrival), std::move(record));
      ++taken;
    }
  }
  return Ok();
}

}  // namespace

RouteResult GetStreams(RouteCall& call) {
  json::array streams;
  for (const auto& description : call.services().runtime.streams().List()) {
    streams.push_back(Describe(description, false));
    streams.back().as_object()["source"] = StreamSource(call.services().runtime, description.name);
  }
  return Reply(streams);
}

RouteResult GetStream(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(const auto stream, call.services().runtime.streams().Find(call.parameter(0)));
  json::object described = Describe(stream->Describe(), true);
  described["source"] = StreamSource(call.services().runtime, stream->name());
  return Reply(described);
}

RouteResult PutRecords(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(const auto stream, call.services().runtime.streams().Find(call.parameter(0)));
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<RecordText> records, ParseRecords(call.request().body));
  std::vector<stream::RecordInput> inputs;
  for (const RecordText& record : records) inputs.push_back({.partition_key = record.key, .data = record.data});
  TAILRACE_ASSIGN_OR_RETURN(const stream::AppendOutcome outcome, stream->Append(inputs));
  TAILRACE_TRY(outcome.status());
  json::array places;
  for (const stream::RecordPlace& place : outcome.places) {
    places.push_back({{"shard", place.shard}, {"sequence", place.sequence}});
  }
  return Reply(json::object{{"places", std::move(places)}});
}

RouteResult GetRecords(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(const auto stream, call.services().runtime.streams().Find(call.parameter(0)));
  TAILRACE_ASSIGN_OR_RETURN(const int64_t limit, call.QueryNumber("limit", 1, kRecordsPerGet, 100));
  TAILRACE_ASSIGN_OR_RETURN(const int64_t shard, call.QueryNumber("shard", 0, UINT32_MAX, -1));
  const std::string from = call.Query("from");
  std::vector<std::pair<int64_t, json::object>> records;
  json::object next;
  for (const stream::ShardDescription& description : stream->Describe().shards) {
    if (shard >= 0 && description.id != static_cast<uint64_t>(shard)) continue;
    stream::Sequence position = 0;
    TAILRACE_TRY(ReadShard(*stream, description.id, from, static_cast<size_t>(limit), records, position));
    next[StrCat(description.id)] = position;
  }
  if (shard >= 0 && next.empty()) {
    return Error{ErrorCode::kNotFound, StrCat("stream ", stream->name(), " has no shard ", shard)};
  }
  // Each shard is in order already; a stable sort by arrival merges them.
  std::ranges::stable_sort(records, {}, [](const auto& record) { return record.first; });
  json::array list;
  for (auto& [arrival, record] : records) {
    if (list.size() == static_cast<size_t>(limit)) break;
    list.push_back(std::move(record));
  }
  return Reply(json::object{{"next", std::move(next)}, {"records", std::move(list)}});
}

}  // namespace tailrace::api
