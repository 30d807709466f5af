#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/bind_from.h"
#include "sql/function_documents.h"

// TABLE(f(CURSOR(...), ...)). Source: docs/sql-dialect.md, sections 6.14, 6.15 and 6.16.

namespace tailrace::sql {
namespace {

using data::Type;
using data::TypeKind;
using Kind = TableFunctionKind;

constexpr size_t kNumericColumnsMax = 30;

enum class ParameterKind : uint8_t { kInteger, kDouble, kBoolean, kColumn, kName, kOrder };

struct TableParameter {
  std::string_view name;
  ParameterKind kind;
  double least = 0;
  double most = 0;
  std::optional<double> fallback = std::nullopt;  // Nothing: must be given.
};

struct TableFunctionWord {
  std::string_view name;
  Kind kind;
  std::array<TableParameter, 6> parameters;
  size_t parameter_count;
  std::string_view summary;
};

constexpr TableParameter kTrees = {"numberOfTrees", ParameterKind::kInteger, 1, 1000, 100};
constexpr TableParameter kSampleSize = {"subSampleSize", ParameterKind::kInteger, 10, 1000, 256};
constexpr TableParameter kDecay = {"timeDecay", ParameterKind::kInteger, 1, 2147483647, 100000};
constexpr TableParameter kShingle = {"shingleSize", ParameterKind::kInteger, 1, 30, 1};
constexpr TableParameter kSeconds = {"windowSeconds", ParameterKind::kInteger, 1, 3600};
constexpr TableParameter kItem = {"column", ParameterKind::kColumn};

constexpr std::array<TableFunctionWord, 6> kTableFunctionWords = {{
    {"RANDOM_CUT_FOREST",
     Kind::kRandomCutForest,
     {kTrees, kSampleSize, kDecay, kShingle},
     4,
     "The cursor's columns and ANOMALY_SCORE: how unlike recent rows a row is, by all its numeric columns."},
    {"RANDOM_CUT_FOREST_WITH_EXPLANATION",
     Kind::kRandomCutForestWithExplanation,
     {kTrees, kSampleSize, kDecay, kShingle, TableParameter{"withDirectionality", ParameterKind::kBoolean, 0, 1, 0}},
     5,
     "The same and ANOMALY_EXPLANATION: JSON with each column's share of the score, its strength and direction."},
    {"HOTSPOTS",
     Kind::kHotspots,
     {TableParameter{"windowSize", ParameterKind::kInteger, 100, 1000},
      TableParameter{"scanRadius", ParameterKind::kDouble, 0, 1e308},
      TableParameter{"minimumNumberOfPointsInAHotspot", ParameterKind::kInteger, 2, 1000}},
     3,
     "The cursor's columns and HOTSPOTS_RESULT: JSON with the places where the last rows lie densely."},
    {"COUNT_DISTINCT_ITEMS_TUMBLING",
     Kind::kCountDistinctItemsTumbling,
     {kItem, kSeconds},
     2,
     "NUMBER_OF_DISTINCT_ITEMS: how many different values the column had in each window."},
    {"TOP_K_ITEMS_TUMBLING",
     Kind::kTopKItemsTumbling,
     {kItem, TableParameter{"K", ParameterKind::kInteger, 1, 100000}, kSeconds},
     3,
     "ITEM and ITEM_COUNT: the K most frequent values of the column in each window."},
    {"GROUP_RANK",
     Kind::kGroupRank,
     {TableParameter{"rankByColumnName", ParameterKind::kColumn},
      TableParameter{"rankOutColumnName", ParameterKind::kName}, TableParameter{"sortOrder", ParameterKind::kOrder},
      TableParameter{"outputOrder", ParameterKind::kOrder},
      TableParameter{"maxIdle", ParameterKind::kInteger, 0, 2147483647},
      TableParameter{"outputMax", ParameterKind::kInteger, 0, 2147483647}},
     6,
     "The cursor's columns and each row's rank among the rows of the same ROWTIME."},
}};

bool IsFeature(const Type& type) { return type.is_integer() || type.is_approximate(); }

class TableFunctionBinder {
 public:
  TableFunctionBinder(BindState& state, const ast::Call& call, SourceRange range, const TableFunctionWord& word,
                      const QueryPlace& place)
      : state_(state), call_(call), range_(range), word_(word), place_(place) {}

  Relation Bind();

 private:
  bool BindCursor();
  bool BindArguments();
  bool BindArgument(const TableParameter& parameter, const ast::Expr& expr);
  bool BindNumber(const TableParameter& parameter, const BoundExpr& value);
  bool BindText(const TableParameter& parameter, const BoundExpr& value);
  bool CheckTogether();
  bool ChooseFeatures();
  void AddColumns();
  bool Refuse(SourceRange range, std::string message, std::string hint = "");

  BindState& state_;
  const ast::Call& call_;
  SourceRange range_;
  const TableFunctionWord& word_;
  const QueryPlace& place_;
  Relation input_;
  std::vector<ColumnFacts> columns_;
  TableFunction node_;
  std::string rank_name_;
};

bool TableFunctionBinder::Refuse(SourceRange range, std::string message, std::string hint) {
  state_.Error(range, std::move(message), std::move(hint));
  return false;
}

bool TableFunctionBinder::BindCursor() {
  const auto* cursor = call_.args.empty() ? nullptr : std::get_if<ast::Cursor>(&call_.args[0]->node);
  if (cursor == nullptr) {
    return Refuse(call_.args.empty() ? range_ : call_.args[0]->range,
                  StrCat("the first argument of ", word_.name, " is CURSOR(SELECT STREAM ...)"));
  }
  input_ = BindQuery(state_, *cursor->query, place_);
  if (!input_.ok()) return false;
  if (!input_.timed) return Refuse(cursor->query->range, StrCat(word_.name, " needs a stream"));
  return true;
}

bool TableFunctionBinder::BindNumber(const TableParameter& parameter, const BoundExpr& value) {
  const data::Value& literal = *LiteralValue(value);
  double number = 0;
  if (value.type.is_integer() && !literal.is_null()) {
    number = static_cast<double>(literal.int64());
  } else if (value.type.is_numeric() && !literal.is_null() && parameter.kind == ParameterKind::kDouble) {
    const BoundExprPtr converted = CastTo(state_, MakeExpr(value), Type::Double(), true);
    number = LiteralValue(*converted)->float64();
  } else {
    return Refuse(value.range, StrCat(parameter.name, " of ", word_.name, " must be a ",
                                      parameter.kind == ParameterKind::kDouble ? "number" : "whole number"));
  }
  if (parameter.kind == ParameterKind::kDouble) {
    if (!(number > parameter.least)) {
      return Refuse(value.range, StrCat(parameter.name, " of ", word_.name, " must be more than 0"));
    }
    node_.args.emplace_back(number);
    return true;
  }
  if (number < parameter.least || number > parameter.most) {
    return Refuse(value.range, fmt::format("{} of {} is {:.0f}, allowed are {:.0f} to {:.0f}", parameter.name,
                                           word_.name, number, parameter.least, parameter.most));
  }
  node_.args.emplace_back(static_cast<int64_t>(number));
  return true;
}

bool TableFunctionBinder::BindText(const TableParameter& parameter, const BoundExpr& value) {
  const data::Value& literal = *LiteralValue(value);
  if (!value.type.is_character() || literal.is_null()) {
    return Refuse(value.range, StrCat(parameter.name, " of ", word_.name, " must be a text"));
  }
  const std::string& text = literal.text();
  if (parameter.kind == ParameterKind::kName) {
    if (text.empty()) return Refuse(value.range, StrCat(parameter.name, " of ", word_.name, " is empty"));
    rank_name_ = text;
    return true;
  }
  if (parameter.kind == ParameterKind::kOrder) {
    const std::string order = AsciiLower(text);
    if (order != "asc" && order != "desc") {
      return Refuse(value.range, StrCat(parameter.name, " of ", word_.name, " is 'asc' or 'desc'"));
    }
    node_.args.emplace_back(order);
    return true;
  }
  std::vector<std::string> names;
  for (size_t index = 0; index < input_.columns.size(); ++index) {
    names.push_back(input_.columns[index].name);
    if (names.back() != text) continue;
    node_.columns.push_back(static_cast<int>(index));
    return true;
  }
  Suggestion suggestion = Suggest(text, names, {});
  return Refuse(value.range, StrCat("the cursor has no column ", WrittenName(text), ", it has ", Join(names, ", ")),
                std::move(suggestion.hint));
}

bool TableFunctionBinder::BindArgument(const TableParameter& parameter, const ast::Expr& expr) {
  const ExprPlace place{.clause = "the arguments of a table function", .query = place_};
  const BoundExprPtr value = ExprBinder(state_, place).Bind(expr);
  if (value == nullptr) return false;
  if (!IsLiteral(*value)) return Refuse(expr.range, StrCat(parameter.name, " of ", word_.name, " must be a constant"));
  switch (parameter.kind) {
    case ParameterKind::kInteger:
    case ParameterKind::kDouble:
      return BindNumber(parameter, *value);
    case ParameterKind::kBoolean: {
      const data::Value& literal = *LiteralValue(*value);
      if (value->type.kind != TypeKind::kBoolean || literal.is_null()) {
        return Refuse(expr.range, StrCat(parameter.name, " of ", word_.name, " is TRUE or FALSE"));
      }
      node_.args.push_back(literal);
      return true;
    }
    case ParameterKind::kColumn:
    case ParameterKind::kName:
    case ParameterKind::kOrder:
      return BindText(parameter, *value);
  }
  return false;
}

bool TableFunctionBinder::BindArguments() {
  if (call_.args.size() - 1 > word_.parameter_count) {
    return Refuse(call_.args[word_.parameter_count + 1]->range,
                  StrCat(word_.name, " takes ", word_.parameter_count, " arguments after the cursor"));
  }
  bool good = true;
  for (size_t index = 0; index < word_.parameter_count; ++index) {
    const TableParameter& parameter = word_.parameters[index];
    if (index + 1 < call_.args.size()) {
      good &= BindArgument(parameter, *call_.args[index + 1]);
    } else if (!parameter.fallback.has_value()) {
      return Refuse(range_, StrCat(word_.name, " needs ", parameter.name, " as argument ", index + 2));
    } else if (parameter.kind == ParameterKind::kBoolean) {
      node_.args.emplace_back(*parameter.fallback != 0);
    } else {
      node_.args.emplace_back(static_cast<int64_t>(*parameter.fallback));
    }
  }
  return good;
}

// Limits that two arguments set to each other.
bool TableFunctionBinder::CheckTogether() {
  if (node_.kind == Kind::kRandomCutForest || node_.kind == Kind::kRandomCutForestWithExplanation) {
    if (node_.args[1].int64() < node_.args[2].int64()) return true;
    return Refuse(range_, StrCat("subSampleSize (", node_.args[1].int64(), ") must be less than timeDecay (",
                                 node_.args[2].int64(), ")"));
  }
  if (node_.kind == Kind::kHotspots && node_.args[2].int64() > node_.args[0].int64()) {
    return Refuse(range_, StrCat("minimumNumberOfPointsInAHotspot (", node_.args[2].int64(),
                                 ") must not be more than windowSize (", node_.args[0].int64(), ")"));
  }
  if (node_.kind == Kind::kGroupRank) {
    const Type& type = input_.columns[static_cast<size_t>(node_.columns[0])].type;
    if (!type.is_numeric() && !type.is_character() && !type.is_datetime()) {
      return Refuse(range_, StrCat("GROUP_RANK cannot rank by ", type.ToString()));
    }
  }
  return true;
}

bool TableFunctionBinder::ChooseFeatures() {
  for (size_t index = 0; index < input_.columns.size(); ++index) {
    if (IsFeature(input_.columns[index].type)) node_.columns.push_back(static_cast<int>(index));
  }
  if (node_.columns.empty()) {
    return Refuse(call_.args[0]->range, StrCat(word_.name, " needs a numeric column; DECIMAL does not count"),
                  "CAST(x AS DOUBLE)");
  }
  if (node_.columns.size() > kNumericColumnsMax) {
    return Refuse(call_.args[0]->range,
                  StrCat(word_.name, " has ", node_.columns.size(), " numeric columns, at most ", kNumericColumnsMax));
  }
  return true;
}

void TableFunctionBinder::AddColumns() {
  const auto add = [&](std::string name, Type type, bool nullable) {
    columns_.push_back({.name = std::move(name), .type = std::move(type), .nullable = nullable, .range = range_});
  };
  switch (word_.kind) {
    case Kind::kRandomCutForest:
      add("ANOMALY_SCORE", Type::Double(), true);
      break;
    case Kind::kRandomCutForestWithExplanation:
      add("ANOMALY_SCORE", Type::Double(), true);
      add("ANOMALY_EXPLANATION", Type::Varchar(), true);
      break;
    case Kind::kHotspots:
      add("HOTSPOTS_RESULT", Type::Varchar(), true);
      break;
    case Kind::kCountDistinctItemsTumbling:
      add("NUMBER_OF_DISTINCT_ITEMS", Type::Bigint(), false);
      break;
    case Kind::kTopKItemsTumbling:
      add("ITEM", Type::Varchar(1024), false);
      add("ITEM_COUNT", Type::Double(), false);
      break;
    case Kind::kGroupRank:
      add(rank_name_, Type::Integer(), false);
      break;
  }
}

Relation TableFunctionBinder::Bind() {
  Relation unknown;
  unknown.columns_known = false;
  node_.kind = word_.kind;
  if (!BindCursor()) return unknown;
  const bool good = BindArguments() && CheckTogether();
  const bool by_features = word_.kind == Kind::kRandomCutForest || word_.kind == Kind::kHotspots ||
                           word_.kind == Kind::kRandomCutForestWithExplanation;
  const bool own_columns_only =
      word_.kind == Kind::kCountDistinctItemsTumbling || word_.kind == Kind::kTopKItemsTumbling;
  const bool featured = !by_features || ChooseFeatures();
  if (!own_columns_only) columns_ = input_.columns;
  // The cursor's columns are the rows' own now, a plain ROWTIME among them too.
  for (ColumnFacts& column : columns_) {
    column.hidden = column.name == "ROWTIME";
    column.counts_own_row = false;
  }
  AddColumns();
  Relation relation;
  relation.columns = columns_;
  relation.finite = input_.finite;
  if (!good || !featured) return relation;
  node_.input = std::move(input_.plan);
  relation.plan = MakePlan(std::move(node_), relation.columns, range_);
  return relation;
}

}  // namespace

std::vector<FunctionDocument> TableFunctionDocuments() {
  std::vector<FunctionDocument> documents;
  for (const TableFunctionWord& word : kTableFunctionWords) {
    std::string syntax = StrCat("TABLE(", word.name, "(CURSOR(SELECT STREAM ...)");
    std::string limits;
    std::string optional_end;
    for (size_t index = 0; index < word.parameter_count; ++index) {
      const TableParameter& parameter = word.parameters[index];
      syntax += StrCat(parameter.fallback.has_value() ? " [, " : ", ", parameter.name);
      if (parameter.fallback.has_value()) optional_end += "]";
      if (parameter.kind == ParameterKind::kInteger) {
        limits += fmt::format(" {}: {:.0f} to {:.0f}", parameter.name, parameter.least, parameter.most);
        limits += parameter.fallback.has_value() ? fmt::format(", else {:.0f}.", *parameter.fallback) : ".";
      }
    }
    documents.push_back({.name = std::string(word.name),
                         .family = "table function",
                         .syntax = StrCat(syntax, optional_end, "))"),
                         .summary = StrCat(word.summary, limits)});
  }
  return documents;
}

Relation BindTableFunction(BindState& state, const ast::Expr& expr, const QueryPlace& place) {
  Relation unknown;
  unknown.columns_known = false;
  const auto* call = std::get_if<ast::Call>(&expr.node);
  if (call == nullptr) {
    state.Error(expr.range, "TABLE takes a table function: TABLE(RANDOM_CUT_FOREST(CURSOR(SELECT STREAM ...)))");
    return unknown;
  }
  const auto* word = std::ranges::find(kTableFunctionWords, call->name.name, &TableFunctionWord::name);
  if (word == kTableFunctionWords.end()) {
    std::vector<std::string> names;
    for (const TableFunctionWord& each : kTableFunctionWords) names.emplace_back(each.name);
    Suggestion suggestion = Suggest(call->name.name, names, call->name.range, NameKind::kFunction);
    if (suggestion.hint.empty()) suggestion.hint = StrCat("there is ", Join(names, ", "));
    state.Error(call->name.range, StrCat("there is no table function ", call->name.name), std::move(suggestion.hint),
                std::move(suggestion.fixes));
    return unknown;
  }
  return TableFunctionBinder(state, *call, expr.range, *word, place).Bind();
}

}  // namespace tailrace::sql
