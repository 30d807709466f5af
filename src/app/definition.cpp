#include "app/definition.h"

#include <algorithm>

#include "alarm/alarm_sink.h"
#include "app/input_stream_names.h"
#include "app/reference_table.h"
#include "base/str.h"
#include "ingest/agent/agent_config.h"
#include "ingest/formats/csv_table.h"

namespace tailrace::app {
namespace {

constexpr const char* kDefinitionFile = "tailrace.yaml";

// Checks what the YAML says about in-application streams and their columns.
class ProgramCheck {
 public:
  explicit ProgramCheck(Definition& definition) : definition_(definition) {}

  void Run() {
    for (const OutputConfig& output : definition_.config.outputs) {
      const sql::StreamInfo* const stream = FindStream(output.from, output.place);
      if (stream == nullptr) continue;
      if (const auto* table = std::get_if<TableOutput>(&output.to)) {
        for (const ItemAttribute& attribute : table->item) {
          const auto mapping = sink::ItemMapping::Make(*stream->schema, {attribute.rule});
          if (!mapping.ok()) Fail(attribute.place, mapping.error().message);
        }
      }
      if (const auto* to = std::get_if<AlarmOutput>(&output.to)) CheckAlarm(to->alarm, *stream);
      if (const auto* to = std::get_if<KafkaOutput>(&output.to); to != nullptr && !to->key.empty()) {
        const data::Field* const key = FindColumn(to->key, *stream, output.place);
        if (key != nullptr && !key->type.is_character()) {
          Fail(output.place,
               StrCat("the key ", to->key, " of ", stream->name, " is ", key->type.ToString(), ", not a text"),
               StrCat("CAST(", to->key, " AS VARCHAR(20)) in the SQL makes it one"));
        }
      }
    }
    for (const AlarmEntry& entry : definition_.config.alarms) {
      if (!entry.chart.has_value()) continue;
      const sql::StreamInfo* const stream = FindStream(entry.chart->stream, entry.place);
      if (stream != nullptr) CheckNumericColumn(entry.chart->column, *stream, entry.place);
    }
  }

 private:
  void Fail(const Place& place, std::string message, std::string hint = "") {
    definition_.problems.push_back({place, std::move(message), std::move(hint), false});
  }

  const sql::StreamInfo* FindStream(const std::string& name, const Place& place) {
    const sql::BoundProgram& program = *definition_.program;
    const int index = program.FindStream(name);
    if (index >= 0) return &program.streams[static_cast<size_t>(index)];
    std::vector<std::string> names;
    for (const sql::StreamInfo& stream : program.streams) names.push_back(stream.name);
    const auto nearest = NearestName(name, names);
    Fail(place, StrCat("the SQL has no stream ", name),
         nearest.has_value() ? StrCat("did you mean ", *nearest, "? Names that are not quoted in SQL are upper case")
                             : StrCat("it has ", Join(names, ", ")));
    return nullptr;
  }

  const data::Field* FindColumn(const std::string& name, const sql::StreamInfo& stream, const Place& place) {
    const int index = stream.schema->Find(name);
    if (index >= 0) return &stream.schema->fields[static_cast<size_t>(index)];
    std::vector<std::string> names;
    for (const data::Field& field : stream.schema->fields) names.push_back(field.name);
    const auto nearest = NearestName(name, names);
    Fail(place, StrCat("stream ", stream.name, " has no column ", name),
         nearest.has_value() ? StrCat("did you mean ", *nearest, "?") : StrCat("it has ", Join(names, ", ")));
    return nullptr;
  }

  void CheckNumericColumn(const std::string& name, const sql::StreamInfo& stream, const Place& place) {
    const data::Field* const field = FindColumn(name, stream, place);
    if (field != nullptr && !field->type.is_numeric()) {
      Fail(place, StrCat("column ", name, " of ", stream.name, " is ", field->type.ToString(), ", not a number"));
    }
  }

  void CheckAlarm(const std::string& name, const sql::StreamInfo& stream) {
    for (const AlarmEntry& entry : definition_.config.alarms) {
      if (entry.alarm.name != name) continue;
      std::vector<alarm::TargetConfig> targets;
      for (const TargetEntry& target : definition_.config.targets) targets.push_back(target.target);
      const Status status = alarm::AlarmSink::Check(entry.alarm, *stream.schema, targets);
      if (!status.ok()) Fail(entry.place, status.error().message);
    }
  }

  Definition& definition_;
};

Result<ReferenceTable> NoRows(const ingest::InputSchema& schema) {
  TAILRACE_ASSIGN_OR_RETURN(data::Batch rows, ingest::ReadTable("", schema));
  return ReferenceTable{schema.ToSchema(), std::move(rows), ""};
}

// Reference tables, with their schemas for the compiler.
std::vector<sql::DeclaredTable> LoadTables(Disk& disk, Definition& definition) {
  std::vector<sql::DeclaredTable> declared;
  for (const ReferenceTableConfig& config : definition.config.reference_tables) {
    auto table = config.file.empty()
                     ? NoRows(config.schema)
                     : LoadReferenceFile(disk, ResolvePath(definition.config.folder, config.file), config.schema);
    if (!table.ok()) {
      definition.problems.push_back(
          {config.place, StrCat("reference table ", config.name, ": ", table.error().message), "", false});
      continue;
    }
    declared.push_back({config.name, table->schema});
    definition.tables.push_back(std::move(table->rows));
    definition.table_versions.push_back(std::move(table->version));
  }
  return declared;
}

// The agent's file, and that its flows send to streams which are there.
void CheckAgent(Disk& disk, Definition& definition) {
  const ApplicationConfig& config = definition.config;
  if (config.agent_file.empty()) return;
  const auto loaded = ingest::LoadAgentConfig(disk, ResolvePath(config.folder, config.agent_file), "");
  for (const ingest::ConfigProblem& problem : loaded.problems) {
    definition.problems.push_back(
        {{problem.file, problem.line, problem.column},
         problem.key_path.empty() ? problem.message : StrCat(problem.key_path, ": ", problem.message),
         "",
         !problem.is_error});
  }
  for (const ingest::FlowConfig& flow : loaded.config.flows) {
    const bool delivery = flow.destination_kind == ingest::DestinationKind::kDelivery;
    std::vector<std::string> names;
    if (delivery) {
      for (const DeliveryStreamConfig& entry : config.delivery_streams) {
        if (entry.definition.source_stream.empty()) names.push_back(entry.definition.name);
      }
    } else {
      for (const StreamConfig& stream : config.streams) names.push_back(stream.name);
    }
    if (std::ranges::find(names, flow.destination) != names.end()) continue;
    const auto nearest = NearestName(flow.destination, names);
    definition.problems.push_back(
        {config.agent_place,
         StrCat(config.agent_file, " sends to the ", delivery ? "delivery stream" : "stream", " '", flow.destination,
                "', which is not under ", delivery ? "delivery_streams" : "streams"),
         nearest.has_value() ? StrCat("did you mean '", *nearest, "'?") : "", false});
  }
}

}  // namespace

bool Definition::ok() const {
  const bool yaml_ok = std::ranges::all_of(problems, [](const ConfigProblem& problem) { return problem.warning; });
  const bool sql_ok = std::ranges::none_of(
      sql_diagnostics, [](const sql::Diagnostic& diagnostic) { return diagnostic.severity == sql::Severity::kError; });
  return yaml_ok && sql_ok && program != nullptr;
}

std::string ResolvePath(const std::string& folder, const std::string& path) {
  return path.starts_with('/') || path.find("://") != std::string::npos ? path : StrCat(folder, "/", path);
}

Result<Definition> LoadDefinition(Disk& disk, const std::string& path, ValueSource& sources,
                                  const ParameterValues& parameters) {
  std::string file = path;
  const auto info = disk.Stat(path);
  if (!info.ok()) {
    return Error{info.error().code,
                 StrCat(info.error().message, "; name the application's folder or its ", kDefinitionFile)};
  }
  if (!info->is_directory && path.ends_with(".sql")) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat(path, " is a SQL program, not an application: check it alone with --sql ", path,
                        ", or make an application of it with tailrace import ", path)};
  }
  if (info->is_directory) file = path.ends_with('/') ? path + kDefinitionFile : StrCat(path, "/", kDefinitionFile);
  auto text = ReadFile(disk, file);
  if (!text.ok()) return std::move(text).error();

  Definition definition;
  ConfigResult read = ReadConfig(file, *text, sources, parameters);
  definition.config = std::move(read.config);
  definition.problems = std::move(read.problems);
  const ApplicationConfig& config = definition.config;
  CheckAgent(disk, definition);
  if (config.sql_file.empty()) return definition;
  const std::string sql_path = ResolvePath(config.folder, config.sql_file);
  auto sql_text = ReadFile(disk, sql_path);
  if (!sql_text.ok()) {
    definition.problems.push_back({config.sql_place, sql_text.error().message, "", false});
    return definition;
  }
  definition.sql_text = std::move(sql_text).value();

  std::vector<ingest::InputDefinition> inputs;
  for (const InputConfig& input : config.inputs) inputs.push_back({input.prefix, input.parallelism, input.schema});
  sql::CompileInput compile{.text = definition.sql_text, .options = config.sql_options};
  for (const NamedInput& named : InputStreams(inputs)) {
    compile.inputs.push_back({named.stream, named.definition->schema.ToSchema()});
  }
  for (const ParameterConfig& parameter : config.parameters) compile.parameters.push_back(parameter.value);
  compile.tables = LoadTables(disk, definition);
  sql::CompileResult compiled = sql::Compile(compile);
  definition.sql_diagnostics = std::move(compiled.diagnostics);
  const bool compiled_ok = std::ranges::none_of(definition.sql_diagnostics, [](const sql::Diagnostic& diagnostic) {
    return diagnostic.severity == sql::Severity::kError;
  });
  if (compiled_ok && compile.tables.size() == config.reference_tables.size()) {
    definition.program = std::make_shared<const sql::BoundProgram>(std::move(compiled.program));
    ProgramCheck(definition).Run();
  }
  return definition;
}

std::string FormatProblems(const Definition& definition, bool with_source) {
  std::string text;
  for (const ConfigProblem& problem : definition.problems) text += Format(problem) + "\n";
  const std::string file = ResolvePath(definition.config.folder, definition.config.sql_file);
  for (const sql::Diagnostic& diagnostic : definition.sql_diagnostics) {
    text += with_source ? sql::FormatWithSource(diagnostic, file, definition.sql_text)
                        : sql::Format(diagnostic, file, definition.sql_text);
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

}  // namespace tailrace::app
