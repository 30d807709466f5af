#include "sql/bind.h"

#include <algorithm>

#include "base/str.h"
#include "sql/keywords.h"

namespace tailrace::sql {
namespace {

constexpr size_t kNodesMax = 500'000;
constexpr size_t kBindDiagnosticsMax = 1'000;

bool IsPlainName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::ranges::all_of(
      name, [](char byte) { return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_'; });
}

// Reserved words that stand for columns all the same.
bool IsColumnWord(std::string_view name) {
  if (name == "ROWTIME") return true;
  return std::ranges::find(MetadataFields(), name, &data::Field::name) != MetadataFields().end();
}

}  // namespace

BindState::BindState(const CompileInput& compile_input, const FunctionRegistry& registry)
    : input(compile_input), functions(registry) {}

bool BindState::Silent() const { return muted > 0 || diagnostics.size() >= kBindDiagnosticsMax; }

void BindState::Error(SourceRange range, std::string message, std::string hint, std::vector<TextEdit> fixes) {
  if (Silent()) return;
  diagnostics.push_back({.severity = Severity::kError,
                         .range = range,
                         .message = std::move(message),
                         .hint = std::move(hint),
                         .fixes = std::move(fixes)});
}

void BindState::Warn(SourceRange range, std::string message, std::string hint, std::vector<TextEdit> fixes) {
  if (Silent()) return;
  diagnostics.push_back({.severity = Severity::kWarning,
                         .range = range,
                         .message = std::move(message),
                         .hint = std::move(hint),
                         .fixes = std::move(fixes)});
}

bool BindState::Spend(SourceRange range, size_t amount) {
  const bool affordable = spent_ <= kNodesMax;
  spent_ += amount;
  if (spent_ <= kNodesMax) return true;
  if (affordable) {
    diagnostics.push_back({.range = range,
                           .message = StrCat("the program grows beyond ", kNodesMax,
                                             " expressions, operators and columns when views and functions are put "
                                             "in")});
  }
  return false;
}

std::string BindState::TextOf(SourceRange range) const {
  const size_t size = input.text.size();
  const size_t begin = std::min<size_t>(range.begin, size);
  const size_t end = std::clamp<size_t>(range.end, begin, size);
  return std::string(input.text.substr(begin, end - begin));
}

int BindState::FindTable(std::string_view name) const {
  for (size_t index = 0; index < program.tables.size(); ++index) {
    if (program.tables[index].name == name) return static_cast<int>(index);
  }
  return -1;
}

std::vector<std::string> BindState::RelationNames() const {
  std::vector<std::string> names;
  for (const StreamInfo& stream : program.streams) names.push_back(stream.name);
  for (const TableInfo& table : program.tables) names.push_back(table.name);
  for (const auto& [name, view] : views) names.push_back(name);
  return names;
}

std::string WrittenName(std::string_view name) {
  if (IsPlainName(name) && (!IsReserved(name) || IsColumnWord(name))) return std::string(name);
  std::string quoted = "\"";
  for (const char byte : name) {
    if (byte == '"') quoted += '"';
    quoted += byte;
  }
  return quoted + '"';
}

Suggestion Suggest(std::string_view name, const std::vector<std::string>& candidates, SourceRange range,
                   NameKind kind) {
  std::vector<std::string> names = candidates;
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<std::string> same_letters;
  for (const std::string& candidate : names) {
    if (EqualsIgnoreCase(candidate, name)) same_letters.push_back(candidate);
  }
  std::optional<std::string> nearest = NearestName(name, names);
  if (same_letters.size() == 1) nearest = same_letters[0];
  if (!nearest.has_value()) return {};
  const std::string written = kind == NameKind::kFunction ? *nearest : WrittenName(*nearest);
  Suggestion suggestion{.hint = StrCat("did you mean ", written, "?")};
  const bool certain = same_letters.size() == 1 || names.size() == 1;
  if (certain && range.end > range.begin) suggestion.fixes.push_back({.range = range, .replacement = written});
  return suggestion;
}

PlanPtr MakePlan(decltype(PlanNode::node) node, const std::vector<ColumnFacts>& columns, SourceRange range) {
  auto plan = std::make_unique<PlanNode>();
  plan->node = std::move(node);
  plan->range = range;
  for (const ColumnFacts& column : columns) {
    plan->schema.fields.push_back(
        {.name = column.name, .type = column.type, .not_null = !column.nullable, .hidden = column.hidden});
  }
  return plan;
}

bool ReadsStream(const PlanNode& plan) {
  return std::visit(
      [](const auto& node) {
        bool reads = std::is_same_v<std::remove_cvref_t<decltype(node)>, StreamScan>;
        if constexpr (requires { node.input; }) reads = reads || ReadsStream(*node.input);
        if constexpr (requires { node.relation; }) reads = reads || ReadsStream(*node.relation);
        if constexpr (requires { node.left; }) reads = reads || ReadsStream(*node.left) || ReadsStream(*node.right);
        if constexpr (requires { node.inputs; }) {
          for (const PlanPtr& input : node.inputs) reads = reads || ReadsStream(*input);
        }
        return reads;
      },
      plan.node);
}

std::vector<TimeForm> TimesOf(const std::vector<ColumnFacts>& columns) {
  std::vector<TimeForm> times;
  times.reserve(columns.size());
  for (const ColumnFacts& column : columns) times.push_back(column.time);
  return times;
}

}  // namespace tailrace::sql
