#include "sink/delivery/definition.h"

#include <algorithm>
#include <set>

#include "base/str.h"
#include "sink/delivery/prefix.h"
#include "sink/delivery/processing.h"

namespace tailrace::sink::delivery {
namespace {

struct CompressionNames {
  ObjectCompression compression;
  std::string_view name;
  std::string_view extension;
};

constexpr CompressionNames kCompressions[] = {
    {ObjectCompression::kNone, "none", ""},
    {ObjectCompression::kGzip, "gzip", ".gz"},
    {ObjectCompression::kZip, "zip", ".zip"},
    {ObjectCompression::kZstd, "zstd", ".zst"},
    {ObjectCompression::kSnappy, "snappy", ".snappy"},
    {ObjectCompression::kHadoopSnappy, "hadoop_snappy", ".hsnappy"},
};

Error Wrong(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

// Scheme, host and port: the rest may hold keys.
std::string_view OriginOf(std::string_view url) {
  const size_t host = url.find("://");
  return host == std::string_view::npos ? url : url.substr(0, url.find_first_of("/?", host + 3));
}

bool IsHttpUrl(std::string_view url) {
  return (url.starts_with("http://") || url.starts_with("https://")) && url.size() > 8 && url.size() <= 1000;
}

Status CheckArchive(const ArchiveConfig& archive, const Processing& processing) {
  TAILRACE_ASSIGN_OR_RETURN(const PrefixExpression prefix, DataPrefix(archive.prefix));
  TAILRACE_TRY(ErrorPrefix(archive.prefix, archive.error_prefix));
  TAILRACE_TRY(CheckTimeZone(archive.time_zone));
  if (!prefix.partition_keys().empty() && processing.partition_query.empty()) {
    return Wrong("the prefix uses partition keys, and no query gives any");
  }
  if (const auto* const s3 = std::get_if<S3StoreConfig>(&archive.store)) {
    if (s3->bucket.empty()) return Wrong("the S3 bucket has no name");
    if (!s3->endpoint.empty() && !IsHttpUrl(s3->endpoint)) {
      return Wrong(StrCat("the S3 endpoint '", s3->endpoint, "' is no http or https URL"));
    }
    if (s3->part_bytes < 5 << 20) return Wrong("parts of an S3 upload have at least 5 MiB");
  } else if (std::get<DirectoryStoreConfig>(archive.store).path.empty()) {
    return Wrong("the archive's directory has no name");
  }
  if (!archive.file_extension.empty() && !archive.file_extension.starts_with('.')) {
    return Wrong(StrCat("the file extension '", archive.file_extension, "' does not begin with a dot"));
  }
  return Ok();
}

Status CheckTarget(const DestinationConfig& destination, const Processing& processing) {
  if (const auto* const archive = std::get_if<ArchiveConfig>(&destination)) return CheckArchive(*archive, processing);
  if (!processing.partition_query.empty()) return Wrong("partitions belong to an archive");
  const auto check_url = [](std::string_view what, std::string_view url) -> Status {
    if (IsHttpUrl(url)) return Ok();
    return Wrong(StrCat("the ", what, " URL '", url, "' is no http or https URL of at most 1000 characters"));
  };
  if (const auto* const search = std::get_if<OpenSearchConfig>(&destination)) {
    if (search->index.empty() || search->index.size() > 80) return Wrong("the index name has 1 to 80 characters");
    return check_url("OpenSearch", search->url);
  }
  if (const auto* const splunk = std::get_if<SplunkConfig>(&destination)) {
    if (splunk->token.empty()) return Wrong("Splunk needs a token");
    return check_url("Splunk", splunk->url);
  }
  const auto& http = std::get<HttpEndpointConfig>(destination);
  if (http.common_attributes.size() > 50) return Wrong("an HTTP endpoint has at most 50 common attributes");
  if (http.access_key.Reveal().size() > 4096) return Wrong("the access key of an HTTP endpoint has at most 4096 bytes");
  return check_url("HTTP endpoint", http.url);
}

}  // namespace

Status CheckDefinition(const DeliveryDefinition& definition) {
  const bool good_chars = std::ranges::all_of(definition.name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
  if (definition.name.empty() || definition.name.size() > kNameCharsMax || !good_chars) {
    return Wrong(
        StrCat("delivery stream name '", definition.name, "': 1 to ", kNameCharsMax, " of [a-zA-Z0-9_.-] allowed"));
  }
  if (definition.buffer_bytes < kBufferBytesMin || definition.buffer_bytes > kBufferBytesMax) {
    return Wrong(StrCat("buffer size ", FormatBytes(definition.buffer_bytes), ", allowed ",
                        FormatBytes(kBufferBytesMin), " to ", FormatBytes(kBufferBytesMax)));
  }
  if (definition.buffer_interval < Milliseconds(0) || definition.buffer_interval > kBufferIntervalMax) {
    return Wrong(StrCat("buffer interval ", definition.buffer_interval.count(), " ms, allowed 0 to ",
                        kBufferIntervalMax.count()));
  }
  TAILRACE_TRY(Processor::Make(definition.processing, {}));
  if (definition.processing.split == SplitRule::kDelimited && definition.processing.split_delimiter.empty()) {
    return Wrong("splitting by a delimiter needs one");
  }
  TAILRACE_TRY(CheckTarget(definition.destination, definition.processing));
  if (definition.backup.has_value()) TAILRACE_TRY(CheckArchive(*definition.backup, {}));
  if (definition.backup_all && !definition.backup.has_value()) return Wrong("a backup of all records needs a backup");
  return Ok();
}

std::string DescribeStore(const ObjectStoreConfig& store) {
  if (const auto* const directory = std::get_if<DirectoryStoreConfig>(&store)) {
    return StrCat("directory ", directory->path);
  }
  const auto& s3 = std::get<S3StoreConfig>(store);
  return StrCat("S3 bucket ", s3.bucket, s3.endpoint.empty() ? "" : StrCat(" at ", OriginOf(s3.endpoint)));
}

std::string DescribeDestination(const DestinationConfig& destination) {
  struct Text {
    std::string operator()(const ArchiveConfig& archive) const { return DescribeStore(archive.store); }
    std::string operator()(const OpenSearchConfig& search) const {
      return StrCat("OpenSearch index ", search.index, " at ", OriginOf(search.url));
    }
    std::string operator()(const SplunkConfig& splunk) const { return StrCat("Splunk at ", OriginOf(splunk.url)); }
    std::string operator()(const HttpEndpointConfig& http) const {
      return StrCat("HTTP endpoint ", OriginOf(http.url));
    }
  };
  return std::visit(Text{}, destination);
}

std::string_view CompressionName(ObjectCompression compression) {
  return std::ranges::find(kCompressions, compression, &CompressionNames::compression)->name;
}

std::optional<ObjectCompression> ParseCompression(std::string_view name) {
  const auto found = std::ranges::find(kCompressions, name, &CompressionNames::name);
  if (found == std::end(kCompressions)) return std::nullopt;
  return found->compression;
}

std::string_view CompressionExtension(ObjectCompression compression) {
  return std::ranges::find(kCompressions, compression, &CompressionNames::compression)->extension;
}

}  // namespace tailrace::sink::delivery
