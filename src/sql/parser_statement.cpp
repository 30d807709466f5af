#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/keywords.h"
#include "sql/parser_rules.h"

namespace tailrace::sql {
namespace {

using ast::Identifier;

constexpr std::array<std::string_view, 8> kStatementWords = {"CREATE", "INSERT", "SELECT", "VALUES",
                                                             "ALTER",  "DROP",   "SET",    "EXPLAIN"};
constexpr std::array<std::string_view, 4> kObjectWords = {"STREAM", "PUMP", "FUNCTION", "VIEW"};

// The identifier as it has to be written in a program.
std::string AsWritten(const Identifier& name) {
  if (!name.quoted) return name.name;
  std::string text = "\"";
  for (const char c : name.name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

// Names of the columns that the query puts out, in order; nothing when one of them has no name of its own.
std::optional<std::vector<Identifier>> OutputColumns(const ast::Query& query) {
  const auto* select = std::get_if<ast::Select>(&query.node);
  if (select == nullptr) return std::nullopt;
  std::vector<Identifier> columns;
  for (const ast::SelectItem& item : select->items) {
    const auto* name = item.expr == nullptr ? nullptr : std::get_if<ast::Name>(&item.expr->node);
    if (!item.alias && name == nullptr) return std::nullopt;
    const Identifier& column = item.alias ? *item.alias : name->parts.back();
    if (column.name != "ROWTIME") columns.push_back(column);
  }
  if (columns.empty()) return std::nullopt;
  return columns;
}

}  // namespace

ParseResult ParserRules::Program() {
  for (const StatementSpan& span : split_.statements) {
    if (Full()) break;
    Statements(span);
  }
  return {std::move(program_), std::move(faulty_definitions_), std::move(diagnostics_)};
}

ParsedExpression ParserRules::SingleExpression() {
  if (split_.statements.empty()) {
    Enter({0, 0});
    FailExpected("an expression");
    return {nullptr, std::move(diagnostics_)};
  }
  Enter(split_.statements.front());
  ast::ExprPtr expr = Expression();
  if (!failed_ && !AtEnd()) FailExpected("the end of the expression");
  if (!failed_ && split_.statements.size() > 1) {
    Enter(split_.statements[1]);
    FailExpected("the end of the expression");
  }
  const bool good = std::ranges::none_of(
      diagnostics_, [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::kError; });
  return {good ? std::move(expr) : nullptr, std::move(diagnostics_)};
}

void ParserRules::Statements(const StatementSpan& span) {
  Enter(span);
  while (!AtEnd()) {
    faulty_ = false;
    Statement();
    if (failed_) return;
    if (AtEnd()) break;
    if (!StartsStatement(Peek())) {
      FailExpected("';'");
      return;
    }
    const uint32_t end = Previous().range.end;
    Repaired(Peek().range, StrCat("expected ';' before ", Describe(Peek())), {}, {{{end, end}, ";"}});
  }
  if (!span.missing_semicolon) return;
  const uint32_t end = split_.tokens[limit_ - 1].range.end;
  Repaired(split_.tokens[limit_].range, StrCat("expected ';' before ", Describe(split_.tokens[limit_])), {},
           {{{end, end}, ";"}});
}

void ParserRules::Keep(decltype(ast::Statement::node) node, uint32_t begin) {
  if (failed_ || faulty_) return;
  // A statement with something left behind it is faulty too.
  if (!AtEnd() && !StartsStatement(Peek())) return;
  program_.statements.push_back({std::move(node), RangeFrom(begin)});
}

void ParserRules::Statement() {
  query_depth_ = 0;
  const uint32_t begin = Begin();
  if (IsSymbol("(")) return Keep(Query(), begin);
  if (Is("WITH")) {
    return Fail(Peek().range, "WITH is not part of the dialect", "write the query as a subquery in FROM");
  }
  if (!StartsStatement(Peek())) {
    const std::string_view meant = Peek().kind == TokenKind::kWord ? SlipOf(Peek().text, kStatementWords) : "";
    if (meant.empty()) return FailExpected("CREATE, INSERT or SELECT");
    ReadAs(meant, StrCat("expected CREATE, INSERT or SELECT, found ", Describe(Peek())));
  }
  if (Accept("CREATE")) return Create();
  if (Accept("INSERT")) return Keep(Insert(), begin);
  if (Is("SELECT") || Is("VALUES")) return Keep(Query(), begin);
  Ignored();
}

void ParserRules::Ignored() {
  const SourceRange range = Peek().range;
  const std::string_view word = SourceText(range);
  position_ = limit_;
  Warn(range, StrCat(word, " is ignored"), "streams and pumps live as long as the application");
}

void ParserRules::Create() {
  const uint32_t begin = Previous().range.begin;
  bool or_replace = false;
  if (Accept("OR")) or_replace = Expect("REPLACE");
  for (const std::string_view other : {"TABLE", "FOREIGN", "SCHEMA", "SERVER", "INDEX", "TYPE"}) {
    if (!Is(other)) continue;
    return Fail(Peek().range, StrCat("CREATE ", other, " is not part of the dialect"),
                other == "TABLE" ? "create a STREAM; reference tables are named in the application" : "");
  }
  const std::string_view object = ExpectOneOf(kObjectWords, "STREAM, PUMP, FUNCTION or VIEW");
  if (object.empty()) return;
  if (Is("IF")) return Fail(Peek().range, "IF NOT EXISTS is not part of the dialect", "write CREATE OR REPLACE");
  const size_t faulty_before = faulty_definitions_.size();
  const Token name = Peek();
  const bool named = name.kind == TokenKind::kQuotedName || name.kind == TokenKind::kWord;
  if (named) faulty_definitions_.push_back(ToIdentifier(name));
  const size_t kept_before = program_.statements.size();
  const auto keep = [&](auto definition) {
    definition.or_replace = or_replace;
    Keep(std::move(definition), begin);
  };
  if (object == "STREAM") keep(StreamDefinition());
  if (object == "PUMP") keep(PumpDefinition());
  if (object == "FUNCTION") keep(FunctionDefinition());
  if (object == "VIEW") keep(ViewDefinition());
  if (program_.statements.size() > kept_before || object == "PUMP") faulty_definitions_.resize(faulty_before);
}

ast::CreateStream ParserRules::StreamDefinition() {
  ast::CreateStream stream;
  if (auto name = ObjectName("the stream's name")) stream.name = *std::move(name);
  stream.columns = ColumnDefinitions(false);
  stream.description = Description();
  SkipOptions();
  return stream;
}

std::vector<ast::ColumnDefinition> ParserRules::ColumnDefinitions(bool may_be_empty) {
  std::vector<ast::ColumnDefinition> columns;
  if (!ExpectSymbol("(")) return columns;
  const uint32_t level = AtEnd() ? 0 : split_.depth[position_ - 1] + 1;
  if (may_be_empty && AcceptSymbol(")")) return columns;
  static constexpr std::string_view kComma[] = {","};
  while (true) {
    columns.push_back(OneColumn());
    // A comma is put in where the next column follows at once.
    const bool column_follows = (Peek().kind == TokenKind::kQuotedName || Peek().kind == TokenKind::kWord) &&
                                Peek(1).kind == TokenKind::kWord && data::ParseType(Peek(1).text).ok();
    if (!failed_ && column_follows) {
      const uint32_t end = Previous().range.end;
      Repaired(Peek().range, StrCat("expected ',' before ", Describe(Peek())), {}, {{{end, end}, ","}});
      continue;
    }
    if (!failed_ && IsSymbol(";")) {
      Repaired(Peek().range, "expected ',' or ')', found ';'", {}, {{Peek().range, ","}});
      Next();
      continue;
    }
    if (!failed_ && !IsSymbol(",") && !IsSymbol(")")) FailExpected("',' or ')'");
    if (failed_ && !RecoverTo(level, {.words = {}, .symbols = kComma, .or_close = true})) return columns;
    if (!AcceptSymbol(",")) break;
    if (IsSymbol(")") && RefuseTrailingComma()) break;  // Any word may be the name of a column.
  }
  ExpectSymbol(")");
  return columns;
}

ast::ColumnDefinition ParserRules::OneColumn() {
  ast::ColumnDefinition column;
  if (auto name = AnyName("a column name")) column.name = *std::move(name);
  column.type = TypeName(IntervalTypes::kRefuse);
  if (Accept("NOT")) {
    column.not_null = Expect("NULL");
  } else {
    Accept("NULL");
  }
  for (const std::string_view word : {"PRIMARY", "DEFAULT", "UNIQUE", "REFERENCES", "CHECK"}) {
    if (Is(word))
      Fail(Peek().range, StrCat(word, " is not part of the dialect"), "a column is name, type and NOT NULL");
  }
  return column;
}

std::string ParserRules::Description() {
  if (!Accept("DESCRIPTION")) return {};
  if (Peek().kind != TokenKind::kString) {
    FailExpected("the description in quotes");
    return {};
  }
  return Next().text;
}

void ParserRules::SkipOptions() {
  if (!Accept("OPTIONS")) return;
  if (!IsSymbol("(") || split_.match[position_] == 0) return FailExpected("'(' and the options up to ')'");
  position_ = split_.match[position_] + 1;
}

ast::CreatePump ParserRules::PumpDefinition() {
  ast::CreatePump pump;
  if (auto name = ObjectName("the pump's name")) pump.name = *std::move(name);
  if (Accept("STOPPED")) {
    pump.stopped = true;
  } else {
    Accept("STARTED");
  }
  pump.description = Description();
  ExpectBefore("AS", "INSERT");
  if (Is("SELECT")) {
    Fail(Peek().range, "expected INSERT INTO after AS, found SELECT",
         "a pump writes to a stream: INSERT INTO name SELECT");
  }
  if (Expect("INSERT")) pump.insert = Insert();
  return pump;
}

ast::Insert ParserRules::Insert() {
  ast::Insert insert;
  Accept("EXPEDITED");
  if (Peek().kind == TokenKind::kQuotedName) {
    const SourceRange range = Peek().range;
    Repaired(range, "expected INTO after INSERT", {}, {{{range.begin, range.begin}, "INTO "}});
  } else {
    Expect("INTO");
  }
  if (auto name = ObjectName("the stream to insert into")) insert.target = *std::move(name);
  if (IsSymbol("(") && !ParenthesisHoldsQuery()) insert.columns = ParenthesisedNames();
  insert.query = Is("FROM") ? InsertedQueryWithoutSelect(insert) : Query();
  return insert;
}

ast::QueryPtr ParserRules::InsertedQueryWithoutSelect(const ast::Insert& insert) {
  const SourceRange from = Peek().range;
  ast::Select select;
  select.stream = true;
  const Nesting nesting(*this);
  SelectClauses(select);
  const std::string message = StrCat("expected SELECT before FROM in INSERT INTO ", AsWritten(insert.target));
  // What stands in a query with an error is not known, so nothing can be offered then.
  const auto* inner =
      !faulty_ && select.from.size() == 1 ? std::get_if<ast::FromQuery>(&select.from[0]->node) : nullptr;
  const auto columns = inner == nullptr ? std::nullopt : OutputColumns(*inner->query);
  std::string list;
  for (const Identifier& column : columns.value_or(std::vector<Identifier>())) {
    list += StrCat(list.empty() ? "" : ", ", SourceText(column.range));
    ast::Name name;
    name.parts.push_back({column.name, column.quoted, from});
    select.items.push_back({.expr = Make(std::move(name), from.begin, 0)});
  }
  if (faulty_) {
    Report({.range = from, .message = message, .hint = "write SELECT STREAM and the columns"});
  } else {
    if (list.empty()) select.items.push_back({.expr = Make(ast::Star{}, from.begin, 0)});
    const std::string words = StrCat("SELECT STREAM ", list.empty() ? "*" : list);
    Repaired(from, message, StrCat("write ", words), {{{from.begin, from.begin}, words + " "}});
  }
  ast::QueryPtr query = MakeQuery(std::move(select), from.begin);
  QueryTail(*query);
  return query;
}

ast::CreateFunction ParserRules::FunctionDefinition() {
  ast::CreateFunction function;
  if (auto name = ObjectName("the function's name")) function.name = *std::move(name);
  function.parameters = ColumnDefinitions(true);
  if (Expect("RETURNS")) function.returns = TypeName(IntervalTypes::kAccept);
  FunctionCharacteristics(function);
  if (Expect("RETURN")) function.body = Expression();
  return function;
}

void ParserRules::FunctionCharacteristics(ast::CreateFunction& function) {
  while (!AtEnd() && !failed_) {
    if (Accept("LANGUAGE")) {
      Expect("SQL");
    } else if (Accept("SPECIFIC")) {
      AnyName("the specific name");
    } else if (Accept("NOT")) {
      Expect("DETERMINISTIC");
    } else if (Accept("CONTAINS")) {
      Expect("SQL");
    } else if (Accept("READS") || Accept("MODIFIES")) {
      if (Expect("SQL")) AnyName("DATA");
    } else if (Is("RETURNS") || Is("CALLED")) {
      if (Next().text == "RETURNS") function.null_on_null_input = Expect("NULL");
      if (Expect("ON") && Expect("NULL")) Expect("INPUT");
    } else if (!Accept("DETERMINISTIC")) {
      return;
    }
  }
}

ast::CreateView ParserRules::ViewDefinition() {
  ast::CreateView view;
  if (auto name = ObjectName("the view's name")) view.name = *std::move(name);
  Description();
  if (Expect("AS")) view.query = Query();
  return view;
}

Identifier ParserRules::ToIdentifier(const Token& token) {
  return {.name = token.text, .quoted = token.kind == TokenKind::kQuotedName, .range = token.range};
}

std::optional<Identifier> ParserRules::AnyName(std::string_view description) {
  if (Peek().kind == TokenKind::kQuotedName || Peek().kind == TokenKind::kWord) return ToIdentifier(Next());
  FailExpected(description);
  return std::nullopt;
}

std::optional<Identifier> ParserRules::ObjectName(std::string_view description) {
  if (Peek().kind == TokenKind::kWord && IsStructural(Peek().text)) {
    FailExpected(description, StrCat("a reserved word needs quotes to be a name: \"", Peek().text, "\""));
    return std::nullopt;
  }
  if (Peek().kind == TokenKind::kString) {
    const Token& token = Peek();
    Fail(token.range, StrCat("expected ", description, ", found ", Describe(token)), "names are quoted with \"");
    return std::nullopt;
  }
  return AnyName(description);
}

}  // namespace tailrace::sql
