#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"
#include "ingest/agent/json_node.h"

// The Kinesis Agent's agent.json, read as it is. Source: docs/agent.md; awslabs/amazon-kinesis-agent.

namespace tailrace::ingest {

enum class LogFormat : uint8_t { kCommonApache, kCombinedApache, kApacheError, kSyslog, kRfc3339Syslog };

struct SingleLineOption {
  bool trim = true;
  bool escape_new_line = false;
};

enum class CsvMode : uint8_t {
  kRfc4180,  // Quotes hold delimiters, line breaks and doubled quotes.
  kNaive,    // As the Java agent: split at every delimiter, quotes are ordinary characters.
};

struct CsvToJsonOption {
  std::vector<std::string> field_names;
  std::string delimiter = ",";  // A Java regular expression.
  CsvMode mode = CsvMode::kRfc4180;
  JsonStyle style = JsonStyle::kCompact;
};

struct LogToJsonOption {
  LogFormat format = LogFormat::kCommonApache;
  std::string match_pattern;             // A Java regular expression; empty: the format's own.
  std::vector<std::string> field_names;  // Empty: the format's own.
  JsonStyle style = JsonStyle::kCompact;
};

struct AddMetadataOption {
  JsonNode metadata;
  bool timestamp = false;
  JsonStyle style = JsonStyle::kCompact;
};

struct AddEc2MetadataOption {
  std::chrono::seconds time_to_live{3600};
  JsonStyle style = JsonStyle::kCompact;
};

struct AddBracketsOption {};

using ProcessingOption = std::variant<SingleLineOption, CsvToJsonOption, LogToJsonOption, AddMetadataOption,
                                      AddEc2MetadataOption, AddBracketsOption>;

enum class DestinationKind : uint8_t { kStream, kDelivery };
enum class InitialPosition : uint8_t { kEndOfFile, kStartOfFile };
enum class PartitionKeyOption : uint8_t { kRandom, kDeterministic };
enum class SourceEncoding : uint8_t { kUtf8, kLatin1 };

struct FlowConfig {
  std::string id;  // "kinesis:<name>:<pattern>" or "fh:<name>:<pattern>"; no two flows have the same.
  std::string file_pattern;
  DestinationKind destination_kind = DestinationKind::kStream;
  std::string destination;  // Name of the stream or delivery stream.
  InitialPosition initial_position = InitialPosition::kEndOfFile;
  PartitionKeyOption partition_key = PartitionKeyOption::kRandom;
  SourceEncoding source_encoding = SourceEncoding::kUtf8;
  Milliseconds buffer_age_max{1000};
  uint64_t buffer_records_max = 500;
  uint64_t buffer_bytes_max = 0;  // 5 MiB for streams and 4 MiB for delivery streams unless set.
  uint64_t publish_queue_capacity = 100;
  Milliseconds wait_on_full_queue{60'000};
  Milliseconds wait_on_empty_queue{60'000};
  Milliseconds file_poll_interval{100};
  Milliseconds file_scan_interval{10'000};
  Milliseconds retry_initial_backoff{100};
  Milliseconds retry_max_backoff{10'000};
  uint64_t skip_header_lines = 0;
  std::string multi_line_start_pattern;  // Java regular expressions; empty: none.
  std::string file_footer_pattern;
  std::string truncated_record_terminator = "\n";
  uint64_t aggregated_record_bytes = 0;  // Delivery streams only; 0: off.
  std::vector<ProcessingOption> processing;
  bool log_emit_internal_metrics = false;
};

struct AgentConfig {
  std::string checkpoint_file = "/var/run/aws-kinesis-agent/checkpoints";
  int64_t checkpoint_days = 7;
  std::string kinesis_endpoint, kinesis_region, firehose_endpoint;
  std::string log_level;
  std::chrono::seconds status_period{30};
  Milliseconds socket_timeout{50'000};
  Milliseconds shutdown_timeout{10'000};
  std::string access_key_id, secret_access_key;  // Secrets: never logged.
  std::string assume_role_arn;
  std::string user_agent, user_agent_override;
  std::vector<FlowConfig> flows;
};

// One complaint, with its place.
struct ConfigProblem {
  bool is_error = true;  // Otherwise a warning.
  std::string file;
  int line = 1;
  int column = 1;
  std::string key_path;  // "flows[0].maxBufferAgeMillis"; empty for the text as a whole.
  std::string message;
  std::string ToString() const;  // "agent.json:12:5: error: flows[0].maxBufferAgeMillis: ..."
};

struct LoadedAgentConfig {
  AgentConfig config;                   // Of use only when ok().
  std::vector<ConfigProblem> problems;  // All of them, in the order of the files and places.
  bool ok() const;
};

// Reads one file's text. `file_name` is for the problems.
LoadedAgentConfig ParseAgentConfig(std::string_view text, std::string_view file_name);

// Reads `path` and, in the order of their names, the files of `flows_directory` (each adds its flows only). An empty or
// missing directory is fine. A relative filePattern (not in the Java agent) begins at the folder of `path`.
LoadedAgentConfig LoadAgentConfig(Disk& disk, const std::string& path, const std::string& flows_directory);

// The list of keys: parsing, checks, suggestions and the tables of docs/agent.md come from it.
enum class KeyKind : uint8_t { kText, kInteger, kBoolean, kChoice, kTextList, kChoiceList, kAny };
struct AgentKey {
  std::string_view name;
  KeyKind kind = KeyKind::kText;
  std::string_view default_text;
  int64_t minimum = 0;  // Of kInteger.
  int64_t maximum = 0;
  std::string_view choices;  // Of kChoice and kChoiceList, separated by blanks.
  std::string_view note;
};
std::vector<AgentKey> GlobalKeys();
std::vector<AgentKey> FlowKeys();
std::vector<AgentKey> ProcessingKeys();

// The fields of a built-in format, in order.
std::span<const std::string_view> LogFormatFields(LogFormat format);

}  // namespace tailrace::ingest
