#include "sink/delivery/firehose_document.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

namespace json = boost::json;

constexpr uint64_t kMebibyte = 1 << 20;

Error Wrong(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

const json::object* Object(const json::object& of, std::string_view name) {
  const json::value* const found = of.if_contains(name);
  return found != nullptr && found->is_object() ? &found->get_object() : nullptr;
}

std::string Text(const json::object& of, std::string_view name, std::string_view fallback = "") {
  const json::value* const found = of.if_contains(name);
  if (found == nullptr || !found->is_string()) return std::string(fallback);
  return std::string(found->get_string());
}

bool Truth(const json::object& of, std::string_view name, bool fallback) {
  const json::value* const found = of.if_contains(name);
  if (found == nullptr) return fallback;
  if (found->is_bool()) return found->get_bool();
  if (found->is_string()) return EqualsIgnoreCase(std::string_view(found->get_string()), "true");
  return fallback;
}

// A whole number, also as a text, as templates have it. Errors: another kind, or out of range.
Result<int64_t> Number(const json::object& of, std::string_view name, int64_t min, int64_t max, int64_t fallback) {
  const json::value* const found = of.if_contains(name);
  if (found == nullptr) return fallback;
  std::optional<int64_t> number;
  if (found->is_int64()) number = found->get_int64();
  if (found->is_string()) number = ParseInt64(std::string_view(found->get_string()));
  if (!number.has_value() || *number < min || *number > max) {
    return Wrong(StrCat(name, " must be a whole number from ", min, " to ", max));
  }
  return *number;
}

struct FormatName {
  std::string_view name;
  ObjectCompression compression;
};
constexpr FormatName kFormats[] = {
    {"UNCOMPRESSED", ObjectCompression::kNone},
    {"GZIP", ObjectCompression::kGzip},
    {"ZIP", ObjectCompression::kZip},
    {"Snappy", ObjectCompression::kSnappy},
    {"HADOOP_SNAPPY", ObjectCompression::kHadoopSnappy},
    {"ZSTD", ObjectCompression::kZstd},  // Ours.
};

class DocumentReader {
 public:
  DocumentReader(const json::object& document, const BucketStores& stores) : document_(document), stores_(stores) {}

  Result<FirehoseDocument> Read() {
    DeliveryDefinition& definition = result_.definition;
    definition.name = Text(document_, "DeliveryStreamName");
    TAILRACE_TRY(ReadSource());
    using Reader = Status (DocumentReader::*)(const json::object&);
    static constexpr std::pair<std::string_view, Reader> kDestinations[] = {
        {"S3DestinationConfiguration", &DocumentReader::ReadS3},
        {"ExtendedS3DestinationConfiguration", &DocumentReader::ReadS3},
        {"ElasticsearchDestinationConfiguration", &DocumentReader::ReadOpenSearch},
        {"AmazonopensearchserviceDestinationConfiguration", &DocumentReader::ReadOpenSearch},
        {"AmazonOpenSearchServerlessDestinationConfiguration", &DocumentReader::ReadOpenSearch},
        {"SplunkDestinationConfiguration", &DocumentReader::ReadSplunk},
        {"HttpEndpointDestinationConfiguration", &DocumentReader::ReadHttp},
    };
    size_t found = 0;
    for (const auto& [name, reader] : kDestinations) {
      const json::object* const configuration = Object(document_, name);
      if (configuration == nullptr) continue;
      if (++found > 1) break;
      TAILRACE_TRY((this->*reader)(*configuration));
    }
    if (found != 1) {
      for (const char* const name : {"Redshift", "Snowflake", "Iceberg"}) {
        if (document_.contains(StrCat(name, "DestinationConfiguration"))) {
          return Wrong(StrCat("the destination ", name, " is not offered"));
        }
      }
      return Wrong("exactly one destination configuration is required");
    }
    return std::move(result_);
  }

 private:
  void NotOffered(std::string text) { result_.not_offered.push_back(std::move(text)); }

  Status ReadSource() {
    const json::object* const source = Object(document_, "KinesisStreamSourceConfiguration");
    const std::string type =
        Text(document_, "DeliveryStreamType", source == nullptr ? "DirectPut" : "KinesisStreamAsSource");
    if (type == "KinesisStreamAsSource") {
      if (source == nullptr) return Wrong("KinesisStreamAsSource needs a KinesisStreamSourceConfiguration");
      result_.definition.source_stream = NameOfArn(Text(*source, "KinesisStreamARN"));
      if (result_.definition.source_stream.empty()) return Wrong("KinesisStreamARN is missing");
      return Ok();
    }
    if (type != "DirectPut") return Wrong(StrCat("DeliveryStreamType ", type, " is not offered"));
    if (source != nullptr) return Wrong("a DirectPut stream has no KinesisStreamSourceConfiguration");
    return Ok();
  }

  Status ReadBuffer(const json::object& of, uint64_t size, int64_t seconds, int64_t seconds_max) {
    const json::object none;
    const json::object* hints = Object(of, "BufferingHints");
    if (hints == nullptr) hints = &none;
    if (hints->contains("SizeInMBs") != hints->contains("IntervalInSeconds")) {
      return Wrong("BufferingHints: SizeInMBs and IntervalInSeconds are given together");
    }
    TAILRACE_ASSIGN_OR_RETURN(const int64_t megabytes, Number(*hints, "SizeInMBs", 1, 128, static_cast<int64_t>(size)));
    TAILRACE_ASSIGN_OR_RETURN(const int64_t interval, Number(*hints, "IntervalInSeconds", 0, seconds_max, seconds));
    result_.definition.buffer_bytes = static_cast<uint64_t>(megabytes) * kMebibyte;
    result_.definition.buffer_interval = std::chrono::seconds(interval);
    return Ok();
  }

  Status ReadRetry(const json::object& of, int64_t fallback) {
    const json::object none;
    const json::object* const options = Object(of, "RetryOptions");
    TAILRACE_ASSIGN_OR_RETURN(const int64_t seconds,
                              Number(options == nullptr ? none : *options, "DurationInSeconds", 0, 7200, fallback));
    result_.definition.retry = std::chrono::seconds(seconds);
    return Ok();
  }

  Result<ArchiveConfig> ReadArchive(const json::object& of) const {
    const std::string bucket = NameOfArn(Text(of, "BucketARN"));
    if (bucket.empty()) return Wrong("BucketARN is missing");
    ArchiveConfig archive{.store = stores_.Find(bucket),
                          .prefix = Text(of, "Prefix"),
                          .error_prefix = Text(of, "ErrorOutputPrefix"),
                          .file_extension = Text(of, "FileExtension"),
                          .time_zone = Text(of, "CustomTimeZone", "UTC")};
    const std::string format = Text(of, "CompressionFormat", "UNCOMPRESSED");
    const auto found = std::ranges::find(kFormats, format, &FormatName::name);
    if (found == std::end(kFormats)) return Wrong(StrCat("CompressionFormat ", format, " is not known"));
    archive.compression = found->compression;
    return archive;
  }

  Status ReadBackup(const json::object& of, std::string_view member, std::string_view all_mode) {
    const json::object* const backup = Object(of, member);
    if (backup == nullptr) return Wrong(StrCat(member, " is missing"));
    TAILRACE_ASSIGN_OR_RETURN(result_.definition.backup, ReadArchive(*backup));
    result_.definition.backup_all = Text(of, "S3BackupMode") == all_mode;
    return Ok();
  }

  Status ReadS3(const json::object& of) {
    TAILRACE_TRY(ReadBuffer(of, 5, 300, 900));
    TAILRACE_ASSIGN_OR_RETURN(result_.definition.destination, ReadArchive(of));
    TAILRACE_TRY(ReadProcessing(of));
    if (Text(of, "S3BackupMode") == "Enabled") TAILRACE_TRY(ReadBackup(of, "S3BackupConfiguration", "Enabled"));
    const json::object* const conversion = Object(of, "DataFormatConversionConfiguration");
    if (conversion != nullptr && Truth(*conversion, "Enabled", true)) {
      NotOffered("conversion to Parquet or ORC (DataFormatConversionConfiguration)");
    }
    return Ok();
  }

  Status ReadOpenSearch(const json::object& of) {
    OpenSearchConfig search{.url = Text(of, "ClusterEndpoint", Text(of, "CollectionEndpoint")),
                            .index = Text(of, "IndexName")};
    if (search.url.empty()) {
      return Wrong("ClusterEndpoint is missing; a DomainARN names no server that could be reached from here");
    }
    const std::string rotation = Text(of, "IndexRotationPeriod", "OneDay");
    static constexpr std::pair<std::string_view, IndexRotation> kRotations[] = {{"NoRotation", IndexRotation::kNone},
                                                                                {"OneHour", IndexRotation::kHour},
                                                                                {"OneDay", IndexRotation::kDay},
                                                                                {"OneWeek", IndexRotation::kWeek},
                                                                                {"OneMonth", IndexRotation::kMonth}};
    const auto found = std::ranges::find(kRotations, rotation, [](const auto& entry) { return entry.first; });
    if (found == std::end(kRotations)) return Wrong(StrCat("IndexRotationPeriod ", rotation, " is not known"));
    search.rotation = found->second;
    if (const json::object* const ids = Object(of, "DocumentIdOptions")) {
      search.document_ids = Text(*ids, "DefaultDocumentIdFormat") != "NO_DOCUMENT_ID";
    }
    TAILRACE_TRY(ReadBuffer(of, 5, 300, 900));
    TAILRACE_TRY(ReadRetry(of, 300));
    TAILRACE_TRY(ReadProcessing(of));
    TAILRACE_TRY(ReadBackup(of, "S3Configuration", "AllDocuments"));
    result_.definition.destination = std::move(search);
    return Ok();
  }

  Status ReadSplunk(const json::object& of) {
    SplunkConfig splunk{.url = Text(of, "HECEndpoint"), .token = Secret(Text(of, "HECToken"))};
    const std::string type = Text(of, "HECEndpointType");
    if (type != "Raw" && type != "Event") return Wrong("HECEndpointType is Raw or Event");
    splunk.raw = type == "Raw";
    TAILRACE_ASSIGN_OR_RETURN(const int64_t seconds, Number(of, "HECAcknowledgmentTimeoutInSeconds", 180, 600, 180));
    splunk.acknowledgement_timeout = std::chrono::seconds(seconds);
    TAILRACE_TRY(ReadBuffer(of, 5, 60, 60));
    TAILRACE_TRY(ReadRetry(of, 3600));
    TAILRACE_TRY(ReadProcessing(of));
    TAILRACE_TRY(ReadBackup(of, "S3Configuration", "AllEvents"));
    result_.definition.destination = std::move(splunk);
    return Ok();
  }

  Status ReadHttp(const json::object& of) {
    const json::object* const endpoint = Object(of, "EndpointConfiguration");
    if (endpoint == nullptr) return Wrong("EndpointConfiguration is missing");
    HttpEndpointConfig http{.url = Text(*endpoint, "Url"), .access_key = Secret(Text(*endpoint, "AccessKey"))};
    if (const json::object* const request = Object(of, "RequestConfiguration")) {
      http.gzip = Text(*request, "ContentEncoding", "NONE") == "GZIP";
      const json::value* const attributes = request->if_contains("CommonAttributes");
      if (attributes != nullptr && attributes->is_array()) {
        for (const json::value& attribute : attributes->get_array()) {
          if (!attribute.is_object()) return Wrong("CommonAttributes is a list of AttributeName and AttributeValue");
          http.common_attributes.emplace_back(Text(attribute.get_object(), "AttributeName"),
                                              Text(attribute.get_object(), "AttributeValue"));
        }
      }
    }
    TAILRACE_TRY(ReadBuffer(of, 5, 300, 900));
    TAILRACE_TRY(ReadRetry(of, 300));
    TAILRACE_TRY(ReadProcessing(of));
    TAILRACE_TRY(ReadBackup(of, "S3Configuration", "AllData"));
    result_.definition.destination = std::move(http);
    return Ok();
  }

  Status ReadProcessing(const json::object& of) {
    const json::object* const configuration = Object(of, "ProcessingConfiguration");
    const json::object* const partitioning = Object(of, "DynamicPartitioningConfiguration");
    const bool partitions = partitioning != nullptr && Truth(*partitioning, "Enabled", false);
    if (configuration != nullptr && Truth(*configuration, "Enabled", true)) {
      const json::value* const list = configuration->if_contains("Processors");
      if (list != nullptr && list->is_array()) {
        for (const json::value& processor : list->get_array()) {
          if (!processor.is_object()) return Wrong("Processors is a list of objects");
          TAILRACE_TRY(ReadProcessor(processor.get_object()));
        }
      }
    }
    if (partitions && result_.definition.processing.partition_query.empty() && result_.not_offered.empty()) {
      return Wrong("dynamic partitioning needs a MetadataExtraction processor");
    }
    if (!partitions && !result_.definition.processing.partition_query.empty()) {
      return Wrong("MetadataExtraction needs DynamicPartitioningConfiguration with Enabled true");
    }
    return Ok();
  }

  Status ReadProcessor(const json::object& processor) {
    std::vector<std::pair<std::string, std::string>> parameters;
    const json::value* const list = processor.if_contains("Parameters");
    if (list != nullptr && list->is_array()) {
      for (const json::value& parameter : list->get_array()) {
        if (!parameter.is_object()) continue;
        parameters.emplace_back(Text(parameter.get_object(), "ParameterName"),
                                Text(parameter.get_object(), "ParameterValue"));
      }
    }
    const auto value = [&](std::string_view name) {
      const auto found = std::ranges::find(parameters, name, [](const auto& entry) { return entry.first; });
      return found == parameters.end() ? std::string() : found->second;
    };
    Processing& processing = result_.definition.processing;
    const std::string type = Text(processor, "Type");
    if (type == "RecordDeAggregation") {
      const std::string form = value("SubRecordType");
      if (form != "JSON" && form != "DELIMITED") return Wrong("SubRecordType is JSON or DELIMITED");
      processing.split = form == "JSON" ? SplitRule::kJson : SplitRule::kDelimited;
      if (form == "DELIMITED" && !FromBase64(value("Delimiter"), processing.split_delimiter)) {
        return Wrong("the Delimiter of RecordDeAggregation is base64");
      }
    } else if (type == "MetadataExtraction") {
      processing.partition_query = value("MetadataExtractionQuery");
      if (processing.partition_query.empty()) return Wrong("MetadataExtractionQuery is missing");
    } else if (type == "AppendDelimiterToRecord") {
      processing.newline = NewlineRule::kAlways;
      std::string delimiter = value("Delimiter");
      for (size_t at = delimiter.find("\\n"); at != std::string::npos; at = delimiter.find("\\n", at + 1)) {
        delimiter.replace(at, 2, "\n");
      }
      processing.delimiter = delimiter.empty() ? "\n" : delimiter;
    } else if (type == "Decompression") {
      processing.gunzip = true;
    } else if (type == "CloudWatchLogProcessing") {
      processing.cloud_watch_messages = EqualsIgnoreCase(value("DataMessageExtraction"), "true");
    } else if (type == "Lambda") {
      NotOffered("a Lambda function between the stream and its destination (processor Lambda)");
    } else {
      return Wrong(StrCat("processor type ", type, " is not known"));
    }
    return Ok();
  }

  const json::object& document_;
  const BucketStores& stores_;
  FirehoseDocument result_;
};

}  // namespace

ObjectStoreConfig BucketStores::Find(const std::string& bucket) const {
  if (!s3.has_value()) return DirectoryStoreConfig{StrCat(folder, "/", bucket)};
  S3StoreConfig store = *s3;
  store.bucket = bucket;
  return store;
}

std::string NameOfArn(std::string_view arn) {
  const size_t end = arn.find_last_of(":/");
  return std::string(end == std::string_view::npos ? arn : arn.substr(end + 1));
}

Result<FirehoseDocument> ParseFirehoseDocument(std::string_view text, const BucketStores& stores) {
  boost::system::error_code code;
  const json::value document = json::parse({text.data(), text.size()}, code);
  if (code || !document.is_object()) return Wrong("the document of a delivery stream is no JSON object");
  return DocumentReader(document.get_object(), stores).Read();
}

}  // namespace tailrace::sink::delivery
