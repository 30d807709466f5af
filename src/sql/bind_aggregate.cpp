#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/bind_expr.h"
#include "sql/cast.h"
#include "sql/function_documents.h"

// Aggregates and analytic functions: arguments and result types. Source: docs/sql-dialect.md, sections 6.6 and 6.7.

namespace tailrace::sql {
namespace {

using data::Type;
using data::TypeKind;
using Kind = AggregateKind;

struct AggregateWord {
  std::string_view name;
  Kind kind;
  std::string_view syntax;
  std::string_view summary;
};
constexpr std::array<AggregateWord, 18> kAggregateWords = {{
    {"COUNT", Kind::kCount, "COUNT(*), COUNT([DISTINCT] x)",
     "How many rows, or how many values of x that are not NULL; BIGINT."},
    {"SUM", Kind::kSum, "SUM([DISTINCT] x)",
     "Their sum. Integers add up to BIGINT; leaving its range is an error of the row."},
    {"AVG", Kind::kAvg, "AVG([DISTINCT] x)", "Their mean, of the type of x: for integers the fraction is dropped."},
    {"MIN", Kind::kMin, "MIN(x)", "The least value: numbers, text, datetimes, intervals, booleans."},
    {"MAX", Kind::kMax, "MAX(x)", "The greatest value, of the same types."},
    {"STDDEV_POP", Kind::kStddevPop, "STDDEV_POP([DISTINCT] x)", "Standard deviation of the whole; DOUBLE."},
    {"STDDEV_SAMP", Kind::kStddevSamp, "STDDEV_SAMP([DISTINCT] x)",
     "Standard deviation of a sample; NULL for fewer than two values."},
    {"STDDEV", Kind::kStddevSamp, "STDDEV([DISTINCT] x)", "STDDEV_SAMP."},
    {"STD_DEV", Kind::kStddevSamp, "STD_DEV([DISTINCT] x)", "STDDEV_SAMP."},
    {"VAR_POP", Kind::kVarPop, "VAR_POP([DISTINCT] x)", "Variance of the whole; DOUBLE."},
    {"VAR_SAMP", Kind::kVarSamp, "VAR_SAMP([DISTINCT] x)", "Variance of a sample; NULL for fewer than two values."},
    {"ANY", Kind::kAny, "ANY(condition)", "Whether it is TRUE for some row."},
    {"EVERY", Kind::kEvery, "EVERY(condition)", "Whether it is TRUE for all rows where it is not NULL."},
    {"FIRST_VALUE", Kind::kFirstValue, "FIRST_VALUE(x) [RESPECT NULLS | IGNORE NULLS]",
     "x of the oldest row of the group or window."},
    {"LAST_VALUE", Kind::kLastValue, "LAST_VALUE(x) [RESPECT NULLS | IGNORE NULLS]",
     "x of the newest row of the group or window."},
    {"NTH_VALUE", Kind::kNthValue, "NTH_VALUE(x, n) [FROM FIRST | FROM LAST] [RESPECT NULLS | IGNORE NULLS] OVER w",
     "x of the n-th row of the window; NULL when it has fewer. Only with OVER."},
    {"LAG", Kind::kLag, "LAG(x [, n [, default]]) [RESPECT NULLS | IGNORE NULLS] OVER w",
     "x of the row n (1) before this one in the window, else the default. Only with OVER."},
    {"EXP_AVG", Kind::kExpAvg, "EXP_AVG(x, half_life) OVER w",
     "Mean in which a row's weight halves with every half_life of its age. Only with OVER."},
}};

bool NeedsOver(Kind kind) { return kind == Kind::kNthValue || kind == Kind::kLag || kind == Kind::kExpAvg; }

bool TakesNullTreatment(Kind kind) {
  return kind == Kind::kFirstValue || kind == Kind::kLastValue || kind == Kind::kNthValue || kind == Kind::kLag;
}

bool TakesDistinct(Kind kind) { return kind >= Kind::kCount && kind <= Kind::kVarSamp; }

struct ArgumentCount {
  size_t least;
  size_t most;
};
ArgumentCount CountOf(Kind kind) {
  switch (kind) {
    case Kind::kLag:
      return {1, 3};
    case Kind::kNthValue:
    case Kind::kExpAvg:
      return {2, 2};
    default:
      return {1, 1};
  }
}

// Result type for the first argument's type; nothing when the aggregate does not take it.
std::optional<Type> ResultOf(Kind kind, const Type& type) {
  const bool numeric = type.is_numeric() || type.kind == TypeKind::kNull;
  switch (kind) {
    case Kind::kCountStar:
    case Kind::kCount:
      return Type::Bigint();
    case Kind::kSum:
      if (!numeric) return std::nullopt;
      // The documented type is the argument's. A sum of integers keeps the range of its accumulator: what fits the
      // narrower type comes out the same, what does not is no error.
      if (type.is_integer() || type.kind == TypeKind::kNull) return Type::Bigint();
      if (type.kind == TypeKind::kDecimal) return Type::Decimal(std::max(type.precision, 18), type.scale);
      return type;
    case Kind::kAvg:
      if (!numeric) return std::nullopt;
      return type.kind == TypeKind::kNull ? Type::Double() : type;
    case Kind::kStddevPop:
    case Kind::kStddevSamp:
    case Kind::kVarPop:
    case Kind::kVarSamp:
    case Kind::kExpAvg:
      return numeric ? std::optional(Type::Double()) : std::nullopt;
    case Kind::kMin:
    case Kind::kMax:
      if (type.kind == TypeKind::kRow || type.is_binary()) return std::nullopt;
      return type.kind == TypeKind::kNull ? Type::Varchar(1) : type;
    case Kind::kAny:
    case Kind::kEvery:
      if (type.kind != TypeKind::kBoolean && type.kind != TypeKind::kNull) return std::nullopt;
      return Type::Boolean();
    case Kind::kFirstValue:
    case Kind::kLastValue:
    case Kind::kNthValue:
    case Kind::kLag:
      if (type.kind == TypeKind::kRow) return std::nullopt;
      return type.kind == TypeKind::kNull ? Type::Varchar(1) : type;
  }
  return std::nullopt;
}

// The second and third argument of LAG, NTH_VALUE and EXP_AVG.
bool BindFurtherArguments(BindState& state, const ast::Call& node, Kind kind, AggregateCall& call) {
  if (call.args.size() < 2) return true;
  const BoundExpr& second = *call.args[1];
  if (kind == Kind::kExpAvg) {
    if (second.type.is_interval() && !second.type.is_year_month()) return true;
    state.Error(node.args[1]->range,
                StrCat("the half-life of EXP_AVG is an interval, this is ", second.type.ToString()),
                "for example INTERVAL '10' SECOND");
    return false;
  }
  if (!second.type.is_integer()) {
    state.Error(node.args[1]->range, StrCat("the second argument of ", node.name.name, " is a number of rows, this is ",
                                            second.type.ToString()));
    return false;
  }
  const int64_t least = kind == Kind::kNthValue ? 1 : 0;
  if (const data::Value* rows = LiteralValue(second); rows != nullptr && (rows->is_null() || rows->int64() < least)) {
    state.Error(node.args[1]->range, StrCat("the second argument of ", node.name.name, " is ", least, " or more"));
    return false;
  }
  call.args[1] = CastTo(state, call.args[1], Type::Bigint(), true);
  if (call.args.size() < 3) return true;
  if (!CanAssign(call.args[2]->type, call.result) || call.args[2]->type.is_character() != call.result.is_character()) {
    if (call.args[2]->type.kind != TypeKind::kNull) {
      state.Error(node.args[2]->range, StrCat("the default of LAG is ", call.args[2]->type.ToString(),
                                              ", the value is ", call.result.ToString()));
      return false;
    }
  }
  call.args[2] = CastTo(state, call.args[2], call.result, true);
  return true;
}

bool CheckForm(BindState& state, const ast::Call& node, Kind kind, bool over, SourceRange range) {
  const std::string& name = node.name.name;
  if (node.star && kind != Kind::kCount) {
    state.Error(range, StrCat(name, "(*) means nothing, only COUNT takes *"));
    return false;
  }
  if (NeedsOver(kind) && !over) {
    state.Error(range, StrCat(name, " needs OVER"), StrCat(name, "(...) OVER (RANGE INTERVAL '1' MINUTE PRECEDING)"));
    return false;
  }
  if (node.distinct && !TakesDistinct(kind)) {
    state.Error(range, StrCat("DISTINCT does not go with ", name));
    return false;
  }
  if (node.nulls != ast::NullTreatment::kDefault && !TakesNullTreatment(kind)) {
    state.Error(range, StrCat("RESPECT NULLS and IGNORE NULLS do not go with ", name));
    return false;
  }
  const ArgumentCount count = CountOf(kind);
  const size_t given = node.args.size();
  if (!node.star && (given < count.least || given > count.most)) {
    state.Error(range, StrCat(name, " has ", given, given == 1 ? " argument, " : " arguments, ",
                              given < count.least ? "too few" : "too many"));
    return false;
  }
  return true;
}

}  // namespace

std::vector<FunctionDocument> AggregateDocuments() {
  std::vector<FunctionDocument> documents;
  for (const AggregateWord& word : kAggregateWords) {
    documents.push_back({.name = std::string(word.name),
                         .family = "aggregate",
                         .syntax = std::string(word.syntax),
                         .summary = std::string(word.summary)});
  }
  return documents;
}

std::optional<AggregateKind> FindAggregate(std::string_view name) {
  const auto* found = std::ranges::find(kAggregateWords, name, &AggregateWord::name);
  if (found == kAggregateWords.end()) return std::nullopt;
  return found->kind;
}

std::optional<BoundAggregate> BindAggregate(BindState& state, const ast::Call& node, AggregateKind kind,
                                            const ExprPlace& place, bool over, SourceRange range) {
  if (!CheckForm(state, node, kind, over, range)) return std::nullopt;
  BoundAggregate bound;
  bound.call.kind = node.star ? Kind::kCountStar : kind;
  bound.call.distinct = node.distinct;
  bound.call.ignore_nulls = node.nulls == ast::NullTreatment::kIgnore;
  bound.call.from_last = node.from_last;
  ExprBinder binder(state, place);
  for (const ast::ExprPtr& arg : node.args) bound.call.args.push_back(binder.Bind(*arg));
  if (std::ranges::count(bound.call.args, nullptr) > 0) return std::nullopt;
  const bool counts_rows = node.star;
  const Type argument = counts_rows ? Type::Null() : bound.call.args[0]->type;
  const std::optional<Type> result = ResultOf(bound.call.kind, argument);
  if (!result.has_value()) {
    state.Error(node.args[0]->range, StrCat(node.name.name, " does not take ", argument.ToString()),
                argument.is_character() ? "CAST it to a number" : "");
    return std::nullopt;
  }
  bound.call.result = *result;
  if (!counts_rows && argument.kind == TypeKind::kNull) {
    bound.call.args[0] = CastTo(state, bound.call.args[0], kind == Kind::kCount ? Type::Varchar(1) : *result, true);
  }
  if (!BindFurtherArguments(state, node, kind, bound.call)) return std::nullopt;
  ColumnFacts& facts = bound.facts;
  facts.type = *result;
  const bool count = bound.call.kind == Kind::kCountStar || bound.call.kind == Kind::kCount;
  facts.nullable = !count;
  facts.counts_own_row = count && (counts_rows || !bound.call.args[0]->nullable);
  facts.integer_average = kind == Kind::kAvg && result->is_integer();
  facts.range = range;
  return bound;
}

}  // namespace tailrace::sql
