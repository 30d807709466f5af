#include "api/firehose/documents.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/str.h"

namespace tailrace::api::firehose {
namespace {

namespace json = boost::json;
namespace delivery = sink::delivery;

constexpr std::string_view kConfiguration = "DestinationConfiguration";
constexpr std::string_view kUpdate = "DestinationUpdate";

// Kinds of destinations by the front of their members' names.
constexpr std::string_view kKinds[] = {
    "S3",
    "ExtendedS3",
    "Elasticsearch",
    "Amazonopensearchservice",
    "AmazonOpenSearchServerless",
    "Splunk",
    "HttpEndpoint",
    "Redshift",
    "Snowflake",
    "Iceberg",
};

bool IsS3(std::string_view kind) { return kind == "S3" || kind == "ExtendedS3"; }
bool IsSearch(std::string_view kind) { return kind == "Elasticsearch" || kind.starts_with("Amazon"); }

// The kind whose member `suffix` the document has; empty without one. Errors: kInvalidArgument: more than one.
Result<std::string_view> KindOf(const json::object& document, std::string_view suffix) {
  std::string_view found;
  for (const std::string_view kind : kKinds) {
    if (!document.contains(StrCat(kind, suffix))) continue;
    if (!found.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("exactly one destination is allowed, here are ", found, " and ", kind)};
    }
    found = kind;
  }
  return found;
}

// Members of the lower document that the upper one gives too are replaced, objects of settings by their members.
void LayOver(json::object& lower, const json::object& upper) {
  for (const auto& [name, value] : upper) {
    json::value* const there = lower.if_contains(name);
    if (there != nullptr && there->is_object() && value.is_object()) {
      LayOver(there->get_object(), value.get_object());
    } else {
      lower[name] = value;
    }
  }
}

// An update names the backup differently from a configuration.
json::object WithConfigurationNames(const json::object& update) {
  json::object renamed;
  for (const auto& [name, value] : update) {
    renamed[name == "S3Update" ? "S3Configuration" : name == "S3BackupUpdate" ? "S3BackupConfiguration" : name] = value;
  }
  return renamed;
}

void SetDefault(json::object& object, std::string_view name, json::value value) {
  if (!object.contains(name)) object[name] = std::move(value);
}

// A store of objects as a description has it.
json::object S3Description(json::object configuration, std::string_view account) {
  SetDefault(configuration, "RoleARN", json::string(StrCat("arn:aws:iam::", account, ":role/tailrace")));
  SetDefault(configuration, "BufferingHints", json::object{{"SizeInMBs", 5}, {"IntervalInSeconds", 300}});
  SetDefault(configuration, "CompressionFormat", "UNCOMPRESSED");
  SetDefault(configuration, "EncryptionConfiguration", json::object{{"NoEncryptionConfig", "NoEncryption"}});
  SetDefault(configuration, "CloudWatchLoggingOptions", json::object{{"Enabled", false}});
  return configuration;
}

void RenameBackup(json::object& configuration, std::string_view from, std::string_view to, std::string_view account) {
  json::value* const backup = configuration.if_contains(from);
  if (backup == nullptr || !backup->is_object()) return;
  json::object described = S3Description(backup->get_object(), account);
  configuration.erase(from);
  configuration[to] = std::move(described);
}

json::object Buffer(const delivery::DeliveryDefinition& definition) {
  return {{"SizeInMBs", std::max<uint64_t>(1, definition.buffer_bytes >> 20)},
          {"IntervalInSeconds", std::chrono::duration_cast<std::chrono::seconds>(definition.buffer_interval).count()}};
}

json::object S3Document(const delivery::ArchiveConfig& archive) {
  static constexpr std::string_view kNames[] = {"UNCOMPRESSED", "GZIP", "ZIP", "ZSTD", "Snappy", "HADOOP_SNAPPY"};
  const auto* const s3 = std::get_if<delivery::S3StoreConfig>(&archive.store);
  const std::string bucket = s3 != nullptr ? s3->bucket : std::get<delivery::DirectoryStoreConfig>(archive.store).path;
  json::object document{{"BucketARN", json::string(StrCat("arn:aws:s3:::", bucket))},
                        {"CompressionFormat", kNames[static_cast<size_t>(archive.compression)]}};
  if (!archive.prefix.empty()) document["Prefix"] = archive.prefix;
  if (!archive.error_prefix.empty()) document["ErrorOutputPrefix"] = archive.error_prefix;
  return document;
}

// The document that a stream of an application's file would have been made from.
json::object DocumentOf(const delivery::DeliveryDefinition& definition) {
  json::object configuration;
  std::string kind = "ExtendedS3";
  if (const auto* const archive = std::get_if<delivery::ArchiveConfig>(&definition.destination)) {
    configuration = S3Document(*archive);
  } else if (const auto* const search = std::get_if<delivery::OpenSearchConfig>(&definition.destination)) {
    kind = "Amazonopensearchservice";
    configuration = {{"ClusterEndpoint", search->url}, {"IndexName", search->index}};
  } else if (const auto* const splunk = std::get_if<delivery::SplunkConfig>(&definition.destination)) {
    kind = "Splunk";
    configuration = {{"HECEndpoint", splunk->url}, {"HECEndpointType", splunk->raw ? "Raw" : "Event"}};
  } else {
    kind = "HttpEndpoint";
    configuration["EndpointConfiguration"] =
        json::object{{"Url", std::get<delivery::HttpEndpointConfig>(definition.destination).url}};
  }
  configuration["BufferingHints"] = Buffer(definition);
  if (definition.backup.has_value()) configuration["S3Configuration"] = S3Document(*definition.backup);
  return {{StrCat(kind, kConfiguration), std::move(configuration)}};
}

void EraseSecrets(json::object& configuration) {
  configuration.erase("HECToken");
  json::value* const endpoint = configuration.if_contains("EndpointConfiguration");
  if (endpoint != nullptr && endpoint->is_object()) endpoint->get_object().erase("AccessKey");
}

}  // namespace

json::value ToJson(const aws::Value& value) {
  switch (value.kind()) {
    case aws::Kind::kBoolean:
      return value.boolean();
    case aws::Kind::kInteger:
      return value.integer();
    case aws::Kind::kReal:
      return value.real();
    case aws::Kind::kText:
      return json::string(value.text());
    case aws::Kind::kList: {
      json::array list;
      for (const aws::Value element : value) list.push_back(ToJson(element));
      return list;
    }
    case aws::Kind::kMap: {
      json::object object;
      std::string name;
      bool is_name = true;
      for (const aws::Value part : value) {
        if (is_name) {
          name = part.text();
        } else if (part.kind() != aws::Kind::kNull) {
          object[name] = ToJson(part);
        }
        is_name = !is_name;
      }
      return object;
    }
    case aws::Kind::kNull:
    case aws::Kind::kBytes:
    case aws::Kind::kTimestamp:
      break;
  }
  return nullptr;
}

Result<json::object> MergedDocument(json::object document, const json::object& request) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view from, KindOf(document, kConfiguration));
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view to, KindOf(request, kUpdate));
  const auto wrong = [](std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; };
  if (to.empty()) return wrong("exactly one destination update is required");
  const json::value& update = request.at(StrCat(to, kUpdate));
  if (!update.is_object()) return wrong(StrCat(to, kUpdate, " is a structure"));
  const json::object renamed = WithConfigurationNames(update.get_object());
  if (IsSearch(from) != IsSearch(to)) {
    return wrong("a search destination cannot be changed into another one, nor another one into it");
  }
  if (from == to || (IsS3(from) && IsS3(to))) {
    LayOver(document.at(StrCat(from, kConfiguration)).as_object(), renamed);
    return document;
  }
  document.erase(StrCat(from, kConfiguration));
  document[StrCat(to, kConfiguration)] = renamed;
  return document;
}

json::object DestinationDescription(const delivery::DeliveryDescription& description, std::string_view account) {
  json::object document = DocumentOf(description.definition);
  if (!description.document.empty()) {
    boost::system::error_code code;
    json::value parsed = json::parse(description.document, code);
    if (!code && parsed.is_object()) document = std::move(parsed.get_object());
  }
  json::object result{{"DestinationId", "destinationId-000000000001"}};
  const std::string_view kind = KindOf(document, kConfiguration).value_or("");
  if (kind.empty()) return result;
  json::object configuration = document.at(StrCat(kind, kConfiguration)).as_object();
  EraseSecrets(configuration);
  RenameBackup(configuration, "S3BackupConfiguration", "S3BackupDescription", account);
  RenameBackup(configuration, "S3Configuration", "S3DestinationDescription", account);
  if (!IsS3(kind)) {
    SetDefault(configuration, "BufferingHints", Buffer(description.definition));
    result[StrCat(kind, "DestinationDescription")] = std::move(configuration);
    return result;
  }
  configuration = S3Description(std::move(configuration), account);
  json::object plain;
  for (const char* const name : {"RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix", "BufferingHints",
                                 "CompressionFormat", "EncryptionConfiguration", "CloudWatchLoggingOptions"}) {
    if (const json::value* const value = configuration.if_contains(name)) plain[name] = *value;
  }
  SetDefault(configuration, "S3BackupMode", "Disabled");
  // Both, whichever it was made with.
  result["S3DestinationDescription"] = std::move(plain);
  result["ExtendedS3DestinationDescription"] = std::move(configuration);
  return result;
}

}  // namespace tailrace::api::firehose
