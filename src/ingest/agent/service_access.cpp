#include "ingest/agent/service_access.h"

#include <map>
#include <optional>
#include <vector>

#include "base/str.h"

namespace tailrace::ingest {
namespace {

constexpr std::string_view kRegionFallback = "us-east-1";

std::string_view ServiceName(DestinationKind kind) { return kind == DestinationKind::kStream ? "kinesis" : "firehose"; }

// "eu-west-1" of "kinesis.eu-west-1.amazonaws.com" and of the like under vpce.amazonaws.com; empty for other hosts.
std::string RegionOfHost(std::string_view url, std::string_view service) {
  std::string_view host = url.substr(url.find("://") + 3);
  host = host.substr(0, host.find_first_of("/:?#"));
  if (host.find(".amazonaws.com") == std::string_view::npos) return "";
  const std::vector<std::string_view> labels = Split(host, '.');
  for (size_t i = 0; i + 1 < labels.size(); ++i) {
    if (labels[i] == service || labels[i] == StrCat(service, "-fips")) return std::string(labels[i + 1]);
  }
  return "";
}

std::optional<std::string> NonEmpty(const EnvironmentReader& environment, const std::string& name) {
  std::optional<std::string> value = environment(name);
  if (value.has_value() && value->empty()) value.reset();
  return value;
}

// The keys of one section of an INI file as the AWS tools write it.
std::map<std::string, std::string> ReadProfile(std::string_view text, std::string_view profile) {
  std::map<std::string, std::string> values;
  bool inside = false;
  for (const std::string_view raw : Split(text, '\n')) {
    const std::string_view line = Trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      inside = Trim(line.substr(1, line.size() - 2)) == profile;
      continue;
    }
    const size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    values[AsciiLower(Trim(line.substr(0, equals)))] = std::string(Trim(line.substr(equals + 1)));
  }
  return values;
}

Result<AgentCredentials> FromPair(std::string key_id, std::string secret, std::string token, std::string source) {
  if (key_id.empty() || secret.empty()) {
    return Error{ErrorCode::kInvalidArgument, StrCat(source, " has the ", key_id.empty() ? "secret key" : "key id",
                                                     " without the ", key_id.empty() ? "key id" : "secret key")};
  }
  return AgentCredentials{.keys = {.access_key_id = std::move(key_id),
                                   .secret_access_key = Secret(std::move(secret)),
                                   .session_token = Secret(std::move(token))},
                          .source = std::move(source)};
}

}  // namespace

Result<ServiceEndpoint> FindServiceEndpoint(const AgentConfig& config, DestinationKind kind,
                                            const EnvironmentReader& environment) {
  const std::string_view service = ServiceName(kind);
  std::string url = kind == DestinationKind::kStream ? config.kinesis_endpoint : config.firehose_endpoint;
  std::string region = kind == DestinationKind::kStream ? config.kinesis_region : "";
  if (!url.empty()) {
    if (url.find("://") == std::string::npos) url = "https://" + url;
    const size_t host = url.find("://") + 3;
    const bool web = url.starts_with("http://") || url.starts_with("https://");
    if (!web || host == url.size() || url.find_first_of(" \t?#") != std::string::npos) {
      return Error{ErrorCode::kInvalidArgument, StrCat(service, ".endpoint: '", url,
                                                       "' is not an address such as https://kinesis.example.org:4567")};
    }
    if (url.find('/', host) == std::string::npos) url += '/';
    if (region.empty()) region = RegionOfHost(url, service);
  }
  if (region.empty()) region = NonEmpty(environment, "AWS_REGION").value_or("");
  if (region.empty()) region = NonEmpty(environment, "AWS_DEFAULT_REGION").value_or("");
  if (region.empty()) region = kRegionFallback;
  if (url.empty()) {
    url = StrCat("https://", service, ".", region, ".amazonaws.com", region.starts_with("cn-") ? ".cn" : "", "/");
  }
  return ServiceEndpoint{.url = std::move(url), .region = std::move(region)};
}

Result<AgentCredentials> FindAgentCredentials(const AgentConfig& config, Disk& disk,
                                              const EnvironmentReader& environment) {
  if (!config.assume_role_arn.empty()) {
    return Error{ErrorCode::kUnsupported,
                 StrCat("assumeRoleARN: roles are not taken on here; give the keys of ", config.assume_role_arn,
                        " by the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or in "
                        "~/.aws/credentials, and remove assumeRoleARN")};
  }
  if (!config.access_key_id.empty() || !config.secret_access_key.empty()) {
    return FromPair(config.access_key_id, config.secret_access_key, "",
                    "the agent's file (awsAccessKeyId, awsSecretAccessKey)");
  }
  const auto key_id = NonEmpty(environment, "AWS_ACCESS_KEY_ID");
  const auto secret = NonEmpty(environment, "AWS_SECRET_ACCESS_KEY");
  if (key_id.has_value() || secret.has_value()) {
    return FromPair(key_id.value_or(""), secret.value_or(""), NonEmpty(environment, "AWS_SESSION_TOKEN").value_or(""),
                    "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)");
  }
  const std::string profile = NonEmpty(environment, "AWS_PROFILE").value_or("default");
  const std::string path = NonEmpty(environment, "AWS_SHARED_CREDENTIALS_FILE")
                               .value_or(StrCat(NonEmpty(environment, "HOME").value_or(""), "/.aws/credentials"));
  const auto text = ReadFile(disk, path);
  if (text.ok()) {
    const auto values = ReadProfile(*text, profile);
    const auto value = [&](const std::string& name) {
      const auto found = values.find(name);
      return found == values.end() ? std::string() : found->second;
    };
    if (!value("aws_access_key_id").empty() || !value("aws_secret_access_key").empty()) {
      return FromPair(value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token"),
                      StrCat(path, " (profile ", profile, ")"));
    }
  } else if (text.error().code != ErrorCode::kNotFound) {
    return text.error();
  }
  return Error{ErrorCode::kNotFound,
               StrCat("no keys to sign with: awsAccessKeyId and awsSecretAccessKey are not in the agent's file, "
                      "AWS_ACCESS_KEY_ID is not set, and ",
                      path, text.ok() ? StrCat(" has no profile ", profile) : std::string(" is not there"),
                      ". A server that checks no keys takes any")};
}

}  // namespace tailrace::ingest
