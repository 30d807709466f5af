#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

// What a delivery stream is asked to do, as plain values. The definition file of an application, the Firehose API and
// the import make these.
namespace tailrace::sink::delivery {

inline constexpr size_t kNameCharsMax = 64;
inline constexpr uint64_t kBufferBytesMin = 64 << 10;
inline constexpr uint64_t kBufferBytesMax = 128 << 20;
inline constexpr Milliseconds kBufferIntervalMax{900'000};
inline constexpr uint64_t kRecordBytesMax = 1000 << 10;
inline constexpr size_t kPartitionsMax = 500;  // Objects of one span; records of further partitions are refused.

enum class ObjectCompression : uint8_t { kNone, kGzip, kZip, kZstd, kSnappy, kHadoopSnappy };

// A folder: each object is a file below it.
struct DirectoryStoreConfig {
  std::string path;
  bool operator==(const DirectoryStoreConfig&) const = default;
};

// A bucket behind any S3 API.
struct S3StoreConfig {
  std::string bucket;
  std::string endpoint;  // "http://127.0.0.1:9000"; empty: AWS in the region.
  std::string region = "us-east-1";
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  bool path_style = true;          // endpoint/bucket/key and not bucket.endpoint/key.
  uint64_t part_bytes = 16 << 20;  // Larger objects go up in parts of this size.
  bool operator==(const S3StoreConfig&) const = default;
};

using ObjectStoreConfig = std::variant<DirectoryStoreConfig, S3StoreConfig>;

// Objects of concatenated records.
struct ArchiveConfig {
  ObjectStoreConfig store;
  std::string prefix;        // With expressions; see prefix.h.
  std::string error_prefix;  // The same, for records that could not be delivered.
  ObjectCompression compression = ObjectCompression::kNone;
  std::string file_extension;  // Empty: that of the compression.
  std::string time_zone = "UTC";
  bool operator==(const ArchiveConfig&) const = default;
};

enum class IndexRotation : uint8_t { kNone, kHour, kDay, kWeek, kMonth };

struct OpenSearchConfig {
  std::string url;  // Of the cluster: "https://search.example:9200".
  std::string index;
  IndexRotation rotation = IndexRotation::kDay;
  std::string user;
  Secret password;
  bool document_ids = true;  // From the record's place: a document that is sent twice is there once.
  bool operator==(const OpenSearchConfig&) const = default;
};

struct SplunkConfig {
  std::string url;  // Of the collector: "https://splunk.example:8088".
  bool raw = true;  // The raw endpoint, else the event endpoint.
  Secret token;
  Milliseconds acknowledgement_timeout{180'000};
  bool operator==(const SplunkConfig&) const = default;
};

struct HttpEndpointConfig {
  std::string url;
  Secret access_key;
  bool gzip = false;
  std::vector<std::pair<std::string, std::string>> common_attributes;
  bool operator==(const HttpEndpointConfig&) const = default;
};

using DestinationConfig = std::variant<ArchiveConfig, OpenSearchConfig, SplunkConfig, HttpEndpointConfig>;

enum class NewlineRule : uint8_t { kNever, kIfMissing, kAlways };
enum class SplitRule : uint8_t { kNone, kJson, kDelimited };

// What happens to records on the way, in this order.
struct Processing {
  bool gunzip = false;                // Records are gzip.
  bool cloud_watch_messages = false;  // Take the messages out of CloudWatch Logs documents.
  SplitRule split = SplitRule::kNone;
  std::string split_delimiter;
  std::string partition_query;  // jq, gives an object of texts: {customer: .customer_id}. Empty: no partitions.
  NewlineRule newline = NewlineRule::kNever;
  std::string delimiter = "\n";  // What `newline` adds.
  bool operator==(const Processing&) const = default;
};

struct DeliveryDefinition {
  std::string name;
  std::string source_stream;  // The stream that is delivered; empty: the delivery stream's own, which puts fill.
  Milliseconds retention{24 * 60 * 60 * 1000};  // Of the own stream.
  uint64_t buffer_bytes = 5 << 20;
  Milliseconds buffer_interval{300'000};
  Processing processing;
  DestinationConfig destination;
  // How long the other destinations are tried before the records go to the backup; without a backup: for ever.
  Milliseconds retry{300'000};
  std::optional<ArchiveConfig> backup;
  bool backup_all = false;  // Every record goes to the backup, and not only those that failed.
  bool operator==(const DeliveryDefinition&) const = default;
};

// Everything that can be known without asking the destination. Errors: kInvalidArgument, naming the setting.
Status CheckDefinition(const DeliveryDefinition& definition);

// "archive directory /var/archive", "HTTP endpoint https://example.org": for people; no secrets.
std::string DescribeDestination(const DestinationConfig& destination);
std::string DescribeStore(const ObjectStoreConfig& store);

std::string_view CompressionName(ObjectCompression compression);  // "none", "gzip" ...
std::optional<ObjectCompression> ParseCompression(std::string_view name);
std::string_view CompressionExtension(ObjectCompression compression);  // ".gz"; empty for none.

}  // namespace tailrace::sink::delivery
