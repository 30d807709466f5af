#include "app/yaml_reader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "base/str.h"

namespace tailrace::app {
namespace {

constexpr size_t kDocumentBytesMax = 4 << 20;

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kDurationUnits[] = {{"ms", 1},        {"s", 1000},       {"m", 60'000},
                                   {"h", 3'600'000}, {"d", 86'400'000}, {"", 1000}};
constexpr Unit kByteUnits[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20},     {"GiB", 1 << 30}, {"KB", 1000},
                               {"MB", 1000'000}, {"GB", 1000'000'000}, {"B", 1},         {"", 1}};

// The number of `text` times its unit's factor.
std::optional<double> ParseWithUnit(std::string_view text, std::span<const Unit> units) {
  text = Trim(text);
  const size_t digits = text.find_first_not_of("0123456789.");
  const std::optional<double> number = ParseDouble(text.substr(0, digits));
  if (!number.has_value()) return std::nullopt;
  const std::string_view unit = digits == std::string_view::npos ? "" : Trim(text.substr(digits));
  for (const Unit& candidate : units) {
    if (candidate.name == unit) return *number * static_cast<double>(candidate.factor);
  }
  return std::nullopt;
}

}  // namespace

std::string Format(const ConfigProblem& problem) {
  std::string text = problem.place.file;
  if (problem.place.line > 0) text += StrCat(":", problem.place.line, ":", problem.place.column);
  text += StrCat(": ", problem.warning ? "warning: " : "", problem.message);
  if (!problem.hint.empty()) text += StrCat("; ", problem.hint);
  return text;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const std::optional<double> value = ParseWithUnit(text, kDurationUnits);
  if (!value.has_value() || *value > 1e15) return std::nullopt;
  return std::chrono::milliseconds(std::llround(*value));
}

std::optional<uint64_t> ParseByteSize(std::string_view text) {
  const std::optional<double> value = ParseWithUnit(text, kByteUnits);
  if (!value.has_value() || *value > 1e18) return std::nullopt;
  return static_cast<uint64_t>(std::llround(*value));
}

struct YamlValue::Shared {
  std::string file;
  ValueSource& sources;
  std::vector<ConfigProblem> problems;
  std::map<std::string, std::string> parameters;
};

YamlValue::YamlValue(std::shared_ptr<Shared> shared, std::shared_ptr<YAML::Node> node, std::string path)
    : shared_(std::move(shared)), node_(std::move(node)), path_(std::move(path)) {}

bool YamlValue::exists() const { return node_ != nullptr && node_->IsDefined() && !node_->IsNull(); }
bool YamlValue::is_map() const { return exists() && node_->IsMap(); }
bool YamlValue::is_list() const { return exists() && node_->IsSequence(); }
bool YamlValue::is_scalar() const { return exists() && node_->IsScalar(); }

Place YamlValue::place() const {
  if (node_ == nullptr || !node_->IsDefined()) return {shared_->file, 0, 0};
  const YAML::Mark mark = node_->Mark();
  return {shared_->file, mark.line + 1, mark.column + 1};
}

void YamlValue::Fail(std::string message, std::string hint) const {
  shared_->problems.push_back({place(), std::move(message), std::move(hint), false});
}

void YamlValue::Warn(std::string message, std::string hint) const {
  shared_->problems.push_back({place(), std::move(message), std::move(hint), true});
}

// The text of a plain value or of {parameter: NAME}.
std::optional<std::string> YamlValue::Scalar() const {
  if (is_scalar()) return node_->Scalar();
  if (!is_map() || node_->size() != 1) return std::nullopt;
  const YamlValue name = Child("parameter");
  if (!name.is_scalar()) return std::nullopt;
  const auto found = shared_->parameters.find(name.node_->Scalar());
  if (found != shared_->parameters.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, value] : shared_->parameters) names.push_back(known);
  const auto nearest = NearestName(name.node_->Scalar(), names);
  name.Fail(StrCat("there is no parameter '", name.node_->Scalar(), "'"),
            nearest.has_value() ? StrCat("did you mean '", *nearest, "'?") : "add it under parameters");
  return std::nullopt;
}

std::string YamlValue::Text(std::string_view fallback) const {
  if (auto scalar = Scalar()) return std::move(*scalar);
  if (is_map() && node_->size() == 1) {
    const YamlValue name = Child("env");
    const YamlValue file = Child("file");
    if (name.is_scalar() || file.is_scalar()) {
      auto text = name.exists() ? shared_->sources.Environment(name.node_->Scalar())
                                : shared_->sources.FileText(file.node_->Scalar());
      if (text.ok()) return std::move(text).value();
      Fail(StrCat(path_, ": ", text.error().message));
      return std::string(fallback);
    }
  }
  Fail(StrCat(path_, " must be text"), "or {env: NAME} or {file: PATH}");
  return std::string(fallback);
}

int64_t YamlValue::Integer(int64_t min, int64_t max, int64_t fallback) const {
  const std::optional<std::string> text = Scalar();
  const std::optional<int64_t> value = text.has_value() ? ParseInt64(*text) : std::nullopt;
  if (value.has_value() && *value >= min && *value <= max) return *value;
  Fail(StrCat(path_, " must be a whole number from ", min, " to ", max));
  return fallback;
}

double YamlValue::Number(double fallback) const {
  const std::optional<std::string> text = Scalar();
  const std::optional<double> value = text.has_value() ? ParseDouble(*text) : std::nullopt;
  if (value.has_value()) return *value;
  Fail(StrCat(path_, " must be a number"));
  return fallback;
}

bool YamlValue::Boolean(bool fallback) const {
  const std::string text = AsciiLower(Scalar().value_or(""));
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  Fail(StrCat(path_, " must be true or false"));
  return fallback;
}

std::chrono::milliseconds YamlValue::Duration(std::chrono::milliseconds min, std::chrono::milliseconds max,
                                              std::chrono::milliseconds fallback) const {
  const std::optional<std::string> text = Scalar();
  const auto value = text.has_value() ? ParseDuration(*text) : std::nullopt;
  if (value.has_value() && *value >= min && *value <= max) return *value;
  Fail(StrCat(path_, " must be a duration from ", min.count(), "ms to ", max.count() / 1000, "s"),
       "write a number and ms, s, m, h or d");
  return fallback;
}

uint64_t YamlValue::Bytes(uint64_t min, uint64_t max, uint64_t fallback) const {
  const std::optional<std::string> text = Scalar();
  const auto value = text.has_value() ? ParseByteSize(*text) : std::nullopt;
  if (value.has_value() && *value >= min && *value <= max) return *value;
  Fail(StrCat(path_, " must be a size from ", FormatBytes(min), " to ", FormatBytes(max)),
       "write a number and KiB, MiB or GiB");
  return fallback;
}

std::string YamlValue::OneOf(std::span<const std::string_view> choices, std::string_view fallback) const {
  const std::string text = Scalar().value_or("");
  if (std::ranges::find(choices, text) != choices.end()) return text;
  const std::vector<std::string> names(choices.begin(), choices.end());
  const auto nearest = NearestName(text, names);
  Fail(StrCat(path_, ": '", text, "' is not one of ", Join(names, ", ")),
       nearest.has_value() ? StrCat("did you mean '", *nearest, "'?") : "");
  return std::string(fallback);
}

std::string YamlValue::Environment(const std::string& name) const {
  auto text = shared_->sources.Environment(name);
  return text.ok() ? std::move(text).value() : "";
}

std::vector<std::string> YamlValue::TextList() const {
  std::vector<std::string> texts;
  if (!is_list()) {
    texts.push_back(Text());
    return texts;
  }
  for (const YamlValue& item : Items()) texts.push_back(item.Text());
  return texts;
}

std::vector<std::pair<std::string, YamlValue>> YamlValue::Entries() const {
  std::vector<std::pair<std::string, YamlValue>> entries;
  if (!is_map()) {
    if (exists()) Fail(StrCat(path_, " must be a map of names"));
    return entries;
  }
  for (const auto& entry : *node_) {
    if (!entry.first.IsScalar()) {
      Fail(StrCat(path_, ": a name must be plain text"));
      continue;
    }
    const std::string name = entry.first.Scalar();
    const bool repeated = std::ranges::any_of(entries, [&](const auto& other) { return other.first == name; });
    YamlValue value(shared_, std::make_shared<YAML::Node>(entry.second), path_.empty() ? name : path_ + "." + name);
    if (repeated) value.Fail(StrCat(value.path(), " is given twice"));
    entries.emplace_back(name, std::move(value));
  }
  return entries;
}

std::vector<YamlValue> YamlValue::Items() const {
  std::vector<YamlValue> items;
  if (!is_list()) {
    if (exists()) Fail(StrCat(path_, " must be a list"));
    return items;
  }
  for (const auto& item : *node_) {
    items.push_back(YamlValue(shared_, std::make_shared<YAML::Node>(item), StrCat(path_, "[", items.size(), "]")));
  }
  return items;
}

YamlValue YamlValue::Child(std::string_view key) const {
  const std::string name(key);
  const std::string path = path_.empty() ? name : path_ + "." + name;
  if (is_map()) {
    for (const auto& entry : *node_) {
      if (entry.first.IsScalar() && entry.first.Scalar() == name) {
        return {shared_, std::make_shared<YAML::Node>(entry.second), path};
      }
    }
  }
  return {shared_, nullptr, path};
}

YamlDocument::YamlDocument(std::string file, const std::string& text, ValueSource& sources)
    : shared_(std::make_shared<YamlValue::Shared>(YamlValue::Shared{std::move(file), sources, {}})),
      root_(std::make_shared<YAML::Node>(YAML::NodeType::Map)) {
  if (text.size() > kDocumentBytesMax) {
    shared_->problems.push_back(
        {{shared_->file, 0, 0},
         StrCat("file too large: ", FormatBytes(text.size()), ", max ", FormatBytes(kDocumentBytesMax))});
    return;
  }
  try {
    YAML::Node node = YAML::Load(text);
    if (!node.IsNull()) *root_ = node;
  } catch (const YAML::Exception& exception) {
    shared_->problems.push_back({{shared_->file, exception.mark.line + 1, exception.mark.column + 1}, exception.msg});
  }
}

YamlDocument::~YamlDocument() = default;

YamlValue YamlDocument::root() const { return {shared_, root_, ""}; }

const std::vector<ConfigProblem>& YamlDocument::problems() const { return shared_->problems; }

void YamlDocument::SetParameters(std::map<std::string, std::string> parameters) {
  shared_->parameters = std::move(parameters);
}

void CheckKeys(const YamlValue& section, std::span<const KeyDocument> keys) {
  std::vector<std::string> names;
  for (const KeyDocument& key : keys) names.emplace_back(key.key);
  for (const auto& [name, value] : section.Entries()) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const auto nearest = NearestName(name, names);
    value.Fail(StrCat("unknown key '", name, "'", section.path().empty() ? "" : StrCat(" in ", section.path())),
               nearest.has_value() ? StrCat("did you mean '", *nearest, "'?") : StrCat("known: ", Join(names, ", ")));
  }
  for (const KeyDocument& key : keys) {
    if (key.required && !section.Child(key.key).exists()) {
      section.Fail(StrCat(section.path().empty() ? "the file" : section.path(), " lacks the key '", key.key, "'"));
    }
  }
}

}  // namespace tailrace::app
