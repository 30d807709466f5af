#include "ingest/agent/agent_config.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "base/java_regex.h"
#include "base/str.h"
#include "ingest/agent/agent_keys.h"

namespace tailrace::ingest {
namespace {

constexpr size_t kFlowsMax = 1000;
constexpr size_t kProblemsMax = 200;

std::string_view KindName(JsonNode::Kind kind) {
  switch (kind) {
    case JsonNode::Kind::kNull:
      return "null";
    case JsonNode::Kind::kBoolean:
      return "a boolean";
    case JsonNode::Kind::kNumber:
      return "a number";
    case JsonNode::Kind::kString:
      return "a string";
    case JsonNode::Kind::kArray:
      return "a list";
    case JsonNode::Kind::kObject:
      return "an object";
  }
  TAILRACE_CHECK(false);
}

// Gathers problems of one file.
class Complaints {
 public:
  Complaints(std::string_view file, std::vector<ConfigProblem>& problems) : file_(file), problems_(problems) {}

  void Error(const JsonNode& at, std::string_view path, std::string message) { Add(true, at, path, message); }
  void Warning(const JsonNode& at, std::string_view path, std::string message) { Add(false, at, path, message); }
  void Add(bool is_error, int line, int column, std::string_view path, std::string message) {
    if (problems_.size() >= kProblemsMax) return;  // Enough to work on; the first ones tell what is wrong.
    problems_.push_back({is_error, std::string(file_), line, column, std::string(path), std::move(message)});
  }

 private:
  void Add(bool is_error, const JsonNode& at, std::string_view path, std::string message) {
    Add(is_error, at.line, at.column, path, std::move(message));
  }
  const std::string_view file_;
  std::vector<ConfigProblem>& problems_;
};

std::optional<bool> ReadBoolean(const JsonNode& node) {
  if (node.kind == JsonNode::Kind::kBoolean) return node.boolean;
  if (node.kind != JsonNode::Kind::kString && node.kind != JsonNode::Kind::kNumber) return std::nullopt;
  const std::string word = AsciiLower(node.text);
  for (const std::string_view yes : {"true", "yes", "t", "y", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "f", "n", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::optional<std::string> ReadText(const JsonNode& node) {
  switch (node.kind) {
    case JsonNode::Kind::kString:
    case JsonNode::Kind::kNumber:
      return node.text;
    case JsonNode::Kind::kBoolean:
      return node.boolean ? "true" : "false";
    default:
      return std::nullopt;
  }
}

bool IsChoice(std::string_view choices, std::string_view word) {
  const auto words = Split(choices, ' ');
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view choice) { return EqualsIgnoreCase(choice, word); });
}

// Checks a value against its key's kind and limits. On success `value` holds it.
bool CheckValue(const AgentKey& key, const JsonNode& node, std::string_view path, Complaints& complaints,
                KeyValue& value) {
  value.node = &node;
  const auto wrong_type = [&](std::string_view expected) {
    complaints.Error(node, path, StrCat("expected ", expected, ", found ", KindName(node.kind)));
    return false;
  };
  switch (key.kind) {
    case KeyKind::kAny:
      return true;
    case KeyKind::kText: {
      const auto text = ReadText(node);
      if (!text) return wrong_type("a string");
      value.text = *text;
      return true;
    }
    case KeyKind::kBoolean: {
      const auto boolean = ReadBoolean(node);
      if (!boolean) return wrong_type("a boolean (true, yes, 1 ... or false, no, 0 ...)");
      value.boolean = *boolean;
      return true;
    }
    case KeyKind::kInteger: {
      const bool scalar = node.kind == JsonNode::Kind::kNumber || node.kind == JsonNode::Kind::kString;
      const auto integer = scalar ? ParseInt64(Trim(node.text)) : std::nullopt;
      if (!integer) return wrong_type("an integer, as a number or a string of digits");
      if (*integer < key.minimum || *integer > key.maximum) {
        complaints.Error(node, path,
                         StrCat("value out of range: ", *integer, ", allowed ", key.minimum, " to ", key.maximum));
        return false;
      }
      value.integer = *integer;
      return true;
    }
    case KeyKind::kChoice: {
      if (node.kind != JsonNode::Kind::kString) return wrong_type(StrCat("one of: ", key.choices));
      if (!IsChoice(key.choices, node.text)) {
        complaints.Error(node, path, StrCat("unknown value '", node.text, "', expected one of: ", key.choices));
        return false;
      }
      value.text = AsciiUpper(node.text);
      return true;
    }
    case KeyKind::kTextList:
    case KeyKind::kChoiceList: {
      if (node.kind != JsonNode::Kind::kArray) return wrong_type("a list of strings");
      for (size_t i = 0; i < node.items.size(); ++i) {
        const auto text = ReadText(node.items[i]);
        if (!text || (key.kind == KeyKind::kChoiceList && !IsChoice(key.choices, *text))) {
          complaints.Error(
              node.items[i], StrCat(path, "[", i, "]"),
              key.kind == KeyKind::kTextList ? "expected a string" : StrCat("expected one of: ", key.choices));
          return false;
        }
        value.list.push_back(*text);
      }
      return true;
    }
  }
  TAILRACE_CHECK(false);
}

// Reads the members of `node` by the rows of `keys` into `target`. Unknown names are warned about.
template <typename Target>
void ReadMembers(const JsonNode& node, const std::string& prefix, std::span<const KeyRow<Target>> rows,
                 Complaints& complaints, Target& target) {
  std::vector<std::string> names;
  for (const KeyRow<Target>& row : rows) names.emplace_back(row.key.name);
  for (const JsonNode::Member& member : node.members) {
    const std::string path = StrCat(prefix, member.name);
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.key.name == member.name; });
    if (row == rows.end()) {
      const auto nearest = NearestName(member.name, names);
      complaints.Add(false, member.line, member.column, path,
                     nearest ? StrCat("unknown key, ignored; did you mean '", *nearest, "'?")
                             : std::string("unknown key, ignored"));
      continue;
    }
    // An explicit null means: as if the key were not there.
    if (member.value.kind == JsonNode::Kind::kNull && row->key.kind != KeyKind::kAny) continue;
    KeyValue value;
    if (CheckValue(row->key, member.value, path, complaints, value) && row->store != nullptr) row->store(target, value);
  }
}

void CheckRegex(const JsonNode& owner, std::string_view key, const std::string& path, Complaints& complaints) {
  const JsonNode* const node = owner.Find(key);
  if (node == nullptr || node->kind != JsonNode::Kind::kString) return;
  const auto regex = JavaRegex::Compile(node->text, RegexMode::kFind);
  if (!regex.ok()) complaints.Error(*node, StrCat(path, key), regex.error().message);
}

void CheckLogFields(const JsonNode& node, const ProcessingDraft& draft, const std::string& path,
                    Complaints& complaints) {
  const JsonNode* const names = node.Find("customFieldNames");
  const JsonNode* const pattern = node.Find("matchPattern");
  if (pattern != nullptr) {
    CheckRegex(node, "matchPattern", path, complaints);
    if (draft.field_names.empty()) {
      complaints.Error(node, StrCat(path, "customFieldNames"), "required beside matchPattern");
      return;
    }
    const auto regex = JavaRegex::Compile(draft.match_pattern, RegexMode::kWhole);
    if (regex.ok() && regex->group_count() != draft.field_names.size()) {
      complaints.Warning(*pattern, StrCat(path, "matchPattern"),
                         StrCat("has ", regex->group_count(), " groups for ", draft.field_names.size(),
                                " customFieldNames: every record will be skipped"));
    }
  } else if (names != nullptr && draft.field_names.size() != LogFormatFields(draft.log_format).size()) {
    complaints.Error(*names, StrCat(path, "customFieldNames"),
                     StrCat(draft.field_names.size(), " names for a format of ",
                            LogFormatFields(draft.log_format).size(), " fields"));
  }
}

std::optional<ProcessingOption> ReadProcessingOption(const JsonNode& node, const std::string& path,
                                                     Complaints& complaints) {
  if (node.kind != JsonNode::Kind::kObject) {
    complaints.Error(node, path, StrCat("expected an object, found ", KindName(node.kind)));
    return std::nullopt;
  }
  const std::string prefix = StrCat(path, ".");
  ProcessingDraft draft;
  ReadMembers<ProcessingDraft>(node, prefix, ProcessingRows(), complaints, draft);
  const JsonNode* const name = node.Find("optionName");
  const auto required = [&](std::string_view key) {
    if (node.Find(key) != nullptr) return;
    complaints.Error(node, StrCat(prefix, key), StrCat("required by ", draft.option_name));
  };
  if (name == nullptr) {
    complaints.Error(node, StrCat(prefix, "optionName"), "required");
    return std::nullopt;
  }
  if (draft.option_name == "SINGLELINE") {
    return SingleLineOption{.trim = draft.trim, .escape_new_line = draft.escape_new_line};
  }
  if (draft.option_name == "CSVTOJSON") {
    required("customFieldNames");
    CheckRegex(node, "delimiter", prefix, complaints);
    return CsvToJsonOption{std::move(draft.field_names), std::move(draft.delimiter), draft.csv_mode, draft.style};
  }
  if (draft.option_name == "LOGTOJSON") {
    required("logFormat");
    CheckLogFields(node, draft, prefix, complaints);
    return LogToJsonOption{draft.log_format, std::move(draft.match_pattern), std::move(draft.field_names), draft.style};
  }
  if (draft.option_name == "ADDMETADATA") {
    return AddMetadataOption{std::move(draft.metadata), draft.timestamp, draft.style};
  }
  if (draft.option_name == "ADDEC2METADATA") return AddEc2MetadataOption{draft.metadata_time_to_live, draft.style};
  if (draft.option_name == "ADDBRACKETS") return AddBracketsOption{};
  if (draft.option_name == "USINGPLUGGIN" || draft.option_name == "USINGPLUGIN") {
    complaints.Error(*name, StrCat(prefix, "optionName"),
                     "USINGPLUGGIN loads a Java class, which this agent cannot do; send the lines as they are and "
                     "convert them in SQL, or use LOGTOJSON with a matchPattern");
  }
  return std::nullopt;  // Any other name was already complained about.
}

void CheckDestination(const JsonNode& node, const FlowConfig& flow, const std::string& path, Complaints& complaints) {
  const JsonNode* const stream = node.Find("kinesisStream");
  const JsonNode* const delivery = node.Find("deliveryStream");
  if ((stream != nullptr) == (delivery != nullptr)) {
    complaints.Error(node, path,
                     stream != nullptr ? "has both kinesisStream and deliveryStream, expected one"
                                       : "needs kinesisStream or deliveryStream");
    return;
  }
  const JsonNode& name = stream != nullptr ? *stream : *delivery;
  const std::string key = StrCat(path, stream != nullptr ? ".kinesisStream" : ".deliveryStream");
  const size_t length_max = stream != nullptr ? 128 : 64;
  const bool good = std::all_of(flow.destination.begin(), flow.destination.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
  if (flow.destination.empty() || flow.destination.size() > length_max || !good) {
    complaints.Error(
        name, key,
        StrCat("'", flow.destination, "' is no name: 1 to ", length_max, " letters, digits, '_', '.' or '-'"));
  }
}

void CheckPattern(const JsonNode& node, const FlowConfig& flow, const std::string& path, Complaints& complaints) {
  const JsonNode* const pattern = node.Find("filePattern");
  const std::string key = StrCat(path, ".filePattern");
  if (pattern == nullptr) {
    complaints.Error(node, key, "required");
  } else if (flow.file_pattern.ends_with('/')) {
    complaints.Error(*pattern, key, "names a directory; add a file name or pattern, such as *.log");
  }
}

void CheckFlow(const JsonNode& node, const FlowConfig& flow, const std::string& path, Complaints& complaints) {
  CheckPattern(node, flow, path, complaints);
  CheckDestination(node, flow, path, complaints);
  CheckRegex(node, "multiLineStartPattern", StrCat(path, "."), complaints);
  CheckRegex(node, "fileFooterPattern", StrCat(path, "."), complaints);
  if (flow.destination_kind == DestinationKind::kStream && flow.aggregated_record_bytes > 0) {
    complaints.Warning(*node.Find("aggregatedRecordSizeBytes"), StrCat(path, ".aggregatedRecordSizeBytes"),
                       "only delivery streams join lines; ignored");
  }
  if (flow.aggregated_record_bytes > 0 && !flow.multi_line_start_pattern.empty()) {
    complaints.Error(node, StrCat(path, ".aggregatedRecordSizeBytes"), "cannot be used beside multiLineStartPattern");
  }
  if (flow.retry_initial_backoff > flow.retry_max_backoff) {
    complaints.Error(node, StrCat(path, ".retryInitialBackoffMillis"), "is above retryMaxBackoffMillis");
  }
}

void ReadFlow(const JsonNode& node, const std::string& path, Complaints& complaints, AgentConfig& config) {
  if (node.kind != JsonNode::Kind::kObject) {
    complaints.Error(node, path, StrCat("expected an object, found ", KindName(node.kind)));
    return;
  }
  FlowDraft draft;
  ReadMembers<FlowDraft>(node, StrCat(path, "."), FlowRows(), complaints, draft);
  FlowConfig& flow = draft.flow;
  const bool delivery = flow.destination_kind == DestinationKind::kDelivery;
  flow.id = StrCat(delivery ? "fh:" : "kinesis:", flow.destination, ":", flow.file_pattern);
  if (flow.buffer_bytes_max == 0) flow.buffer_bytes_max = delivery ? 4 << 20 : 5 << 20;
  if (draft.processing != nullptr) {
    if (draft.processing->kind != JsonNode::Kind::kArray) {
      complaints.Error(*draft.processing, StrCat(path, ".dataProcessingOptions"), "expected a list of objects");
    }
    for (size_t i = 0; i < draft.processing->items.size(); ++i) {
      const std::string item = StrCat(path, ".dataProcessingOptions[", i, "]");
      auto option = ReadProcessingOption(draft.processing->items[i], item, complaints);
      if (option) flow.processing.push_back(std::move(*option));
    }
  }
  CheckFlow(node, flow, path, complaints);
  const bool twice = std::any_of(config.flows.begin(), config.flows.end(),
                                 [&](const FlowConfig& other) { return other.id == flow.id; });
  if (twice) complaints.Error(node, path, StrCat("a second flow with the id ", flow.id));
  config.flows.push_back(std::move(flow));
}

void ReadFlows(const JsonNode& list, Complaints& complaints, AgentConfig& config) {
  if (list.kind != JsonNode::Kind::kArray) {
    complaints.Error(list, "flows", StrCat("expected a list, found ", KindName(list.kind)));
    return;
  }
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (config.flows.size() >= kFlowsMax) {
      complaints.Error(list, "flows", StrCat("more than ", kFlowsMax, " flows"));
      return;
    }
    ReadFlow(list.items[i], StrCat("flows[", i, "]"), complaints, config);
  }
}

enum class FileRole : uint8_t { kMain, kFlowsOnly };

void ReadOneFile(std::string_view text, std::string_view file_name, FileRole role, LoadedAgentConfig& loaded) {
  Complaints complaints(file_name, loaded.problems);
  const auto root = ReadJson(text, {.comments = true});
  if (!root) {
    complaints.Add(true, root.error().line, root.error().column, "", root.error().message);
    return;
  }
  if (root->kind != JsonNode::Kind::kObject) {
    complaints.Error(*root, "", StrCat("expected an object, found ", KindName(root->kind)));
    return;
  }
  if (role == FileRole::kMain) {
    ReadMembers<AgentConfig>(*root, "", GlobalRows(), complaints, loaded.config);
  } else {
    for (const JsonNode::Member& member : root->members) {
      if (member.name == "flows") continue;
      complaints.Add(false, member.line, member.column, member.name, "ignored: a file of agent.d adds only its flows");
    }
  }
  if (const JsonNode* const flows = root->Find("flows")) ReadFlows(*flows, complaints, loaded.config);
}

}  // namespace

std::string ConfigProblem::ToString() const {
  return StrCat(file, ":", line, ":", column, ": ", is_error ? "error: " : "warning: ", key_path,
                key_path.empty() ? "" : ": ", message);
}

bool LoadedAgentConfig::ok() const {
  return std::none_of(problems.begin(), problems.end(), [](const ConfigProblem& p) { return p.is_error; });
}

LoadedAgentConfig ParseAgentConfig(std::string_view text, std::string_view file_name) {
  LoadedAgentConfig loaded;
  ReadOneFile(text, file_name, FileRole::kMain, loaded);
  if (loaded.config.flows.empty() && loaded.ok()) {
    loaded.problems.push_back({.file = std::string(file_name), .key_path = "flows", .message = "required, and empty"});
  }
  return loaded;
}

LoadedAgentConfig LoadAgentConfig(Disk& disk, const std::string& path, const std::string& flows_directory) {
  LoadedAgentConfig loaded;
  const auto read = [&](const std::string& file, FileRole role) {
    const auto text = ReadFile(disk, file);
    if (text.ok()) {
      ReadOneFile(*text, file, role, loaded);
    } else {
      loaded.problems.push_back({.file = file, .message = text.error().message});
    }
  };
  read(path, FileRole::kMain);
  const auto names = flows_directory.empty() ? Result<std::vector<std::string>>(std::vector<std::string>{})
                                             : disk.List(flows_directory);
  if (names.ok()) {
    for (const std::string& name : *names) {
      const std::string file = StrCat(flows_directory, flows_directory.ends_with('/') ? "" : "/", name);
      const auto info = disk.Stat(file);
      if (info.ok() && info->is_directory) continue;
      read(file, FileRole::kFlowsOnly);
    }
  } else if (names.error().code != ErrorCode::kNotFound) {
    loaded.problems.push_back({.file = flows_directory, .message = names.error().message});
  }
  if (loaded.config.flows.empty() && loaded.ok()) {
    loaded.problems.push_back({.file = path, .key_path = "flows", .message = "required, and empty"});
  }
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  for (FlowConfig& flow : loaded.config.flows) {
    if (!flow.file_pattern.starts_with('/')) flow.file_pattern = StrCat(folder, "/", flow.file_pattern);
  }
  return loaded;
}

}  // namespace tailrace::ingest
