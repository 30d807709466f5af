#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/keywords.h"
#include "sql/parser_rules.h"

namespace tailrace::sql {
namespace {

using ast::ExprPtr;

constexpr std::array<std::string_view, 6> kUnits = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"};

}  // namespace

// A function call, a special form, or a column.
ExprPtr ParserRules::CallOrName() {
  const Token& word = Peek();
  const bool called = Peek(1).IsSymbol("(");
  if (word.kind == TokenKind::kQuotedName) return called ? PlainCall() : ColumnName();
  if (called) {
    struct SpecialForm {
      std::string_view word;
      ExprPtr (ParserRules::*parse)();
    };
    static constexpr SpecialForm kForms[] = {
        {"CAST", &ParserRules::CastCall},           {"EXTRACT", &ParserRules::ExtractCall},
        {"FLOOR", &ParserRules::RoundCall},         {"CEIL", &ParserRules::RoundCall},
        {"CEILING", &ParserRules::RoundCall},       {"STEP", &ParserRules::StepCall},
        {"SUBSTRING", &ParserRules::SubstringCall}, {"OVERLAY", &ParserRules::OverlayCall},
        {"POSITION", &ParserRules::PositionCall},   {"TRIM", &ParserRules::TrimCall},
        {"CURSOR", &ParserRules::CursorCall},       {"EXISTS", &ParserRules::ExistsCall},
        {"PERIOD", &ParserRules::PeriodCall},
    };
    for (const SpecialForm& form : kForms) {
      if (word.text == form.word) return (this->*form.parse)();
    }
  }
  static constexpr std::array<std::string_view, 6> kClocks = {
      "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_ROW_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"};
  if (IsOneOf(kClocks) && !Peek(1).IsSymbol(".")) return ClockCall();
  if (IsStructural(word.text)) {
    FailExpected("an expression");
    return nullptr;
  }
  return called ? PlainCall() : ColumnName();
}

ast::Call ParserRules::BeginCall() {
  ast::Call call;
  call.name = ToIdentifier(Next());
  ExpectSymbol("(");
  return call;
}

ExprPtr ParserRules::FinishCall(ast::Call call, uint32_t begin) {
  CallSuffix(call);
  int depth = Depth(call.args);
  if (call.over != nullptr && call.over->spec != nullptr) {
    const ast::WindowSpec& spec = *call.over->spec;
    depth = std::max({depth, Depth(spec.partition_by), Depth(spec.start.offset), Depth(spec.end.offset)});
    for (const ast::OrderItem& item : spec.order_by) depth = std::max(depth, Depth(item.expr));
  }
  return Make(std::move(call), begin, depth);
}

ExprPtr ParserRules::PlainCall() {
  const uint32_t begin = Begin();
  ast::Call call = BeginCall();
  CallArguments(call);
  ExpectSymbol(")");
  return FinishCall(std::move(call), begin);
}

void ParserRules::CallArguments(ast::Call& call) {
  if (IsSymbol(")")) return;
  if (AcceptSymbol("*")) {
    call.star = true;
    return;
  }
  if (Accept("DISTINCT")) {
    call.distinct = true;
  } else {
    Accept("ALL");
  }
  if (Is("SELECT")) {
    return Fail(Peek().range, "a query as an argument needs CURSOR(..)", "write CURSOR(SELECT STREAM ..)");
  }
  call.args = ExpressionList();
}

void ParserRules::CallSuffix(ast::Call& call) {
  if (Is("FROM") && call.name.name == "NTH_VALUE" && (Peek(1).IsWord("FIRST") || Peek(1).IsWord("LAST"))) {
    Next();
    call.from_last = Next().text == "LAST";
  }
  if ((Is("RESPECT") || Is("IGNORE")) && Peek(1).IsWord("NULLS")) {
    call.nulls = Next().text == "IGNORE" ? ast::NullTreatment::kIgnore : ast::NullTreatment::kRespect;
    Next();
  }
  if (Is("FILTER") && Peek(1).IsSymbol("(")) {
    Fail(Peek().range, "FILTER is not part of the dialect", "write CASE WHEN .. THEN .. END inside the aggregate");
  }
  if (Is("WITHIN") && Peek(1).IsWord("GROUP")) Fail(Peek().range, "WITHIN GROUP is not part of the dialect");
  if (Accept("OVER")) call.over = WindowReference();
}

ExprPtr ParserRules::CastCall() {
  const uint32_t begin = Begin();
  BeginCall();
  ast::Cast cast;
  cast.operand = Expression();
  if (Expect("AS")) cast.type = TypeName(IntervalTypes::kAccept);
  ExpectSymbol(")");
  const int depth = Depth(cast.operand);
  return Make(std::move(cast), begin, depth);
}

std::optional<data::IntervalField> ParserRules::UnitWord() {
  const std::string_view word = ExpectOneOf(kUnits, "YEAR, MONTH, DAY, HOUR, MINUTE or SECOND");
  if (word.empty()) return std::nullopt;
  return static_cast<data::IntervalField>(std::ranges::find(kUnits, word) - kUnits.begin());
}

ExprPtr ParserRules::ExtractCall() {
  const uint32_t begin = Begin();
  ast::Call call = BeginCall();
  call.unit = UnitWord();
  if (Expect("FROM")) call.args.push_back(Expression());
  ExpectSymbol(")");
  return FinishCall(std::move(call), begin);
}

// FLOOR(x), FLOOR(x TO unit) and the same with CEIL and CEILING.
ExprPtr ParserRules::RoundCall() {
  const uint32_t begin = Begin();
  ast::Call call = BeginCall();
  call.args.push_back(Expression());
  if (Accept("TO")) {
    call.name.name = call.name.name == "FLOOR" ? "FLOOR_TO" : "CEIL_TO";
    call.unit = UnitWord();
  }
  ExpectSymbol(")");
  return FinishCall(std::move(call), begin);
}

ExprPtr ParserRules::StepCall() {
  const uint32_t begin = Begin();
  ast::Call call = BeginCall();
  call.args.push_back(Expression());
  if (Expect("BY")) call.args.push_back(Expression());
  ExpectSymbol(")");
  return FinishCall(std::move(call), begin);
}

ExprPtr ParserRules::SubstringCall() {
  const Nesting nesting(*this);
  if (failed_) return nullptr;
  const uint32_t begin = Begin();
  ast::Call call = BeginCall();
  call.args.push_back(Expression());
  if (Accept("FROM")) {
    call.name.name = "SUBSTRING_FROM";
    call.args.push_back(Expression());
    if (Accept("FOR")) call.args.push_back(Expression());
  } else if (Accept("SIMILAR")) {
    call.name.name = "SUBSTRING_SIMILAR";
    call.args.push_back(Concatenation());
    if (Expect("ESCAPE")) call.args.push_back(Expression());
  } else if (AcceptSymbol(",")) {
    for (ExprPtr& argument : ExpressionList()) call.args.push_back(std::move(argument));
  } else {
    FailExpected("FROM, SIMILAR or ',' in SUBSTRING");
  }
  ExpectSymbol(")");
  return FinishCall(std::move(call), begin);
}

ExprPtr ParserRules::OverlayCall() {
  const uint32_t begin = Begin();
  ast::Call call = BeginCall();
  call.args.push_back(Expression());
  if (Expect("PLACING")) call.args.push_back(Expression());
  if (Expect("FROM")) call.args.push_back(Expression());
  if (Accept("FOR")) call.args.push_back(Expression());
  ExpectSymbol(")");
  return FinishCall(std::move(call), begin);
}

ExprPtr ParserRules::PositionCall() {
  const Nesting nesting(*this);
  if (failed_) return nullptr;
  const uint32_t begin = Begin();
  ast::Call call = BeginCall();
  call.args.push_back(Concatenation());
  if (Expect("IN")) call.args.push_back(Concatenation());
  ExpectSymbol(")");
  return FinishCall(std::move(call), begin);
}

ExprPtr ParserRules::TrimCall() {
  const uint32_t begin = Begin();
  ast::Call call = BeginCall();
  const bool sided = Is("LEADING") || Is("TRAILING") || Is("BOTH");
  if (sided) {
    const std::string& side = Next().text;
    call.trim = side == "LEADING"    ? ast::TrimSide::kLeading
                : side == "TRAILING" ? ast::TrimSide::kTrailing
                                     : ast::TrimSide::kBoth;
  }
  ExprPtr first;
  if (!Is("FROM")) first = Expression();
  if (sided && !Is("FROM")) Expect("FROM");
  if (Accept("FROM")) call.args.push_back(Expression());
  if (first != nullptr) call.args.push_back(std::move(first));
  ExpectSymbol(")");
  return FinishCall(std::move(call), begin);
}

ExprPtr ParserRules::CursorCall() {
  const uint32_t begin = Begin();
  BeginCall();
  ast::QueryPtr query = Query();
  ExpectSymbol(")");
  return Make(ast::Cursor{std::move(query)}, begin, last_query_depth_);
}

ExprPtr ParserRules::ExistsCall() {
  const uint32_t begin = Begin();
  BeginCall();
  ast::QueryPtr query = Query();
  ExpectSymbol(")");
  return Make(ast::ExistsQuery{std::move(query)}, begin, last_query_depth_);
}

ExprPtr ParserRules::PeriodCall() {
  const uint32_t begin = Begin();
  Next();
  ExprPtr period = Parenthesised();
  if (period != nullptr) {
    if (!std::holds_alternative<ast::RowValue>(period->node)) Fail(period->range, "PERIOD needs a start and an end");
    period->range = RangeFrom(begin);
  }
  return period;
}

ExprPtr ParserRules::ClockCall() {
  const uint32_t begin = Begin();
  ast::Call call;
  call.name = ToIdentifier(Next());
  if (AcceptSymbol("(")) {
    if (!IsSymbol(")")) call.args.push_back(Expression());
    ExpectSymbol(")");
  }
  const int depth = Depth(call.args);
  return Make(std::move(call), begin, depth);
}

// {d '...'}, {t '...'}, {ts '...'}, {fn call}
ExprPtr ParserRules::OdbcEscape() {
  static constexpr std::array<std::string_view, 4> kKinds = {"D", "T", "TS", "FN"};
  const uint32_t begin = Begin();
  ExpectSymbol("{");
  const std::string_view kind = ExpectOneOf(kKinds, "d, t, ts or fn after '{'");
  ExprPtr inner;
  if (kind == "FN") {
    inner = Expression();
  } else if (!kind.empty()) {
    const data::TypeKind type = kind == "D"   ? data::TypeKind::kDate
                                : kind == "T" ? data::TypeKind::kTime
                                              : data::TypeKind::kTimestamp;
    inner = DatetimeLiteral(type, begin);
  }
  ExpectSymbol("}");
  return inner;
}

}  // namespace tailrace::sql
