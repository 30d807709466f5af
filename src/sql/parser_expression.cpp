#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/keywords.h"
#include "sql/parser_rules.h"

namespace tailrace::sql {
namespace {

using ast::BinaryOp;
using ast::ExprPtr;

struct PeriodWord {
  std::string_view word;
  ast::PeriodOp op;
};
constexpr PeriodWord kPeriodWords[] = {
    {"EQUALS", ast::PeriodOp::kEquals},     {"CONTAINS", ast::PeriodOp::kContains},
    {"OVERLAPS", ast::PeriodOp::kOverlaps}, {"PRECEDES", ast::PeriodOp::kPrecedes},
    {"SUCCEEDS", ast::PeriodOp::kSucceeds}, {"LEADS", ast::PeriodOp::kLeads},
    {"LAGS", ast::PeriodOp::kLags},
};

std::optional<ast::PeriodOp> PeriodOpOf(const Token& token) {
  for (const PeriodWord& word : kPeriodWords) {
    if (token.IsWord(word.word)) return word.op;
  }
  return std::nullopt;
}

std::optional<BinaryOp> ComparisonOf(const Token& token) {
  if (token.kind != TokenKind::kSymbol) return std::nullopt;
  if (token.text == "=") return BinaryOp::kEqual;
  if (token.text == "<>" || token.text == "!=") return BinaryOp::kNotEqual;
  if (token.text == "<") return BinaryOp::kLess;
  if (token.text == "<=") return BinaryOp::kLessEqual;
  if (token.text == ">") return BinaryOp::kGreater;
  if (token.text == ">=") return BinaryOp::kGreaterEqual;
  return std::nullopt;
}

constexpr std::array<std::string_view, 1> kAnd = {"AND"};
constexpr std::array<std::string_view, 3> kPredicateWords = {"BETWEEN", "LIKE", "SIMILAR"};

}  // namespace

ParserRules::Nesting::Nesting(ParserRules& rules) : rules_(rules) {
  if (++rules_.nesting_ > kNestingMax) {
    rules_.Fail(rules_.Peek().range, StrCat("nested deeper than ", kNestingMax, " levels"));
  }
}

int ParserRules::Depth(const std::vector<ExprPtr>& list) {
  int depth = 0;
  for (const ExprPtr& expr : list) depth = std::max(depth, Depth(expr));
  return depth;
}

ExprPtr ParserRules::Make(decltype(ast::Expr::node) node, uint32_t begin, int depth_below) {
  auto expr = std::make_unique<ast::Expr>();
  expr->node = std::move(node);
  expr->range = RangeFrom(begin);
  expr->depth = depth_below + 1;
  query_depth_ = std::max(query_depth_, expr->depth);
  if (expr->depth > kNestingMax) Fail(expr->range, StrCat("expression has more than ", kNestingMax, " levels"));
  return expr;
}

ExprPtr ParserRules::MakeBinary(BinaryOp op, ExprPtr left, ExprPtr right, SourceRange op_range) {
  if (left == nullptr || right == nullptr) return nullptr;
  const SourceRange range{left->range.begin, right->range.end};
  const int depth = std::max(left->depth, right->depth);
  ExprPtr expr = Make(ast::Binary{op, std::move(left), std::move(right), op_range}, range.begin, depth);
  expr->range = range;
  return expr;
}

ExprPtr ParserRules::Balanced(BinaryOp op, std::vector<ExprPtr>& operands, const std::vector<SourceRange>& signs,
                              size_t begin, size_t end) {
  if (end - begin == 1) return std::move(operands[begin]);
  const size_t middle = begin + (end - begin + 1) / 2;
  ExprPtr left = Balanced(op, operands, signs, begin, middle);
  ExprPtr right = Balanced(op, operands, signs, middle, end);
  return MakeBinary(op, std::move(left), std::move(right), signs[middle - 1]);
}

std::vector<ExprPtr> ParserRules::ExpressionList() {
  std::vector<ExprPtr> list;
  do {
    list.push_back(Expression());
  } while (AcceptSymbol(",") && !RefuseTrailingComma());
  return list;
}

ExprPtr ParserRules::Expression() {
  const Nesting nesting(*this);
  if (failed_) return nullptr;
  std::vector<ExprPtr> operands;
  std::vector<SourceRange> signs;
  operands.push_back(AndExpression());
  while (Is("OR")) {
    signs.push_back(Next().range);
    operands.push_back(AndExpression());
  }
  return Balanced(BinaryOp::kOr, operands, signs, 0, operands.size());
}

ExprPtr ParserRules::AndExpression() {
  std::vector<ExprPtr> operands;
  std::vector<SourceRange> signs;
  operands.push_back(NotExpression());
  while (Is("AND") || CorrectSlip(kAnd)) {
    signs.push_back(Next().range);
    operands.push_back(NotExpression());
  }
  return Balanced(BinaryOp::kAnd, operands, signs, 0, operands.size());
}

// IS TRUE, IS FALSE and IS UNKNOWN test the whole factor, its NOT included: the reference has NOT UNKNOWN IS TRUE as
// FALSE. IS NULL belongs to the operand alone.
ExprPtr ParserRules::NotExpression() {
  const uint32_t begin = Begin();
  ExprPtr factor;
  if (Accept("NOT")) {
    const Nesting nesting(*this);
    ExprPtr operand = Is("NOT") ? NotExpression() : Predicate();
    const int depth = Depth(operand);
    factor = Make(ast::Unary{ast::UnaryOp::kNot, std::move(operand)}, begin, depth);
  } else {
    factor = Predicate();
  }
  while (Is("IS")) factor = TruthTest(std::move(factor), begin);
  return factor;
}

ExprPtr ParserRules::TruthTest(ExprPtr operand, uint32_t begin) {
  static constexpr std::array<std::string_view, 5> kWords = {"NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT"};
  Expect("IS");
  const bool negated = Accept("NOT");
  const std::string_view word = ExpectOneOf(kWords, "NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
  if (word == "DISTINCT") {
    Fail(Previous().range, "IS DISTINCT FROM cannot follow a truth test", "use parentheses");
  }
  const ast::IsWhat what = word == "TRUE"      ? ast::IsWhat::kTrue
                           : word == "FALSE"   ? ast::IsWhat::kFalse
                           : word == "UNKNOWN" ? ast::IsWhat::kUnknown
                                               : ast::IsWhat::kNull;
  const int depth = Depth(operand);
  return Make(ast::Is{std::move(operand), what, negated}, begin, depth);
}

ExprPtr ParserRules::Predicate() {
  const uint32_t begin = Begin();
  ExprPtr left = Concatenation();
  while (!failed_) {
    const uint32_t before = position_;
    left = PredicateRest(std::move(left), begin);
    if (position_ == before) break;
  }
  return left;
}

ExprPtr ParserRules::PredicateRest(ExprPtr left, uint32_t begin) {
  if (const auto comparison = ComparisonOf(Peek())) {
    const SourceRange op_range = Next().range;
    for (const std::string_view quantifier : {"ALL", "SOME"}) {
      if (Is(quantifier)) Fail(Peek().range, StrCat(quantifier, " (query) is not part of the dialect"));
    }
    ExprPtr right = Concatenation();
    return MakeBinary(*comparison, std::move(left), std::move(right), op_range);
  }
  const bool truth_test = Is("IS") && (Peek(1).IsWord("NOT") ? Peek(2) : Peek(1)).kind == TokenKind::kWord;
  if (truth_test) {
    const Token& what = Peek(1).IsWord("NOT") ? Peek(2) : Peek(1);
    return what.text == "NULL" || what.text == "DISTINCT" ? IsPredicate(std::move(left), begin) : std::move(left);
  }
  const bool negated = Is("NOT") && (Peek(1).IsWord("BETWEEN") || Peek(1).IsWord("IN") || Peek(1).IsWord("LIKE") ||
                                     Peek(1).IsWord("SIMILAR"));
  if (negated) Next();
  if (!negated) CorrectSlip(kPredicateWords);
  if (Is("BETWEEN")) return BetweenPredicate(std::move(left), negated, begin);
  if (Is("IN")) return InPredicate(std::move(left), negated, begin);
  if (Is("LIKE") || (Is("SIMILAR") && Peek(1).IsWord("TO"))) return LikePredicate(std::move(left), negated, begin);
  if (negated) Expect("TO");  // NOT SIMILAR without TO.
  if (left != nullptr && std::holds_alternative<ast::RowValue>(left->node) && AtPeriodOperator()) {
    return PeriodChain(std::move(left), begin);
  }
  return left;
}

ExprPtr ParserRules::IsPredicate(ExprPtr operand, uint32_t begin) {
  Expect("IS");
  const bool negated = Accept("NOT");
  const int depth = Depth(operand);
  if (Accept("NULL")) return Make(ast::Is{std::move(operand), ast::IsWhat::kNull, negated}, begin, depth);
  if (Expect("DISTINCT")) Expect("FROM");
  ExprPtr right = Concatenation();
  const int deepest = std::max(depth, Depth(right));
  return Make(ast::IsDistinct{std::move(operand), std::move(right), negated}, begin, deepest);
}

ExprPtr ParserRules::BetweenPredicate(ExprPtr operand, bool negated, uint32_t begin) {
  Expect("BETWEEN");
  const bool symmetric = Accept("SYMMETRIC");
  if (!symmetric) Accept("ASYMMETRIC");
  ExprPtr low = Concatenation();
  Expect("AND");
  ExprPtr high = Concatenation();
  const int depth = std::max({Depth(operand), Depth(low), Depth(high)});
  return Make(ast::Between{std::move(operand), std::move(low), std::move(high), negated, symmetric}, begin, depth);
}

ExprPtr ParserRules::InPredicate(ExprPtr operand, bool negated, uint32_t begin) {
  Expect("IN");
  const int depth = Depth(operand);
  if (ParenthesisHoldsQuery()) {
    ExpectSymbol("(");
    ast::QueryPtr query = Query();
    ExpectSymbol(")");
    const int deepest = std::max(depth, last_query_depth_);
    return Make(ast::InQuery{std::move(operand), std::move(query), negated}, begin, deepest);
  }
  ExpectSymbol("(");
  std::vector<ExprPtr> list = ExpressionList();
  ExpectSymbol(")");
  const int deepest = std::max(depth, Depth(list));
  return Make(ast::InList{std::move(operand), std::move(list), negated}, begin, deepest);
}

ExprPtr ParserRules::LikePredicate(ExprPtr operand, bool negated, uint32_t begin) {
  const bool similar = Next().text == "SIMILAR";
  if (similar) Expect("TO");
  ExprPtr pattern = Concatenation();
  ExprPtr escape;
  if (Accept("ESCAPE")) escape = Concatenation();
  const int depth = std::max({Depth(operand), Depth(pattern), Depth(escape)});
  return Make(ast::Like{std::move(operand), std::move(pattern), std::move(escape), negated, similar}, begin, depth);
}

bool ParserRules::AtPeriodOperator() const {
  const bool strict = Is("STRICTLY") || Is("IMMEDIATELY");
  return PeriodOpOf(Peek(strict ? 1 : 0)).has_value();
}

// p1 PRECEDES p2 PRECEDES p3 is p1 PRECEDES p2 AND p2 PRECEDES p3. The middle one is read twice, once for each side.
ExprPtr ParserRules::PeriodChain(ExprPtr left, uint32_t begin) {
  ExprPtr chain;
  while (AtPeriodOperator()) {
    ast::PeriodStrictness strictness = ast::PeriodStrictness::kPlain;
    if (Accept("STRICTLY")) strictness = ast::PeriodStrictness::kStrictly;
    if (Accept("IMMEDIATELY")) strictness = ast::PeriodStrictness::kImmediately;
    const SourceRange op_range = Peek().range;
    const ast::PeriodOp op = *PeriodOpOf(Next());
    if (strictness == ast::PeriodStrictness::kImmediately && op < ast::PeriodOp::kPrecedes) {
      Fail(op_range, StrCat("IMMEDIATELY does not go with ", SourceText(op_range)),
           "only with PRECEDES, SUCCEEDS, LEADS and LAGS");
    }
    const uint32_t operand_begin = position_;
    ExprPtr right = Concatenation();
    const uint32_t operand_end = position_;
    const int depth = std::max(Depth(left), Depth(right));
    ExprPtr link = Make(ast::PeriodPredicate{std::move(left), op, strictness, std::move(right)}, begin, depth);
    chain =
        chain == nullptr ? std::move(link) : MakeBinary(BinaryOp::kAnd, std::move(chain), std::move(link), op_range);
    if (failed_ || !AtPeriodOperator()) break;
    if (repeated_) {
      Fail(op_range, "chains of period predicates cannot be nested", "join the comparisons with AND");
      break;
    }
    position_ = operand_begin;
    repeated_ = true;
    begin = Begin();
    left = Concatenation();
    repeated_ = false;
    if (failed_) break;
    position_ = operand_end;
  }
  return chain;
}

ExprPtr ParserRules::Concatenation() {
  std::vector<ExprPtr> operands;
  std::vector<SourceRange> signs;
  operands.push_back(Sum());
  while (IsSymbol("||")) {
    signs.push_back(Next().range);
    operands.push_back(Sum());
  }
  return Balanced(BinaryOp::kConcat, operands, signs, 0, operands.size());
}

ExprPtr ParserRules::Sum() {
  ExprPtr left = Product();
  while (IsSymbol("+") || IsSymbol("-")) {
    const BinaryOp op = IsSymbol("+") ? BinaryOp::kAdd : BinaryOp::kSubtract;
    const SourceRange op_range = Next().range;
    ExprPtr right = Product();
    left = MakeBinary(op, std::move(left), std::move(right), op_range);
  }
  return left;
}

ExprPtr ParserRules::Product() {
  ExprPtr left = Signed();
  while (IsSymbol("*") || IsSymbol("/")) {
    const BinaryOp op = IsSymbol("*") ? BinaryOp::kMultiply : BinaryOp::kDivide;
    const SourceRange op_range = Next().range;
    ExprPtr right = Signed();
    left = MakeBinary(op, std::move(left), std::move(right), op_range);
  }
  return left;
}

ExprPtr ParserRules::Signed() {
  if (!IsSymbol("+") && !IsSymbol("-")) return Primary();
  const Nesting nesting(*this);
  if (failed_) return nullptr;
  const uint32_t begin = Begin();
  const bool minus = Next().text == "-";
  // The sign belongs to the literal, so that the smallest BIGINT can be written.
  if (minus && (Peek().kind == TokenKind::kInteger || Peek().kind == TokenKind::kDecimal ||
                Peek().kind == TokenKind::kApproximate)) {
    return NumberLiteral(true, begin);
  }
  ExprPtr operand = Signed();
  const int depth = Depth(operand);
  return Make(ast::Unary{minus ? ast::UnaryOp::kMinus : ast::UnaryOp::kPlus, std::move(operand)}, begin, depth);
}

ExprPtr ParserRules::Primary() {
  switch (Peek().kind) {
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kApproximate:
      return NumberLiteral(false, Begin());
    case TokenKind::kString:
      return StringLiteral();
    case TokenKind::kBinary:
      return BinaryLiteral();
    case TokenKind::kQuotedName:
      return CallOrName();
    case TokenKind::kWord:
      return WordPrimary();
    case TokenKind::kSymbol:
      if (IsSymbol("(")) return Parenthesised();
      if (IsSymbol("{")) return OdbcEscape();
      break;
    case TokenKind::kUnknown:
    case TokenKind::kEnd:
      break;
  }
  FailExpected("an expression");
  return nullptr;
}

ExprPtr ParserRules::Parenthesised() {
  const uint32_t begin = Begin();
  if (ParenthesisHoldsQuery() && (Peek(1).IsWord("SELECT") || Peek(1).IsWord("VALUES"))) {
    Fail(Peek(1).range, "a subquery cannot be a value here",
         "subqueries stand in FROM, behind IN or EXISTS, and in CURSOR(..)");
    return nullptr;
  }
  ExpectSymbol("(");
  std::vector<ExprPtr> items = ExpressionList();
  ExpectSymbol(")");
  if (failed_) return nullptr;
  if (items.size() > 1) {
    const int depth = Depth(items);
    return Make(ast::RowValue{std::move(items)}, begin, depth);
  }
  ExprPtr inner = std::move(items[0]);
  auto* difference = std::get_if<ast::Binary>(&inner->node);
  if (difference == nullptr || difference->op != BinaryOp::kSubtract) {
    inner->range = RangeFrom(begin);
    return inner;
  }
  // (a - b) SECOND
  const auto qualifier = IntervalQualifier(UnitSlips::kLeave);
  if (!qualifier) {
    inner->range = RangeFrom(begin);
    return inner;
  }
  const int depth = std::max(Depth(difference->left), Depth(difference->right));
  return Make(ast::Difference{std::move(difference->left), std::move(difference->right), qualifier->type}, begin,
              depth);
}

ExprPtr ParserRules::WordPrimary() {
  const Token& word = Peek();
  if (word.text == "CASE") return CaseExpression();
  if (word.text == "NULL" || word.text == "TRUE" || word.text == "FALSE" || word.text == "UNKNOWN")
    return WordLiteral();
  if (word.text == "INTERVAL") return IntervalLiteral();
  if (Peek(1).kind == TokenKind::kString) {
    if (word.text == "DATE") return DatetimeLiteral(data::TypeKind::kDate, Begin());
    if (word.text == "TIME") return DatetimeLiteral(data::TypeKind::kTime, Begin());
    if (word.text == "TIMESTAMP") return DatetimeLiteral(data::TypeKind::kTimestamp, Begin());
  }
  return CallOrName();
}

ExprPtr ParserRules::CaseExpression() {
  const uint32_t begin = Begin();
  Expect("CASE");
  ast::Case node;
  if (!Is("WHEN")) node.operand = Expression();
  int depth = Depth(node.operand);
  static constexpr std::array<std::string_view, 3> kNext = {"WHEN", "ELSE", "END"};
  while (!failed_) {
    const bool first = node.whens.empty();
    const std::string_view word = first ? (Expect("WHEN") ? "WHEN" : "") : ExpectOneOf(kNext, "WHEN, ELSE or END");
    if (word == "WHEN") {
      ast::When when;
      when.condition = Expression();
      if (Expect("THEN")) when.result = Expression();
      depth = std::max({depth, Depth(when.condition), Depth(when.result)});
      node.whens.push_back(std::move(when));
      continue;
    }
    if (word == "ELSE") {
      node.otherwise = Expression();
      depth = std::max(depth, Depth(node.otherwise));
      Expect("END");
    }
    break;
  }
  return Make(std::move(node), begin, depth);
}

ExprPtr ParserRules::ColumnName() {
  const uint32_t begin = Begin();
  ast::Name name;
  auto first = AnyName("an expression");
  if (first) name.parts.push_back(*std::move(first));
  while (AcceptSymbol(".")) {
    auto part = AnyName(IsSymbol("*") ? "a column name; t.* stands in a select list only" : "a column name after '.'");
    if (part) name.parts.push_back(*std::move(part));
  }
  return Make(std::move(name), begin, 0);
}

}  // namespace tailrace::sql
