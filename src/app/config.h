#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "alarm/alarm_config.h"
#include "app/yaml_reader.h"
#include "base/clock.h"
#include "data/output_format.h"
#include "ingest/formats/input_schema.h"
#include "ingest/kafka/kafka_source_config.h"
#include "ingest/metrics/metrics_source.h"
#include "sink/delivery/definition.h"
#include "sink/item_mapping.h"
#include "sink/kafka/kafka_delivery_config.h"
#include "sql/compile.h"
#include "stream/types.h"

// An application's definition file as plain values. Every key is listed, with its documentation, in the tables of
// config_reader.cpp, config_outputs.cpp and config_alarms.cpp.
namespace tailrace::app {

// A value that has a name, so that SQL, alarms and the page use the same one and a rehearsal can try others.
struct ParameterConfig {
  sql::Parameter value;
  Place place;
};

struct StreamConfig {
  std::string name;
  stream::StreamOptions options;
  std::optional<ingest::KafkaSourceConfig> kafka;      // What fills the stream.
  std::optional<ingest::MetricsSourceConfig> metrics;  // The same.
  Place place;
};

struct DeliveryStreamConfig {
  sink::delivery::DeliveryDefinition definition;
  Place place;
};

struct InputConfig {
  std::string prefix;  // "SOURCE_SQL_STREAM" gives SOURCE_SQL_STREAM_001 ...
  std::string stream;
  bool from_delivery = false;  // `stream` is a delivery stream.
  int parallelism = 1;
  ingest::InputSchema schema;
  Place place;
};

// An object of a bucket.
struct ReferenceObject {
  sink::delivery::S3StoreConfig bucket;
  std::string key;
  bool operator==(const ReferenceObject&) const = default;
};

struct ReferenceTableConfig {
  std::string name;
  std::string file;                       // Relative to the application's folder.
  std::optional<ReferenceObject> object;  // The rows, then; the file is for what has no network: tests.
  ingest::InputSchema schema;             // CSV or JSON. Without columns: they are found from the file.
  Milliseconds refresh{10'000};           // How often a change is looked for.
  Place place;
};

enum class AttributeKind : uint8_t { kString, kNumber };

struct TableConfig {
  std::string name;
  std::pair<std::string, AttributeKind> hash_key;
  std::optional<std::pair<std::string, AttributeKind>> range_key;
  std::string ttl_attribute;  // Epoch seconds; empty: items stay.
  Place place;
};

// One attribute of a table item, with its place.
struct ItemAttribute {
  sink::AttributeRule rule;
  Place place;
};

struct TableOutput {
  std::string table;
  std::vector<ItemAttribute> item;
};
struct AlarmOutput {
  std::string alarm;
};
struct StreamOutput {
  std::string stream;
  bool to_delivery = false;  // `stream` is a delivery stream.
  data::OutputOptions options;
};
struct FileOutput {
  std::string path;
  data::OutputOptions options;
};

struct KafkaOutput {
  sink::KafkaDeliveryConfig delivery;  // The transactional id is empty when it is to follow from the output's name.
  std::string key;                     // A column; empty: messages have no key.
  Milliseconds retention{};            // How long rows wait for the cluster at most.
  data::OutputOptions options;
};

struct OutputConfig {
  std::string from;  // In-application stream, exact case.
  std::variant<TableOutput, AlarmOutput, StreamOutput, FileOutput, KafkaOutput> to;
  Place place;
  std::string Name() const;  // "TRIGGER_COUNT_STREAM -> alarm order-flood"; unique within an application.
};

struct ChartConfig {
  std::string stream;
  std::string column;
  std::optional<double> threshold;
};

struct AlarmEntry {
  alarm::AlarmConfig alarm;
  std::optional<ChartConfig> chart;
  Place place;
};

struct TargetEntry {
  alarm::TargetConfig target;
  Place place;
};

struct ApplicationConfig {
  std::string name;
  std::string folder;  // Of the definition file; relative paths begin here.
  std::string file;    // The definition file itself.
  std::vector<ParameterConfig> parameters;
  std::vector<StreamConfig> streams;
  std::vector<DeliveryStreamConfig> delivery_streams;
  std::string agent_file;  // Empty: no agent.
  Place agent_place;
  std::vector<InputConfig> inputs;
  std::string sql_file;
  Place sql_place;
  sql::CompileOptions sql_options;
  std::vector<ReferenceTableConfig> reference_tables;
  std::vector<TableConfig> tables;
  std::vector<OutputConfig> outputs;
  std::vector<AlarmEntry> alarms;
  std::vector<TargetEntry> targets;
  std::string start = "trim_horizon";  // Where a new application begins to read: trim_horizon or latest.
  Milliseconds checkpoint_interval{1'000};
};

struct ConfigResult {
  ApplicationConfig config;
  std::vector<ConfigProblem> problems;
  bool ok() const;  // No problem other than warnings.
};

// Values for parameters instead of those in the file, by name.
using ParameterValues = std::map<std::string, std::string>;

// Reads one definition file. Checks what can be known from the file alone: forms, names that refer to each other.
ConfigResult ReadConfig(const std::string& file, const std::string& text, ValueSource& sources,
                        const ParameterValues& given = {});

// docs/configuration.md, from the tables of keys.
std::string ConfigReference();

}  // namespace tailrace::app
