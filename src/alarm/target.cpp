#include "alarm/target.h"

#include <algorithm>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::alarm {
namespace {

constexpr std::chrono::hours kRetryAfterMax{1};

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

// The order of TargetKind's alternatives.
const std::vector<TargetKindInfo> kKinds = {
    {"webhook", "HTTP POST of a JSON object or of a body of your own.",
     "Carries the same Idempotency-Key header; whoever compares it sees the message once."},
    {"sms", "Any SMS gateway that takes HTTP, by a template.",
     "Carries the same Idempotency-Key header; a gateway without it sends a second SMS after a crash in between."},
    {"mail", "Mail over SMTP, with STARTTLS and login.",
     "Has the same Message-ID; mail programs that compare it show the mail once."},
    {"sns", "Publish to an SNS topic or phone number, or to anything that speaks its API.",
     "FIFO topics get the key as deduplication id; others deliver a second time after a crash in between."},
    {"file", "Appends a JSON line to a file.", "Recognised by the key in the file's last 1 MiB: never twice."},
    {"exec", "Runs a program with the JSON object on its standard input.",
     "The object holds the same idempotency_key; the program compares it or runs again."},
    {"sqlite", "The table logs_history in an SQLite file.", "The key is stored in the same transaction: never twice."},
    {"mysql", "The table logs_history in MySQL or MariaDB.",
     "The key is stored in the same transaction: never twice (InnoDB)."},
};
static_assert(std::variant_size_v<TargetKind> == 8);

// A status that may change for the same message: credentials, routes, load.
bool IsPassing(int status) {
  return status >= 500 || status < 400 || status == 401 || status == 403 || status == 404 || status == 408 ||
         status == 425 || status == 429;
}

std::optional<std::chrono::milliseconds> RetryAfter(const HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (!EqualsIgnoreCase(name, "retry-after")) continue;
    const auto seconds = ParseInt64(value);
    if (!seconds.has_value() || *seconds < 0) return std::nullopt;
    return std::min<std::chrono::milliseconds>(std::chrono::seconds(std::min<int64_t>(*seconds, 86'400)),
                                               kRetryAfterMax);
  }
  return std::nullopt;
}

void AppendField(std::string& json, std::string_view name, std::string_view raw) {
  json += json.size() > 1 ? "," : "";
  data::AppendJsonString(json, name);
  json += ':';
  json += raw;
}

void AppendTextField(std::string& json, std::string_view name, std::string_view text) {
  std::string quoted;
  data::AppendJsonString(quoted, text);
  AppendField(json, name, quoted);
}

void AppendNumberField(std::string& json, std::string_view name, const std::optional<double>& number) {
  AppendField(json, name, number.has_value() ? fmt::format("{}", *number) : "null");
}

}  // namespace

const std::vector<TargetKindInfo>& TargetKinds() { return kKinds; }

const TargetKindInfo& KindOf(const TargetConfig& config) { return kKinds[config.kind.index()]; }

Attempt AttemptOf(const Result<HttpResponse>& response) {
  if (!response.ok()) return {.status = response.error()};
  if (response->status >= 200 && response->status < 300) return {};
  const ErrorCode code = IsPassing(response->status) ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument;
  // Without the body: a gateway may echo the key that it was sent.
  return {.status = Error{code, StrCat("HTTP status ", response->status)},
          .answered = true,
          .retry_after = RetryAfter(*response)};
}

std::string MessageJson(const Outgoing& outgoing) {
  const Message& message = outgoing.delivery.message;
  std::string json = "{";
  AppendTextField(json, "alarm", message.alarm);
  AppendTextField(json, "key", message.key);
  AppendTextField(json, "state", message.kind == MessageKind::kResolved ? "resolved" : "firing");
  AppendTextField(json, "time", ToIso8601(message.time));
  AppendTextField(json, "subject", message.subject);
  AppendTextField(json, "message", outgoing.text);
  AppendNumberField(json, "value", message.value);
  AppendField(json, "suppressed", StrCat(message.suppressed));
  AppendNumberField(json, "max", message.max);
  AppendField(json, "delayed", outgoing.delayed ? "true" : "false");
  AppendTextField(json, "idempotency_key", outgoing.delivery.idempotency_key);
  if (!message.row_json.empty()) AppendField(json, "row", message.row_json);
  return json + '}';
}

Result<std::unique_ptr<HistoryTarget>> MakeHistoryTarget(const TargetConfig& config) {
  if (std::holds_alternative<SqliteHistoryTarget>(config.kind)) return MakeSqliteHistory(config);
  if (std::holds_alternative<MysqlHistoryTarget>(config.kind)) return MakeMysqlHistory(config);
  return Error{ErrorCode::kInvalidArgument, StrCat("target ", config.name, " is no history")};
}

Result<std::unique_ptr<Target>> MakeTarget(const TargetConfig& config, const TargetEnvironment& environment) {
  using Made = Result<std::unique_ptr<Target>>;
  const auto history = [&]() -> Made {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<HistoryTarget> target, MakeHistoryTarget(config));
    return std::unique_ptr<Target>(std::move(target));
  };
  Made made = std::visit(Overloaded{[&](const WebhookTarget&) { return MakeWebhookTarget(config, environment); },
                                    [&](const SmsTarget&) { return MakeSmsTarget(config, environment); },
                                    [&](const MailTarget&) { return MakeMailTarget(config, environment); },
                                    [&](const SnsTarget&) { return MakeSnsTarget(config, environment); },
                                    [&](const FileTarget&) { return MakeFileTarget(config, environment); },
                                    [&](const ExecTarget&) { return MakeExecTarget(config, environment); },
                                    [&](const SqliteHistoryTarget&) { return history(); },
                                    [&](const MysqlHistoryTarget&) { return history(); }},
                         config.kind);
  if (!made.ok()) return std::move(made).error().Context(StrCat("target ", config.name));
  return made;
}

}  // namespace tailrace::alarm
