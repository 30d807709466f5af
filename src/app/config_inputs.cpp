#include <algorithm>
#include <iterator>

#include "app/config_kafka.h"
#include "app/config_sections.h"
#include "base/str.h"
#include "ingest/formats/builtin.h"

namespace tailrace::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kDurabilities[] = {"synced", "relaxed"};

constexpr size_t kMetricNamesMax = 1'000;

constexpr KeySpec<ingest::MetricsSourceConfig> kMetricsKeys[] = {
    {{"every", "duration", "How often; 10s when not given."},
     [](const YamlValue& value, ingest::MetricsSourceConfig& into) {
       into.every = value.Duration(milliseconds(100), hours(24), seconds(10));
     }},
    {{"names", "list of text", "Which ones, by their names under /metrics; all when not given."},
     [](const YamlValue& value, ingest::MetricsSourceConfig& into) {
       into.names = value.TextList();
       if (into.names.size() > kMetricNamesMax) {
         value.Fail(StrCat(value.path(), ": ", into.names.size(), " names, at most ", kMetricNamesMax));
       }
     }},
};

constexpr KeySpec<StreamConfig> kStreamKeys[] = {
    {{"shards", "number", "Shards the stream is made with; 1 when not given."},
     [](const YamlValue& value, StreamConfig& into) {
       into.options.shards = static_cast<uint32_t>(value.Integer(1, stream::kShardsMax, 1));
     }},
    {{"retention", "duration", "How long records are kept; 24h when not given."},
     [](const YamlValue& value, StreamConfig& into) {
       into.options.retention = value.Duration(milliseconds(60'000), hours(24 * 3650), hours(24));
     }},
    {{"retention_bytes", "size", "Also drop the oldest records of a shard beyond this size; no limit when not given."},
     [](const YamlValue& value, StreamConfig& into) {
       into.options.retention_bytes = value.Bytes(1 << 20, uint64_t{1} << 50, 0);
     }},
    {{"record_bytes_max", "size", "Largest record, key included; 1MiB when not given, at most 10MiB."},
     [](const YamlValue& value, StreamConfig& into) {
       into.options.record_bytes_max = value.Bytes(1024, stream::kRecordBytesLimit, 1 << 20);
     }},
    {{"segment_bytes", "size", "Size of one segment file; 16MiB when not given."},
     [](const YamlValue& value, StreamConfig& into) {
       into.options.segment_bytes = value.Bytes(stream::kSegmentBytesMin, stream::kSegmentBytesMax, 16 << 20);
     }},
    {{"durability", "text",
      "synced: a record is acknowledged when it is on disk (the default). relaxed: when the system has it; survives "
      "kill -9, not a power failure."},
     [](const YamlValue& value, StreamConfig& into) {
       into.options.durability = value.OneOf(kDurabilities, "synced") == "relaxed" ? stream::Durability::kRelaxed
                                                                                   : stream::Durability::kSynced;
     }},
    {{"kafka", "map", "Fill the stream from a Kafka topic."},
     [](const YamlValue& value, StreamConfig& into) { into.kafka = ReadKafkaSource(value); }},
    {{"metrics", "map", "Fill the stream with this server's own metrics; {} for all of them every 10s."},
     [](const YamlValue& value, StreamConfig& into) {
       ReadSection<ingest::MetricsSourceConfig>(value, kMetricsKeys, into.metrics.emplace());
     }},
};

constexpr KeySpec<ingest::InputColumn> kColumnKeys[] = {
    {{"name", "text", "As the SQL names it, case kept.", true},
     [](const YamlValue& value, ingest::InputColumn& into) { into.name = value.Text(); }},
    {{"type", "SQL type", "VARCHAR(16), INTEGER, DOUBLE, TIMESTAMP ...", true},
     [](const YamlValue& value, ingest::InputColumn& into) {
       auto type = data::ParseType(value.Text("VARCHAR(64)"));
       if (type.ok()) {
         into.type = std::move(type).value();
       } else {
         value.Fail(StrCat(value.path(), ": ", type.error().message));
       }
     }},
    {{"path", "text",
      "JSON: where the value stands, such as $.customer.id; logs: the field's name. The column's name when not given."},
     [](const YamlValue& value, ingest::InputColumn& into) { into.mapping = value.Text(); }},
};

std::vector<ingest::InputColumn> ReadColumns(const YamlValue& list) {
  std::vector<ingest::InputColumn> columns;
  for (const YamlValue& item : list.Items()) {
    ingest::InputColumn column;
    ReadSection<ingest::InputColumn>(item, kColumnKeys, column);
    const bool repeated = std::ranges::any_of(columns, [&](const auto& other) { return other.name == column.name; });
    if (repeated) item.Fail(StrCat(item.path(), ": column '", column.name, "' is given twice"));
    columns.push_back(std::move(column));
  }
  if (columns.size() > ingest::kInputColumnsMax) {
    list.Fail(StrCat(list.path(), ": ", columns.size(), " columns, at most ", ingest::kInputColumnsMax));
  }
  return columns;
}

std::string ReadFormat(const YamlValue& value) {
  std::vector<std::string_view> names;
  for (const ingest::Format& format : ingest::Formats()) names.push_back(format.name);
  return value.OneOf(names, "json");
}

constexpr KeySpec<InputConfig> kInputKeys[] = {
    {{"stream", "text", "The stream whose records become rows."},
     [](const YamlValue& value, InputConfig& into) { into.stream = value.Text(); }},
    {{"delivery_stream", "text",
      "Instead of stream: the delivery stream whose records become rows, at once and not when they are delivered."},
     [](const YamlValue& value, InputConfig& into) {
       into.stream = value.Text();
       into.from_delivery = true;
     }},
    {{"format", "text", "Form of a record: json (the default), csv, combined, common."},
     [](const YamlValue& value, InputConfig& into) { into.schema.format = ReadFormat(value); }},
    {{"columns", "list of column", "The columns of the rows.", true},
     [](const YamlValue& value, InputConfig& into) { into.schema.columns = ReadColumns(value); }},
    {{"row_path", "text", "JSON: the object that is a row, or an array of them ($.Records[0:]); $ when not given."},
     [](const YamlValue& value, InputConfig& into) { into.schema.row_path = value.Text("$"); }},
    {{"row_delimiter", "text", "CSV: what ends a row; a line feed when not given."},
     [](const YamlValue& value, InputConfig& into) { into.schema.row_delimiter = value.Text("\n"); }},
    {{"column_delimiter", "text", "CSV: what separates columns; a comma when not given."},
     [](const YamlValue& value, InputConfig& into) { into.schema.column_delimiter = value.Text(","); }},
    {{"parallelism", "number",
      "In-application streams NAME_001 ... that the shards are spread over; 1 when not given."},
     [](const YamlValue& value, InputConfig& into) {
       into.parallelism = static_cast<int>(value.Integer(1, ingest::kInputParallelismMax, 1));
     }},
};

constexpr std::string_view kTableFormats[] = {"csv", "json"};

constexpr KeySpec<ReferenceTableConfig> kReferenceTableKeys[] = {
    {{"file", "path",
      "The rows; relative to the application's folder. Beside s3: the rows that tests use, which have no network."},
     [](const YamlValue& value, ReferenceTableConfig& into) { into.file = value.Text(); }},
    {{"s3", "map", "The bucket with the object that has the rows, with the keys of the delivery streams' s3."},
     [](const YamlValue& value, ReferenceTableConfig& into) {
       if (!into.object.has_value()) into.object.emplace();
       into.object->bucket = ReadBucket(value);
     }},
    {{"key", "text", "With s3: name of the object."},
     [](const YamlValue& value, ReferenceTableConfig& into) {
       if (!into.object.has_value()) into.object.emplace();
       into.object->key = value.Text();
     }},
    {{"format", "text",
      "csv or json, one object a row. Not given: json when the name ends in .json, .ndjson or .jsonl, else csv."},
     [](const YamlValue& value, ReferenceTableConfig& into) {
       into.schema.format = value.OneOf(kTableFormats, "csv");
     }},
    {{"columns", "list of column",
      "Columns and types; found from the file when not given. A first row of CSV that names them all is a header."},
     [](const YamlValue& value, ReferenceTableConfig& into) { into.schema.columns = ReadColumns(value); }},
    {{"row_path", "text", "JSON: the object that is a row, or an array of them ($.products[0:]); $ when not given."},
     [](const YamlValue& value, ReferenceTableConfig& into) { into.schema.row_path = value.Text("$"); }},
    {{"row_delimiter", "text", "CSV: what ends a row; a line feed when not given."},
     [](const YamlValue& value, ReferenceTableConfig& into) { into.schema.row_delimiter = value.Text("\n"); }},
    {{"column_delimiter", "text", "CSV: what separates columns; a comma when not given."},
     [](const YamlValue& value, ReferenceTableConfig& into) { into.schema.column_delimiter = value.Text(","); }},
    {{"refresh", "duration", "How often a change is looked for; 10s when not given, 30s with s3."},
     [](const YamlValue& value, ReferenceTableConfig& into) {
       into.refresh = value.Duration(milliseconds(100), hours(24), seconds(10));
     }},
};

void CheckReferenceTable(const YamlValue& value, ReferenceTableConfig& table) {
  if (!value.is_map()) return;
  if (!table.object.has_value() && table.file.empty()) {
    value.Fail(StrCat(value.path(), " needs one of file, s3"));
  } else if (table.object.has_value() && (table.object->key.empty() || !value.Child("s3").exists())) {
    value.Fail(StrCat(value.path(), " needs both s3 and key"), "s3 names the bucket, key the object in it");
  } else if (table.object.has_value() && table.file.empty() && table.schema.columns.empty()) {
    value.Fail(StrCat(value.path(), " needs columns"), "the bucket is asked only when the application runs");
  }
  if (value.Child("format").exists()) return;
  const std::string& name = table.object.has_value() ? table.object->key : table.file;
  const bool json = name.ends_with(".json") || name.ends_with(".ndjson") || name.ends_with(".jsonl");
  table.schema.format = json ? "json" : "csv";
}

}  // namespace

void ReadStreams(const YamlValue& section, ApplicationConfig& config) {
  for (const auto& [name, value] : section.Entries()) {
    StreamConfig stream;
    stream.name = name;
    stream.place = value.place();
    if (value.exists()) ReadSection<StreamConfig>(value, kStreamKeys, stream);
    config.streams.push_back(std::move(stream));
  }
}

void ReadInputs(const YamlValue& section, ApplicationConfig& config) {
  for (const auto& [name, value] : section.Entries()) {
    InputConfig input{.prefix = name, .place = value.place()};
    ReadSection<InputConfig>(value, kInputKeys, input);
    const bool one = value.Child("stream").exists() != value.Child("delivery_stream").exists();
    if (value.is_map() && !one) value.Fail(StrCat(value.path(), " needs one of stream, delivery_stream"));
    config.inputs.push_back(std::move(input));
  }
}

void ReadReferenceTables(const YamlValue& section, ApplicationConfig& config) {
  for (const auto& [name, value] : section.Entries()) {
    ReferenceTableConfig table{.name = name, .place = value.place()};
    ReadSection<ReferenceTableConfig>(value, kReferenceTableKeys, table);
    CheckReferenceTable(value, table);
    if (table.object.has_value() && !value.Child("refresh").exists()) table.refresh = seconds(30);
    config.reference_tables.push_back(std::move(table));
  }
}

std::vector<SectionDocument> InputSectionDocuments() {
  std::vector<SectionDocument> documents = {
      {"streams.NAME", "A durable stream. Made when it is not there yet.", DocumentKeys<StreamConfig>(kStreamKeys)},
      {"inputs.PREFIX", "Rows for the SQL: the stream's records as in-application stream PREFIX_001.",
       DocumentKeys<InputConfig>(kInputKeys)},
      {"columns", "One column of an input or a reference table.", DocumentKeys<ingest::InputColumn>(kColumnKeys)},
      {"reference_tables.NAME", "A table to join with. Replaced whole when its file or object changes.",
       DocumentKeys<ReferenceTableConfig>(kReferenceTableKeys)},
  };
  documents.insert(documents.begin() + 1,
                   {"streams.NAME.metrics",
                    "Writes the server's metrics into the stream, one record a series and moment: "
                    "`{\"metric\": \"tailrace_delivery_lag_seconds\", \"labels\": {\"delivery_stream\": \"web\"}, "
                    "\"value\": 12.5}`. SQL and alarms then watch the server as they watch everything else.",
                    DocumentKeys<ingest::MetricsSourceConfig>(kMetricsKeys)});
  std::ranges::copy(KafkaSourceDocuments(), std::inserter(documents, documents.begin() + 1));
  return documents;
}

}  // namespace tailrace::app
