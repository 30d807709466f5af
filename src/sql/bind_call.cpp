#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/bind_expr.h"
#include "sql/cast.h"
#include "sql/foreign_names.h"
#include "sql/functions/resolve.h"

// Calls: operators, functions, clocks, user functions; casts and constant folding.

namespace tailrace::sql {
namespace {

using data::Type;
using data::TypeKind;

struct ClockWord {
  std::string_view name;
  ClockKind kind;
  bool ascending;  // By the reference. CURRENT_TIMESTAMP and CURRENT_TIME are fixed when the query starts.
};
constexpr std::array<ClockWord, 6> kClockWords = {{
    {"CURRENT_TIMESTAMP", ClockKind::kTimestamp, false},
    {"LOCALTIMESTAMP", ClockKind::kTimestamp, true},
    {"CURRENT_TIME", ClockKind::kTime, false},
    {"LOCALTIME", ClockKind::kTime, true},
    {"CURRENT_DATE", ClockKind::kDate, true},
    {"CURRENT_ROW_TIMESTAMP", ClockKind::kRowTimestamp, true},
}};

const ClockWord* FindClock(std::string_view name) {
  const auto* found = std::ranges::find(kClockWords, name, &ClockWord::name);
  return found == kClockWords.end() ? nullptr : found;
}

constexpr std::array<std::string_view, 6> kTableFunctions = {"RANDOM_CUT_FOREST",
                                                             "RANDOM_CUT_FOREST_WITH_EXPLANATION",
                                                             "HOTSPOTS",
                                                             "COUNT_DISTINCT_ITEMS_TUMBLING",
                                                             "TOP_K_ITEMS_TUMBLING",
                                                             "GROUP_RANK"};

constexpr std::array<std::string_view, 8> kUnsupportedAnalytics = {
    "LEAD", "RANK", "DENSE_RANK", "ROW_NUMBER", "PERCENT_RANK", "CUME_DIST", "PERCENTILE_CONT", "PERCENTILE_DISC"};

Type ClockType(ClockKind kind) {
  switch (kind) {
    case ClockKind::kTime:
      return Type::Time();
    case ClockKind::kDate:
      return Type::Date();
    case ClockKind::kTimestamp:
    case ClockKind::kRowTimestamp:
      break;
  }
  return Type::Timestamp();
}

bool AllLiterals(const BoundExpr& expr) {
  const auto all = [](const std::vector<BoundExprPtr>& parts) {
    return std::ranges::all_of(parts, [](const BoundExprPtr& part) { return IsLiteral(*part); });
  };
  if (const auto* call = std::get_if<BoundCall>(&expr.node)) return all(call->args);
  if (const auto* conjunction = std::get_if<BoundAnd>(&expr.node)) return all(conjunction->args);
  if (const auto* disjunction = std::get_if<BoundOr>(&expr.node)) return all(disjunction->args);
  if (const auto* cast = std::get_if<BoundCast>(&expr.node)) return IsLiteral(*cast->operand);
  return false;
}

Monotonicity CastMonotonicity(const BoundExpr& operand, const Type& to) {
  if (operand.monotonicity == Monotonicity::kConstant) return Monotonicity::kConstant;
  return CastKeepsOrder(operand.type, to) ? operand.monotonicity : Monotonicity::kNone;
}

// An argument of a user function must have the declared type; lengths of text and digits of numbers may differ.
bool TakesArgument(const Type& parameter, const BoundExpr& arg) {
  if (arg.type.kind == TypeKind::kNull) return true;
  if (parameter.is_character()) return arg.type.is_character();
  if (parameter.is_binary()) return arg.type.is_binary();
  return parameter.kind == arg.type.kind;
}

bool TakesArguments(const ast::CreateFunction& function, const std::vector<BoundExprPtr>& args) {
  return std::ranges::equal(function.parameters, args, [](const auto& parameter, const BoundExprPtr& arg) {
    return TakesArgument(parameter.type.type, *arg);
  });
}

std::string TypeList(const std::vector<BoundExprPtr>& args) {
  std::vector<std::string> types;
  for (const BoundExprPtr& arg : args) types.push_back(arg->type.ToString());
  return Join(types, ", ");
}

// BoundAnd or BoundOr of conditions; null when one of them is null.
template <typename Node>
BoundExprPtr Joined(std::vector<BoundExprPtr> args) {
  if (std::ranges::count(args, nullptr) > 0) return nullptr;
  if (args.size() == 1) return args[0];
  SourceRange range = args[0]->range;
  bool can_fail = false;
  bool nullable = false;
  for (const BoundExprPtr& arg : args) {
    range = {std::min(range.begin, arg->range.begin), std::max(range.end, arg->range.end)};
    can_fail |= arg->can_fail;
    nullable |= arg->nullable;
  }
  return MakeExpr(BoundExpr{.node = Node{.args = std::move(args)},
                            .type = Type::Boolean(),
                            .nullable = nullable,
                            .can_fail = can_fail,
                            .range = range});
}

// What to write instead of an operator that does not take these types.
std::string HintOnTypes(std::string_view name, std::span<const BoundExprPtr> args) {
  const auto has = [&](auto&& test) {
    return std::ranges::any_of(args, [&](const BoundExprPtr& arg) { return test(arg->type); });
  };
  const bool datetime = has([](const Type& type) { return type.is_datetime(); });
  const bool text = has([](const Type& type) { return type.is_character(); });
  const bool number = has([](const Type& type) { return type.is_numeric(); });
  if (name == "||" && number) return "CAST(number AS VARCHAR(20)), or the option concat_accepts_numbers";
  if (name == "-" && datetime && args.size() == 2 && args[0]->type.kind == args[1]->type.kind) {
    return "(a - b) SECOND is an interval, TSDIFF(a, b) milliseconds";
  }
  if ((name == "+" || name == "-") && datetime && number) return "add an interval: INTERVAL '5' SECOND";
  if (name == "+" && text) return "|| joins texts";
  if (text && datetime) return "CAST(text AS TIMESTAMP), or CHAR_TO_TIMESTAMP(format, text) for other forms";
  if (text && number) return "CAST(text AS INTEGER), or a text in quotes on both sides";
  if (datetime && number) return "UNIX_TIMESTAMP(t) is milliseconds, TO_TIMESTAMP(n) a TIMESTAMP";
  return "";
}

// CHAR_TO_TIMESTAMP(text, 'yyyy-MM-dd'), as other dialects have it.
bool FormatStandsLast(std::string_view name, std::span<const BoundExprPtr> args) {
  if (!name.starts_with("CHAR_TO_") || args.size() != 2 || IsLiteral(*args[0])) return false;
  const data::Value* const last = LiteralValue(*args[1]);
  if (last == nullptr || !std::holds_alternative<std::string>(last->data)) return false;
  const std::string& text = last->text();
  return text.find("yy") != std::string::npos || text.find("HH") != std::string::npos;
}

// The value of an expression without columns if the clock stood at that time.
data::Value ConstantAt(const BindState& state, const BoundExpr& expr, int64_t unix_ms, RowErrors& errors) {
  const data::Batch one_row{.rowtimes = data::Column::MakeConstant(Type::Timestamp(), data::Value(unix_ms), 1)};
  const EvalContext context{
      .query_start_unix_ms = unix_ms, .now_unix_ms = unix_ms, .options = state.input.options.eval};
  return Evaluate(expr, one_row, context, errors)->ValueAt(0);
}

}  // namespace

BoundExprPtr MakeColumn(int index, const ColumnFacts& facts, SourceRange range) {
  return MakeExpr(BoundExpr{.node = BoundColumn{.index = index},
                            .type = facts.type,
                            .nullable = facts.nullable,
                            .monotonicity = facts.monotonicity,
                            .range = range});
}

BoundExprPtr MakeRowtime(SourceRange range) {
  return MakeExpr(BoundExpr{.node = BoundRowtime{},
                            .type = Type::Timestamp(),
                            .nullable = false,
                            .monotonicity = Monotonicity::kAscending,
                            .range = range});
}

BoundExprPtr MakeLiteral(Type type, data::Value value, SourceRange range) {
  const bool null = value.is_null();
  return MakeExpr(BoundExpr{.node = BoundLiteral{.value = std::move(value)},
                            .type = std::move(type),
                            .nullable = null,
                            .monotonicity = Monotonicity::kConstant,
                            .range = range});
}

bool IsLiteral(const BoundExpr& expr) { return std::holds_alternative<BoundLiteral>(expr.node); }

const data::Value* LiteralValue(const BoundExpr& expr) {
  const auto* literal = std::get_if<BoundLiteral>(&expr.node);
  return literal == nullptr ? nullptr : &literal->value;
}

BoundExprPtr CastTo(BindState& state, BoundExprPtr expr, const Type& type, bool implicit) {
  if (expr->type == type) return expr;
  const data::Value* literal = LiteralValue(*expr);
  if (expr->type.kind == TypeKind::kNull || (literal != nullptr && literal->is_null())) {
    return MakeLiteral(type, data::Value(), expr->range);
  }
  const bool can_fail = expr->can_fail || CastCanFail(expr->type, type, implicit);
  const Monotonicity monotonicity = CastMonotonicity(*expr, type);
  const bool nullable = expr->nullable;
  const SourceRange range = expr->range;
  return Fold(state, MakeExpr(BoundExpr{.node = BoundCast{.operand = std::move(expr), .implicit = implicit},
                                        .type = type,
                                        .nullable = nullable,
                                        .can_fail = can_fail,
                                        .monotonicity = monotonicity,
                                        .range = range}));
}

BoundExprPtr Fold(BindState& state, BoundExprPtr expr) {
  if (!AllLiterals(*expr) || expr->type.kind == TypeKind::kRow || expr->type.kind == TypeKind::kNull) return expr;
  // The clock places two-digit years and dates a TIME; what differs a century later is left to the run.
  constexpr int64_t kCenturyMs = int64_t{36'525} * 86'400'000;
  RowErrors errors;
  RowErrors later_errors;
  const data::Value value = ConstantAt(state, *expr, 0, errors);
  const data::Value later_value = ConstantAt(state, *expr, kCenturyMs, later_errors);
  if (errors.empty() != later_errors.empty() || value != later_value) return expr;
  if (errors.empty()) return MakeLiteral(expr->type, value, expr->range);
  // Fails for every row, at run time as the dialect wants it; nobody means that.
  state.Warn(expr->range, StrCat("this fails for every row: ", errors.entries()[0].message));
  return expr;
}

BoundExprPtr MakeAnd(std::vector<BoundExprPtr> args) { return Joined<BoundAnd>(std::move(args)); }

BoundExprPtr MakeOr(std::vector<BoundExprPtr> args) { return Joined<BoundOr>(std::move(args)); }

BoundExprPtr ExprBinder::Operator(std::string_view name, std::vector<BoundExprPtr> args, SourceRange range) {
  const FunctionDef* function = state_.functions.Find(name);
  TAILRACE_CHECK(function != nullptr);
  ast::Call call;
  call.name.name = std::string(name);
  return Resolve(*function, call, std::move(args), range);
}

BoundExprPtr ExprBinder::Equal(BoundExprPtr left, BoundExprPtr right, SourceRange range) {
  return Operator("=", {std::move(left), std::move(right)}, range);
}

BoundExprPtr ExprBinder::Resolve(const FunctionDef& function, const ast::Call& call, std::vector<BoundExprPtr> args,
                                 SourceRange range) {
  std::vector<ArgInfo> infos;
  for (const BoundExprPtr& arg : args) {
    infos.push_back({.type = arg->type, .constant = LiteralValue(*arg), .monotonicity = arg->monotonicity});
  }
  Result<Resolution> resolved = function.resolve(infos, call);
  if (!resolved.ok()) {
    state_.Error(range, resolved.error().message, HintOnTypes(function.name, args));
    return nullptr;
  }
  if (FormatStandsLast(function.name, args)) {
    state_.Warn(range, StrCat(function.name, " takes the format first, then the text"), "turn the two round");
  }
  Resolution resolution = std::move(resolved).value();
  bool can_fail = resolution.can_fail;
  for (size_t index = 0; index < args.size(); ++index) {
    args[index] = CastTo(state_, std::move(args[index]), resolution.arg_types[index], true);
    can_fail |= args[index]->can_fail;
  }
  return Fold(state_, MakeExpr(BoundExpr{.node = BoundCall{.name = function.name.c_str(),
                                                           .kernel = resolution.kernel,
                                                           .args = std::move(args),
                                                           .prepared = std::move(resolution.prepared),
                                                           .unit = call.unit},
                                         .type = std::move(resolution.result),
                                         .nullable = resolution.nullable,
                                         .can_fail = can_fail,
                                         .monotonicity = resolution.monotonicity,
                                         .range = range}));
}

BoundExprPtr ExprBinder::BindNode(const ast::Call& node, const ast::Expr& expr) {
  const std::string_view name = node.name.name;
  if (const ClockWord* clock = FindClock(name); clock != nullptr && node.over == nullptr) {
    return BindClock(node, clock->kind, expr);
  }
  if (name == "MONOTONIC") return BindMonotonic(node, expr);
  if (const auto user = state_.user_functions.find(name); user != state_.user_functions.end()) {
    return BindUserCall(node, user->second, expr);
  }
  if (const std::optional<AggregateKind> kind = FindAggregate(name)) return BindAggregateCall(node, *kind, expr);
  return BindScalarCall(node, expr);
}

BoundExprPtr ExprBinder::BindClock(const ast::Call& node, ClockKind kind, const ast::Expr& expr) {
  if (node.args.size() > 1) {
    state_.Error(expr.range, StrCat(node.name.name, " takes a precision at most"));
    return nullptr;
  }
  if (!node.args.empty()) {
    const auto* precision = std::get_if<ast::Literal>(&node.args[0]->node);
    if (precision == nullptr || !precision->type.is_integer() || precision->value.is_null() ||
        precision->value.int64() < 0 || precision->value.int64() > 3) {
      state_.Error(node.args[0]->range, StrCat("the precision of ", node.name.name, " is a number from 0 to 3"));
      return nullptr;
    }
  }
  const bool per_row = state_.input.options.eval.current_timestamp_per_row;
  const bool ascending = FindClock(node.name.name)->ascending || (per_row && kind == ClockKind::kTimestamp);
  return MakeExpr(BoundExpr{.node = BoundClock{.kind = kind},
                            .type = ClockType(kind),
                            .nullable = false,
                            .monotonicity = ascending ? Monotonicity::kAscending : Monotonicity::kConstant,
                            .range = expr.range});
}

BoundExprPtr ExprBinder::BindMonotonic(const ast::Call& node, const ast::Expr& expr) {
  if (node.args.size() != 1 || node.over != nullptr) {
    state_.Error(expr.range, "MONOTONIC takes one expression");
    return nullptr;
  }
  const BoundExprPtr operand = Bind(*node.args[0]);
  if (operand == nullptr) return nullptr;
  if (operand->monotonicity == Monotonicity::kAscending || IsLiteral(*operand)) return operand;
  BoundExpr asserted = *operand;
  asserted.monotonicity = Monotonicity::kAscending;
  return MakeExpr(std::move(asserted));
}

BoundExprPtr ExprBinder::BindAggregateCall(const ast::Call& node, AggregateKind kind, const ast::Expr& expr) {
  if (!place_.aggregate.empty()) {
    state_.Error(expr.range, StrCat(node.name.name, " inside ", place_.aggregate, ": aggregates may not be nested"),
                 "compute the inner one in a subquery");
    return nullptr;
  }
  ExprPlace inside = place_;
  inside.grouping = nullptr;
  inside.windowing = nullptr;
  inside.marks = nullptr;
  inside.aggregate = node.name.name;
  inside.clause = node.name.name;
  if (place_.grouping != nullptr) inside.scope = place_.grouping->input;
  if (node.over != nullptr) {
    if (place_.windowing == nullptr) {
      const bool grouped = place_.grouping != nullptr;
      state_.Error(expr.range,
                   StrCat(node.name.name, " OVER may not stand in ", grouped ? "a query with GROUP BY" : place_.clause),
                   grouped ? "group in a subquery and use OVER outside" : "use OVER in a subquery and test its result");
      return nullptr;
    }
    Windowing& windowing = *place_.windowing;
    const int window = BindOver(state_, *node.over, windowing, inside);
    std::optional<BoundAggregate> bound = BindAggregate(state_, node, kind, inside, true, expr.range);
    if (window < 0 || !bound.has_value()) return nullptr;
    if (kind == AggregateKind::kExpAvg && windowing.frames[static_cast<size_t>(window)].order_by != nullptr) {
      state_.Error(expr.range, "EXP_AVG weighs rows by ROWTIME, this window goes by its ORDER BY",
                   "leave ORDER BY out");
      return nullptr;
    }
    bound->call.window = window;
    const int index = windowing.first_column + static_cast<int>(windowing.calls.size());
    windowing.calls.push_back(std::move(bound->call));
    windowing.call_facts.push_back(bound->facts);
    return MakeColumn(index, bound->facts, expr.range);
  }
  if (place_.grouping == nullptr) {
    state_.Error(expr.range, StrCat(node.name.name, " may not stand in ", place_.clause, " without OVER"),
                 place_.clause == "WHERE" ? "HAVING tests groups" : "");
    return nullptr;
  }
  Grouping& grouping = *place_.grouping;
  for (size_t index = 0; index < grouping.call_texts.size(); ++index) {
    if (SameMeaning(*grouping.call_texts[index], expr, *grouping.input)) {
      return MakeColumn(static_cast<int>(grouping.keys.size() + index), grouping.call_facts[index], expr.range);
    }
  }
  std::optional<BoundAggregate> bound = BindAggregate(state_, node, kind, inside, false, expr.range);
  if (!bound.has_value()) return nullptr;
  const int index = static_cast<int>(grouping.keys.size() + grouping.calls.size());
  grouping.call_texts.push_back(&expr);
  grouping.calls.push_back(std::move(bound->call));
  grouping.call_facts.push_back(bound->facts);
  return MakeColumn(index, bound->facts, expr.range);
}

BoundExprPtr ExprBinder::BindScalarCall(const ast::Call& node, const ast::Expr& expr) {
  const std::string_view name = node.name.name;
  const FunctionDef* function = state_.functions.Find(name);
  if (function == nullptr) return UnknownFunction(node, expr);
  if (node.over != nullptr) {
    state_.Error(expr.range, StrCat(name, " is no aggregate, OVER does not go with it"));
    return nullptr;
  }
  if (node.star || node.distinct) {
    state_.Error(expr.range, StrCat(name, " takes neither * nor DISTINCT"), StrCat("it is written ", function->syntax));
    return nullptr;
  }
  std::vector<const ast::Expr*> parts;
  for (const ast::ExprPtr& arg : node.args) parts.push_back(arg.get());
  std::vector<BoundExprPtr> args;
  if (!BindAll(parts, args)) return nullptr;
  const auto count = static_cast<int>(args.size());
  if (count < function->args_min || count > function->args_max) {
    state_.Error(expr.range,
                 StrCat(name, " has ", count, count == 1 ? " argument, " : " arguments, ",
                        count < function->args_min ? "too few" : "too many"),
                 StrCat("it is written ", function->syntax));
    return nullptr;
  }
  return Resolve(*function, node, std::move(args), expr.range);
}

BoundExprPtr ExprBinder::UnknownFunction(const ast::Call& node, const ast::Expr& expr) {
  const std::string_view name = node.name.name;
  if (state_.faulty_names.contains(name)) return nullptr;
  if (std::ranges::find(kTableFunctions, name) != kTableFunctions.end()) {
    state_.Error(expr.range, StrCat(name, " is a table function"), StrCat("write FROM TABLE(", name, "(CURSOR(...)))"));
    return nullptr;
  }
  if (std::ranges::find(kUnsupportedAnalytics, name) != kUnsupportedAnalytics.end()) {
    state_.Error(expr.range, StrCat(name, " is not offered on streams"),
                 name == "LEAD" ? "LAG looks back" : "GROUP_RANK ranks the rows of one window");
    return nullptr;
  }
  if (const auto later = state_.later_names.find(name); later != state_.later_names.end()) {
    state_.Error(node.name.range, StrCat("function ", name, " is created further down"), "move its CREATE FUNCTION up");
    return nullptr;
  }
  if (state_.Silent()) return nullptr;
  std::vector<std::string> names = {"MONOTONIC", "COUNT",       "SUM",         "AVG",     "MIN",
                                    "MAX",       "FIRST_VALUE", "LAST_VALUE",  "LAG",     "NTH_VALUE",
                                    "EXP_AVG",   "STDDEV_POP",  "STDDEV_SAMP", "VAR_POP", "VAR_SAMP"};
  for (const auto& [known, function] : state_.functions.all()) names.push_back(known);
  for (const auto& [known, overloads] : state_.user_functions) names.push_back(known);
  Suggestion suggestion = Suggest(name, names, node.name.range, NameKind::kFunction);
  if (const std::string_view hint = ForeignFunctionHint(name); !hint.empty()) suggestion = {std::string(hint), {}};
  state_.Error(node.name.range.end > node.name.range.begin ? node.name.range : expr.range,
               StrCat("there is no function ", name), std::move(suggestion.hint), std::move(suggestion.fixes));
  return nullptr;
}

BoundExprPtr ExprBinder::BindUserCall(const ast::Call& node, const std::vector<UserFunction>& overloads,
                                      const ast::Expr& expr) {
  std::vector<const ast::Expr*> parts;
  for (const ast::ExprPtr& arg : node.args) parts.push_back(arg.get());
  std::vector<BoundExprPtr> args;
  if (!BindAll(parts, args)) return nullptr;
  if (node.over != nullptr || node.star || node.distinct) {
    state_.Error(expr.range, StrCat(node.name.name, " is no aggregate"));
    return nullptr;
  }
  for (const UserFunction& overload : overloads) {
    if (!TakesArguments(*overload.definition, args)) continue;
    if (overload.faulty) return nullptr;
    std::vector<ParameterValue> parameters;
    for (size_t index = 0; index < args.size(); ++index) {
      const ast::ColumnDefinition& parameter = overload.definition->parameters[index];
      parameters.push_back(
          {.name = parameter.name.name, .value = CastTo(state_, std::move(args[index]), parameter.type.type, true)});
    }
    const Muted muted(state_);
    return BindFunctionBody(state_, *overload.definition, parameters);
  }
  std::vector<std::string> signatures;
  for (const UserFunction& overload : overloads) signatures.push_back(Signature(*overload.definition));
  state_.Error(expr.range, StrCat("no ", WrittenName(node.name.name), " takes (", TypeList(args), ")"),
               StrCat("there is ", Join(signatures, ", "), "; types must be the same, CAST the arguments"));
  return nullptr;
}

BoundExprPtr BindFunctionBody(BindState& state, const ast::CreateFunction& definition,
                              const std::vector<ParameterValue>& parameters) {
  const Type& returns = definition.returns.type;
  ExprPlace place{.clause = "the body of a function", .parameters = &parameters};
  ExprBinder binder(state, place);
  BoundExprPtr body = binder.Bind(*definition.body);
  if (body == nullptr) return nullptr;
  if (!CanAssign(body->type, returns)) {
    state.Error(definition.body->range,
                StrCat("the body gives ", body->type.ToString(), ", RETURNS says ", returns.ToString()));
    return nullptr;
  }
  body = CastTo(state, std::move(body), returns, true);
  if (!definition.null_on_null_input || parameters.empty()) return body;
  return binder.NullOnNullInput(std::move(body), parameters);
}

BoundExprPtr ExprBinder::NullOnNullInput(BoundExprPtr body, const std::vector<ParameterValue>& parameters) {
  std::vector<BoundExprPtr> tests;
  for (const ParameterValue& parameter : parameters) {
    tests.push_back(Operator("IS NULL", {parameter.value}, parameter.value->range));
  }
  const SourceRange range = body->range;
  const Type type = body->type;
  const bool can_fail = body->can_fail || std::ranges::any_of(tests, [](const auto& test) { return test->can_fail; });
  std::vector<std::pair<BoundExprPtr, BoundExprPtr>> whens;
  whens.emplace_back(MakeOr(std::move(tests)), MakeLiteral(type, data::Value(), range));
  return MakeExpr(BoundExpr{.node = BoundCase{.whens = std::move(whens), .otherwise = std::move(body)},
                            .type = type,
                            .can_fail = can_fail,
                            .range = range});
}

std::string Signature(const ast::CreateFunction& definition) {
  std::vector<std::string> types;
  for (const ast::ColumnDefinition& parameter : definition.parameters) types.push_back(parameter.type.type.ToString());
  return StrCat(WrittenName(definition.name.name), "(", Join(types, ", "), ")");
}

}  // namespace tailrace::sql
