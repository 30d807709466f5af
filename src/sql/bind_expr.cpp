#include "sql/bind_expr.h"

#include <algorithm>

#include "base/str.h"
#include "data/text.h"
#include "sql/cast.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Type;
using data::TypeKind;

constexpr uint32_t kWeightMax = 50'000;
constexpr uint32_t kDepthMax = 1'000;

bool IsBoolean(const BoundExpr& expr) {
  return expr.type.kind == TypeKind::kBoolean || expr.type.kind == TypeKind::kNull;
}

std::string_view BinaryName(ast::BinaryOp op) {
  switch (op) {
    case ast::BinaryOp::kAdd:
      return "+";
    case ast::BinaryOp::kSubtract:
      return "-";
    case ast::BinaryOp::kMultiply:
      return "*";
    case ast::BinaryOp::kDivide:
      return "/";
    case ast::BinaryOp::kConcat:
      return "||";
    case ast::BinaryOp::kEqual:
      return "=";
    case ast::BinaryOp::kNotEqual:
      return "<>";
    case ast::BinaryOp::kLess:
      return "<";
    case ast::BinaryOp::kLessEqual:
      return "<=";
    case ast::BinaryOp::kGreater:
      return ">";
    case ast::BinaryOp::kGreaterEqual:
      return ">=";
    case ast::BinaryOp::kAnd:
      return "AND";
    case ast::BinaryOp::kOr:
      return "OR";
  }
  return "";
}

std::string_view IsName(ast::IsWhat what) {
  switch (what) {
    case ast::IsWhat::kNull:
      return "IS NULL";
    case ast::IsWhat::kTrue:
      return "IS TRUE";
    case ast::IsWhat::kFalse:
      return "IS FALSE";
    case ast::IsWhat::kUnknown:
      return "IS UNKNOWN";
  }
  return "";
}

std::string NameText(const ast::Name& name) {
  std::string text;
  for (const ast::Identifier& part : name.parts) {
    if (!text.empty()) text += '.';
    text += WrittenName(part.name);
  }
  return text;
}

// Both words of a period: (start, end) or PERIOD(start, end).
const std::vector<ast::ExprPtr>* PeriodItems(const ast::Expr& expr) {
  if (const auto* row = std::get_if<ast::RowValue>(&expr.node); row != nullptr && row->items.size() == 2) {
    return &row->items;
  }
  const auto* call = std::get_if<ast::Call>(&expr.node);
  if (call != nullptr && call->name.name == "PERIOD" && call->args.size() == 2) return &call->args;
  return nullptr;
}

}  // namespace

BoundExprPtr ExprBinder::Bind(const ast::Expr& expr) {
  if (!state_.Spend(expr.range)) return nullptr;
  if (place_.grouping != nullptr) {
    if (BoundExprPtr key = GroupKey(expr)) return key;
  }
  BoundExprPtr bound = std::visit([&](const auto& node) { return BindNode(node, expr); }, expr.node);
  if (bound == nullptr || (bound->weight <= kWeightMax && bound->depth <= kDepthMax)) return bound;
  state_.Error(expr.range, "the expression is too large when functions are put in and operands are repeated",
               "compute parts of it in a subquery");
  return nullptr;
}

BoundExprPtr ExprBinder::BindCondition(const ast::Expr& expr) {
  BoundExprPtr bound = Bind(expr);
  if (bound == nullptr) return nullptr;
  if (!IsBoolean(*bound)) {
    state_.Error(expr.range, StrCat(place_.clause, " needs a condition, this is ", bound->type.ToString()),
                 "compare it with something");
    return nullptr;
  }
  return CastTo(state_, std::move(bound), Type::Boolean(), true);
}

// The key of GROUP BY that the expression repeats, as a column of the aggregate's output.
BoundExprPtr ExprBinder::GroupKey(const ast::Expr& expr) {
  const Grouping& grouping = *place_.grouping;
  for (size_t key = 0; key < grouping.key_texts.size(); ++key) {
    if (grouping.key_texts[key] != nullptr && SameMeaning(*grouping.key_texts[key], expr, *grouping.input)) {
      return MakeColumn(static_cast<int>(key), grouping.keys[key], expr.range);
    }
  }
  return nullptr;
}

BoundExprPtr ExprBinder::BindNode(const ast::Literal& node, const ast::Expr& expr) {
  return MakeLiteral(node.type, node.value, expr.range);
}

BoundExprPtr ExprBinder::BindNode(const ast::Name& node, const ast::Expr& expr) {
  if (place_.parameters != nullptr) {
    for (const ParameterValue& parameter : *place_.parameters) {
      if (node.parts.size() == 1 && parameter.name == node.parts[0].name) return parameter.value;
    }
  }
  const Scope* scope = place_.grouping != nullptr ? place_.grouping->input : place_.scope;
  static const Scope kNoNames;
  const NameTarget target = FindName(scope != nullptr ? *scope : kNoNames, node);
  switch (target.kind) {
    case NameTarget::Kind::kFaulty:
      return nullptr;
    case NameTarget::Kind::kUnknown:
      return UnknownName(node, expr.range);
    case NameTarget::Kind::kAmbiguous:
      state_.Error(expr.range, StrCat("column ", NameText(node), " is ambiguous, there are several"),
                   "write the name of its FROM item before it");
      return nullptr;
    case NameTarget::Kind::kRowtime:
    case NameTarget::Kind::kColumn:
    case NameTarget::Kind::kMerged:
      break;
  }
  if (place_.grouping != nullptr) {
    // Unqualified, ROWTIME is the time of the row about to be made: the end of the window.
    const bool window_end = target.kind == NameTarget::Kind::kRowtime && node.parts.size() == 1;
    if (window_end && place_.grouping->timed) return MakeRowtime(expr.range);
    return UngroupedName(node, expr.range);
  }
  if (target.kind == NameTarget::Kind::kRowtime) {
    if (place_.rowtime_ambiguous && node.parts.size() == 1) {
      state_.Error(expr.range, "ROWTIME is ambiguous in ON: each side has one", "write the item's name before it");
      return nullptr;
    }
    return Fields(MakeRowtime(expr.range), node, target.parts_used, expr.range);
  }
  return Fields(ColumnOf(target, expr), node, target.parts_used, expr.range);
}

BoundExprPtr ExprBinder::ColumnOf(const NameTarget& target, const ast::Expr& expr) {
  const Scope& scope = *place_.scope;
  if (target.kind == NameTarget::Kind::kColumn) {
    return MakeColumn(target.index, scope.columns[static_cast<size_t>(target.index)], expr.range);
  }
  std::vector<BoundExprPtr> columns;
  for (const int index : scope.merged[static_cast<size_t>(target.index)].columns) {
    columns.push_back(MakeColumn(index, scope.columns[static_cast<size_t>(index)], expr.range));
  }
  if (columns.size() == 1) return columns[0];
  return Operator("COALESCE", std::move(columns), expr.range);
}

BoundExprPtr ExprBinder::Fields(BoundExprPtr row, const ast::Name& name, size_t parts_used, SourceRange range) {
  for (size_t part = parts_used; row != nullptr && part < name.parts.size(); ++part) {
    const ast::Identifier& field = name.parts[part];
    if (row->type.kind != TypeKind::kRow || row->type.row == nullptr) {
      state_.Error(field.range, StrCat(WrittenName(name.parts[part - 1].name), " is ", row->type.ToString(),
                                       ", it has no columns of its own"));
      return nullptr;
    }
    std::vector<std::string> names;
    for (const data::Field& each : row->type.row->fields) names.push_back(each.name);
    const auto found = std::ranges::find(names, field.name);
    if (found == names.end()) {
      Suggestion suggestion = Suggest(field.name, names, field.range);
      state_.Error(field.range,
                   StrCat("no column ", WrittenName(field.name), " in ", WrittenName(name.parts[part - 1].name),
                          ", it has ", Join(names, ", ")),
                   std::move(suggestion.hint), std::move(suggestion.fixes));
      return nullptr;
    }
    const auto index = static_cast<size_t>(found - names.begin());
    Type type = row->type.row->fields[index].type;
    const bool can_fail = row->can_fail;
    row = MakeExpr(BoundExpr{.node = BoundField{.row = std::move(row), .index = static_cast<int>(index)},
                             .type = std::move(type),
                             .can_fail = can_fail,
                             .range = range});
  }
  return row;
}

BoundExprPtr ExprBinder::UnknownName(const ast::Name& name, SourceRange range) {
  if (state_.Silent()) return nullptr;
  if (place_.scope == nullptr && place_.grouping == nullptr) {
    std::vector<std::string> names;
    if (place_.parameters != nullptr) {
      for (const ParameterValue& parameter : *place_.parameters) names.push_back(parameter.name);
    }
    Suggestion suggestion = Suggest(name.parts[0].name, names, range);
    state_.Error(range, StrCat("no columns may stand in ", place_.clause, ", but here is ", NameText(name)),
                 std::move(suggestion.hint), std::move(suggestion.fixes));
    return nullptr;
  }
  const Scope& scope = place_.grouping != nullptr ? *place_.grouping->input : *place_.scope;
  const ast::Identifier& last = name.parts.back();
  if (name.parts.size() == 1) {
    Suggestion suggestion = Suggest(last.name, ColumnNames(scope, nullptr), last.range);
    if (suggestion.fixes.size() == 1 && !last.quoted) suggestion.hint += " unquoted names are folded to upper case";
    if (suggestion.hint.empty() && last.quoted) {
      suggestion.hint = StrCat("a text stands in single quotes: '", last.name, "'");
    } else if (suggestion.hint.empty() && place_.clause == "GROUP BY") {
      suggestion.hint = "aliases of the select list are not known here: write the expression itself";
    }
    state_.Error(range, StrCat("column ", WrittenName(last.name), " not found"), std::move(suggestion.hint),
                 std::move(suggestion.fixes));
    return nullptr;
  }
  const ast::Identifier& first = name.parts[0];
  if (const ScopeSource* source = FindSource(scope, first.name)) {
    const ast::Identifier& column = name.parts[1];
    const std::vector<std::string> names = ColumnNames(scope, source);
    Suggestion suggestion = Suggest(column.name, names, column.range);
    const bool only_rowtime = column.name == "ROWTIME";
    state_.Error(column.range,
                 only_rowtime ? StrCat(WrittenName(first.name), " has no ROWTIME, it is no stream")
                              : StrCat("column ", WrittenName(column.name), " not found in ", WrittenName(first.name)),
                 std::move(suggestion.hint), std::move(suggestion.fixes));
    return nullptr;
  }
  std::vector<std::string> aliases;
  for (const ScopeSource& source : scope.sources) {
    if (!source.alias.empty()) aliases.push_back(source.alias);
  }
  Suggestion suggestion = Suggest(first.name, aliases, first.range);
  if (suggestion.hint.empty() && !aliases.empty()) suggestion.hint = StrCat("FROM has ", Join(aliases, ", "));
  state_.Error(first.range, StrCat("no FROM item is called ", WrittenName(first.name)), std::move(suggestion.hint),
               std::move(suggestion.fixes));
  return nullptr;
}

BoundExprPtr ExprBinder::UngroupedName(const ast::Name& name, SourceRange range) {
  if (name.parts.back().name == "ROWTIME") {
    state_.Error(range, StrCat(NameText(name), " is neither a key of the grouping nor inside an aggregate"),
                 "ROWTIME alone is the end of the window; MIN(...) gives the first row's");
    return nullptr;
  }
  state_.Error(range, StrCat("column ", NameText(name), " is neither a key of the grouping nor inside an aggregate"),
               StrCat("add it to the keys or write, for example, MAX(", NameText(name), ")"));
  return nullptr;
}

BoundExprPtr ExprBinder::BindNode(const ast::Star&, const ast::Expr& expr) {
  state_.Error(expr.range, "* may stand only in a select list or in COUNT(*)");
  return nullptr;
}

BoundExprPtr ExprBinder::BindNode(const ast::Unary& node, const ast::Expr& expr) {
  if (node.op == ast::UnaryOp::kNot) {
    BoundExprPtr operand = Bind(*node.operand);
    return operand == nullptr ? nullptr : Not(std::move(operand), expr.range);
  }
  BoundExprPtr operand = Bind(*node.operand);
  if (operand == nullptr) return nullptr;
  if (node.op == ast::UnaryOp::kMinus) return Operator("NEGATE", {std::move(operand)}, expr.range);
  const Type& type = operand->type;
  if (type.is_numeric() || type.is_interval() || type.kind == TypeKind::kNull) return operand;
  state_.Error(expr.range, StrCat("Cannot apply '+' to arguments of type '<", type.ToString(), ">'"));
  return nullptr;
}

BoundExprPtr ExprBinder::Not(BoundExprPtr operand, SourceRange range) {
  return Operator("NOT", {std::move(operand)}, range);
}

void ExprBinder::CollectConjuncts(const ast::Expr& expr, ast::BinaryOp op, std::vector<const ast::Expr*>& parts) {
  const auto* binary = std::get_if<ast::Binary>(&expr.node);
  if (binary == nullptr || binary->op != op) {
    parts.push_back(&expr);
    return;
  }
  CollectConjuncts(*binary->left, op, parts);
  CollectConjuncts(*binary->right, op, parts);
}

bool ExprBinder::BindAll(const std::vector<const ast::Expr*>& exprs, std::vector<BoundExprPtr>& bound) {
  bool all = true;
  for (const ast::Expr* expr : exprs) {
    BoundExprPtr one = Bind(*expr);
    all &= one != nullptr;
    bound.push_back(std::move(one));
  }
  return all;
}

BoundExprPtr ExprBinder::BindNode(const ast::Binary& node, const ast::Expr& expr) {
  if (node.op == ast::BinaryOp::kAnd || node.op == ast::BinaryOp::kOr) {
    std::vector<const ast::Expr*> parts;
    CollectConjuncts(expr, node.op, parts);
    std::vector<BoundExprPtr> args;
    bool all = BindAll(parts, args);
    for (size_t index = 0; index < args.size(); ++index) {
      if (args[index] == nullptr) continue;
      if (!IsBoolean(*args[index])) {
        state_.Error(parts[index]->range,
                     StrCat(BinaryName(node.op), " joins conditions, this is ", args[index]->type.ToString()));
        all = false;
        continue;
      }
      args[index] = CastTo(state_, std::move(args[index]), Type::Boolean(), true);
    }
    if (!all) return nullptr;
    return Fold(state_, node.op == ast::BinaryOp::kAnd ? MakeAnd(std::move(args)) : MakeOr(std::move(args)));
  }
  std::vector<BoundExprPtr> args;
  if (!BindAll({node.left.get(), node.right.get()}, args)) return nullptr;
  if (node.op == ast::BinaryOp::kConcat && state_.input.options.concat_accepts_numbers) {
    for (BoundExprPtr& arg : args) {
      if (arg->type.is_numeric()) arg = CastTo(state_, std::move(arg), Type::Varchar(), false);
    }
  }
  if (RefuseTextLiteral(node, args)) return nullptr;
  const bool compares = node.op >= ast::BinaryOp::kEqual && node.op <= ast::BinaryOp::kGreaterEqual;
  if (compares && (args[0]->type.kind == TypeKind::kNull || args[1]->type.kind == TypeKind::kNull)) {
    state_.Warn(expr.range, "a comparison with NULL is never TRUE", "write IS NULL or IS NOT NULL");
  }
  return Operator(BinaryName(node.op), std::move(args), expr.range);
}

// x > '2020-01-01 00:00:00', x = '200': texts are not converted, but what is meant is plain.
bool ExprBinder::RefuseTextLiteral(const ast::Binary& node, const std::vector<BoundExprPtr>& args) {
  if (node.op < ast::BinaryOp::kEqual || node.op > ast::BinaryOp::kGreaterEqual) return false;
  for (const size_t side : {0, 1}) {
    const BoundExpr& text = *args[side];
    const Type& other = args[1 - side]->type;
    const ast::Expr& written = side == 0 ? *node.left : *node.right;
    const auto* literal = std::get_if<ast::Literal>(&written.node);
    if (literal == nullptr || !text.type.is_character() || literal->value.is_null()) continue;
    if (!other.is_datetime() && !other.is_numeric()) continue;
    const std::string& value = literal->value.text();
    std::vector<TextEdit> fixes;
    if (other.is_numeric() && ParseDouble(value).has_value()) {
      fixes.push_back({.range = written.range, .replacement = value});
    } else if ((other.kind == TypeKind::kTimestamp && data::ParseTimestamp(value, false).has_value()) ||
               (other.kind == TypeKind::kDate && data::ParseDate(value).has_value()) ||
               (other.kind == TypeKind::kTime && data::ParseTime(value).has_value())) {
      fixes.push_back({.range = {written.range.begin, written.range.begin}, .replacement = other.ToString() + " "});
    }
    std::string hint;
    if (!fixes.empty()) {
      hint = StrCat("write ", other.is_numeric() ? value : StrCat(other.ToString(), " '", value, "'"));
    }
    state_.Error(written.range, StrCat(other.ToString(), " cannot be compared with a text"), std::move(hint),
                 std::move(fixes));
    return true;
  }
  return false;
}

BoundExprPtr ExprBinder::BindNode(const ast::Is& node, const ast::Expr& expr) {
  BoundExprPtr operand = Bind(*node.operand);
  if (operand == nullptr) return nullptr;
  BoundExprPtr test = Operator(IsName(node.what), {std::move(operand)}, expr.range);
  return test == nullptr || !node.negated ? test : Not(std::move(test), expr.range);
}

BoundExprPtr ExprBinder::BindNode(const ast::IsDistinct& node, const ast::Expr& expr) {
  std::vector<BoundExprPtr> args;
  if (!BindAll({node.left.get(), node.right.get()}, args)) return nullptr;
  BoundExprPtr test = Operator("IS DISTINCT FROM", std::move(args), expr.range);
  return test == nullptr || !node.negated ? test : Not(std::move(test), expr.range);
}

// low <= value AND value <= high
BoundExprPtr ExprBinder::Within(const BoundExprPtr& value, const BoundExprPtr& low, const BoundExprPtr& high,
                                SourceRange range) {
  BoundExprPtr above = Operator(">=", {value, low}, range);
  if (above == nullptr) return nullptr;
  BoundExprPtr below = Operator("<=", {value, high}, range);
  if (below == nullptr) return nullptr;
  return Fold(state_, MakeAnd({std::move(above), std::move(below)}));
}

BoundExprPtr ExprBinder::BindNode(const ast::Between& node, const ast::Expr& expr) {
  std::vector<BoundExprPtr> args;
  if (!BindAll({node.operand.get(), node.low.get(), node.high.get()}, args)) return nullptr;
  BoundExprPtr test = Within(args[0], args[1], args[2], expr.range);
  if (test != nullptr && node.symmetric) {
    BoundExprPtr mirrored = Within(args[0], args[2], args[1], expr.range);
    if (mirrored == nullptr) return nullptr;
    test = Fold(state_, MakeOr({std::move(test), std::move(mirrored)}));
  }
  return test == nullptr || !node.negated ? test : Not(std::move(test), expr.range);
}

BoundExprPtr ExprBinder::BindNode(const ast::InList& node, const ast::Expr& expr) {
  const BoundExprPtr operand = Bind(*node.operand);
  std::vector<BoundExprPtr> tests;
  bool good = operand != nullptr;
  for (const ast::ExprPtr& item : node.list) {
    BoundExprPtr value = Bind(*item);
    BoundExprPtr test;
    if (operand != nullptr && value != nullptr) test = Operator("=", {operand, std::move(value)}, item->range);
    good &= test != nullptr;
    tests.push_back(std::move(test));
  }
  if (!good || tests.empty()) return nullptr;
  BoundExprPtr any = Fold(state_, MakeOr(std::move(tests)));
  return node.negated ? Not(std::move(any), expr.range) : any;
}

BoundExprPtr ExprBinder::AddMark(PlanPtr relation, BoundExprPtr operand, SourceRange range) {
  SubqueryMarks& marks = *place_.marks;
  const int index = marks.first_column + static_cast<int>(marks.marks.size());
  marks.marks.push_back({.relation = std::move(relation), .operand = std::move(operand), .range = range});
  return MakeExpr(BoundExpr{.node = BoundColumn{.index = index}, .type = Type::Boolean(), .range = range});
}

BoundExprPtr ExprBinder::BindNode(const ast::InQuery& node, const ast::Expr& expr) {
  BoundExprPtr operand = Bind(*node.operand);
  Relation relation = BindQuery(state_, *node.query, place_.query);
  if (operand == nullptr || !relation.ok()) return nullptr;
  if (place_.marks == nullptr) {
    state_.Error(expr.range, StrCat("IN (query) may stand in WHERE and HAVING, not in ", place_.clause));
    return nullptr;
  }
  if (!relation.finite || ReadsStream(*relation.plan)) {
    state_.Error(node.query->range, "IN (query) needs a finite relation: a table or VALUES, not a stream",
                 "join the streams instead");
    return nullptr;
  }
  if (relation.columns.size() != 1) {
    state_.Error(node.query->range,
                 StrCat("the query of IN gives ", relation.columns.size(), " columns, one is expected"));
    return nullptr;
  }
  const ColumnFacts column = relation.columns[0];
  const std::optional<Type> common = CommonType(operand->type, column.type);
  if (!common.has_value() || !Comparable(operand->type, column.type)) {
    state_.Error(expr.range, StrCat("IN compares ", operand->type.ToString(), " with ", column.type.ToString()));
    return nullptr;
  }
  PlanPtr plan = std::move(relation.plan);
  if (column.type != *common) {
    ColumnFacts converted = column;
    converted.type = *common;
    BoundExprPtr value = CastTo(state_, MakeColumn(0, column, column.range), *common, true);
    plan = MakePlan(Project{.input = std::move(plan), .exprs = {std::move(value)}}, {converted}, node.query->range);
  }
  operand = CastTo(state_, std::move(operand), *common, true);
  BoundExprPtr test = AddMark(std::move(plan), std::move(operand), expr.range);
  return node.negated ? Not(std::move(test), expr.range) : test;
}

BoundExprPtr ExprBinder::BindNode(const ast::ExistsQuery& node, const ast::Expr& expr) {
  Relation relation = BindQuery(state_, *node.query, place_.query);
  if (!relation.ok()) return nullptr;
  if (place_.marks == nullptr) {
    state_.Error(expr.range, StrCat("EXISTS (query) may stand in WHERE and HAVING, not in ", place_.clause));
    return nullptr;
  }
  if (!relation.finite || ReadsStream(*relation.plan)) {
    state_.Error(node.query->range, "EXISTS needs a finite relation: a table or VALUES, not a stream");
    return nullptr;
  }
  return AddMark(std::move(relation.plan), nullptr, expr.range);
}

BoundExprPtr ExprBinder::BindNode(const ast::Like& node, const ast::Expr& expr) {
  std::vector<const ast::Expr*> parts = {node.operand.get(), node.pattern.get()};
  if (node.escape != nullptr) parts.push_back(node.escape.get());
  std::vector<BoundExprPtr> args;
  if (!BindAll(parts, args)) return nullptr;
  BoundExprPtr test = Operator(node.similar ? "SIMILAR TO" : "LIKE", std::move(args), expr.range);
  return test == nullptr || !node.negated ? test : Not(std::move(test), expr.range);
}

void ExprBinder::BindSimpleCase(const ast::Case& node, std::vector<std::pair<BoundExprPtr, BoundExprPtr>>& whens) {
  BoundExprPtr operand = Bind(*node.operand);
  for (const ast::When& when : node.whens) {
    BoundExprPtr value = Bind(*when.condition);
    BoundExprPtr condition;
    if (operand != nullptr && value != nullptr) condition = Operator("=", {operand, value}, when.condition->range);
    whens.emplace_back(std::move(condition), Bind(*when.result));
  }
}

BoundExprPtr ExprBinder::BindNode(const ast::Case& node, const ast::Expr& expr) {
  std::vector<std::pair<BoundExprPtr, BoundExprPtr>> whens;
  if (node.operand != nullptr) {
    BindSimpleCase(node, whens);
  } else {
    ExprPlace place = place_;
    place.clause = "WHEN";
    for (const ast::When& when : node.whens) {
      BoundExprPtr condition = ExprBinder(state_, place).BindCondition(*when.condition);
      whens.emplace_back(std::move(condition), Bind(*when.result));
    }
  }
  BoundExprPtr otherwise = node.otherwise != nullptr ? Bind(*node.otherwise) : nullptr;
  if (node.otherwise != nullptr && otherwise == nullptr) return nullptr;
  Type type = otherwise != nullptr ? otherwise->type : Type::Null();
  bool can_fail = otherwise != nullptr && otherwise->can_fail;
  bool nullable = otherwise == nullptr || otherwise->nullable;
  for (const auto& [condition, result] : whens) {
    if (condition == nullptr || result == nullptr) return nullptr;
    const std::optional<Type> common = CommonType(type, result->type);
    if (!common.has_value()) {
      state_.Error(
          result->range,
          StrCat("the results of CASE have no common type: ", type.ToString(), " and ", result->type.ToString()),
          "CAST one of them");
      return nullptr;
    }
    type = *common;
    can_fail |= condition->can_fail || result->can_fail;
    nullable |= result->nullable;
  }
  for (auto& [condition, result] : whens) result = CastTo(state_, std::move(result), type, true);
  if (otherwise != nullptr) otherwise = CastTo(state_, std::move(otherwise), type, true);
  return MakeExpr(BoundExpr{.node = BoundCase{.whens = std::move(whens), .otherwise = std::move(otherwise)},
                            .type = std::move(type),
                            .nullable = nullable,
                            .can_fail = can_fail,
                            .range = expr.range});
}

BoundExprPtr ExprBinder::BindNode(const ast::Cast& node, const ast::Expr& expr) {
  BoundExprPtr operand = Bind(*node.operand);
  if (operand == nullptr) return nullptr;
  const Type& to = node.type.type;
  if (CanCast(operand->type, to)) return CastTo(state_, std::move(operand), to, false);
  std::string hint;
  if (operand->type.kind == TypeKind::kTimestamp && to.is_numeric()) hint = "UNIX_TIMESTAMP(x) gives its milliseconds";
  if (operand->type.is_numeric() && to.kind == TypeKind::kTimestamp) hint = "TO_TIMESTAMP(x) takes milliseconds";
  if (operand->type.is_numeric() && to.is_interval()) hint = "multiply an interval instead: x * INTERVAL '1' SECOND";
  if (operand->type.is_interval() && to.is_exact() && operand->type.from != operand->type.to) {
    hint = "only intervals of a single field have a number";
  }
  state_.Error(expr.range, StrCat("cannot CAST ", operand->type.ToString(), " to ", to.ToString()), hint);
  return nullptr;
}

BoundExprPtr ExprBinder::BindNode(const ast::Difference& node, const ast::Expr& expr) {
  std::vector<BoundExprPtr> args;
  if (!BindAll({node.left.get(), node.right.get()}, args)) return nullptr;
  args.push_back(MakeLiteral(node.qualifier, data::Value(), expr.range));
  return Operator("DIFFERENCE", std::move(args), expr.range);
}

BoundExprPtr ExprBinder::BindNode(const ast::Cursor&, const ast::Expr& expr) {
  state_.Error(expr.range, "CURSOR may stand only as an argument of a table function: FROM TABLE(f(CURSOR(...)))");
  return nullptr;
}

BoundExprPtr ExprBinder::BindNode(const ast::RowValue&, const ast::Expr& expr) {
  state_.Error(expr.range, "a list in parentheses is a period and stands only beside OVERLAPS and its kin");
  return nullptr;
}

BoundExprPtr ExprBinder::BindPeriod(const ast::PeriodPredicate& node, const ast::Expr& left, SourceRange range) {
  const std::vector<ast::ExprPtr>* left_items = PeriodItems(left);
  const std::vector<ast::ExprPtr>* right_items = PeriodItems(*node.right);
  if (left_items == nullptr || (right_items == nullptr && node.op != ast::PeriodOp::kContains)) {
    state_.Error(left_items == nullptr ? left.range : node.right->range, "expected a period: (start, end)");
    return nullptr;
  }
  std::vector<const ast::Expr*> parts = {(*left_items)[0].get(), (*left_items)[1].get()};
  if (right_items != nullptr) {
    parts.push_back((*right_items)[0].get());
    parts.push_back((*right_items)[1].get());
  } else {
    parts.push_back(node.right.get());
  }
  std::vector<BoundExprPtr> times;
  if (!BindAll(parts, times)) return nullptr;
  for (const BoundExprPtr& time : times) {
    if (time->type.is_datetime() || time->type.kind == TypeKind::kNull) continue;
    state_.Error(time->range, StrCat("a period is made of datetimes, this is ", time->type.ToString()));
    return nullptr;
  }
  return ComparePeriods(node, times, range);
}

// (s1, e1) predicate (s2, e2), or CONTAINS one time. Periods are half-open. Source: docs/sql-dialect.md, section 6.3.
BoundExprPtr ExprBinder::ComparePeriods(const ast::PeriodPredicate& node, const std::vector<BoundExprPtr>& times,
                                        SourceRange range) {
  using Op = ast::PeriodOp;
  const bool strictly = node.strictness == ast::PeriodStrictness::kStrictly;
  const bool immediately = node.strictness == ast::PeriodStrictness::kImmediately;
  BoundExprPtr s1 = times[0];
  BoundExprPtr e1 = times[1];
  BoundExprPtr s2 = times[2];
  BoundExprPtr e2 = times.size() > 3 ? times[3] : nullptr;
  // The mirror images, with the sides changed over.
  if (node.op == Op::kSucceeds) {
    std::swap(s1, s2);
    std::swap(e1, e2);
  }
  const auto is = [&](const BoundExprPtr& a, std::string_view op, const BoundExprPtr& b) {
    return Operator(op, {a, b}, range);
  };
  const auto both = [&](BoundExprPtr a, BoundExprPtr b) -> BoundExprPtr {
    return MakeAnd({std::move(a), std::move(b)});
  };
  BoundExprPtr test;
  switch (node.op) {
    case Op::kEquals:
      test = both(is(s1, "=", s2), is(e1, "=", e2));
      break;
    case Op::kContains:
      if (e2 == nullptr) {
        test = both(is(s1, strictly ? "<" : "<=", s2), is(s2, "<", e1));
      } else {
        test = both(is(s1, strictly ? "<" : "<=", s2), is(e2, strictly ? "<" : "<=", e1));
      }
      break;
    case Op::kOverlaps:
      if (strictly) {
        test = MakeOr({MakeAnd({is(s1, "<", s2), is(s2, "<", e1), is(e1, "<", e2)}),
                       MakeAnd({is(s2, "<", s1), is(s1, "<", e2), is(e2, "<", e1)})});
      } else {
        test = both(is(s1, "<", e2), is(s2, "<", e1));
      }
      break;
    case Op::kPrecedes:
    case Op::kSucceeds:
      test = is(e1, strictly ? "<" : immediately ? "=" : "<=", s2);
      break;
    case Op::kLeads:
      if (strictly) {
        test = MakeAnd({is(s1, "<", s2), is(e1, "<", e2), is(s2, "<", e1)});
      } else {
        test = both(is(s1, "<", s2), is(e1, immediately ? "=" : "<=", e2));
      }
      break;
    case Op::kLags:  // Ends later.
      if (strictly) {
        test = MakeAnd({is(e1, ">", e2), is(s1, ">", s2), is(s1, "<", e2)});
      } else {
        test = both(is(e1, ">", e2), is(s1, immediately ? "=" : ">=", s2));
      }
      break;
  }
  return test == nullptr ? nullptr : Fold(state_, std::move(test));
}

// p1 PRECEDES p2 PRECEDES p3: both hold, the middle period serving twice.
BoundExprPtr ExprBinder::BindNode(const ast::PeriodPredicate& node, const ast::Expr& expr) {
  const auto* chained = std::get_if<ast::PeriodPredicate>(&node.left->node);
  if (chained == nullptr) return BindPeriod(node, *node.left, expr.range);
  BoundExprPtr first = Bind(*node.left);
  BoundExprPtr second = BindPeriod(node, *chained->right, expr.range);
  if (first == nullptr || second == nullptr) return nullptr;
  return Fold(state_, MakeAnd({std::move(first), std::move(second)}));
}

}  // namespace tailrace::sql
