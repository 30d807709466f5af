#include <array>

#include "base/str.h"
#include "sql/keywords.h"
#include "sql/parser_rules.h"

namespace tailrace::sql {
namespace {

using ast::FromPtr;

// What a word behind a FROM item can be a slip of.
constexpr std::array<std::string_view, 13> kAfterSource = {"WHERE", "GROUP",   "HAVING", "WINDOW",    "WINDOWED",
                                                           "ORDER", "UNION",   "EXCEPT", "INTERSECT", "JOIN",
                                                           "INNER", "NATURAL", "CROSS"};

FromPtr MakeFrom(decltype(ast::FromItem::node) node, SourceRange range) {
  auto item = std::make_unique<ast::FromItem>();
  item->node = std::move(node);
  item->range = range;
  return item;
}

}  // namespace

std::vector<FromPtr> ParserRules::FromList() {
  std::vector<FromPtr> items;
  do {
    items.push_back(Joined());
  } while (AcceptSymbol(",") && !RefuseTrailingComma());
  return items;
}

FromPtr ParserRules::Joined() {
  const Nesting nesting(*this);
  const uint32_t begin = Begin();
  FromPtr left = Source();
  while (!failed_) {
    ast::FromJoin join;
    const auto kind = JoinWords(join.natural);
    if (!kind) break;
    join.kind = *kind;
    join.left = std::move(left);
    join.right = Source();
    JoinCondition(join);
    if (++query_depth_ > kNestingMax) Fail(Previous().range, StrCat("query has more than ", kNestingMax, " levels"));
    left = MakeFrom(std::move(join), RangeFrom(begin));
  }
  return left;
}

std::optional<ast::JoinKind> ParserRules::JoinWords(bool& natural) {
  const uint32_t first = position_;
  natural = Accept("NATURAL");
  std::optional<ast::JoinKind> kind;
  if (Accept("INNER")) kind = ast::JoinKind::kInner;
  if (!kind && Accept("CROSS")) kind = ast::JoinKind::kCross;
  if (!kind && (Is("LEFT") || Is("RIGHT") || Is("FULL"))) {
    const std::string& side = Next().text;
    kind = side == "LEFT" ? ast::JoinKind::kLeft : side == "RIGHT" ? ast::JoinKind::kRight : ast::JoinKind::kFull;
    Accept("OUTER");
  }
  if (position_ == first) {
    if (!Accept("JOIN")) return std::nullopt;
    return ast::JoinKind::kInner;
  }
  if (natural && kind == ast::JoinKind::kCross) Fail(Previous().range, "a join is NATURAL or CROSS, not both");
  Expect("JOIN");
  return kind.value_or(ast::JoinKind::kInner);
}

void ParserRules::JoinCondition(ast::FromJoin& join) {
  const bool has_condition = Is("ON") || Is("USING");
  if (join.natural || join.kind == ast::JoinKind::kCross) {
    if (has_condition) {
      Fail(Peek().range, StrCat(join.natural ? "NATURAL" : "CROSS", " JOIN takes no ", Describe(Peek())));
    }
    return;
  }
  if (Accept("ON")) {
    join.on = Expression();
  } else if (Accept("USING")) {
    join.using_columns = ParenthesisedNames();
  } else {
    FailExpected("ON or USING for the JOIN", "CROSS JOIN needs neither");
  }
}

FromPtr ParserRules::Source() {
  FromPtr item = BareSource();
  if (item == nullptr) return item;
  if (Accept("OVER")) item->over = WindowReference();
  SourceAlias(*item);
  // The reference has OVER before the alias; behind it there is no other meaning.
  if (item->over == nullptr && Accept("OVER")) item->over = WindowReference();
  return item;
}

FromPtr ParserRules::BareSource() {
  const uint32_t begin = Begin();
  if (Is("TABLE")) return TableFunction();
  if (IsSymbol("(")) {
    // "((SELECT ..) JOIN t ..)" and "((SELECT ..) AS a, ..)" are joins, "((SELECT ..) UNION ..)" is a query.
    const Token& behind_inner = Peek(1).IsSymbol("(") ? BehindClose(1) : Peek();
    const bool inner_is_operand = behind_inner.IsSymbol("(") || behind_inner.IsSymbol(")") ||
                                  behind_inner.IsWord("UNION") || behind_inner.IsWord("EXCEPT") ||
                                  behind_inner.IsWord("INTERSECT") || behind_inner.IsWord("ORDER") ||
                                  behind_inner.IsWord("LIMIT") || behind_inner.IsWord("FETCH");
    const bool query = ParenthesisHoldsQuery() && inner_is_operand;
    static constexpr std::array<std::string_view, 1> kSelect = {"SELECT"};
    const bool slip = Peek(1).kind == TokenKind::kWord && !SlipOf(Peek(1).text, kSelect).empty() &&
                      !Peek(2).IsSymbol(".") && !Peek(2).IsSymbol(")");
    Next();
    const uint32_t level = Level();
    FromPtr item = query || slip ? MakeFrom(ast::FromQuery{Query()}, {}) : Joined();
    if (failed_ && !RecoverTo(level, {.words = {}, .symbols = {}, .or_close = true})) return nullptr;
    ExpectSymbol(")");
    if (item == nullptr) item = MakeFrom(ast::FromQuery{}, {});  // Of a statement that is dropped.
    item->range = RangeFrom(begin);
    return item;
  }
  if (Peek().kind == TokenKind::kWord && IsStructural(Peek().text)) {
    FailExpected("a stream, table, TABLE(..) or subquery");
    return nullptr;
  }
  if (Peek().kind == TokenKind::kWord && Peek(1).IsSymbol("(")) {
    const uint32_t close = split_.match[position_ + 1];
    if (close != 0) {
      const uint32_t end = split_.tokens[close].range.end;
      Repaired(Peek().range, StrCat("a function in FROM needs TABLE: TABLE(", Describe(Peek()), "(..))"), {},
               {{{begin, begin}, "TABLE("}, {{end, end}, ")"}});
    }
    ast::ExprPtr call = PlainCall();
    return MakeFrom(ast::FromTableFunction{std::move(call)}, RangeFrom(begin));
  }
  ast::FromName name;
  do {
    auto part = name.parts.empty() ? ObjectName("a stream, table, TABLE(..) or subquery") : AnyName("a name after '.'");
    if (part) name.parts.push_back(*std::move(part));
  } while (AcceptSymbol("."));
  return MakeFrom(std::move(name), RangeFrom(begin));
}

FromPtr ParserRules::TableFunction() {
  const uint32_t begin = Begin();
  Expect("TABLE");
  ast::ExprPtr call;
  if (ExpectSymbol("(")) {
    if (Peek().kind != TokenKind::kWord || !Peek(1).IsSymbol("(")) FailExpected("a function call in TABLE(..)");
    call = PlainCall();
  }
  ExpectSymbol(")");
  return MakeFrom(ast::FromTableFunction{std::move(call)}, RangeFrom(begin));
}

void ParserRules::SourceAlias(ast::FromItem& item) {
  if (Accept("AS")) {
    item.alias = AnyName("an alias after AS");
  } else {
    item.alias = ImplicitAlias(kAfterSource);
  }
  if (item.alias && IsSymbol("(")) item.column_aliases = ParenthesisedNames();
}

std::vector<ast::Identifier> ParserRules::ParenthesisedNames() {
  std::vector<ast::Identifier> names;
  if (!ExpectSymbol("(")) return names;
  do {
    if (auto name = AnyName("a column name")) names.push_back(*std::move(name));
  } while (AcceptSymbol(",") && !RefuseTrailingComma());
  ExpectSymbol(")");
  return names;
}

std::unique_ptr<ast::WindowRef> ParserRules::WindowReference() {
  auto window = std::make_unique<ast::WindowRef>();
  if (IsSymbol("(")) {
    window->spec = std::make_unique<ast::WindowSpec>(WindowSpecification());
  } else {
    window->name = AnyName("a window: its name or '('");
  }
  return window;
}

ast::WindowSpec ParserRules::WindowSpecification() {
  ast::WindowSpec spec;
  const Nesting nesting(*this);
  const uint32_t begin = Begin();
  if (!ExpectSymbol("(")) return spec;
  if (Accept("PARTITION") && Expect("BY")) spec.partition_by = ExpressionList();
  if (Accept("ORDER") && Expect("BY")) spec.order_by = OrderItems();
  if (!IsSymbol(")")) Frame(spec);
  ExpectSymbol(")");
  spec.range = RangeFrom(begin);
  return spec;
}

void ParserRules::Frame(ast::WindowSpec& spec) {
  static constexpr std::array<std::string_view, 2> kUnits = {"RANGE", "ROWS"};
  const std::string_view unit = ExpectOneOf(kUnits, "PARTITION BY, RANGE or ROWS");
  spec.unit = unit == "ROWS" ? ast::FrameUnit::kRows : ast::FrameUnit::kRange;
  if (Accept("BETWEEN")) {
    spec.start = OneFrameBound();
    Expect("AND");
    spec.end = OneFrameBound();
    return;
  }
  spec.start = OneFrameBound();
  const bool following =
      spec.start.kind == ast::BoundKind::kFollowing || spec.start.kind == ast::BoundKind::kUnboundedFollowing;
  if (following) std::swap(spec.start, spec.end);
}

ast::FrameBound ParserRules::OneFrameBound() {
  static constexpr std::array<std::string_view, 2> kDirections = {"PRECEDING", "FOLLOWING"};
  const uint32_t begin = Begin();
  ast::FrameBound bound;
  if (Is("CURRENT") && Peek(1).IsWord("ROW")) {
    Next();
    Next();
  } else if (Is("UNBOUNDED") && (Peek(1).IsWord("PRECEDING") || Peek(1).IsWord("FOLLOWING"))) {
    Next();
    bound.kind = Next().text == "PRECEDING" ? ast::BoundKind::kUnboundedPreceding : ast::BoundKind::kUnboundedFollowing;
  } else {
    bound.offset = Sum();
    const std::string_view direction = ExpectOneOf(kDirections, "PRECEDING or FOLLOWING");
    bound.kind = direction == "FOLLOWING" ? ast::BoundKind::kFollowing : ast::BoundKind::kPreceding;
  }
  bound.range = RangeFrom(begin);
  return bound;
}

}  // namespace tailrace::sql
