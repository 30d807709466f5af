#include "ingest/agent/agent_keys.h"

#include <array>
#include <limits>

#include "base/str.h"

namespace tailrace::ingest {
namespace {

using enum KeyKind;

constexpr int64_t kAny64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();
constexpr int64_t kBytesMax = 64 << 20;
constexpr std::string_view kNoEffect = "accepted, without effect here";

Milliseconds Ms(const KeyValue& value) { return Milliseconds(value.integer); }
uint64_t Count(const KeyValue& value) { return static_cast<uint64_t>(value.integer); }

using Global = KeyRow<AgentConfig>;
const Global kGlobalRows[] = {
    {{"checkpointFile", kText, "/var/run/aws-kinesis-agent/checkpoints", 0, 0, "", "the folder is made when missing"},
     [](AgentConfig& c, const KeyValue& v) { c.checkpoint_file = v.text; }},
    {{"checkpointTimeToLiveDays", kInteger, "7", 1, 3650, "", "how long the position in a vanished file is kept"},
     [](AgentConfig& c, const KeyValue& v) { c.checkpoint_days = v.integer; }},
    {{"checkpoints.queryTimeoutSeconds", kInteger, "30", 0, kInt32Max, "", kNoEffect}},
    {{"checkpoints.connectionTimeoutSeconds", kInteger, "5", 0, kInt32Max, "", kNoEffect}},
    {{"cloudwatch.emitMetrics", kBoolean, "true", 0, 0, "", kNoEffect}},
    {{"cloudwatch.tagInstance", kBoolean, "false", 0, 0, "", kNoEffect}},
    {{"cloudwatch.namespace", kText, "AWSKinesisAgent", 0, 0, "", kNoEffect}},
    {{"cloudwatch.metricsBufferTimeMillis", kInteger, "30000", 0, kInt32Max, "", kNoEffect}},
    {{"cloudwatch.metricsQueueSize", kInteger, "10000", 0, kInt32Max, "", kNoEffect}},
    {{"cloudwatch.endpoint", kText, "", 0, 0, "", kNoEffect}},
    {{"kinesis.endpoint", kText}, [](AgentConfig& c, const KeyValue& v) { c.kinesis_endpoint = v.text; }},
    {{"kinesis.region", kText}, [](AgentConfig& c, const KeyValue& v) { c.kinesis_region = v.text; }},
    {{"firehose.endpoint", kText}, [](AgentConfig& c, const KeyValue& v) { c.firehose_endpoint = v.text; }},
    {{"sts.endpoint", kText, "", 0, 0, "", kNoEffect}},
    {{"log.emitMetrics", kBoolean, "false", 0, 0, "", kNoEffect}},
    {{"log.emitInternalMetrics", kBoolean, "false", 0, 0, "", kNoEffect}},
    {{"log.statusReportingPeriodSeconds", kInteger, "30", 1, 86'400, "", "how often Progress lines are logged"},
     [](AgentConfig& c, const KeyValue& v) { c.status_period = std::chrono::seconds(v.integer); }},
    {{"log.level", kText}, [](AgentConfig& c, const KeyValue& v) { c.log_level = v.text; }},
    {{"log.file", kText, "", 0, 0, "", kNoEffect}},
    {{"log.maxFileSize", kInteger, "", 0, kAny64, "", kNoEffect}},
    {{"log.maxBackupFileIndex", kInteger, "", 0, kInt32Max, "", kNoEffect}},
    {{"maxSendingThreadsPerCore", kInteger, "12", 1, kInt32Max, "", kNoEffect}},
    {{"maxSendingThreads", kInteger, "", 1, kInt32Max, "", kNoEffect}},
    {{"sendingThreadsKeepAliveMillis", kInteger, "60000", 0, kInt32Max, "", kNoEffect}},
    {{"sendingThreadsMaxQueueSize", kInteger, "100", 0, kInt32Max, "", kNoEffect}},
    {{"maxConnections", kInteger, "", 1, kInt32Max, "", kNoEffect}},
    {{"connectionTimeoutMillis", kInteger, "10000", 0, kInt32Max, "", kNoEffect}},
    {{"socketTimeoutMillis", kInteger, "50000", 0, kInt32Max, "", "of one call in all"},
     [](AgentConfig& c, const KeyValue& v) { c.socket_timeout = Ms(v); }},
    {{"connectionTTLMillis", kInteger, "-1", -1, kAny64, "", kNoEffect}},
    {{"useTcpKeepAlive", kBoolean, "false", 0, 0, "", kNoEffect}},
    {{"useHttpGzip", kBoolean, "false", 0, 0, "", kNoEffect}},
    {{"shutdownTimeoutMillis", kInteger, "10000", 0, kInt32Max, "", "what is left then is sent after the restart"},
     [](AgentConfig& c, const KeyValue& v) { c.shutdown_timeout = Ms(v); }},
    {{"awsAccessKeyId", kText}, [](AgentConfig& c, const KeyValue& v) { c.access_key_id = v.text; }},
    {{"awsSecretAccessKey", kText}, [](AgentConfig& c, const KeyValue& v) { c.secret_access_key = v.text; }},
    {{"assumeRoleARN", kText, "", 0, 0, "", "refused by an agent alone"},
     [](AgentConfig& c, const KeyValue& v) { c.assume_role_arn = v.text; }},
    {{"assumeRoleExternalId", kText, "", 0, 0, "", kNoEffect}},
    {{"userDefinedCredentialsProvider.classname", kText, "", 0, 0, "", "a Java class: ignored"}},
    {{"userDefinedCredentialsProvider.location", kText, "", 0, 0, "", "a Java class: ignored"}},
    {{"userAgent", kText}, [](AgentConfig& c, const KeyValue& v) { c.user_agent = v.text; }},
    {{"userAgentOverride", kText}, [](AgentConfig& c, const KeyValue& v) { c.user_agent_override = v.text; }},
    {{"flows", kAny, "", 0, 0, "", "required: the list of flows"}},
};

using Flow = KeyRow<FlowDraft>;
const Flow kFlowRows[] = {
    {{"filePattern", kText, "", 0, 0, "",
      "required; relative to this file's folder; * ? [a-z] {a,b} in names and folders, ** over folders"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.file_pattern = v.text; }},
    {{"kinesisStream", kText, "", 0, 0, "", "this or deliveryStream"},
     [](FlowDraft& d, const KeyValue& v) {
       d.flow.destination = v.text;
       d.flow.destination_kind = DestinationKind::kStream;
     }},
    {{"deliveryStream", kText, "", 0, 0, "", "this or kinesisStream"},
     [](FlowDraft& d, const KeyValue& v) {
       d.flow.destination = v.text;
       d.flow.destination_kind = DestinationKind::kDelivery;
     }},
    {{"initialPosition", kChoice, "END_OF_FILE", 0, 0, "END_OF_FILE START_OF_FILE",
      "of files that are there when the flow starts for the first time"},
     [](FlowDraft& d, const KeyValue& v) {
       d.flow.initial_position =
           v.text == "START_OF_FILE" ? InitialPosition::kStartOfFile : InitialPosition::kEndOfFile;
     }},
    {{"maxBufferAgeMillis", kInteger, "1000", 0, 900'000, "",
      "the Java agent: 60000, at least 1000; 0 sends as soon as possible"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.buffer_age_max = Ms(v); }},
    {{"maxBufferSizeRecords", kInteger, "500", 1, 500},
     [](FlowDraft& d, const KeyValue& v) { d.flow.buffer_records_max = Count(v); }},
    {{"maxBufferSizeBytes", kInteger, "5242880, deliveryStream 4194304", 1, kBytesMax, "",
      "also the longest line that is looked at whole"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.buffer_bytes_max = Count(v); }},
    {{"waitOnFullPublishQueueMillis", kInteger, "60000", 1000, 900'000, "", kNoEffect},
     [](FlowDraft& d, const KeyValue& v) { d.flow.wait_on_full_queue = Ms(v); }},
    {{"waitOnEmptyPublishQueueMillis", kInteger, "60000", 1000, 900'000, "", kNoEffect},
     [](FlowDraft& d, const KeyValue& v) { d.flow.wait_on_empty_queue = Ms(v); }},
    {{"minTimeBetweenFilePollsMillis", kInteger, "100", 1, 900'000, "", "where the system cannot tell of changes"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.file_poll_interval = Ms(v); }},
    {{"maxTimeBetweenFileTrackerRefreshMillis", kInteger, "10000", 1, 900'000, "", "longest time between scans"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.file_scan_interval = Ms(v); }},
    {{"retryInitialBackoffMillis", kInteger, "100", 1, 900'000},
     [](FlowDraft& d, const KeyValue& v) { d.flow.retry_initial_backoff = Ms(v); }},
    {{"retryMaxBackoffMillis", kInteger, "10000", 1, 900'000},
     [](FlowDraft& d, const KeyValue& v) { d.flow.retry_max_backoff = Ms(v); }},
    {{"publishQueueCapacity", kInteger, "100", 1, 10'000, "", "buffers; at most 64 MiB a flow are held in any case"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.publish_queue_capacity = Count(v); }},
    {{"skipHeaderLines", kInteger, "0", 0, kInt32Max, "", "at the start of every file"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.skip_header_lines = Count(v); }},
    {{"multiLineStartPattern", kText, "", 0, 0, "", "Java regular expression"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.multi_line_start_pattern = v.text; }},
    {{"fileFooterPattern", kText, "", 0, 0, "", "Java regular expression; a line that matches whole ends the file"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.file_footer_pattern = v.text; }},
    {{"truncatedRecordTerminator", kText, "\\n"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.truncated_record_terminator = v.text; }},
    {{"dataProcessingOptions", kAny, "", 0, 0, "", "list of conversions, applied in order"},
     [](FlowDraft& d, const KeyValue& v) { d.processing = v.node->kind == JsonNode::Kind::kNull ? nullptr : v.node; }},
    {{"partitionKeyOption", kChoice, "RANDOM", 0, 0, "RANDOM DETERMINISTIC"},
     [](FlowDraft& d, const KeyValue& v) {
       d.flow.partition_key =
           v.text == "DETERMINISTIC" ? PartitionKeyOption::kDeterministic : PartitionKeyOption::kRandom;
     }},
    {{"aggregatedRecordSizeBytes", kInteger, "0", 0, 1'024'000, "", "deliveryStream only: joins lines; 0 is off"},
     [](FlowDraft& d, const KeyValue& v) { d.flow.aggregated_record_bytes = Count(v); }},
    {{"log.emitInternalMetrics", kBoolean, "false", 0, 0, "", kNoEffect},
     [](FlowDraft& d, const KeyValue& v) { d.flow.log_emit_internal_metrics = v.boolean; }},
    {{"sourceEncoding", kChoice, "utf-8", 0, 0, "utf-8 latin-1", "ours; latin-1 is turned into UTF-8"},
     [](FlowDraft& d, const KeyValue& v) {
       d.flow.source_encoding = v.text == "LATIN-1" ? SourceEncoding::kLatin1 : SourceEncoding::kUtf8;
     }},
};

LogFormat ToLogFormat(std::string_view name) {
  if (name == "COMBINEDAPACHELOG") return LogFormat::kCombinedApache;
  if (name == "APACHEERRORLOG") return LogFormat::kApacheError;
  if (name == "SYSLOG") return LogFormat::kSyslog;
  if (name == "RFC3339SYSLOG") return LogFormat::kRfc3339Syslog;
  return LogFormat::kCommonApache;
}

using Processing = KeyRow<ProcessingDraft>;
const Processing kProcessingRows[] = {
    {{"optionName", kChoice, "", 0, 0,
      "SINGLELINE CSVTOJSON LOGTOJSON ADDMETADATA ADDEC2METADATA ADDBRACKETS "
      "USINGPLUGGIN USINGPLUGIN",
      "required"},
     [](ProcessingDraft& d, const KeyValue& v) { d.option_name = v.text; }},
    {{"parseOptions", kChoiceList, "", 0, 0, "NO_TRIM ESCAPE_NEW_LINE", "of SINGLELINE"},
     [](ProcessingDraft& d, const KeyValue& v) {
       for (const std::string& option : v.list) {
         if (EqualsIgnoreCase(option, "NO_TRIM")) d.trim = false;
         if (EqualsIgnoreCase(option, "ESCAPE_NEW_LINE")) d.escape_new_line = true;
       }
     }},
    {{"customFieldNames", kTextList, "", 0, 0, "", "required by CSVTOJSON, and by LOGTOJSON beside matchPattern"},
     [](ProcessingDraft& d, const KeyValue& v) { d.field_names = v.list; }},
    {{"delimiter", kText, ",", 0, 0, "", "of CSVTOJSON; a Java regular expression"},
     [](ProcessingDraft& d, const KeyValue& v) { d.delimiter = v.text; }},
    {{"csvMode", kChoice, "rfc4180", 0, 0, "rfc4180 naive", "ours, of CSVTOJSON; naive is the Java agent's"},
     [](ProcessingDraft& d, const KeyValue& v) {
       d.csv_mode = v.text == "NAIVE" ? CsvMode::kNaive : CsvMode::kRfc4180;
     }},
    {{"jsonFormat", kChoice, "COMPACT", 0, 0, "COMPACT PRETTYPRINT", "of everything that writes JSON"},
     [](ProcessingDraft& d, const KeyValue& v) {
       d.style = v.text == "PRETTYPRINT" ? JsonStyle::kPretty : JsonStyle::kCompact;
     }},
    {{"logFormat", kChoice, "", 0, 0, "COMMONAPACHELOG COMBINEDAPACHELOG APACHEERRORLOG SYSLOG RFC3339SYSLOG",
      "required by LOGTOJSON"},
     [](ProcessingDraft& d, const KeyValue& v) { d.log_format = ToLogFormat(v.text); }},
    {{"matchPattern", kText, "", 0, 0, "", "of LOGTOJSON; a Java regular expression for the whole record"},
     [](ProcessingDraft& d, const KeyValue& v) { d.match_pattern = v.text; }},
    {{"metadata", kAny, "", 0, 0, "", "of ADDMETADATA; any JSON"},
     [](ProcessingDraft& d, const KeyValue& v) { d.metadata = *v.node; }},
    {{"timestamp", kAny, "", 0, 0, "", "of ADDMETADATA; the string \"true\" adds \"ts\""},
     [](ProcessingDraft& d, const KeyValue& v) {
       d.timestamp = v.node->kind == JsonNode::Kind::kString && v.node->text == "true";
     }},
    {{"metadataTTL", kInteger, "3600", 1, kInt32Max, "", "of ADDEC2METADATA, in seconds"},
     [](ProcessingDraft& d, const KeyValue& v) { d.metadata_time_to_live = std::chrono::seconds(v.integer); }},
    {{"className", kText, "", 0, 0, "", "of USINGPLUGGIN, which is refused"}},
};

template <typename Target>
std::vector<AgentKey> KeysOf(std::span<const KeyRow<Target>> rows) {
  std::vector<AgentKey> keys;
  for (const KeyRow<Target>& row : rows) keys.push_back(row.key);
  return keys;
}

constexpr std::array<std::string_view, 9> kApacheFields = {"host",     "ident", "authuser", "datetime", "request",
                                                           "response", "bytes", "referer",  "agent"};
constexpr std::array<std::string_view, 7> kErrorFields = {"timestamp", "module", "severity", "processid",
                                                          "threadid",  "client", "message"};
constexpr std::array<std::string_view, 5> kSyslogFields = {"timestamp", "hostname", "program", "processid", "message"};

}  // namespace

std::span<const Global> GlobalRows() { return kGlobalRows; }
std::span<const Flow> FlowRows() { return kFlowRows; }
std::span<const Processing> ProcessingRows() { return kProcessingRows; }

std::vector<AgentKey> GlobalKeys() { return KeysOf(GlobalRows()); }
std::vector<AgentKey> FlowKeys() { return KeysOf(FlowRows()); }
std::vector<AgentKey> ProcessingKeys() { return KeysOf(ProcessingRows()); }

std::span<const std::string_view> LogFormatFields(LogFormat format) {
  switch (format) {
    case LogFormat::kCommonApache:
      return std::span(kApacheFields).first(7);
    case LogFormat::kCombinedApache:
      return kApacheFields;
    case LogFormat::kApacheError:
      return kErrorFields;
    case LogFormat::kSyslog:
    case LogFormat::kRfc3339Syslog:
      return kSyslogFields;
  }
  TAILRACE_CHECK(false);
}

}  // namespace tailrace::ingest
