#include "sink/delivery/processing.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>

#include "base/decompress.h"
#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

namespace json = boost::json;

constexpr size_t kPartsMax = 500;               // Of one record; with more it stays whole.
constexpr size_t kUnpackedBytesMax = 16 << 20;  // Of one record.
constexpr std::string_view kFailed = "processing-failed";

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view SkipBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  return text;
}

// How many bytes the JSON value at the front of the text takes.
Result<size_t> JsonValueSize(std::string_view text) {
  json::stream_parser parser;
  boost::system::error_code code;
  const size_t size = parser.write_some(text.data(), text.size(), code);
  if (!code && !parser.done()) parser.finish(code);
  if (code) return Error{ErrorCode::kInvalidArgument, StrCat("record is no JSON: ", code.message())};
  return size;
}

// The elements of an array as written.
Result<std::vector<std::string>> ArrayElements(std::string_view text) {
  std::vector<std::string> elements;
  boost::system::error_code code;
  const json::value parsed = json::parse({text.data(), text.size()}, code);
  if (code) return Error{ErrorCode::kInvalidArgument, StrCat("record is no JSON: ", code.message())};
  for (const json::value& element : parsed.as_array()) elements.push_back(json::serialize(element));
  return elements;
}

// The messages of a CloudWatch Logs document; none from one that only tests the connection.
Result<std::vector<std::string>> CloudWatchMessages(std::string_view text) {
  boost::system::error_code code;
  const json::value parsed = json::parse({text.data(), text.size()}, code);
  const Error wrong{ErrorCode::kInvalidArgument, "record is no document of CloudWatch Logs"};
  if (code || !parsed.is_object()) return wrong;
  const json::value* const type = parsed.as_object().if_contains("messageType");
  if (type == nullptr || !type->is_string()) return wrong;
  std::vector<std::string> messages;
  if (type->as_string() != "DATA_MESSAGE") return messages;
  const json::value* const events = parsed.as_object().if_contains("logEvents");
  if (events == nullptr || !events->is_array()) return wrong;
  for (const json::value& event : events->as_array()) {
    const json::value* const message = event.is_object() ? event.as_object().if_contains("message") : nullptr;
    if (message == nullptr || !message->is_string()) return wrong;
    messages.emplace_back(message->as_string());
  }
  return messages;
}

Failure FailureOf(const SpanRecord& record, uint32_t part, std::string_view data, std::string_view code,
                  std::string message) {
  return {Item{record.shard, record.sequence, part, record.arrival, std::string(data), {}},
          std::string(kFailed),
          std::string(code),
          std::move(message),
          {}};
}

std::vector<std::string> SplitDelimited(std::string_view text, std::string_view delimiter) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(delimiter), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + delimiter.size(), text.size()));
  }
  return parts;
}

}  // namespace

Result<std::vector<std::string>> SplitJson(std::string_view text) {
  std::vector<std::string> values;
  for (text = SkipBlanks(text); !text.empty(); text = SkipBlanks(text)) {
    TAILRACE_ASSIGN_OR_RETURN(const size_t size, JsonValueSize(text));
    std::string_view value = text.substr(0, size);
    while (!value.empty() && IsBlank(value.back())) value.remove_suffix(1);
    if (value.starts_with('[')) {
      TAILRACE_ASSIGN_OR_RETURN(std::vector<std::string> elements, ArrayElements(value));
      for (std::string& element : elements) values.push_back(std::move(element));
    } else {
      values.emplace_back(value);
    }
    text.remove_prefix(size);
  }
  return values;
}

Result<std::unique_ptr<Processor>> Processor::Make(const Processing& processing, Environment environment) {
  std::unique_ptr<Processor> processor(new Processor(processing, std::move(environment)));
  if (processing.partition_query.empty()) return processor;
  const Environment& made = processor->environment_;
  TAILRACE_ASSIGN_OR_RETURN(processor->query_, PartitionQuery::Compile(processing.partition_query));
  if (!made.worker.empty()) {
    processor->query_ = std::make_unique<WorkerQuery>(made.worker, processing.partition_query, made.stopping);
  }
  return processor;
}

// Decompression and de-aggregation: `parts` of what `data` is then.
Status Processor::Unpack(std::string& data, std::vector<std::string>& parts) const {
  if (processing_.gunzip) {
    TAILRACE_ASSIGN_OR_RETURN(data, Decompress(Compression::kGzip, data, kUnpackedBytesMax));
  }
  if (processing_.cloud_watch_messages) {
    TAILRACE_ASSIGN_OR_RETURN(parts, CloudWatchMessages(data));
    return Ok();
  }
  if (processing_.split == SplitRule::kJson) {
    TAILRACE_ASSIGN_OR_RETURN(parts, SplitJson(data));
  } else if (processing_.split == SplitRule::kDelimited) {
    parts = SplitDelimited(data, processing_.split_delimiter);
  }
  const bool whole = processing_.split == SplitRule::kNone || parts.size() > kPartsMax;
  if (whole) parts.assign(1, data);
  return Ok();
}

Result<PartitionKeys> Processor::Partition(std::string_view data) {
  if (exceeded_ == kExceededMax) {
    return Error{ErrorCode::kLimitExceeded,
                 StrCat("jq: not tried, the program exceeded its limits for the ", kExceededMax, " records before")};
  }
  auto keys = query_->Run(data);
  const bool exceeds = !keys.ok() && keys.error().code == ErrorCode::kLimitExceeded;
  exceeded_ = exceeds ? exceeded_ + 1 : 0;
  return keys;
}

Status Processor::AddItem(const SpanRecord& record, uint32_t part, std::string data, Delivery& delivery) {
  Item item{.shard = record.shard, .sequence = record.sequence, .part = part, .arrival = record.arrival};
  if (query_ != nullptr) {
    TAILRACE_ASSIGN_OR_RETURN(item.partition, Partition(data));
  }
  const bool has_delimiter = data.ends_with(processing_.delimiter);
  const bool adds =
      processing_.newline == NewlineRule::kAlways || (processing_.newline == NewlineRule::kIfMissing && !has_delimiter);
  if (adds) data += processing_.delimiter;
  item.data = std::move(data);
  delivery.items.push_back(std::move(item));
  return Ok();
}

bool Processor::Belongs(const stream::AggregatedPart& part, stream::ShardId shard) {
  auto known = ranges_.find(shard);
  if (known == ranges_.end()) {
    const auto range = environment_.range_of ? environment_.range_of(shard) : std::nullopt;
    if (!range.has_value()) return true;
    known = ranges_.emplace(shard, *range).first;
  }
  return known->second == stream::HashKeyRange{} || known->second.Contains(part.hash_key());
}

Status Processor::Run(const Span& span, Delivery& delivery) {
  exceeded_ = 0;
  delivery.items.reserve(span.records.size());
  for (const SpanRecord& record : span.records) TAILRACE_TRY(RunRecord(record, delivery));
  return Ok();
}

Status Processor::RunRecord(const SpanRecord& record, Delivery& delivery) {
  uint32_t part = 0;
  std::vector<stream::AggregatedPart> packed;
  if (!stream::SplitAggregatedRecord(record.data, packed)) return RunUnit(record, record.data, part, delivery);
  for (const stream::AggregatedPart& unit : packed) {
    if (Belongs(unit, record.shard)) {
      TAILRACE_TRY(RunUnit(record, unit.data, part, delivery));
      continue;
    }
    delivery.failures.push_back(
        FailureOf(record, part++, unit.data, "Processing.ForeignShard",
                  "part of an aggregated record that belongs to another shard; its producer sends it again"));
  }
  return Ok();
}

// `part` counts on over all that the record becomes.
Status Processor::RunUnit(const SpanRecord& record, std::string_view data, uint32_t& part, Delivery& delivery) {
  std::string unpacked(data);
  std::vector<std::string> parts;
  const Status status = Unpack(unpacked, parts);
  if (!status.ok()) {
    delivery.failures.push_back(FailureOf(record, part++, data, "Processing.InvalidRecord", status.error().message));
    return Ok();
  }
  for (const std::string& item : parts) {
    const Status added = AddItem(record, part, item, delivery);
    if (!added.ok()) {
      const ErrorCode code = added.error().code;
      if (code != ErrorCode::kInvalidArgument && code != ErrorCode::kLimitExceeded) return added;
      delivery.failures.push_back(
          FailureOf(record, part, item, "DynamicPartitioning.MetadataExtractionFailed", added.error().message));
    }
    ++part;
  }
  return Ok();
}

}  // namespace tailrace::sink::delivery
