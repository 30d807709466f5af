#include <gtest/gtest.h>

#include "sql/parser.h"

namespace tailrace::sql {
namespace {

using data::Type;

// The program's statements; any diagnostic fails the test.
ast::Program Statements(std::string_view text) {
  ParseResult result = Parse(text);
  for (const Diagnostic& diagnostic : result.diagnostics) ADD_FAILURE() << Format(diagnostic, "", text);
  return std::move(result.program);
}

// The only statement, of type T.
template <typename T>
T One(std::string_view text) {
  ast::Program program = Statements(text);
  EXPECT_EQ(program.statements.size(), 1u) << text;
  if (program.statements.size() != 1) return {};
  T* statement = std::get_if<T>(&program.statements[0].node);
  EXPECT_NE(statement, nullptr) << text;
  return statement == nullptr ? T{} : std::move(*statement);
}

TEST(CreateStreamTest, ColumnsAndOptions) {
  const auto stream = One<ast::CreateStream>(
      "CREATE OR REPLACE STREAM \"Dest\" (ticker VARCHAR(4), \"Price\" DOUBLE NOT NULL, change DECIMAL(10,2) NULL)\n"
      "DESCRIPTION 'prices' OPTIONS (a 'x', b (c));");
  EXPECT_TRUE(stream.or_replace);
  EXPECT_EQ(stream.name.name, "Dest");
  EXPECT_TRUE(stream.name.quoted);
  ASSERT_EQ(stream.columns.size(), 3u);
  EXPECT_EQ(stream.columns[0].name.name, "TICKER");
  EXPECT_EQ(stream.columns[0].type.type, Type::Varchar(4));
  EXPECT_FALSE(stream.columns[0].not_null);
  EXPECT_EQ(stream.columns[1].name.name, "Price");
  EXPECT_TRUE(stream.columns[1].not_null);
  EXPECT_EQ(stream.columns[2].type.type, Type::Decimal(10, 2));
  EXPECT_EQ(stream.description, "prices");
}

TEST(CreateStreamTest, SpellingsOfRealFiles) {
  const auto stream = One<ast::CreateStream>(
      "create Stream d(\"productName\"VARCHAR(32), MetricType varchar (16), a VARCHAR, b double precision, "
      "c CHARACTER VARYING(8), d CHAR, value INT, timestamp TimeStamp, \"a-b c\" BIGINT)");
  ASSERT_EQ(stream.columns.size(), 9u);
  EXPECT_FALSE(stream.or_replace);
  EXPECT_EQ(stream.columns[0].name.name, "productName");
  EXPECT_EQ(stream.columns[0].type.type, Type::Varchar(32));
  EXPECT_EQ(stream.columns[1].type.type, Type::Varchar(16));
  EXPECT_EQ(stream.columns[2].type.type, Type::Varchar());
  EXPECT_EQ(stream.columns[3].type.type, Type::Double());
  EXPECT_EQ(stream.columns[4].type.type, Type::Varchar(8));
  EXPECT_EQ(stream.columns[5].type.type, Type::Char(1));
  EXPECT_EQ(stream.columns[6].name.name, "VALUE");
  EXPECT_EQ(stream.columns[7].name.name, "TIMESTAMP");
  EXPECT_EQ(stream.columns[7].type.type, Type::Timestamp());
  EXPECT_EQ(stream.columns[8].name.name, "a-b c");
}

TEST(CreatePumpTest, Forms) {
  const auto pump = One<ast::CreatePump>(
      "CREATE OR REPLACE PUMP \"200-ConditionedOrdersPump\" STOPPED DESCRIPTION 'd' AS INSERT EXPEDITED INTO t (a, "
      "\"b\") SELECT STREAM x, y FROM s");
  EXPECT_TRUE(pump.or_replace);
  EXPECT_TRUE(pump.stopped);
  EXPECT_EQ(pump.name.name, "200-ConditionedOrdersPump");
  EXPECT_EQ(pump.description, "d");
  EXPECT_EQ(pump.insert.target.name, "T");
  ASSERT_EQ(pump.insert.columns.size(), 2u);
  EXPECT_EQ(pump.insert.columns[0].name, "A");
  EXPECT_EQ(pump.insert.columns[1].name, "b");
  EXPECT_FALSE(One<ast::CreatePump>("CREATE PUMP p STARTED AS INSERT INTO t SELECT STREAM * FROM s").stopped);
}

TEST(InsertTest, ValuesAndParenthesisedQueries) {
  const auto values = One<ast::Insert>("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  ASSERT_EQ(std::get<ast::Values>(values.query->node).rows.size(), 2u);
  EXPECT_EQ(std::get<ast::Values>(values.query->node).rows[1].size(), 2u);
  const auto query = One<ast::Insert>("INSERT INTO t (SELECT STREAM a FROM s)");
  EXPECT_TRUE(query.columns.empty());
  EXPECT_TRUE(std::holds_alternative<ast::Select>(query.query->node));
}

TEST(CreateFunctionTest, Characteristics) {
  const auto function = One<ast::CreateFunction>(
      "CREATE FUNCTION get_fraction(d DOUBLE, \"Unit\" VARCHAR(3)) RETURNS DOUBLE LANGUAGE SQL SPECIFIC gf NOT "
      "DETERMINISTIC CONTAINS SQL RETURNS NULL ON NULL INPUT RETURN d - FLOOR(d)");
  EXPECT_EQ(function.name.name, "GET_FRACTION");
  ASSERT_EQ(function.parameters.size(), 2u);
  EXPECT_EQ(function.parameters[1].name.name, "Unit");
  EXPECT_EQ(function.returns.type, Type::Double());
  EXPECT_TRUE(function.null_on_null_input);
  EXPECT_EQ(std::get<ast::Binary>(function.body->node).op, ast::BinaryOp::kSubtract);
  const auto called = One<ast::CreateFunction>(
      "CREATE OR REPLACE FUNCTION f() RETURNS INTEGER READS SQL DATA CALLED ON NULL INPUT RETURN 1");
  EXPECT_TRUE(called.parameters.empty());
  EXPECT_FALSE(called.null_on_null_input);
}

TEST(CreateViewTest, HoldsAQuery) {
  const auto view = One<ast::CreateView>("CREATE VIEW v DESCRIPTION 'x' AS SELECT STREAM a FROM s");
  EXPECT_EQ(view.name.name, "V");
  EXPECT_NE(view.query, nullptr);
}

TEST(StatementListTest, EmptyStatementsAndMissingLastSemicolon) {
  EXPECT_EQ(Statements(";;\n;CREATE STREAM a (b INT);;\r\n\tselect Stream b FROM a").statements.size(), 2u);
  EXPECT_EQ(Statements("").statements.size(), 0u);
  EXPECT_EQ(Statements("  -- nothing\n").statements.size(), 0u);
}

TEST(StatementListTest, CommentsOfRealFiles) {
  const std::string text =
      "\xef\xbb\xbf/* head\r\n ; 'quote */\r\n-- ** Continuous Filter ** don't\r\n"
      "CREATE STREAM a (b INTEGER); // it's\r\n\tSELECT STREAM b -- tail\r\nFROM a";
  EXPECT_EQ(Statements(text).statements.size(), 2u);
}

TEST(StatementListTest, RangesCoverTheStatement) {
  const std::string text = "  SELECT STREAM a FROM s ; INSERT INTO t SELECT STREAM b FROM s";
  const ast::Program program = Statements(text);
  ASSERT_EQ(program.statements.size(), 2u);
  const auto source = [&](size_t i) {
    const SourceRange range = program.statements[i].range;
    return text.substr(range.begin, range.end - range.begin);
  };
  EXPECT_EQ(source(0), "SELECT STREAM a FROM s");
  EXPECT_EQ(source(1), "INSERT INTO t SELECT STREAM b FROM s");
}

// Statements and signs that are taken but not silently.
std::vector<std::string> Warnings(std::string_view text, size_t statements) {
  const ParseResult result = Parse(text);
  EXPECT_EQ(result.program.statements.size(), statements) << text;
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    EXPECT_EQ(diagnostic.severity, Severity::kWarning) << diagnostic.message;
    lines.push_back(Format(diagnostic, "", text));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(ToleranceTest, StatementsOfTheAncestorAreIgnored) {
  EXPECT_EQ(Warnings("ALTER PUMP p START; DROP STREAM IF EXISTS s;\nSET SCHEMA 'x'; SELECT STREAM a FROM s", 1),
            (Lines{"1:1: warning: ALTER is ignored; streams and pumps live as long as the application",
                   "1:21: warning: DROP is ignored; streams and pumps live as long as the application",
                   "2:1: warning: SET is ignored; streams and pumps live as long as the application"}));
}

TEST(ToleranceTest, OpenCommentAtTheEnd) {
  EXPECT_EQ(Warnings("SELECT STREAM a FROM s;\n/* notes", 1),
            Lines{"2:1: warning: comment is never closed; the rest of the text is taken as comment"});
}

TEST(ToleranceTest, BannerLines) {
  EXPECT_EQ(Warnings("*****\n== Orders ==\nSELECT STREAM a FROM s;\n>>> done\n", 1),
            (Lines{"1:1: warning: this line is not SQL and is skipped; begin comments with --",
                   "2:1: warning: this line is not SQL and is skipped; begin comments with --",
                   "4:1: warning: this line is not SQL and is skipped; begin comments with --"}));
}

TEST(ToleranceTest, TypographicCommentDashes) {
  EXPECT_EQ(Warnings("\xe2\x80\x93- one\nSELECT STREAM a FROM s -\xe2\x80\x93 don't\n", 1),
            (Lines{"1:1: warning: typographic dashes begin this comment; write --",
                   "2:24: warning: typographic dashes begin this comment; write --"}));
}

}  // namespace
}  // namespace tailrace::sql
