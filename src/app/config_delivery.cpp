#include <algorithm>

#include "app/config_sections.h"
#include "base/str.h"
#include "sink/delivery/prefix.h"

namespace tailrace::app {
namespace {

namespace delivery = sink::delivery;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kCompressions[] = {"none", "gzip", "zip", "zstd", "snappy", "hadoop_snappy"};
constexpr std::string_view kNewlines[] = {"if_missing", "always", "never"};
constexpr std::string_view kSplits[] = {"none", "json", "lines"};
constexpr std::string_view kRotations[] = {"none", "hour", "day", "week", "month"};
constexpr std::string_view kEndpoints[] = {"raw", "event"};
constexpr std::string_view kDefaultErrorPrefix = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/";

delivery::ObjectCompression ReadCompression(const YamlValue& value) {
  return delivery::ParseCompression(value.OneOf(kCompressions, "none")).value_or(delivery::ObjectCompression::kNone);
}

constexpr KeySpec<delivery::S3StoreConfig> kS3Keys[] = {
    {{"bucket", "text", "Name of the bucket.", true},
     [](const YamlValue& value, delivery::S3StoreConfig& into) { into.bucket = value.Text(); }},
    {{"endpoint", "URL",
      "Of the service, such as http://127.0.0.1:9000. Not given: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL of the "
      "environment, else AWS in the region."},
     [](const YamlValue& value, delivery::S3StoreConfig& into) { into.endpoint = value.Text(); }},
    {{"region", "text", "Not given: AWS_REGION of the environment, else us-east-1."},
     [](const YamlValue& value, delivery::S3StoreConfig& into) { into.region = value.Text("us-east-1"); }},
    {{"access_key_id", "text",
      "Not given: AWS_ACCESS_KEY_ID of the environment with its AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; without "
      "that, requests are not signed."},
     [](const YamlValue& value, delivery::S3StoreConfig& into) { into.access_key_id = value.Text(); }},
    {{"secret_access_key", "text", "Best as {env: NAME} or {file: PATH}."},
     [](const YamlValue& value, delivery::S3StoreConfig& into) { into.secret_access_key = Secret(value.Text()); }},
    {{"session_token", "text", "Of temporary keys."},
     [](const YamlValue& value, delivery::S3StoreConfig& into) { into.session_token = Secret(value.Text()); }},
    {{"path_style", "true or false", "endpoint/bucket/key (the default), else bucket.endpoint/key."},
     [](const YamlValue& value, delivery::S3StoreConfig& into) { into.path_style = value.Boolean(true); }},
    {{"part_size", "size", "Larger objects go up in parts of this size; 16MiB when not given, at least 5MiB."},
     [](const YamlValue& value, delivery::S3StoreConfig& into) {
       into.part_bytes = value.Bytes(5 << 20, uint64_t{1} << 30, 16 << 20);
     }},
};

constexpr KeySpec<delivery::OpenSearchConfig> kOpenSearchKeys[] = {
    {{"url", "URL", "Of the cluster.", true},
     [](const YamlValue& value, delivery::OpenSearchConfig& into) { into.url = value.Text(); }},
    {{"index", "text", "Name of the index; the rotation's time is put behind it.", true},
     [](const YamlValue& value, delivery::OpenSearchConfig& into) { into.index = value.Text(); }},
    {{"rotation", "text", "A new index each hour, day (the default), week or month, by arrival in UTC; or none."},
     [](const YamlValue& value, delivery::OpenSearchConfig& into) {
       const auto found = std::ranges::find(kRotations, value.OneOf(kRotations, "day"));
       into.rotation = static_cast<delivery::IndexRotation>(found - std::begin(kRotations));
     }},
    {{"user", "text", "For HTTP's basic authentication."},
     [](const YamlValue& value, delivery::OpenSearchConfig& into) { into.user = value.Text(); }},
    {{"password", "text", "Best as {env: NAME} or {file: PATH}."},
     [](const YamlValue& value, delivery::OpenSearchConfig& into) { into.password = Secret(value.Text()); }},
    {{"document_ids", "true or false",
      "Ids from the records' places, so that a document which is sent twice is there once. Default true."},
     [](const YamlValue& value, delivery::OpenSearchConfig& into) { into.document_ids = value.Boolean(true); }},
};

constexpr KeySpec<delivery::SplunkConfig> kSplunkKeys[] = {
    {{"url", "URL", "Of the HTTP Event Collector, such as https://splunk.example:8088.", true},
     [](const YamlValue& value, delivery::SplunkConfig& into) { into.url = value.Text(); }},
    {{"token", "text", "The collector's token, with indexer acknowledgement enabled.", true},
     [](const YamlValue& value, delivery::SplunkConfig& into) { into.token = Secret(value.Text()); }},
    {{"endpoint", "text", "raw (the default), or event: then records are events in Splunk's form."},
     [](const YamlValue& value, delivery::SplunkConfig& into) { into.raw = value.OneOf(kEndpoints, "raw") == "raw"; }},
    {{"acknowledgement_timeout", "duration", "Then the records are sent again; 180s when not given."},
     [](const YamlValue& value, delivery::SplunkConfig& into) {
       into.acknowledgement_timeout = value.Duration(seconds(1), seconds(600), seconds(180));
     }},
};

constexpr KeySpec<delivery::HttpEndpointConfig> kHttpKeys[] = {
    {{"url", "URL", "Requests go to it as it stands.", true},
     [](const YamlValue& value, delivery::HttpEndpointConfig& into) { into.url = value.Text(); }},
    {{"access_key", "text", "Sent in X-Amz-Firehose-Access-Key."},
     [](const YamlValue& value, delivery::HttpEndpointConfig& into) { into.access_key = Secret(value.Text()); }},
    {{"gzip", "true or false", "Compress the requests. Default false."},
     [](const YamlValue& value, delivery::HttpEndpointConfig& into) { into.gzip = value.Boolean(false); }},
    {{"attributes", "map of text", "Sent with every request in X-Amz-Firehose-Common-Attributes."},
     [](const YamlValue& value, delivery::HttpEndpointConfig& into) {
       for (const auto& [name, text] : value.Entries()) into.common_attributes.emplace_back(name, text.Text());
     }},
};

struct BufferKeys {
  uint64_t bytes = 5 << 20;
  Milliseconds interval{300'000};
};
constexpr KeySpec<BufferKeys> kBufferKeys[] = {
    {{"size", "size", "Records of this size together are delivered; 5MiB when not given, 64KiB to 128MiB."},
     [](const YamlValue& value, BufferKeys& into) {
       into.bytes = value.Bytes(delivery::kBufferBytesMin, delivery::kBufferBytesMax, 5 << 20);
     }},
    {{"interval", "duration",
      "Records wait at most so long; 300s when not given, at most 900s. 0s: no longer than the one before takes."},
     [](const YamlValue& value, BufferKeys& into) {
       into.interval = value.Duration(milliseconds(0), delivery::kBufferIntervalMax, seconds(300));
     }},
};

// All keys that say how objects are made and where; a backup has these alone.
struct ArchiveKeys {
  delivery::ArchiveConfig archive;
  std::optional<delivery::DirectoryStoreConfig> directory;
  std::optional<delivery::S3StoreConfig> s3;
  bool all = false;
};

void ReadDirectory(const YamlValue& value, ArchiveKeys& into) {
  into.directory = delivery::DirectoryStoreConfig{value.Text()};
}
void ReadS3(const YamlValue& value, ArchiveKeys& into) { into.s3 = ReadBucket(value); }

constexpr KeyDocument kDirectoryDocument{"directory", "path",
                                         "Archive: objects are files below this folder, which is made when missing; "
                                         "relative to the application's data folder."};
constexpr KeyDocument kS3Document{"s3", "map", "Archive: objects of a bucket."};
constexpr KeyDocument kPrefixDocument{
    "prefix", "text",
    "Archive: what object names begin with, with expressions such as !{timestamp:yyyy/MM/dd}. Without a time in it "
    "yyyy/MM/dd/HH/ is put behind."};
constexpr KeyDocument kErrorPrefixDocument{
    "error_prefix", "text",
    "Archive: the same for records that failed; errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/ when "
    "prefix has expressions and this is not given."};
constexpr KeyDocument kCompressionDocument{"compression", "text",
                                           "Archive: none (the default), gzip, zip, zstd, snappy or hadoop_snappy."};
constexpr KeyDocument kExtensionDocument{"file_extension", "text",
                                         "Archive: end of the names, such as .json.gz; the compression's when not "
                                         "given."};
constexpr KeyDocument kZoneDocument{"time_zone", "text", "Archive: of the times in prefix; UTC when not given."};

constexpr KeySpec<ArchiveKeys> kBackupKeys[] = {
    {kDirectoryDocument, ReadDirectory},
    {kS3Document, ReadS3},
    {kPrefixDocument, [](const YamlValue& value, ArchiveKeys& into) { into.archive.prefix = value.Text(); }},
    {kErrorPrefixDocument, [](const YamlValue& value, ArchiveKeys& into) { into.archive.error_prefix = value.Text(); }},
    {kCompressionDocument,
     [](const YamlValue& value, ArchiveKeys& into) { into.archive.compression = ReadCompression(value); }},
    {kExtensionDocument, [](const YamlValue& value, ArchiveKeys& into) { into.archive.file_extension = value.Text(); }},
    {kZoneDocument, [](const YamlValue& value, ArchiveKeys& into) { into.archive.time_zone = value.Text("UTC"); }},
    {{"all", "true or false", "Every record, as it came, and not only what failed. Default false."},
     [](const YamlValue& value, ArchiveKeys& into) { into.all = value.Boolean(false); }},
};

// The archive that the keys describe; nothing when they name no place, or two.
std::optional<delivery::ArchiveConfig> ArchiveOf(ArchiveKeys keys) {
  if (keys.directory.has_value() == keys.s3.has_value()) return std::nullopt;
  if (keys.directory.has_value()) {
    keys.archive.store = *keys.directory;
  } else {
    keys.archive.store = *keys.s3;
  }
  if (keys.archive.error_prefix.empty() && keys.archive.prefix.contains("!{")) {
    keys.archive.error_prefix = kDefaultErrorPrefix;
  }
  return std::move(keys.archive);
}

struct DeliveryKeys {
  delivery::DeliveryDefinition definition;
  ArchiveKeys archive;
  std::optional<delivery::OpenSearchConfig> search;
  std::optional<delivery::SplunkConfig> splunk;
  std::optional<delivery::HttpEndpointConfig> http;
};

void ReadBackup(const YamlValue& value, DeliveryKeys& into) {
  ArchiveKeys keys;
  ReadSection<ArchiveKeys>(value, kBackupKeys, keys);
  into.definition.backup_all = keys.all;
  into.definition.backup = ArchiveOf(std::move(keys));
  if (!into.definition.backup.has_value()) value.Fail(StrCat(value.path(), " needs one of directory, s3"));
}

constexpr KeySpec<DeliveryKeys> kDeliveryKeys[] = {
    {kDirectoryDocument, [](const YamlValue& value, DeliveryKeys& into) { ReadDirectory(value, into.archive); }},
    {kS3Document, [](const YamlValue& value, DeliveryKeys& into) { ReadS3(value, into.archive); }},
    {{"opensearch", "map", "Index each record as a document."},
     [](const YamlValue& value, DeliveryKeys& into) {
       ReadSection<delivery::OpenSearchConfig>(value, kOpenSearchKeys, into.search.emplace());
     }},
    {{"splunk", "map", "Send the records to Splunk's HTTP Event Collector."},
     [](const YamlValue& value, DeliveryKeys& into) {
       ReadSection<delivery::SplunkConfig>(value, kSplunkKeys, into.splunk.emplace());
     }},
    {{"http", "map", "Send the records to an HTTP endpoint, as Firehose does."},
     [](const YamlValue& value, DeliveryKeys& into) {
       ReadSection<delivery::HttpEndpointConfig>(value, kHttpKeys, into.http.emplace());
     }},
    {{"source", "text", "Deliver the records of this stream; else those that are put to the delivery stream itself."},
     [](const YamlValue& value, DeliveryKeys& into) { into.definition.source_stream = value.Text(); }},
    {{"retention", "duration",
      "How long records of its own are kept: an outage of the destination may take so long. 24h when not given."},
     [](const YamlValue& value, DeliveryKeys& into) {
       into.definition.retention = value.Duration(milliseconds(60'000), hours(24 * 3650), hours(24));
     }},
    {{"buffer", "map", "How much is delivered at once."},
     [](const YamlValue& value, DeliveryKeys& into) {
       BufferKeys keys;
       ReadSection<BufferKeys>(value, kBufferKeys, keys);
       into.definition.buffer_bytes = keys.bytes;
       into.definition.buffer_interval = keys.interval;
     }},
    {kPrefixDocument, [](const YamlValue& value, DeliveryKeys& into) { into.archive.archive.prefix = value.Text(); }},
    {kErrorPrefixDocument,
     [](const YamlValue& value, DeliveryKeys& into) { into.archive.archive.error_prefix = value.Text(); }},
    {kCompressionDocument,
     [](const YamlValue& value, DeliveryKeys& into) { into.archive.archive.compression = ReadCompression(value); }},
    {kExtensionDocument,
     [](const YamlValue& value, DeliveryKeys& into) { into.archive.archive.file_extension = value.Text(); }},
    {kZoneDocument,
     [](const YamlValue& value, DeliveryKeys& into) { into.archive.archive.time_zone = value.Text("UTC"); }},
    {{"newline", "text",
      "Line feed behind each record: if_missing (the default), always, never. OpenSearch and HTTP: never, unless "
      "given."},
     [](const YamlValue& value, DeliveryKeys& into) {
       const std::string rule = value.OneOf(kNewlines, "if_missing");
       into.definition.processing.newline = rule == "always"  ? delivery::NewlineRule::kAlways
                                            : rule == "never" ? delivery::NewlineRule::kNever
                                                              : delivery::NewlineRule::kIfMissing;
     }},
    {{"gunzip", "true or false", "Records are gzip: unpack them first. Default false."},
     [](const YamlValue& value, DeliveryKeys& into) { into.definition.processing.gunzip = value.Boolean(false); }},
    {{"cloud_watch_messages", "true or false", "Records are documents of CloudWatch Logs: take out the messages."},
     [](const YamlValue& value, DeliveryKeys& into) {
       into.definition.processing.cloud_watch_messages = value.Boolean(false);
     }},
    {{"split", "text", "Make several of a record: json (objects one after the other, or an array), lines, or none."},
     [](const YamlValue& value, DeliveryKeys& into) {
       const std::string rule = value.OneOf(kSplits, "none");
       into.definition.processing.split = rule == "json"    ? delivery::SplitRule::kJson
                                          : rule == "lines" ? delivery::SplitRule::kDelimited
                                                            : delivery::SplitRule::kNone;
       into.definition.processing.split_delimiter = "\n";
     }},
    {{"partition_by", "jq",
      "Archive: a jq program that gives an object of texts, such as {customer: .customer.id}; prefix uses them as "
      "!{partitionKeyFromQuery:customer}."},
     [](const YamlValue& value, DeliveryKeys& into) { into.definition.processing.partition_query = value.Text(); }},
    {{"retry", "duration",
      "OpenSearch, Splunk, HTTP: try so long, then the records go to the backup; 300s when not given. Without a "
      "backup, "
      "and for archives: for ever."},
     [](const YamlValue& value, DeliveryKeys& into) {
       into.definition.retry = value.Duration(milliseconds(0), seconds(7'200), seconds(300));
     }},
    {{"backup", "map", "OpenSearch, Splunk, HTTP: archive of what could not be delivered, or of everything."},
     ReadBackup},
};

}  // namespace

sink::delivery::S3StoreConfig ReadBucket(const YamlValue& section) {
  delivery::S3StoreConfig bucket;
  ReadSection<delivery::S3StoreConfig>(section, kS3Keys, bucket);
  if (bucket.endpoint.empty()) bucket.endpoint = section.Environment("AWS_ENDPOINT_URL_S3");
  if (bucket.endpoint.empty()) bucket.endpoint = section.Environment("AWS_ENDPOINT_URL");
  if (!section.Child("region").exists()) {
    const std::string region = section.Environment("AWS_REGION");
    if (!region.empty()) bucket.region = region;
  }
  if (!section.Child("access_key_id").exists()) {
    bucket.access_key_id = section.Environment("AWS_ACCESS_KEY_ID");
    bucket.secret_access_key = Secret(section.Environment("AWS_SECRET_ACCESS_KEY"));
    bucket.session_token = Secret(section.Environment("AWS_SESSION_TOKEN"));
  }
  return bucket;
}

void ReadDeliveryStreams(const YamlValue& section, ApplicationConfig& config) {
  for (const auto& [name, value] : section.Entries()) {
    DeliveryKeys keys;
    keys.definition.name = name;
    keys.definition.processing.newline = delivery::NewlineRule::kIfMissing;
    const YamlValue newline = value.Child("newline");
    ReadSection<DeliveryKeys>(value, kDeliveryKeys, keys);
    const int kinds = keys.archive.directory.has_value() + keys.archive.s3.has_value() + keys.search.has_value() +
                      keys.splunk.has_value() + keys.http.has_value();
    if (kinds != 1) {
      value.Fail(StrCat(value.path(), " needs one of directory, s3, opensearch, splunk, http; here are ", kinds));
      continue;
    }
    if (auto archive = ArchiveOf(std::move(keys.archive))) keys.definition.destination = std::move(*archive);
    if (keys.splunk.has_value()) keys.definition.destination = std::move(*keys.splunk);
    const bool whole_records = keys.search.has_value() || keys.http.has_value();
    if (whole_records && !newline.exists()) keys.definition.processing.newline = delivery::NewlineRule::kNever;
    if (keys.search.has_value()) keys.definition.destination = std::move(*keys.search);
    if (keys.http.has_value()) keys.definition.destination = std::move(*keys.http);
    const Status checked = delivery::CheckDefinition(keys.definition);
    if (!checked.ok()) value.Fail(StrCat(value.path(), ": ", checked.error().message));
    config.delivery_streams.push_back({std::move(keys.definition), value.place()});
  }
}

std::vector<SectionDocument> DeliverySectionDocuments() {
  return {
      {"delivery_streams.NAME",
       "Takes records and delivers them in portions. Has one of directory, s3, opensearch, splunk, http. See "
       "delivery.md.",
       DocumentKeys<DeliveryKeys>(kDeliveryKeys)},
      {"buffer", "", DocumentKeys<BufferKeys>(kBufferKeys)},
      {"s3", "", DocumentKeys<delivery::S3StoreConfig>(kS3Keys)},
      {"opensearch", "", DocumentKeys<delivery::OpenSearchConfig>(kOpenSearchKeys)},
      {"splunk", "", DocumentKeys<delivery::SplunkConfig>(kSplunkKeys)},
      {"http", "", DocumentKeys<delivery::HttpEndpointConfig>(kHttpKeys)},
      {"backup", "Has one of directory, s3.", DocumentKeys<ArchiveKeys>(kBackupKeys)},
  };
}

}  // namespace tailrace::app
