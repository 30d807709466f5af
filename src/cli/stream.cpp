#include <boost/json.hpp>
#include <cstdio>

#include "base/str.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "data/text.h"

namespace tailrace::cli {
namespace {

namespace json = boost::json;

constexpr size_t kRecordsPerCall = 500;

int RunList(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  const auto streams = client.Get("/api/streams");
  if (!streams.ok()) return Fail(context, "stream list", streams.error().message);
  if (arguments.Has("--json")) {
    for (const json::value& stream : streams->as_array()) context.Print(json::serialize(stream) + "\n");
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const json::value& stream : streams->as_array()) {
    rows.push_back({PlainText(stream.at("name")), PlainText(stream.at("shards")), PlainText(stream.at("records")),
                    FormatBytes(stream.at("bytes").to_number<uint64_t>()),
                    StrCat(stream.at("retention_ms").to_number<int64_t>() / 3'600'000, "h"),
                    TimeText(stream.at("created")), PlainText(stream.at("damage"))});
  }
  context.Print(AlignedTable({"STREAM", "SHARDS", "RECORDS", "SIZE", "RETENTION", "CREATED", "DAMAGE"}, rows));
  return kExitDone;
}

void PrintSource(const json::object& source, const Context& context) {
  const std::string error = PlainText(source.at("error"));
  context.Print(StrCat("\nfilled from Kafka topic ", PlainText(source.at("topic")), ": ", PlainText(source.at("state")),
                       error.empty() ? "" : StrCat(", ", error), "\n"));
  std::vector<std::vector<std::string>> rows;
  for (const json::value& partition : source.at("partitions").as_array()) {
    rows.push_back({PlainText(partition.at("id")), PlainText(partition.at("next_offset")),
                    PlainText(partition.at("high")), PlainText(partition.at("lag")), PlainText(partition.at("error"))});
  }
  context.Print(AlignedTable({"PARTITION", "NEXT OFFSET", "END", "LAG", "ERROR"}, rows));
}

int RunDescribe(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  const auto stream = client.Get("/api/streams/" + PercentEncode(arguments.positional()[0]));
  if (!stream.ok()) return Fail(context, "stream describe", stream.error().message);
  if (arguments.Has("--json")) {
    context.Print(json::serialize(*stream) + "\n");
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const json::value& shard : stream->at("shards").as_array()) {
    rows.push_back({PlainText(shard.at("id")), shard.at("open").as_bool() ? "open" : "closed",
                    PlainText(shard.at("oldest")), PlainText(shard.at("next")),
                    FormatBytes(shard.at("bytes").to_number<uint64_t>()), PlainText(shard.at("hash_first")),
                    PlainText(shard.at("hash_last"))});
  }
  context.Print(StrCat(PlainText(stream->at("name")), "  created ", TimeText(stream->at("created")), "  retention ",
                       stream->at("retention_ms").to_number<int64_t>() / 3'600'000, "h\n"));
  context.Print(AlignedTable({"SHARD", "STATE", "OLDEST", "NEXT", "SIZE", "FIRST HASH", "LAST HASH"}, rows));
  if (const json::object* const source = stream->at("source").if_object()) PrintSource(*source, context);
  return kExitDone;
}

Result<size_t> PutLines(const Client& client, const std::string& path, const std::vector<std::string>& lines,
                        const std::string& key) {
  json::array records;
  for (size_t i = 0; i < lines.size(); ++i) {
    records.push_back({{"key", key.empty() ? StrCat("line-", i) : key}, {"data", lines[i]}});
  }
  TAILRACE_ASSIGN_OR_RETURN(const json::value answer,
                            client.Post(path, json::serialize(json::object{{"records", std::move(records)}})));
  return answer.at("places").as_array().size();
}

int RunPut(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  const std::string path = StrCat("/api/streams/", PercentEncode(arguments.positional()[0]), "/records");
  std::vector<std::string> lines(arguments.positional().begin() + 1, arguments.positional().end());
  size_t stored = 0;
  const auto put = [&]() -> Status {
    if (lines.empty()) return Ok();
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, PutLines(client, path, lines, arguments.Text("--key")));
    stored += count;
    lines.clear();
    return Ok();
  };
  Status status;
  if (lines.empty()) {
    std::string line;
    int c = 0;
    while (status.ok() && (c = std::fgetc(stdin)) != EOF) {
      if (c != '\n') {
        line += static_cast<char>(c);
        continue;
      }
      lines.push_back(std::exchange(line, {}));
      if (lines.size() == kRecordsPerCall) status = put();
    }
    if (!line.empty()) lines.push_back(line);
  }
  if (status.ok()) status = put();
  if (!status.ok()) {
    return Fail(context, "stream put", StrCat(status.error().message, "; ", stored, " records were stored before"));
  }
  context.Print(StrCat(stored, stored == 1 ? " record stored\n" : " records stored\n"));
  return kExitDone;
}

int RunGet(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  const std::string path = StrCat("/api/streams/", PercentEncode(arguments.positional()[0]), "/records",
                                  QueryText({{"shard", arguments.Text("--shard")},
                                             {"from", arguments.Text("--from")},
                                             {"limit", arguments.Text("--limit")}}));
  const auto answer = client.Get(path);
  if (!answer.ok()) return Fail(context, "stream get", answer.error().message);
  for (const json::value& record : answer->at("records").as_array()) {
    if (arguments.Has("--json")) {
      context.Print(json::serialize(record) + "\n");
      continue;
    }
    const json::value* const data = record.as_object().if_contains("data");
    std::string text = data != nullptr ? std::string(data->as_string()) : PlainText(record.at("data_base64"));
    if (!text.ends_with('\n')) text += '\n';
    if (!context.Print(text)) break;
  }
  return kExitDone;
}

constexpr OptionSpec kListOptions[] = {kServerOption, kJsonOption};
constexpr OptionSpec kPutOptions[] = {
    kServerOption, {"--key", "KEY", "Partition key of every record; when not given they are spread over the shards."}};
constexpr OptionSpec kGetOptions[] = {
    kServerOption,
    {"--shard", "N", "This shard only; else all, merged by arrival."},
    {"--from", "PLACE", "oldest, latest, or a sequence.", "oldest"},
    {"--limit", "N", "At most so many records.", "100"},
    {"--json", "", "Print every record as JSON with shard, sequence, arrival and key."},
};
constexpr std::string_view kListExamples[] = {"tailrace stream list"};
constexpr std::string_view kDescribeExamples[] = {"tailrace stream describe mywebsiteorder"};
constexpr std::string_view kPutExamples[] = {"tailrace stream put mywebsiteorder '{\"InvoiceNo\":\"536365\"}'",
                                             "tailrace stream put mywebsiteorder < orders.ndjson"};
constexpr std::string_view kGetExamples[] = {"tailrace stream get mywebsiteorder --limit 5",
                                             "tailrace stream get mywebsiteorder --from 1200 --shard 0 --json"};

}  // namespace

const Verb kStreamListVerb = {.name = "stream list",
                              .summary = "List all streams",
                              .options = kListOptions,
                              .positional = {},
                              .examples = kListExamples,
                              .run = RunList};
const Verb kStreamDescribeVerb = {.name = "stream describe",
                                  .summary = "Show a stream and its shards",
                                  .options = kListOptions,
                                  .positional = {"STREAM", "Name of the stream", 1, 1},
                                  .examples = kDescribeExamples,
                                  .run = RunDescribe};
const Verb kStreamPutVerb = {.name = "stream put",
                             .summary = "Append records: the words, or the lines of standard input",
                             .options = kPutOptions,
                             .positional = {"STREAM", "Name of the stream, then the records", 1, 501},
                             .examples = kPutExamples,
                             .run = RunPut};
const Verb kStreamGetVerb = {.name = "stream get",
                             .summary = "Print records of a stream",
                             .options = kGetOptions,
                             .positional = {"STREAM", "Name of the stream", 1, 1},
                             .examples = kGetExamples,
                             .run = RunGet};

}  // namespace tailrace::cli
