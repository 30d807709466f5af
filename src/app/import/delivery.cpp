#include "app/import/delivery.h"

#include <boost/json.hpp>

#include "app/import/folder_texts.h"
#include "base/str.h"
#include "sink/delivery/firehose_document.h"

namespace tailrace::app {
namespace {

namespace json = boost::json;
namespace delivery = sink::delivery;

const delivery::BucketStores& Folders() {
  static const delivery::BucketStores stores{.folder = "archive"};
  return stores;
}

// Members whose value is taken over as it is.
struct Plain {
  std::string_view terraform;
  std::string_view service;
};
constexpr Plain kPlain[] = {
    {"bucket_arn", "BucketARN"},
    {"prefix", "Prefix"},
    {"error_output_prefix", "ErrorOutputPrefix"},
    {"compression_format", "CompressionFormat"},
    {"custom_time_zone", "CustomTimeZone"},
    {"file_extension", "FileExtension"},
    {"s3_backup_mode", "S3BackupMode"},
    {"cluster_endpoint", "ClusterEndpoint"},
    {"domain_arn", "DomainARN"},
    {"index_name", "IndexName"},
    {"index_rotation_period", "IndexRotationPeriod"},
    {"hec_endpoint", "HECEndpoint"},
    {"hec_endpoint_type", "HECEndpointType"},
    {"hec_token", "HECToken"},
    {"hec_acknowledgment_timeout", "HECAcknowledgmentTimeoutInSeconds"},
};

struct DestinationBlock {
  std::string_view terraform;
  std::string_view service;
};
constexpr DestinationBlock kDestinationBlocks[] = {
    {"extended_s3_configuration", "ExtendedS3DestinationConfiguration"},
    {"elasticsearch_configuration", "ElasticsearchDestinationConfiguration"},
    {"opensearch_configuration", "AmazonopensearchserviceDestinationConfiguration"},
    {"splunk_configuration", "SplunkDestinationConfiguration"},
    {"http_endpoint_configuration", "HttpEndpointDestinationConfiguration"},
    {"s3_configuration", "S3DestinationConfiguration"},
};

const json::value* FirstBlock(const json::value& body, std::string_view name) {
  const json::value* const blocks = Find(body, {name});
  if (blocks == nullptr) return nullptr;
  if (!blocks->is_array()) return blocks;
  return blocks->get_array().empty() ? nullptr : &blocks->get_array().front();
}

// All blocks of that name.
std::vector<const json::value*> Blocks(const json::value& body, std::string_view name) {
  std::vector<const json::value*> list;
  const json::value* const blocks = Find(body, {name});
  if (blocks == nullptr) return list;
  if (!blocks->is_array()) return {blocks};
  for (const json::value& block : blocks->get_array()) list.push_back(&block);
  return list;
}

json::object Processing(const json::value& block) {
  json::array processors;
  for (const json::value* const processor : Blocks(block, "processors")) {
    json::array parameters;
    for (const json::value* const parameter : Blocks(*processor, "parameters")) {
      parameters.push_back({{"ParameterName", TextAt(*parameter, {"parameter_name"})},
                            {"ParameterValue", TextAt(*parameter, {"parameter_value"})}});
    }
    processors.push_back({{"Type", TextAt(*processor, {"type"})}, {"Parameters", std::move(parameters)}});
  }
  return {{"Enabled", TextAt(block, {"enabled"}) != "false"}, {"Processors", std::move(processors)}};
}

json::object Configuration(const json::value& block) {
  json::object result;
  for (const Plain& plain : kPlain) {
    const std::string text = TextAt(block, {plain.terraform});
    if (!text.empty()) result[plain.service] = text;
  }
  std::string size = TextAt(block, {"buffering_size"});
  std::string interval = TextAt(block, {"buffering_interval"});
  if (size.empty()) size = TextAt(block, {"buffer_size"});
  if (interval.empty()) interval = TextAt(block, {"buffer_interval"});
  if (!size.empty() || !interval.empty()) {
    result["BufferingHints"] = json::object{{"SizeInMBs", size.empty() ? "5" : size},
                                            {"IntervalInSeconds", interval.empty() ? "300" : interval}};
  }
  const std::string retry = TextAt(block, {"retry_duration"});
  if (!retry.empty()) result["RetryOptions"] = json::object{{"DurationInSeconds", retry}};
  if (const json::value* const processing = FirstBlock(block, "processing_configuration")) {
    result["ProcessingConfiguration"] = Processing(*processing);
  }
  if (const json::value* const partitioning = FirstBlock(block, "dynamic_partitioning_configuration")) {
    result["DynamicPartitioningConfiguration"] = json::object{{"Enabled", TextAt(*partitioning, {"enabled"})}};
  }
  if (FirstBlock(block, "data_format_conversion_configuration") != nullptr) {
    result["DataFormatConversionConfiguration"] = json::object{{"Enabled", true}};
  }
  if (const json::value* const backup = FirstBlock(block, "s3_configuration")) {
    result["S3Configuration"] = Configuration(*backup);
  }
  if (const json::value* const backup = FirstBlock(block, "s3_backup_configuration")) {
    result["S3BackupConfiguration"] = Configuration(*backup);
  }
  const std::string url = TextAt(block, {"url"});
  if (!url.empty()) {
    result["EndpointConfiguration"] = json::object{{"Url", url}, {"AccessKey", TextAt(block, {"access_key"})}};
  }
  if (const json::value* const request = FirstBlock(block, "request_configuration")) {
    json::array attributes;
    for (const json::value* const attribute : Blocks(*request, "common_attributes")) {
      attributes.push_back(
          {{"AttributeName", TextAt(*attribute, {"name"})}, {"AttributeValue", TextAt(*attribute, {"value"})}});
    }
    result["RequestConfiguration"] = json::object{{"ContentEncoding", TextAt(*request, {"content_encoding"})},
                                                  {"CommonAttributes", std::move(attributes)}};
  }
  return result;
}

std::string ArchiveLines(const delivery::ArchiveConfig& archive, std::string_view indent) {
  std::string text =
      StrCat(indent, "directory: ", YamlScalar(std::get<delivery::DirectoryStoreConfig>(archive.store).path), "\n");
  const auto line = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) text += StrCat(indent, key, ": ", YamlScalar(value), "\n");
  };
  line("prefix", archive.prefix);
  line("error_prefix", archive.error_prefix);
  if (archive.compression != delivery::ObjectCompression::kNone) {
    line("compression", delivery::CompressionName(archive.compression));
  }
  line("file_extension", archive.file_extension);
  if (archive.time_zone != "UTC") line("time_zone", archive.time_zone);
  return text;
}

// The environment variable that holds a secret of the stream: "WEB_ACCESS_TOKEN".
std::string VariableName(std::string_view name, std::string_view what) {
  std::string variable = AsciiUpper(StrCat(name, "_", what));
  for (char& c : variable) {
    if ((c < 'A' || c > 'Z') && (c < '0' || c > '9')) c = '_';
  }
  return variable;
}

std::string DestinationLines(const delivery::DeliveryDefinition& definition) {
  if (const auto* const archive = std::get_if<delivery::ArchiveConfig>(&definition.destination)) {
    return ArchiveLines(*archive, "    ");
  }
  if (const auto* const search = std::get_if<delivery::OpenSearchConfig>(&definition.destination)) {
    static constexpr std::string_view kRotations[] = {"none", "hour", "day", "week", "month"};
    return StrCat("    opensearch:\n      url: ", YamlScalar(search->url), "\n      index: ", YamlScalar(search->index),
                  "\n      rotation: ", kRotations[static_cast<size_t>(search->rotation)],
                  search->document_ids ? "" : "\n      document_ids: false", "\n");
  }
  if (const auto* const splunk = std::get_if<delivery::SplunkConfig>(&definition.destination)) {
    return StrCat("    splunk:\n      url: ", YamlScalar(splunk->url),
                  "\n      endpoint: ", splunk->raw ? "raw" : "event",
                  "\n      token: {env: ", VariableName(definition.name, "TOKEN"), "}\n");
  }
  const auto& http = std::get<delivery::HttpEndpointConfig>(definition.destination);
  std::string text =
      StrCat("    http:\n      url: ", YamlScalar(http.url), "\n", http.gzip ? "      gzip: true\n" : "");
  if (!http.access_key.empty()) {
    text += StrCat("      access_key: {env: ", VariableName(definition.name, "ACCESS_KEY"), "}\n");
  }
  if (!http.common_attributes.empty()) text += "      attributes:\n";
  for (const auto& [name, value] : http.common_attributes) {
    text += StrCat("        ", YamlScalar(name), ": ", YamlScalar(value), "\n");
  }
  return text;
}

}  // namespace

delivery::DeliveryDefinition UnknownDelivery(const std::string& name, ImportNotes& notes) {
  notes.Approximated(
      StrCat("what delivery stream ", name, " does is not in the file: an archive in the folder archive/", name));
  return {.name = name,
          .processing = {.newline = delivery::NewlineRule::kIfMissing},
          .destination = delivery::ArchiveConfig{.store = delivery::DirectoryStoreConfig{"archive/" + name}}};
}

delivery::DeliveryDefinition TranslateDelivery(const DescribedDelivery& described, ImportNotes& notes) {
  auto parsed = delivery::ParseFirehoseDocument(json::serialize(described.document), Folders());
  if (parsed.ok() && parsed->not_offered.empty()) {
    const Status checked = delivery::CheckDefinition(parsed->definition);
    if (!checked.ok()) parsed = checked.error();
  }
  if (!parsed.ok()) {
    notes.NotPossible(StrCat("delivery stream ", described.name, ": ", parsed.error().message));
    return UnknownDelivery(described.name, notes);
  }
  for (const std::string& missing : parsed->not_offered) {
    notes.NotPossible(StrCat("delivery stream ", described.name, ": ", missing));
  }
  delivery::DeliveryDefinition& definition = parsed->definition;
  const delivery::Processing& processing = definition.processing;
  if (processing.split == delivery::SplitRule::kDelimited && processing.split_delimiter != "\n") {
    notes.Approximated(StrCat("delivery stream ", definition.name, ": records are split at line feeds and not at '",
                              processing.split_delimiter, "'"));
  }
  if (processing.newline == delivery::NewlineRule::kAlways && processing.delimiter != "\n") {
    notes.Approximated(StrCat("delivery stream ", definition.name, ": records end with a line feed and not with '",
                              processing.delimiter, "'"));
  }
  const auto in_folder = [&](const delivery::ArchiveConfig& archive) {
    const std::string& path = std::get<delivery::DirectoryStoreConfig>(archive.store).path;
    notes.Approximated(StrCat("delivery stream ", definition.name, ": the objects of bucket ",
                              delivery::NameOfArn(path), " go to the folder ", path,
                              "; write s3: {bucket: ...} for a bucket"));
  };
  if (const auto* const archive = std::get_if<delivery::ArchiveConfig>(&definition.destination)) in_folder(*archive);
  if (definition.backup.has_value()) in_folder(*definition.backup);
  notes.Translated(
      StrCat("delivery stream ", definition.name, " -> ", delivery::DescribeDestination(definition.destination), ", ",
             FormatBytes(definition.buffer_bytes), " or ", definition.buffer_interval.count() / 1000, " s"));
  return std::move(definition);
}

std::string DeliveryLines(const delivery::DeliveryDefinition& definition) {
  std::string text = StrCat("  ", YamlScalar(definition.name), ":\n");
  if (!definition.source_stream.empty()) text += StrCat("    source: ", YamlScalar(definition.source_stream), "\n");
  text += DestinationLines(definition);
  text += StrCat("    buffer: {size: ", definition.buffer_bytes >> 20,
                 "MiB, interval: ", definition.buffer_interval.count() / 1000, "s}\n");
  const delivery::Processing& processing = definition.processing;
  // The service puts nothing between records unless it is told to.
  if (processing.newline == delivery::NewlineRule::kAlways) text += "    newline: always\n";
  if (processing.newline == delivery::NewlineRule::kNever) text += "    newline: never\n";
  if (processing.gunzip) text += "    gunzip: true\n";
  if (processing.cloud_watch_messages) text += "    cloud_watch_messages: true\n";
  if (processing.split == delivery::SplitRule::kJson) text += "    split: json\n";
  if (processing.split == delivery::SplitRule::kDelimited) text += "    split: lines\n";
  if (!processing.partition_query.empty()) {
    text += StrCat("    partition_by: ", YamlScalar(processing.partition_query), "\n");
  }
  if (definition.backup.has_value()) {
    text += StrCat("    retry: ", definition.retry.count() / 1000, "s\n    backup:\n",
                   ArchiveLines(*definition.backup, "      "), definition.backup_all ? "      all: true\n" : "");
  }
  return text;
}

json::value FirehoseDocumentOf(const json::value& body, const std::string& name) {
  json::object document{{"DeliveryStreamName", name}};
  if (const json::value* const source = FirstBlock(body, "kinesis_source_configuration")) {
    document["DeliveryStreamType"] = "KinesisStreamAsSource";
    document["KinesisStreamSourceConfiguration"] =
        json::object{{"KinesisStreamARN", TextAt(*source, {"kinesis_stream_arn"})}};
  }
  for (const DestinationBlock& block : kDestinationBlocks) {
    const json::value* const found = FirstBlock(body, block.terraform);
    if (found == nullptr) continue;
    document[block.service] = Configuration(*found);
    break;  // Older files keep s3_configuration beside another destination.
  }
  return document;
}

}  // namespace tailrace::app
