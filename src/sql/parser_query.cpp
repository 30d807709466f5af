#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/keywords.h"
#include "sql/parser_rules.h"

namespace tailrace::sql {
namespace {

using ast::QueryPtr;

// The clauses behind the select list, in the order in which they have to stand.
constexpr std::array<std::string_view, 7> kClauses = {"FROM", "WHERE", "GROUP", "WINDOWED", "HAVING", "EMIT", "WINDOW"};
// The same and what may follow a whole SELECT.
constexpr std::array<std::string_view, 13> kClausesAndTail = {"FROM",   "WHERE",     "GROUP", "WINDOWED", "HAVING",
                                                              "EMIT",   "WINDOW",    "ORDER", "LIMIT",    "UNION",
                                                              "EXCEPT", "INTERSECT", "FETCH"};
constexpr std::array<std::string_view, 1> kFrom = {"FROM"};
constexpr std::array<std::string_view, 1> kComma = {","};

}  // namespace

QueryPtr ParserRules::MakeQuery(decltype(ast::Query::node) node, uint32_t begin) {
  auto query = std::make_unique<ast::Query>();
  query->node = std::move(node);
  query->range = RangeFrom(begin);
  return query;
}

QueryPtr ParserRules::Query() {
  const Nesting nesting(*this);
  const int outer_depth = std::exchange(query_depth_, 0);
  QueryPtr query = SetOperations();
  if (query != nullptr) QueryTail(*query);
  last_query_depth_ = query_depth_ + 1;
  query_depth_ = std::max(outer_depth, last_query_depth_);
  if (query_depth_ > kNestingMax) Fail(Previous().range, StrCat("query has more than ", kNestingMax, " levels"));
  return query;
}

QueryPtr ParserRules::SetOperations() {
  const uint32_t begin = Begin();
  QueryPtr left = QueryTerm();
  while (Is("UNION") || Is("EXCEPT")) {
    ast::SetOp op = Next().text == "UNION" ? ast::SetOp::kUnion : ast::SetOp::kExcept;
    if (Is("ALL") && op == ast::SetOp::kExcept) Fail(Peek().range, "EXCEPT ALL is not part of the dialect");
    if (Accept("ALL")) {
      op = ast::SetOp::kUnionAll;
    } else {
      Accept("DISTINCT");
    }
    QueryPtr right = QueryTerm();
    left = Combine(op, std::move(left), std::move(right), begin);
  }
  return left;
}

QueryPtr ParserRules::QueryTerm() {
  const uint32_t begin = Begin();
  QueryPtr left = QueryPrimary();
  while (Accept("INTERSECT")) {
    if (Is("ALL")) Fail(Peek().range, "INTERSECT ALL is not part of the dialect");
    Accept("DISTINCT");
    QueryPtr right = QueryPrimary();
    left = Combine(ast::SetOp::kIntersect, std::move(left), std::move(right), begin);
  }
  return left;
}

QueryPtr ParserRules::Combine(ast::SetOp op, QueryPtr left, QueryPtr right, uint32_t begin) {
  // Each operation puts one more level above everything read so far.
  if (++query_depth_ > kNestingMax) Fail(Previous().range, StrCat("query has more than ", kNestingMax, " levels"));
  if (failed_) return nullptr;
  return MakeQuery(ast::SetOperation{op, std::move(left), std::move(right)}, begin);
}

QueryPtr ParserRules::QueryPrimary() {
  if (Is("SELECT")) return SelectQuery();
  if (Is("VALUES")) return ValuesQuery();
  if (!AcceptSymbol("(")) {
    const std::string_view select[] = {"SELECT"};
    if (Peek().kind == TokenKind::kWord && !SlipOf(Peek().text, select).empty()) {
      ReadAs("SELECT", StrCat("expected SELECT, found ", Describe(Peek())));
      return SelectQuery();
    }
    if (Is("WITH")) {
      Fail(Peek().range, "WITH is not part of the dialect", "write the query as a subquery in FROM");
      return nullptr;
    }
    FailExpected("SELECT");
    return nullptr;
  }
  QueryPtr query = Query();
  ExpectSymbol(")");
  return query;
}

QueryPtr ParserRules::ValuesQuery() {
  const uint32_t begin = Begin();
  Expect("VALUES");
  ast::Values values;
  do {
    ast::ExprPtr row = Expression();
    auto* items = row == nullptr ? nullptr : std::get_if<ast::RowValue>(&row->node);
    std::vector<ast::ExprPtr> columns;
    if (items != nullptr) {
      columns = std::move(items->items);
    } else {
      columns.push_back(std::move(row));
    }
    if (!values.rows.empty() && values.rows[0].size() != columns.size()) {
      Fault(Previous().range,
            StrCat("row of VALUES with ", columns.size(), " columns, the first has ", values.rows[0].size()));
    }
    values.rows.push_back(std::move(columns));
  } while (AcceptSymbol(","));
  return MakeQuery(std::move(values), begin);
}

QueryPtr ParserRules::SelectQuery() {
  const uint32_t begin = Begin();
  const uint32_t level = Level();
  Expect("SELECT");
  ast::Select select;
  SelectQuantifiers(select);
  SelectItems(select);
  if (failed_ && !RecoverTo(level, {.words = kClausesAndTail, .symbols = {}, .or_close = level > 0})) return nullptr;
  SelectClauses(select);
  return MakeQuery(std::move(select), begin);
}

void ParserRules::SelectQuantifiers(ast::Select& select) {
  static constexpr std::array<std::string_view, 1> kStream = {"STREAM"};
  const bool item_follows = Peek(1).kind == TokenKind::kWord || Peek(1).kind == TokenKind::kQuotedName ||
                            Peek(1).kind == TokenKind::kString || Peek(1).IsSymbol("*");
  if (item_follows) CorrectSlip(kStream);
  select.stream = Accept("STREAM");
  if (Accept("DISTINCT")) {
    select.distinct = true;
  } else {
    Accept("ALL");
  }
  if (!select.distinct || select.stream || !Is("STREAM")) return;
  const SourceRange distinct = Previous().range;
  Repaired(distinct, "STREAM must stand before DISTINCT", {}, {{distinct, "STREAM"}, {Peek().range, "DISTINCT"}});
  Next();
  select.stream = true;
}

void ParserRules::SelectItems(ast::Select& select) {
  const uint32_t level = Level();
  while (true) {
    if (Is("FROM") && select.items.empty()) {
      Fault(Peek().range, "expected the select list before FROM", "write * for all columns");
      return;
    }
    select.items.push_back(OneSelectItem());
    if (!failed_ && !AtEnd() && !IsSymbol(",") && !IsSymbol(")") && !IsOneOf(kClausesAndTail) && !CorrectSlip(kFrom) &&
        !StartsStatement(Peek())) {
      FailExpected("',' or FROM");
    }
    if (failed_ && !RecoverTo(level, {.words = kFrom, .symbols = kComma})) return;
    if (!AcceptSymbol(",") || RefuseTrailingComma()) return;
  }
}

bool ParserRules::RefuseTrailingComma() {
  if (!IsSymbol(")") && !AtEnd() && !IsOneOf(kClausesAndTail)) return false;
  const SourceRange comma = Previous().range;
  Repaired(comma, StrCat("nothing follows ',' - remove it before ", Describe(Peek())), {}, {{comma, ""}});
  return true;
}

ast::SelectItem ParserRules::OneSelectItem() {
  const uint32_t begin = Begin();
  if (AcceptSymbol("*")) return {.expr = Make(ast::Star{}, begin, 0)};
  // t.* and a.b.*
  size_t ahead = 0;
  while ((Peek(ahead).kind == TokenKind::kWord || Peek(ahead).kind == TokenKind::kQuotedName) &&
         Peek(ahead + 1).IsSymbol(".")) {
    ahead += 2;
  }
  if (ahead > 0 && Peek(ahead).IsSymbol("*")) {
    ast::Star star;
    for (size_t part = 0; part < ahead; part += 2) {
      star.qualifier.push_back(ToIdentifier(Next()));
      Next();
    }
    Next();
    return {.expr = Make(std::move(star), begin, 0)};
  }
  ast::SelectItem item;
  item.expr = Expression();
  SelectAlias(item);
  return item;
}

void ParserRules::SelectAlias(ast::SelectItem& item) {
  if (!Accept("AS")) {
    item.alias = ImplicitAlias(kFrom);
    return;
  }
  if (Peek().kind == TokenKind::kString && !Peek().text.empty()) {
    const Token& token = Peek();
    Repaired(token.range, StrCat("expected a column name after AS, found ", Describe(token)),
             "names are quoted with \"", {{token.range, StrCat("\"", token.text, "\"")}});
    item.alias = {.name = token.text, .quoted = true, .range = token.range};
    Next();
    return;
  }
  if (Is("FROM") && !Peek(1).IsSymbol(",")) return FailExpected("a column name after AS");
  item.alias = AnyName("a column name after AS");
}

std::optional<ast::Identifier> ParserRules::ImplicitAlias(std::span<const std::string_view> clauses) {
  if (Peek().kind == TokenKind::kQuotedName) return ToIdentifier(Next());
  if (Peek().kind != TokenKind::kWord || IsStructural(Peek().text)) return std::nullopt;
  if (Is("WINDOWED") && Peek(1).IsWord("BY")) return std::nullopt;
  if (Is("EMIT") && Peek(1).IsWord("EMPTY")) return std::nullopt;
  if (StartsStatement(Peek()) || CorrectSlip(clauses)) return std::nullopt;
  return ToIdentifier(Next());
}

void ParserRules::SelectClauses(ast::Select& select) {
  const uint32_t level = Level();
  // GROUP BY and WINDOWED BY exclude each other, so they share their place.
  constexpr std::array<int, kClauses.size()> kRanks = {0, 1, 2, 2, 3, 4, 5};
  int last_rank = -1;
  size_t last = 0;
  while (!failed_ && !AtEnd()) {
    if (!IsOneOf(kClausesAndTail)) CorrectSlip(kClausesAndTail);
    const auto found = Peek().kind == TokenKind::kWord ? std::ranges::find(kClauses, Peek().text) : kClauses.end();
    if (found == kClauses.end()) break;
    const auto clause = static_cast<size_t>(found - kClauses.begin());
    if (last_rank < 0 && clause != 0) Fault(Peek().range, StrCat("expected FROM before ", Describe(Peek())));
    if (kRanks[clause] == last_rank) {
      Fault(Peek().range,
            clause == last ? StrCat(*found, " is given twice") : "GROUP BY and WINDOWED BY cannot both be given");
    } else if (kRanks[clause] < last_rank) {
      Fault(Peek().range, StrCat(*found, " must stand before ", kClauses[last]));
    }
    last_rank = std::max(last_rank, kRanks[clause]);
    last = clause;
    Next();
    SelectClause(clause, select);
    if (failed_) RecoverTo(level, {.words = kClausesAndTail, .symbols = {}, .or_close = level > 0});
  }
  if (last_rank < 0) FailExpected("FROM");
}

void ParserRules::SelectClause(size_t clause, ast::Select& select) {
  switch (clause) {
    case 0:
      select.from = FromList();
      break;
    case 1:
      select.where = Expression();
      break;
    case 2:
      if (Expect("BY")) select.group_by = ExpressionList();
      break;
    case 3:
      select.stagger = StaggerClause();
      break;
    case 4:
      select.having = Expression();
      break;
    case 5:
      select.emit_empty = EmitEmptyClause();
      break;
    default:
      select.windows = WindowClause();
      break;
  }
}

ast::Stagger ParserRules::StaggerClause() {
  ast::Stagger stagger;
  if (Expect("BY") && Expect("STAGGER") && ExpectSymbol("(") && Expect("PARTITION") && Expect("BY")) {
    stagger.partition_by = ExpressionList();
  }
  if (Expect("RANGE")) stagger.range_interval = Sum();
  ExpectSymbol(")");
  return stagger;
}

ast::EmitEmpty ParserRules::EmitEmptyClause() {
  ast::EmitEmpty emit{.range = Previous().range};
  if (Expect("EMPTY") && Accept("FOR")) emit.for_interval = Sum();
  return emit;
}

std::vector<ast::NamedWindow> ParserRules::WindowClause() {
  std::vector<ast::NamedWindow> windows;
  do {
    ast::NamedWindow window;
    // Any word may name a window; WINDOW HOUR AS (...) is in the documentation.
    if (auto name = AnyName("the window's name")) window.name = *std::move(name);
    if (Expect("AS")) window.spec = WindowSpecification();
    windows.push_back(std::move(window));
  } while (AcceptSymbol(",") && !RefuseTrailingComma());
  return windows;
}

void ParserRules::QueryTail(ast::Query& query) {
  if (Is("ORDER") && !query.order_by.empty()) Fault(Peek().range, "ORDER BY is given twice");
  if (Accept("ORDER") && Expect("BY")) query.order_by = OrderItems();
  if (Is("LIMIT") && query.limit != nullptr) Fault(Peek().range, "LIMIT is given twice");
  if (Accept("LIMIT")) {
    query.limit = Sum();
  } else if (Accept("FETCH")) {
    if (!Accept("NEXT")) Expect("FIRST");
    query.limit = Sum();
    if (!Accept("ROW")) Expect("ROWS");
    Expect("ONLY");
  }
  if (!Is("UNION") && !Is("EXCEPT") && !Is("INTERSECT")) return;
  if (query.order_by.empty() && query.limit == nullptr) return;
  Fail(Peek().range, StrCat("ORDER BY and LIMIT must stand behind the last query of ", Describe(Peek())),
       "or put the query with its ORDER BY in parentheses");
}

std::vector<ast::OrderItem> ParserRules::OrderItems() {
  std::vector<ast::OrderItem> items;
  do {
    ast::OrderItem item;
    item.expr = Expression();
    item.descending = Accept("DESC");
    if (!item.descending) Accept("ASC");
    if (Is("NULLS")) Fail(Peek().range, "NULLS FIRST and NULLS LAST are not part of the dialect");
    if (Is("WITHIN")) Fail(Peek().range, "WITHIN is not part of the dialect");
    items.push_back(std::move(item));
  } while (AcceptSymbol(",") && !RefuseTrailingComma());
  return items;
}

}  // namespace tailrace::sql
