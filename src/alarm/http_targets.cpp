#include <algorithm>
#include <array>

#include "alarm/alarm_sink.h"
#include "alarm/target.h"
#include "alarm/text_template.h"
#include "base/hash.h"
#include "base/sigv4.h"
#include "base/str.h"

namespace tailrace::alarm {
namespace {

constexpr size_t kSnsSubjectCharsMax = 99;  // "less than 100 characters"
constexpr size_t kSnsMessageBytesMax = 262'144;
constexpr uint64_t kResponseBytesMax = 64 << 10;

constexpr std::array<std::string_view, 11> kBodyVariables = {
    "alarm", "key", "time", "iso_time", "subject", "message", "value", "suppressed", "max", "idempotency_key", "to"};

Result<TextTemplate> ParseBody(std::string_view what, const std::string& text) {
  TAILRACE_ASSIGN_OR_RETURN(TextTemplate parsed, TextTemplate::Parse(text));
  const std::vector<std::string> known(kBodyVariables.begin(), kBodyVariables.end());
  for (const std::string& name : parsed.Names()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto nearest = NearestName(name, known);
    const std::string hint = nearest.has_value() ? StrCat("; did you mean ", *nearest, "?") : "";
    return Error{ErrorCode::kInvalidArgument, StrCat(what, " names ", name, ", which does not exist", hint)};
  }
  return parsed;
}

std::string BodyVariable(const std::string& name, const Outgoing& outgoing, const std::string& to) {
  const Message& message = outgoing.delivery.message;
  const auto number = [](const std::optional<double>& value) { return value ? NumberText(*value) : std::string(); };
  if (name == "alarm") return message.alarm;
  if (name == "key") return message.key;
  if (name == "time") return MessageTime(message.time);
  if (name == "iso_time") return ToIso8601(message.time);
  if (name == "subject") return message.subject;
  if (name == "message") return outgoing.text;
  if (name == "value") return number(message.value);
  if (name == "suppressed") return StrCat(message.suppressed);
  if (name == "max") return number(message.max);
  if (name == "idempotency_key") return outgoing.delivery.idempotency_key;
  return to;
}

using Headers = std::vector<std::pair<std::string, Secret>>;

void AddHeaders(const Headers& headers, const Outgoing& outgoing, const std::string& content_type,
                HttpRequest& request) {
  request.headers.emplace_back("Content-Type", content_type);
  request.headers.emplace_back("Idempotency-Key", outgoing.delivery.idempotency_key);
  for (const auto& [name, value] : headers) request.headers.emplace_back(name, value.Reveal());
}

class Webhook final : public Target {
 public:
  Webhook(const TargetConfig& config, Net& net, TextTemplate body)
      : config_(std::get<WebhookTarget>(config.kind)), timeout_(config.timeout), net_(net), body_(std::move(body)) {}

  Attempt Deliver(const Outgoing& outgoing) override {
    HttpRequest request{
        .method = "POST", .url = config_.url.Reveal(), .timeout = timeout_, .response_bytes_max = kResponseBytesMax};
    const auto lookup = [&](const std::string& name) { return BodyVariable(name, outgoing, ""); };
    request.body = body_.empty() ? MessageJson(outgoing) : body_.Render(lookup, EscapeFor(config_.content_type));
    AddHeaders(config_.headers, outgoing, config_.content_type, request);
    if (!config_.signing_key.empty()) {
      const int64_t seconds = ToUnixMs(outgoing.now) / 1000;
      const auto code = HmacSha256(config_.signing_key.Reveal(), StrCat(seconds, ".", request.body));
      const std::string hex = ToHex({reinterpret_cast<const char*>(code.data()), code.size()});
      request.headers.emplace_back("X-Tailrace-Signature", StrCat("t=", seconds, ",v1=", hex));
    }
    return AttemptOf(net_.Http(request));
  }

 private:
  const WebhookTarget config_;
  const std::chrono::milliseconds timeout_;
  Net& net_;
  const TextTemplate body_;
};

class Sms final : public Target {
 public:
  Sms(const TargetConfig& config, Net& net, TextTemplate url, TextTemplate body)
      : config_(std::get<SmsTarget>(config.kind)),
        timeout_(config.timeout),
        net_(net),
        url_(std::move(url)),
        body_(std::move(body)) {}

  Attempt Deliver(const Outgoing& outgoing) override {
    const auto lookup = [&](const std::string& name) { return BodyVariable(name, outgoing, config_.to); };
    HttpRequest request{.method = config_.method,
                        .url = url_.Render(lookup, Escape::kPercent),
                        .body = body_.Render(lookup, EscapeFor(config_.content_type)),
                        .timeout = timeout_,
                        .response_bytes_max = kResponseBytesMax};
    AddHeaders(config_.headers, outgoing, config_.content_type, request);
    return AttemptOf(net_.Http(request));
  }

 private:
  const SmsTarget config_;
  const std::chrono::milliseconds timeout_;
  Net& net_;
  const TextTemplate url_;
  const TextTemplate body_;
};

// Without line breaks and control characters, which the API refuses.
std::string SnsSubject(std::string_view subject) {
  std::string clean;
  for (const char c : subject) clean += static_cast<uint8_t>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return std::string(Utf8Prefix(Trim(clean), kSnsSubjectCharsMax));
}

// The text of <Code>, which is one of the API's words; nothing else of an answer goes into messages.
std::string ErrorCodeOf(std::string_view xml) {
  constexpr std::string_view kBegin = "<Code>";
  const size_t begin = xml.find(kBegin);
  if (begin == std::string_view::npos) return "";
  const std::string_view rest = xml.substr(begin + kBegin.size());
  std::string code(rest.substr(0, std::min<size_t>(rest.find('<'), 64)));
  std::erase_if(code, [](char c) { return !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.'); });
  return code;
}

// Source  Amazon SNS API Reference, action Publish, version 2010-03-31.
class Sns final : public Target {
 public:
  Sns(const TargetConfig& config, Net& net)
      : config_(std::get<SnsTarget>(config.kind)), timeout_(config.timeout), net_(net) {}

  Attempt Deliver(const Outgoing& outgoing) override {
    const Message& message = outgoing.delivery.message;
    std::string body = "Action=Publish&Version=2010-03-31";
    const auto add = [&](std::string_view name, std::string_view value) {
      body += StrCat("&", name, "=", sigv4::UriEncode(value, false));
    };
    add("Message", std::string_view(outgoing.text).substr(0, kSnsMessageBytesMax));
    if (config_.topic_arn.empty()) {
      add("PhoneNumber", config_.phone_number);
    } else {
      add("TopicArn", config_.topic_arn);
      const std::string subject = SnsSubject(message.subject);
      if (!subject.empty()) add("Subject", subject);
    }
    if (config_.topic_arn.ends_with(".fifo")) {
      add("MessageGroupId", sigv4::UriEncode(message.alarm, false));
      add("MessageDeduplicationId", outgoing.delivery.idempotency_key);
    }
    HttpRequest request{
        .method = "POST",
        .url = config_.endpoint.empty() ? StrCat("https://sns.", config_.region, ".amazonaws.com/") : config_.endpoint,
        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
        .body = std::move(body),
        .timeout = timeout_,
        .response_bytes_max = kResponseBytesMax};
    const sigv4::Credentials credentials{.access_key_id = config_.access_key_id,
                                         .secret_access_key = config_.secret_access_key,
                                         .session_token = config_.session_token};
    const Status is_signed =
        sigv4::SignRequest(request, credentials, {.region = config_.region, .service = "sns"}, outgoing.now);
    if (!is_signed.ok()) return {.status = is_signed.error()};
    const auto response = net_.Http(request);
    Attempt attempt = AttemptOf(response);
    if (!response.ok() || attempt.status.ok()) return attempt;
    const std::string code = ErrorCodeOf(response->body);
    // The one refusal with status 400 that passes.
    const bool throttled = code.starts_with("Throttl");
    attempt.status = Error{throttled ? ErrorCode::kUnavailable : attempt.status.error().code,
                           StrCat(attempt.status.error().message, " ", code)};
    return attempt;
  }

 private:
  const SnsTarget config_;
  const std::chrono::milliseconds timeout_;
  Net& net_;
};

}  // namespace

Result<std::unique_ptr<Target>> MakeWebhookTarget(const TargetConfig& config, const TargetEnvironment& environment) {
  const WebhookTarget& webhook = std::get<WebhookTarget>(config.kind);
  if (webhook.url.empty()) return Error{ErrorCode::kInvalidArgument, "webhook needs a url"};
  TAILRACE_ASSIGN_OR_RETURN(TextTemplate body, ParseBody("body", webhook.body));
  return std::unique_ptr<Target>(std::make_unique<Webhook>(config, environment.net, std::move(body)));
}

Result<std::unique_ptr<Target>> MakeSmsTarget(const TargetConfig& config, const TargetEnvironment& environment) {
  const SmsTarget& sms = std::get<SmsTarget>(config.kind);
  if (sms.url.empty()) return Error{ErrorCode::kInvalidArgument, "sms needs a url"};
  TAILRACE_ASSIGN_OR_RETURN(TextTemplate url, ParseBody("url", sms.url.Reveal()));
  TAILRACE_ASSIGN_OR_RETURN(TextTemplate body, ParseBody("body", sms.body.Reveal()));
  return std::unique_ptr<Target>(std::make_unique<Sms>(config, environment.net, std::move(url), std::move(body)));
}

Result<std::unique_ptr<Target>> MakeSnsTarget(const TargetConfig& config, const TargetEnvironment& environment) {
  const SnsTarget& sns = std::get<SnsTarget>(config.kind);
  if (sns.topic_arn.empty() == sns.phone_number.empty()) {
    return Error{ErrorCode::kInvalidArgument, "sns needs either topic_arn or phone_number"};
  }
  if (sns.region.empty()) return Error{ErrorCode::kInvalidArgument, "sns needs a region"};
  if (sns.access_key_id.empty() || sns.secret_access_key.empty()) {
    return Error{ErrorCode::kInvalidArgument, "sns needs access_key_id and secret_access_key"};
  }
  return std::unique_ptr<Target>(std::make_unique<Sns>(config, environment.net));
}

}  // namespace tailrace::alarm
