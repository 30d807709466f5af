#include <algorithm>

#include "app/config_sections.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A value that is a secret; written into the file itself it earns a warning.
Secret ReadSecret(const YamlValue& value) {
  Secret secret(value.Text());
  if (value.is_scalar()) {
    value.Warn(StrCat(value.path(), " stands in the file for everybody to read"), "write {env: NAME} or {file: PATH}");
  }
  return secret;
}

// A URL is a secret too (webhook addresses hold tokens), but a plain one is the usual case.
Secret ReadUrl(const YamlValue& value) {
  Secret url(value.Text());
  if (!url.Reveal().starts_with("http://") && !url.Reveal().starts_with("https://")) {
    value.Fail(StrCat(value.path(), " must begin with http:// or https://"));
  }
  return url;
}

std::vector<std::pair<std::string, Secret>> ReadHeaders(const YamlValue& section) {
  std::vector<std::pair<std::string, Secret>> headers;
  for (const auto& [name, value] : section.Entries()) headers.emplace_back(name, Secret(value.Text()));
  return headers;
}

constexpr KeySpec<alarm::WebhookTarget> kWebhookKeys[] = {
    {{"url", "text or secret", "Gets a POST for every message.", true},
     [](const YamlValue& value, alarm::WebhookTarget& into) { into.url = ReadUrl(value); }},
    {{"headers", "map of text", "Further request headers; values may be {env: ..} or {file: ..}."},
     [](const YamlValue& value, alarm::WebhookTarget& into) { into.headers = ReadHeaders(value); }},
    {{"signing_key", "secret", "Signs the body: header X-Tailrace-Signature, HMAC-SHA256."},
     [](const YamlValue& value, alarm::WebhookTarget& into) { into.signing_key = ReadSecret(value); }},
    {{"body", "template", "The body; the JSON object of docs/alarms.md when not given."},
     [](const YamlValue& value, alarm::WebhookTarget& into) { into.body = value.Text(); }},
    {{"content_type", "text", "application/json when not given."},
     [](const YamlValue& value, alarm::WebhookTarget& into) { into.content_type = value.Text(); }},
};

constexpr KeySpec<alarm::SmsTarget> kSmsKeys[] = {
    {{"url", "template or secret", "Address of the gateway; ${to} and ${message} are percent-encoded.", true},
     [](const YamlValue& value, alarm::SmsTarget& into) { into.url = ReadUrl(value); }},
    {{"to", "text", "Telephone number, for ${to}.", true},
     [](const YamlValue& value, alarm::SmsTarget& into) { into.to = value.Text(); }},
    {{"method", "text", "POST when not given."},
     [](const YamlValue& value, alarm::SmsTarget& into) { into.method = value.Text(); }},
    {{"headers", "map of text", "Request headers."},
     [](const YamlValue& value, alarm::SmsTarget& into) { into.headers = ReadHeaders(value); }},
    {{"body", "template", "Request body with ${to} and ${message}."},
     [](const YamlValue& value, alarm::SmsTarget& into) { into.body = Secret(value.Text()); }},
    {{"content_type", "text", "application/x-www-form-urlencoded when not given."},
     [](const YamlValue& value, alarm::SmsTarget& into) { into.content_type = value.Text(); }},
};

constexpr KeySpec<alarm::MailTarget> kMailKeys[] = {
    {{"server", "text", "smtp://host:port or smtps://host:port.", true},
     [](const YamlValue& value, alarm::MailTarget& into) { into.server = value.Text(); }},
    {{"from", "text", "Sender's address.", true},
     [](const YamlValue& value, alarm::MailTarget& into) { into.from = value.Text(); }},
    {{"to", "list of text", "Recipients' addresses.", true},
     [](const YamlValue& value, alarm::MailTarget& into) { into.to = value.TextList(); }},
    {{"from_name", "text", "Sender's name."},
     [](const YamlValue& value, alarm::MailTarget& into) { into.from_name = value.Text(); }},
    {{"user", "text", "Login at the server."},
     [](const YamlValue& value, alarm::MailTarget& into) { into.user = value.Text(); }},
    {{"password", "secret", "Password at the server."},
     [](const YamlValue& value, alarm::MailTarget& into) { into.password = ReadSecret(value); }},
    {{"require_tls", "true or false", "Refuse to send without TLS; false when not given."},
     [](const YamlValue& value, alarm::MailTarget& into) { into.require_tls = value.Boolean(false); }},
};

constexpr KeySpec<alarm::SnsTarget> kSnsKeys[] = {
    {{"region", "text", "Region, for the signature.", true},
     [](const YamlValue& value, alarm::SnsTarget& into) { into.region = value.Text(); }},
    {{"endpoint", "text", "Other address than the region's own."},
     [](const YamlValue& value, alarm::SnsTarget& into) { into.endpoint = value.Text(); }},
    {{"access_key_id", "text", "Access key.", true},
     [](const YamlValue& value, alarm::SnsTarget& into) { into.access_key_id = value.Text(); }},
    {{"secret_access_key", "secret", "Secret key.", true},
     [](const YamlValue& value, alarm::SnsTarget& into) { into.secret_access_key = ReadSecret(value); }},
    {{"session_token", "secret", "Token of temporary keys."},
     [](const YamlValue& value, alarm::SnsTarget& into) { into.session_token = ReadSecret(value); }},
    {{"topic_arn", "text", "Topic to publish to; this or phone_number."},
     [](const YamlValue& value, alarm::SnsTarget& into) { into.topic_arn = value.Text(); }},
    {{"phone_number", "text", "Telephone number in E.164 form; this or topic_arn."},
     [](const YamlValue& value, alarm::SnsTarget& into) { into.phone_number = value.Text(); }},
};

constexpr KeySpec<alarm::FileTarget> kFileKeys[] = {
    {{"path", "path", "Gets one line of JSON a message; a relative path begins at the data folder.", true},
     [](const YamlValue& value, alarm::FileTarget& into) { into.path = value.Text(); }},
};

constexpr KeySpec<alarm::ExecTarget> kExecKeys[] = {
    {{"command", "list of text", "Program and arguments; gets the message as JSON on standard input.", true},
     [](const YamlValue& value, alarm::ExecTarget& into) { into.argv = value.TextList(); }},
};

constexpr KeySpec<alarm::SqliteHistoryTarget> kSqliteKeys[] = {
    {{"path", "path", "Database file; history.sqlite in the data folder when not given."},
     [](const YamlValue& value, alarm::SqliteHistoryTarget& into) { into.path = value.Text(); }},
    {{"table", "text", "logs_history when not given."},
     [](const YamlValue& value, alarm::SqliteHistoryTarget& into) { into.table = value.Text(); }},
};

constexpr KeySpec<alarm::MysqlHistoryTarget> kMysqlKeys[] = {
    {{"host", "text", "127.0.0.1 when not given."},
     [](const YamlValue& value, alarm::MysqlHistoryTarget& into) { into.host = value.Text(); }},
    {{"port", "number", "3306 when not given."},
     [](const YamlValue& value, alarm::MysqlHistoryTarget& into) {
       into.port = static_cast<uint16_t>(value.Integer(1, 65'535, 3306));
     }},
    {{"database", "text", "Database that holds the table.", true},
     [](const YamlValue& value, alarm::MysqlHistoryTarget& into) { into.database = value.Text(); }},
    {{"user", "text", "Login.", true},
     [](const YamlValue& value, alarm::MysqlHistoryTarget& into) { into.user = value.Text(); }},
    {{"password", "secret", "Password."},
     [](const YamlValue& value, alarm::MysqlHistoryTarget& into) { into.password = ReadSecret(value); }},
    {{"table", "text", "logs_history when not given."},
     [](const YamlValue& value, alarm::MysqlHistoryTarget& into) { into.table = value.Text(); }},
    {{"require_tls", "true or false", "Refuse to connect without TLS; false when not given."},
     [](const YamlValue& value, alarm::MysqlHistoryTarget& into) { into.require_tls = value.Boolean(false); }},
    {{"ca_file", "path", "Certificates that the server's is checked against."},
     [](const YamlValue& value, alarm::MysqlHistoryTarget& into) { into.ca_file = value.Text(); }},
};

template <typename Kind>
void ReadKind(const YamlValue& value, std::span<const KeySpec<Kind>> keys, alarm::TargetConfig& into) {
  Kind kind;
  ReadSection<Kind>(value, keys, kind);
  into.kind = std::move(kind);
}

constexpr KeySpec<alarm::TargetConfig> kTargetKeys[] = {
    {{"webhook", "map", "An HTTP endpoint."},
     [](const YamlValue& value, alarm::TargetConfig& into) {
       ReadKind<alarm::WebhookTarget>(value, kWebhookKeys, into);
     }},
    {{"sms", "map", "A text message gateway that takes HTTP."},
     [](const YamlValue& value, alarm::TargetConfig& into) { ReadKind<alarm::SmsTarget>(value, kSmsKeys, into); }},
    {{"mail", "map", "Mail over SMTP."},
     [](const YamlValue& value, alarm::TargetConfig& into) { ReadKind<alarm::MailTarget>(value, kMailKeys, into); }},
    {{"sns", "map", "Publish of Amazon SNS, or of anything that speaks it."},
     [](const YamlValue& value, alarm::TargetConfig& into) { ReadKind<alarm::SnsTarget>(value, kSnsKeys, into); }},
    {{"file", "map", "A file that gets one line a message."},
     [](const YamlValue& value, alarm::TargetConfig& into) { ReadKind<alarm::FileTarget>(value, kFileKeys, into); }},
    {{"exec", "map", "A program that is run for every message."},
     [](const YamlValue& value, alarm::TargetConfig& into) { ReadKind<alarm::ExecTarget>(value, kExecKeys, into); }},
    {{"sqlite", "map", "History rows in an SQLite file."},
     [](const YamlValue& value, alarm::TargetConfig& into) {
       ReadKind<alarm::SqliteHistoryTarget>(value, kSqliteKeys, into);
     }},
    {{"mysql", "map", "History rows in MySQL or MariaDB."},
     [](const YamlValue& value, alarm::TargetConfig& into) {
       ReadKind<alarm::MysqlHistoryTarget>(value, kMysqlKeys, into);
     }},
    {{"timeout", "duration", "Of one attempt; 10s when not given."},
     [](const YamlValue& value, alarm::TargetConfig& into) {
       into.timeout = value.Duration(milliseconds(100), seconds(300), seconds(10));
     }},
    {{"retry_first", "duration", "Wait after the first failure, doubled after each; 1s when not given."},
     [](const YamlValue& value, alarm::TargetConfig& into) {
       into.retry.first_delay = value.Duration(milliseconds(10), hours(1), seconds(1));
     }},
    {{"retry_max", "duration", "Longest wait between attempts; 60s when not given."},
     [](const YamlValue& value, alarm::TargetConfig& into) {
       into.retry.delay_max = value.Duration(milliseconds(10), hours(24), seconds(60));
     }},
    {{"give_up_after", "duration", "Older messages become dead letters; 24h when not given."},
     [](const YamlValue& value, alarm::TargetConfig& into) {
       into.retry.give_up_after = value.Duration(seconds(1), hours(24 * 365), hours(24));
     }},
};

constexpr std::string_view kHistoryModes[] = {"per_message", "per_alarm_row"};

constexpr KeySpec<alarm::HistoryConfig> kHistoryKeys[] = {
    {{"to", "text", "Name of an sqlite or mysql target.", true},
     [](const YamlValue& value, alarm::HistoryConfig& into) { into.to = value.Text(); }},
    {{"mode", "text", "per_message (the default): a row for every message. per_alarm_row: a row for every alarm row."},
     [](const YamlValue& value, alarm::HistoryConfig& into) {
       into.mode = value.OneOf(kHistoryModes, "per_message") == "per_message" ? alarm::HistoryMode::kPerMessage
                                                                              : alarm::HistoryMode::kPerAlarmRow;
     }},
};

constexpr KeySpec<alarm::NotifyConfig> kNotifyKeys[] = {
    {{"to", "list of text", "Names of targets.", true},
     [](const YamlValue& value, alarm::NotifyConfig& into) { into.to = value.TextList(); }},
    {{"subject", "template", "Subject line; ${COLUMN}, ${time} and the names of docs/alarms.md.", true},
     [](const YamlValue& value, alarm::NotifyConfig& into) { into.subject = value.Text(); }},
    {{"message", "template", "Text of the message.", true},
     [](const YamlValue& value, alarm::NotifyConfig& into) { into.message = value.Text(); }},
    {{"min_interval", "duration", "Shortest time between two messages of one key; 60s when not given."},
     [](const YamlValue& value, alarm::NotifyConfig& into) {
       into.min_interval = value.Duration(milliseconds(0), hours(24 * 30), seconds(60));
     }},
    {{"digest", "template", "Said behind a message when rows were held back before it."},
     [](const YamlValue& value, alarm::NotifyConfig& into) { into.digest = value.Text(); }},
    {{"resolved", "template", "Message when the alarm is over; nobody is told when not given."},
     [](const YamlValue& value, alarm::NotifyConfig& into) { into.resolved = value.Text(); }},
};

constexpr KeySpec<ChartConfig> kChartKeys[] = {
    {{"stream", "text", "In-application stream to draw.", true},
     [](const YamlValue& value, ChartConfig& into) { into.stream = value.Text(); }},
    {{"column", "text", "Numeric column to draw.", true},
     [](const YamlValue& value, ChartConfig& into) { into.column = value.Text(); }},
    {{"threshold", "number", "Line to draw it against."},
     [](const YamlValue& value, ChartConfig& into) { into.threshold = value.Number(0); }},
};

constexpr KeySpec<AlarmEntry> kAlarmKeys[] = {
    {{"notify", "map", "Whom to tell, what, and how often.", true},
     [](const YamlValue& value, AlarmEntry& into) {
       ReadSection<alarm::NotifyConfig>(value, kNotifyKeys, into.alarm.notify);
     }},
    {{"history", "map", "Where a row is kept for every message."},
     [](const YamlValue& value, AlarmEntry& into) {
       alarm::HistoryConfig history;
       ReadSection<alarm::HistoryConfig>(value, kHistoryKeys, history);
       into.alarm.history = std::move(history);
     }},
    {{"value", "text", "Column with the number that matters; the first numeric one when not given."},
     [](const YamlValue& value, AlarmEntry& into) { into.alarm.value_column = value.Text(); }},
    {{"keys", "list of text", "Columns whose every value is an alarm of its own, such as a customer."},
     [](const YamlValue& value, AlarmEntry& into) { into.alarm.key_columns = value.TextList(); }},
    {{"resolve_after", "duration", "Over when no row came for so long; 60s when not given."},
     [](const YamlValue& value, AlarmEntry& into) {
       into.alarm.resolve_after = value.Duration(milliseconds(100), hours(24 * 30), seconds(60));
     }},
    {{"chart", "map", "What the page draws for this alarm."},
     [](const YamlValue& value, AlarmEntry& into) {
       ChartConfig chart;
       ReadSection<ChartConfig>(value, kChartKeys, chart);
       into.chart = std::move(chart);
     }},
};

// Replaces ${name}; $${name} is no variable of the text.
void FillIn(const sql::Parameter& parameter, std::string& text) {
  const std::string variable = StrCat("${", parameter.name, "}");
  size_t at = 0;
  while ((at = text.find(variable, at)) != std::string::npos) {
    if (at > 0 && text[at - 1] == '$') {
      at += variable.size();
      continue;
    }
    text.replace(at, variable.size(), parameter.text);
    at += parameter.text.size();
  }
}

}  // namespace

void ReadAlarms(const YamlValue& section, ApplicationConfig& config) {
  for (const auto& [name, value] : section.Entries()) {
    AlarmEntry entry{.place = value.place()};
    entry.alarm.name = name;
    ReadSection<AlarmEntry>(value, kAlarmKeys, entry);
    config.alarms.push_back(std::move(entry));
  }
}

void FillInParameters(ApplicationConfig& config) {
  for (AlarmEntry& entry : config.alarms) {
    alarm::NotifyConfig& notify = entry.alarm.notify;
    for (std::string* const text : {&notify.subject, &notify.message, &notify.digest, &notify.resolved}) {
      for (const ParameterConfig& parameter : config.parameters) FillIn(parameter.value, *text);
    }
  }
}

void ReadTargets(const YamlValue& section, ApplicationConfig& config) {
  for (const auto& [name, value] : section.Entries()) {
    TargetEntry entry{.place = value.place()};
    entry.target.name = name;
    ReadSection<alarm::TargetConfig>(value, kTargetKeys, entry.target);
    const auto is_kind = [](const KeySpec<alarm::TargetConfig>& key) { return key.document.kind == "map"; };
    const auto kinds = std::ranges::count_if(
        kTargetKeys, [&](const auto& key) { return is_kind(key) && value.Child(key.document.key).exists(); });
    if (kinds != 1) value.Fail(StrCat(value.path(), " needs one kind (webhook, mail ...), here are ", kinds));
    config.targets.push_back(std::move(entry));
  }
}

std::vector<SectionDocument> AlarmSectionDocuments() {
  return {
      {"alarms.NAME", "An alarm, driven by the rows of an output with alarm: NAME.",
       DocumentKeys<AlarmEntry>(kAlarmKeys)},
      {"alarms.NAME.notify", "", DocumentKeys<alarm::NotifyConfig>(kNotifyKeys)},
      {"alarms.NAME.history", "", DocumentKeys<alarm::HistoryConfig>(kHistoryKeys)},
      {"alarms.NAME.chart", "", DocumentKeys<ChartConfig>(kChartKeys)},
      {"targets.NAME", "Somebody or something to tell. Has exactly one kind.",
       DocumentKeys<alarm::TargetConfig>(kTargetKeys)},
      {"targets.NAME.webhook", "", DocumentKeys<alarm::WebhookTarget>(kWebhookKeys)},
      {"targets.NAME.sms", "", DocumentKeys<alarm::SmsTarget>(kSmsKeys)},
      {"targets.NAME.mail", "", DocumentKeys<alarm::MailTarget>(kMailKeys)},
      {"targets.NAME.sns", "", DocumentKeys<alarm::SnsTarget>(kSnsKeys)},
      {"targets.NAME.file", "", DocumentKeys<alarm::FileTarget>(kFileKeys)},
      {"targets.NAME.exec", "", DocumentKeys<alarm::ExecTarget>(kExecKeys)},
      {"targets.NAME.sqlite", "", DocumentKeys<alarm::SqliteHistoryTarget>(kSqliteKeys)},
      {"targets.NAME.mysql", "", DocumentKeys<alarm::MysqlHistoryTarget>(kMysqlKeys)},
  };
}

}  // namespace tailrace::app
