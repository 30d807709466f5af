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

Result<std::unique_ptr<Processor>> Processor::Make(const Processing& processing) {
  std::unique_ptr<Processor> processor(new Processor(processing));
  if (!processing.partition_query.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(processor->query_, PartitionQuery::Compile(processing.partition_query));
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

Status Processor::AddItem(const SpanRecord& record, uint32_t part, std::string data, Delivery& delivery) {
  Item item{.shard = record.shard, .sequence = record.sequence, .part = part, .arrival = record.arrival};
  if (query_ != nullptr) {
    TAILRACE_ASSIGN_OR_RETURN(item.partition, query_->Run(data));
  }
  const bool has_delimiter = data.ends_with(processing_.delimiter);
  const bool adds =
      processing_.newline == NewlineRule::kAlways || (processing_.newline == NewlineRule::kIfMissing && !has_delimiter);
  if (adds) data += processing_.delimiter;
  item.data = std::move(data);
  delivery.items.push_back(std::move(item));
  return Ok();
}

void Processor::Run(const Span& span, Delivery& delivery) {
  delivery.items.reserve(span.records.size());
  for (const SpanRecord& record : span.records) {
    const auto fail = [&](uint32_t part, std::string data, std::string_view code, const Error& error) {
      delivery.failures.push_back({Item{record.shard, record.sequence, part, record.arrival, std::move(data), {}},
                                   std::string(kFailed),
                                   std::string(code),
                                   error.message,
                                   {}});
    };
    std::string data = record.data;
    std::vector<std::string> parts;
    const Status unpacked = Unpack(data, parts);
    if (!unpacked.ok()) {
      fail(0, record.data, "Processing.InvalidRecord", unpacked.error());
      continue;
    }
    for (uint32_t part = 0; part < parts.size(); ++part) {
      const Status added = AddItem(record, part, parts[part], delivery);
      if (!added.ok()) {
        fail(part, parts[part], "DynamicPartitioning.MetadataExtractionFailed", added.error());
      }
    }
  }
}

}  // namespace tailrace::sink::delivery
