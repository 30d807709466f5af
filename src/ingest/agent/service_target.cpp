#include "ingest/agent/service_target.h"

#include <array>
#include <boost/json.hpp>

#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::ingest {
namespace {

namespace json = boost::json;

// What differs between the two services.
struct Service {
  std::string_view name;  // For signing.
  std::string_view target_prefix;
  std::string_view put_action;
  std::string_view describe_action;
  std::string_view destination_member;
  std::string_view results_member;
  TargetLimits limits;
};

constexpr Service kKinesis = {"kinesis",
                              "Kinesis_20131202.",
                              "PutRecords",
                              "DescribeStreamSummary",
                              "StreamName",
                              "Records",
                              {.records_max = 500, .bytes_max = 5 << 20, .record_bytes_max = 1 << 20}};
constexpr Service kFirehose = {"firehose",
                               "Firehose_20150804.",
                               "PutRecordBatch",
                               "DescribeDeliveryStream",
                               "DeliveryStreamName",
                               "RequestResponses",
                               {.records_max = 500, .bytes_max = 4 << 20, .record_bytes_max = 1000 << 10}};

const Service& ServiceOf(DestinationKind kind) { return kind == DestinationKind::kStream ? kKinesis : kFirehose; }

// Names of errors that say something about the keys, and not about the records.
constexpr std::array<std::string_view, 7> kKeyErrors = {
    "UnrecognizedClientException", "InvalidSignatureException",    "ExpiredTokenException",
    "AccessDeniedException",       "IncompleteSignatureException", "MissingAuthenticationTokenException",
    "InvalidClientTokenId"};

std::string MemberText(const json::object& object, std::string_view name) {
  const json::value* const found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

// Nothing when the text is not a JSON object.
std::optional<json::object> ParseObject(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

// "ResourceNotFoundException" of "com.amazonaws.kinesis#ResourceNotFoundException:http://...".
std::string ErrorTypeOf(std::string type) {
  type = type.substr(type.find('#') == std::string::npos ? 0 : type.find('#') + 1);
  return type.substr(0, type.find(':'));
}

}  // namespace

ServiceTarget::ServiceTarget(ServiceTargetOptions options, FindCredentials find_credentials, Net& net,
                             const Clock& clock)
    : options_(std::move(options)), find_credentials_(std::move(find_credentials)), net_(net), clock_(clock) {}

TargetLimits ServiceTarget::limits() const { return ServiceOf(options_.kind).limits; }

Result<std::optional<uint64_t>> ServiceTarget::LastSequence(std::string_view) { return std::optional<uint64_t>(); }

Result<AgentCredentials> ServiceTarget::Credentials() {
  const std::lock_guard lock(mutex_);
  if (!credentials_.has_value()) {
    TAILRACE_ASSIGN_OR_RETURN(credentials_, find_credentials_());
  }
  return *credentials_;
}

std::string ServiceTarget::PutBody(std::span<const TargetRecord> records) const {
  const Service& service = ServiceOf(options_.kind);
  std::string body;
  size_t bytes = 100;
  for (const TargetRecord& record : records) bytes += 80 + record.data.size() * 4 / 3;
  body.reserve(bytes);
  body += StrCat("{\"", service.destination_member, "\":");
  data::AppendJsonString(body, options_.destination);
  body += ",\"Records\":[";
  for (const TargetRecord& record : records) {
    if (body.back() == '}') body += ',';
    body += "{\"Data\":\"";
    body += ToBase64(record.data);
    body += '"';
    if (options_.kind == DestinationKind::kStream) {
      body += ",\"PartitionKey\":";
      data::AppendJsonString(body, record.partition_key);
    }
    body += '}';
  }
  body += "]}";
  return body;
}

Result<std::vector<RecordResult>> ServiceTarget::Put(std::string_view, uint64_t,
                                                     std::span<const TargetRecord> records) {
  const Service& service = ServiceOf(options_.kind);
  TAILRACE_ASSIGN_OR_RETURN(const std::string answer, Call(service.put_action, PutBody(records)));
  const std::optional<json::object> object = ParseObject(answer);
  const json::value* const member = object.has_value() ? object->if_contains(service.results_member) : nullptr;
  if (member == nullptr || !member->is_array() || member->get_array().size() != records.size()) {
    return Error{ErrorCode::kUnavailable, StrCat("the answer of ", options_.endpoint.url, " to ", service.put_action,
                                                 " does not tell of its ", records.size(), " records")};
  }
  std::vector<RecordResult> results;
  results.reserve(records.size());
  for (const json::value& entry : member->get_array()) {
    RecordResult& result = results.emplace_back();
    const std::string code = entry.is_object() ? MemberText(entry.get_object(), "ErrorCode") : "no answer";
    if (code.empty()) continue;
    result.kind = RecordResult::Kind::kRetry;
    result.message = entry.is_object() ? StrCat(code, ": ", MemberText(entry.get_object(), "ErrorMessage")) : code;
  }
  return results;
}

Status ServiceTarget::Check() {
  const Service& service = ServiceOf(options_.kind);
  std::string body = StrCat("{\"", service.destination_member, "\":");
  data::AppendJsonString(body, options_.destination);
  const auto answer = Call(service.describe_action, body + "}");
  return answer.ok() ? Ok() : Status(answer.error());
}

// The answer's body when the service took the call.
Result<std::string> ServiceTarget::Call(std::string_view action, std::string body) {
  const Service& service = ServiceOf(options_.kind);
  TAILRACE_ASSIGN_OR_RETURN(const AgentCredentials credentials, Credentials());
  HttpRequest request{.method = "POST",
                      .url = options_.endpoint.url,
                      .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                                  {"X-Amz-Target", StrCat(service.target_prefix, action)}},
                      .body = std::move(body),
                      .timeout = options_.timeout};
  if (!options_.user_agent.empty()) request.headers.emplace_back("User-Agent", options_.user_agent);
  TAILRACE_TRY(sigv4::SignRequest(request, credentials.keys,
                                  {.region = options_.endpoint.region, .service = std::string(service.name)},
                                  clock_.Now()));
  TAILRACE_ASSIGN_OR_RETURN(HttpResponse response, net_.Http(request));
  if (response.status != 200) return ServiceError(response, action, credentials.source);
  return std::move(response.body);
}

Error ServiceTarget::ServiceError(const HttpResponse& response, std::string_view action,
                                  const std::string& key_source) {
  std::string type;
  std::string message;
  if (const std::optional<json::object> object = ParseObject(response.body)) {
    type = ErrorTypeOf(MemberText(*object, "__type"));
    message = MemberText(*object, "message");
    if (message.empty()) message = MemberText(*object, "Message");
  }
  std::string text = StrCat(options_.endpoint.url, " answered ", action, " with ", response.status);
  if (!type.empty()) text += StrCat(" ", type);
  if (!message.empty()) text += StrCat(": ", message);
  if (type == "ResourceNotFoundException") {
    text += StrCat(" (create ", options_.destination, ", or compare the name, the endpoint and the region ",
                   options_.endpoint.region, ")");
  }
  if (std::ranges::find(kKeyErrors, type) != kKeyErrors.end()) {
    text += StrCat(" (the keys are those of ", key_source, ")");
    const std::lock_guard lock(mutex_);
    credentials_.reset();  // They may have been renewed meanwhile.
  }
  return Error{type == "AccessDeniedException" ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
               std::move(text)};
}

}  // namespace tailrace::ingest
