#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "alarm/target.h"
#include "app/config.h"
#include "app/config_sections.h"
#include "base/str.h"
#include "sink/guarantees.h"

namespace tailrace::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kStarts[] = {"trim_horizon", "latest"};

template <size_t kIndex>
constexpr KeySpec<sql::CompileOptions> SqlOptionKey() {
  return {{sql::kCompileOptionSpecs[kIndex].name, "true or false", sql::kCompileOptionSpecs[kIndex].summary},
          [](const YamlValue& value, sql::CompileOptions& into) {
            const sql::CompileOptionSpec& spec = sql::kCompileOptionSpecs[kIndex];
            spec.field(into) = value.Boolean(spec.standard);
          }};
}

constexpr auto kSqlOptionKeys = []<size_t... kIndices>(std::index_sequence<kIndices...>) {
  return std::array{SqlOptionKey<kIndices>()...};
}(std::make_index_sequence<sql::kCompileOptionSpecs.size()>());

constexpr KeySpec<ApplicationConfig> kRootKeys[] = {
    {{"name", "text", "Name of the application; the folder's name when not given."},
     [](const YamlValue& value, ApplicationConfig& into) { into.name = value.Text(); }},
    {{"parameters", "map of number or text",
      "Values with names: `:name` in the SQL, `{parameter: name}` for any value here, `${name}` in an alarm's texts. "
      "`tailrace replay` tries others."},
     [](const YamlValue&, ApplicationConfig&) {}},  // Read before everything else.
    {{"streams", "map of stream", "Durable streams the application needs."}, ReadStreams},
    {{"delivery_streams", "map of delivery stream", "Where records are delivered in portions: archives and the like."},
     ReadDeliveryStreams},
    {{"agent", "path", "The agent's configuration file; its flows send to the streams."},
     [](const YamlValue& value, ApplicationConfig& into) {
       into.agent_file = value.Text();
       into.agent_place = value.place();
     }},
    {{"inputs", "map of input", "What the SQL reads.", true}, ReadInputs},
    {{"sql", "path", "File with the SQL program.", true},
     [](const YamlValue& value, ApplicationConfig& into) {
       into.sql_file = value.Text();
       into.sql_place = value.place();
     }},
    {{"sql_options", "map", "Where the dialect leaves a choice."},
     [](const YamlValue& value, ApplicationConfig& into) {
       ReadSection<sql::CompileOptions>(value, kSqlOptionKeys, into.sql_options);
     }},
    {{"reference_tables", "map of table", "Tables to join with."}, ReadReferenceTables},
    {{"tables", "map of table", "Keyed tables that outputs write."}, ReadTables},
    {{"outputs", "list of output", "Where rows go."}, ReadOutputs},
    {{"alarms", "map of alarm", "What rings, and what it says."}, ReadAlarms},
    {{"targets", "map of target", "Whom alarms tell."}, ReadTargets},
    {{"start", "text", "Where a new application begins to read: trim_horizon (the default) or latest."},
     [](const YamlValue& value, ApplicationConfig& into) { into.start = value.OneOf(kStarts, "trim_horizon"); }},
    {{"checkpoint_interval", "duration",
      "Least time between two checkpoints; 1s when not given. With less than 10,000 records to do again one may "
      "wait up to 30s."},
     [](const YamlValue& value, ApplicationConfig& into) {
       into.checkpoint_interval = value.Duration(milliseconds(10), seconds(3600), seconds(1));
     }},
};

// Names that refer to each other within the file.
class ReferenceCheck {
 public:
  ReferenceCheck(const ApplicationConfig& config, std::vector<ConfigProblem>& problems)
      : config_(config), problems_(problems) {}

  void Run() {
    const auto streams = Names(config_.streams, [](const auto& stream) { return stream.name; });
    const auto tables = Names(config_.tables, [](const auto& table) { return table.name; });
    const auto alarms = Names(config_.alarms, [](const auto& entry) { return entry.alarm.name; });
    const auto deliveries = Names(config_.delivery_streams, [](const auto& entry) { return entry.definition.name; });
    for (const DeliveryStreamConfig& entry : config_.delivery_streams) CheckDelivery(entry, streams);
    for (const InputConfig& input : config_.inputs) {
      Require(input.from_delivery ? "delivery_stream" : "stream", input.stream,
              input.from_delivery ? deliveries : streams, input.place);
    }
    for (const OutputConfig& output : config_.outputs) {
      if (const auto* table = std::get_if<TableOutput>(&output.to))
        Require("table", table->table, tables, output.place);
      if (const auto* alarm = std::get_if<AlarmOutput>(&output.to))
        Require("alarm", alarm->alarm, alarms, output.place);
      if (const auto* stream = std::get_if<StreamOutput>(&output.to)) {
        Require(stream->to_delivery ? "delivery_stream" : "stream", stream->stream,
                stream->to_delivery ? deliveries : streams, output.place);
        if (stream->to_delivery) CheckPut(*stream, output.place);
      }
    }
    for (const AlarmEntry& entry : config_.alarms) CheckAlarm(entry);
    for (const OutputConfig& output : config_.outputs) CheckItem(output);
  }

 private:
  template <typename List, typename Name>
  static std::vector<std::string> Names(const List& list, Name name) {
    std::vector<std::string> names;
    for (const auto& entry : list) names.push_back(name(entry));
    return names;
  }

  void Fail(const Place& place, std::string message, std::string hint = "") {
    problems_.push_back({place, std::move(message), std::move(hint), false});
  }

  bool Require(std::string_view kind, const std::string& name, const std::vector<std::string>& known,
               const Place& place) {
    if (name.empty() || std::ranges::find(known, name) != known.end()) return true;
    const auto nearest = NearestName(name, known);
    Fail(place, StrCat(kind, " '", name, "' is not defined in this file"),
         nearest.has_value() ? StrCat("did you mean '", *nearest, "'?") : StrCat("add it under ", kind, "s"));
    return false;
  }

  void CheckDelivery(const DeliveryStreamConfig& entry, const std::vector<std::string>& streams) {
    const sink::delivery::DeliveryDefinition& definition = entry.definition;
    Require("stream", definition.source_stream, streams, entry.place);
    if (definition.source_stream.empty() && std::ranges::find(streams, definition.name) != streams.end()) {
      Fail(entry.place, StrCat("delivery stream '", definition.name, "' has the name of a stream"),
           StrCat("deliver that stream with source: ", definition.name, ", or choose another name"));
    }
  }

  // Records can be put only to delivery streams that have some of their own.
  void CheckPut(const StreamOutput& output, const Place& place) {
    for (const DeliveryStreamConfig& entry : config_.delivery_streams) {
      const std::string& source = entry.definition.source_stream;
      if (entry.definition.name != output.stream || source.empty()) continue;
      Fail(place, StrCat("delivery stream '", output.stream, "' delivers the stream '", source, "'"),
           StrCat("write to it with stream: ", source));
    }
  }

  void CheckAlarm(const AlarmEntry& entry) {
    std::vector<std::string> plain;
    std::vector<std::string> history;
    for (const TargetEntry& target : config_.targets) {
      (alarm::IsHistory(target.target) ? history : plain).push_back(target.target.name);
    }
    for (const std::string& to : entry.alarm.notify.to) Require("target", to, plain, entry.place);
    if (entry.alarm.history.has_value()) {
      Require("sqlite or mysql target", entry.alarm.history->to, history, entry.place);
    }
    const bool driven = std::ranges::any_of(config_.outputs, [&](const OutputConfig& output) {
      const auto* alarm = std::get_if<AlarmOutput>(&output.to);
      return alarm != nullptr && alarm->alarm == entry.alarm.name;
    });
    if (!driven) {
      problems_.push_back({entry.place, StrCat("nothing drives the alarm '", entry.alarm.name, "'"),
                           StrCat("add an output with alarm: ", entry.alarm.name), true});
    }
  }

  void CheckItem(const OutputConfig& output) {
    const auto* to = std::get_if<TableOutput>(&output.to);
    if (to == nullptr) return;
    const auto table = std::ranges::find(config_.tables, to->table, [](const TableConfig& t) { return t.name; });
    if (table == config_.tables.end()) return;
    const auto check = [&](const std::pair<std::string, AttributeKind>& key) {
      const auto attribute =
          std::ranges::find(to->item, key.first, [](const ItemAttribute& item) { return item.rule.name; });
      const auto wanted =
          key.second == AttributeKind::kNumber ? sink::AttributeType::kNumber : sink::AttributeType::kString;
      if (attribute == to->item.end()) {
        Fail(output.place, StrCat("item lacks the key attribute '", key.first, "' of table ", table->name));
      } else if (attribute->rule.type != wanted && attribute->rule.type != sink::AttributeType::kFromColumn) {
        Fail(attribute->place, StrCat("attribute '", key.first, "' must be a ",
                                      key.second == AttributeKind::kNumber ? "number: {number: ...}" : "text",
                                      ", as the key of table ", table->name, " says"));
      }
    };
    check(table->hash_key);
    if (table->range_key.has_value()) check(*table->range_key);
  }

  const ApplicationConfig& config_;
  std::vector<ConfigProblem>& problems_;
};

void AppendSections(std::string& text, const std::vector<SectionDocument>& sections) {
  for (const SectionDocument& section : sections) {
    text += StrCat("\n## `", section.title, "`\n\n");
    if (!section.summary.empty()) text += StrCat(section.summary, "\n\n");
    text += "| key | kind | meaning |\n|---|---|---|\n";
    for (const KeyDocument& key : section.keys) {
      text +=
          StrCat("| `", key.key, "`", key.required ? " (required)" : "", " | ", key.kind, " | ", key.summary, " |\n");
    }
  }
}

void AppendGuarantees(std::string& text) {
  text +=
      "\n## What is promised around a crash\n\n"
      "What becomes of a row, record or message when the program is killed, or an answer is lost, while it goes "
      "out.\n\n"
      "| where | kind | promise |\n|---|---|---|\n";
  const auto append = [&text](std::string_view where, std::string_view kind, std::string_view promise) {
    text += StrCat("| `", where, "` | `", kind, "` | ", promise, " |\n");
  };
  for (const auto& [name, promise] : sink::OutputGuarantees()) append("outputs", name, promise);
  append("outputs", "alarm",
         "Exactly once: state, events and messages are stored with the position in one transaction.");
  for (const auto& [name, promise] : sink::DeliveryGuarantees()) append("delivery_streams", name, promise);
  for (const alarm::TargetKindInfo& kind : alarm::TargetKinds()) append("targets", kind.name, kind.repeats);
}

constexpr size_t kParametersMax = 100;

// "30", "-0.5", "1e6": what SQL takes for a number as it stands.
bool IsSqlNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.front() >= '0' && text.front() <= '9' && ParseDouble(text).has_value();
}

bool IsParameterName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && !(name.front() >= '0' && name.front() <= '9') &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

void ReadParameters(YamlDocument& document, const ParameterValues& given, ApplicationConfig& config) {
  const YamlValue section = document.root().Child("parameters");
  ParameterValues values;
  if (section.exists()) {
    for (const auto& [name, value] : section.Entries()) {
      if (!IsParameterName(name)) {
        value.Fail(StrCat("'", name, "' is no name for a parameter"),
                   "1 to 64 of a to z, 0 to 9 and _, not beginning with a digit");
        continue;
      }
      const auto other = given.find(name);
      const std::string text = other == given.end() ? value.Text() : other->second;
      config.parameters.push_back({{name, text, IsSqlNumber(text)}, value.place()});
      values[name] = text;
    }
    if (config.parameters.size() > kParametersMax) {
      section.Fail(StrCat(config.parameters.size(), " parameters, at most ", kParametersMax));
    }
  }
  for (const auto& [name, value] : given) {
    if (values.contains(name)) continue;
    std::vector<std::string> names;
    for (const auto& [known, text] : values) names.push_back(known);
    const auto nearest = NearestName(name, names);
    document.root().Fail(StrCat("the application has no parameter '", name, "'"),
                         nearest.has_value() ? StrCat("did you mean '", *nearest, "'?")
                         : names.empty()     ? "add it under parameters"
                                             : StrCat("it has ", Join(names, ", ")));
  }
  document.SetParameters(std::move(values));
}

}  // namespace

bool ConfigResult::ok() const {
  return std::ranges::all_of(problems, [](const ConfigProblem& problem) { return problem.warning; });
}

ConfigResult ReadConfig(const std::string& file, const std::string& text, ValueSource& sources,
                        const ParameterValues& given) {
  ConfigResult result;
  ApplicationConfig& config = result.config;
  config.file = file;
  const size_t slash = file.rfind('/');
  config.folder = slash == std::string::npos ? "." : file.substr(0, slash);
  YamlDocument document(file, text, sources);
  ReadParameters(document, given, config);
  if (document.problems().empty()) ReadSection<ApplicationConfig>(document.root(), kRootKeys, config);
  FillInParameters(config);
  result.problems = document.problems();
  if (config.name.empty()) {
    const size_t parent = config.folder.rfind('/');
    config.name = parent == std::string::npos ? config.folder : config.folder.substr(parent + 1);
    if (config.name.empty() || config.name == "." || config.name == "..") config.name = "application";
  }
  if (result.ok()) ReferenceCheck(config, result.problems).Run();
  return result;
}

std::string ConfigReference() {
  std::string text =
      "# Configuration\n\nAn application is a folder with a `tailrace.yaml`. This page is written by `make docs` from "
      "the\n"
      "tables that parse the file. A text may be given as `{env: NAME}` or `{file: PATH}` and then comes from there.\n"
      "Durations are a number and ms, s, m, h or d; sizes a number and B, KiB, MiB, GiB, KB, MB or GB.\n";
  AppendSections(text, {{"tailrace.yaml", "", DocumentKeys<ApplicationConfig>(kRootKeys)},
                        {"sql_options", "", DocumentKeys<sql::CompileOptions>(kSqlOptionKeys)}});
  AppendSections(text, InputSectionDocuments());
  AppendSections(text, DeliverySectionDocuments());
  AppendSections(text, OutputSectionDocuments());
  AppendSections(text, AlarmSectionDocuments());
  AppendGuarantees(text);
  return text;
}

}  // namespace tailrace::app
