#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

// What an application's definition says about alarms and the places they tell. Plain values; src/app fills them from
// YAML. Texts marked "template" may hold ${NAME}: see docs/alarms.md.
namespace tailrace::alarm {

enum class HistoryMode : uint8_t { kPerMessage, kPerAlarmRow };

struct HistoryConfig {
  std::string to;  // Name of a sqlite or mysql target.
  HistoryMode mode = HistoryMode::kPerMessage;
};

struct NotifyConfig {
  std::string subject;  // Template.
  std::string message;  // Template.
  // Template, put behind the message with a blank when rows were held back since the last one.
  std::string digest = "(${suppressed} alarm rows held back since ${since}, maximum ${max})";
  std::string resolved;                            // Template; empty: nobody is told when the alarm is over.
  std::chrono::milliseconds min_interval{60'000};  // Between two messages of one key, in ROWTIME.
  std::vector<std::string> to;                     // Target names.
};

struct AlarmConfig {
  std::string name;
  std::string value_column;                         // The number that matters; empty: the first numeric column.
  std::vector<std::string> key_columns;             // Each value of these is an alarm of its own; empty: one alarm.
  std::chrono::milliseconds resolve_after{60'000};  // Quiet for so long in ROWTIME: the alarm is over.
  NotifyConfig notify;
  std::optional<HistoryConfig> history;
  uint64_t keys_max = 10'000;  // Further keys share one state named "(other)".
};

// HTTP POST of JSON, or of `body`.
struct WebhookTarget {
  Secret url;
  std::vector<std::pair<std::string, Secret>> headers;
  Secret signing_key;  // Not empty: X-Tailrace-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "seconds.body">.
  std::string body;    // Template; empty: the JSON object of docs/alarms.md.
  std::string content_type = "application/json";
};

// Any SMS gateway that takes HTTP. ${to} is `to`; ${message} is one line.
struct SmsTarget {
  Secret url;  // Template, values percent-encoded.
  std::string method = "POST";
  std::vector<std::pair<std::string, Secret>> headers;
  Secret body;  // Template, values escaped as the content type needs.
  std::string content_type = "application/x-www-form-urlencoded";
  std::string to;
};

struct MailTarget {
  std::string server;  // smtp://host:port or smtps://host:port
  std::string user;
  Secret password;
  bool require_tls = false;
  std::string from;
  std::string from_name;
  std::vector<std::string> to;
};

struct SnsTarget {
  std::string endpoint;  // Empty: https://sns.<region>.amazonaws.com/
  std::string region;
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  std::string topic_arn;     // This ...
  std::string phone_number;  // ... or this.
};

// One JSON line a message.
struct FileTarget {
  std::string path;
};

// Runs a program with the JSON object on its standard input; exit code 0 is done.
struct ExecTarget {
  std::vector<std::string> argv;
};

struct SqliteHistoryTarget {
  std::string path;
  std::string table = "logs_history";
};

struct MysqlHistoryTarget {
  std::string host = "127.0.0.1";
  uint16_t port = 3306;
  std::string database;
  std::string user;
  Secret password;
  std::string table = "logs_history";
  bool require_tls = false;
  std::string ca_file;  // Empty: the server's certificate is not checked.
};

using TargetKind = std::variant<WebhookTarget, SmsTarget, MailTarget, SnsTarget, FileTarget, ExecTarget,
                                SqliteHistoryTarget, MysqlHistoryTarget>;

struct RetryPolicy {
  std::chrono::milliseconds first_delay{1'000};  // Doubled after every failure, within 20 % of chance either way ...
  std::chrono::milliseconds delay_max{60'000};   // ... up to this.
  std::chrono::milliseconds give_up_after = std::chrono::hours(24);    // Older entries become dead letters.
  std::chrono::milliseconds delayed_after = std::chrono::seconds(60);  // Later than this the text says so.
};

struct TargetConfig {
  std::string name;
  TargetKind kind;
  std::chrono::milliseconds timeout{10'000};  // Of one attempt.
  RetryPolicy retry;
};

inline bool IsHistory(const TargetConfig& target) {
  return std::holds_alternative<SqliteHistoryTarget>(target.kind) ||
         std::holds_alternative<MysqlHistoryTarget>(target.kind);
}

}  // namespace tailrace::alarm
