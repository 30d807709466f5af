#include <gtest/gtest.h>

#include "sql/parser.h"

namespace tailrace::sql {
namespace {

ast::QueryPtr QueryOf(std::string_view text) {
  ParseResult result = Parse(text);
  for (const Diagnostic& diagnostic : result.diagnostics) ADD_FAILURE() << Format(diagnostic, "", text);
  if (result.program.statements.size() != 1) return nullptr;
  auto* query = std::get_if<ast::QueryPtr>(&result.program.statements[0].node);
  return query == nullptr ? nullptr : std::move(*query);
}

ast::Select SelectOf(std::string_view text) {
  ast::QueryPtr query = QueryOf(text);
  if (query == nullptr || !std::holds_alternative<ast::Select>(query->node)) {
    ADD_FAILURE() << "not one SELECT: " << text;
    return {};
  }
  return std::get<ast::Select>(std::move(query->node));
}

std::string NameOf(const ast::ExprPtr& expr) {
  std::string text;
  for (const ast::Identifier& part : std::get<ast::Name>(expr->node).parts) {
    text += (text.empty() ? "" : ".") + part.name;
  }
  return text;
}

// FROM as text: names, q for queries, every join in parentheses.
std::string FromText(const ast::FromItem& item) {
  struct Printer {
    std::string operator()(const ast::FromName& x) const {
      std::string text;
      for (const ast::Identifier& part : x.parts) text += (text.empty() ? "" : ".") + part.name;
      return text;
    }
    std::string operator()(const ast::FromQuery&) const { return "q"; }
    std::string operator()(const ast::FromTableFunction& x) const {
      return "TABLE " + std::get<ast::Call>(x.call->node).name.name;
    }
    std::string operator()(const ast::FromJoin& x) const {
      static constexpr const char* kKinds[] = {"INNER", "LEFT", "RIGHT", "FULL", "CROSS"};
      std::string text = "(" + FromText(*x.left) + " " + (x.natural ? "NATURAL " : "") +
                         kKinds[static_cast<size_t>(x.kind)] + " " + FromText(*x.right);
      if (x.on != nullptr) text += " ON";
      for (const ast::Identifier& column : x.using_columns) text += " USING " + column.name;
      return text + ")";
    }
  };
  std::string text = std::visit(Printer(), item.node);
  if (item.over != nullptr) text += item.over->name ? " OVER " + item.over->name->name : " OVER ()";
  if (item.alias) text += " AS " + item.alias->name;
  for (const ast::Identifier& column : item.column_aliases) text += " " + column.name;
  return text;
}

std::string From(std::string_view items) {
  const ast::Select select = SelectOf("SELECT STREAM * FROM " + std::string(items));
  std::string text;
  for (const ast::FromPtr& item : select.from) text += (text.empty() ? "" : ", ") + FromText(*item);
  return text;
}

TEST(SelectTest, QuantifiersAndItems) {
  const ast::Select select = SelectOf("select Stream DISTINCT *, s.*, a + 1 AS \"x\", b low, c AS value FROM s");
  EXPECT_TRUE(select.stream);
  EXPECT_TRUE(select.distinct);
  ASSERT_EQ(select.items.size(), 5u);
  EXPECT_TRUE(std::get<ast::Star>(select.items[0].expr->node).qualifier.empty());
  ASSERT_EQ(std::get<ast::Star>(select.items[1].expr->node).qualifier.size(), 1u);
  EXPECT_EQ(select.items[2].alias->name, "x");
  EXPECT_EQ(select.items[3].alias->name, "LOW");
  EXPECT_EQ(select.items[4].alias->name, "VALUE");
  EXPECT_FALSE(SelectOf("SELECT ALL a FROM s").stream);
}

TEST(SelectTest, ClausesInOrder) {
  const ast::Select select = SelectOf(
      "SELECT STREAM a FROM s WHERE b > 1 GROUP BY FLOOR(ROWTIME TO HOUR), a HAVING COUNT(*) > 1 "
      "WINDOW w AS (PARTITION BY a, b RANGE INTERVAL '1' HOUR PRECEDING), HOUR AS (ROWS 3 PRECEDING)");
  EXPECT_NE(select.where, nullptr);
  EXPECT_EQ(select.group_by.size(), 2u);
  EXPECT_NE(select.having, nullptr);
  ASSERT_EQ(select.windows.size(), 2u);
  EXPECT_EQ(select.windows[0].name.name, "W");
  EXPECT_EQ(select.windows[0].spec.partition_by.size(), 2u);
  EXPECT_EQ(select.windows[1].name.name, "HOUR");
  EXPECT_FALSE(select.stagger.has_value());
}

TEST(SelectTest, Stagger) {
  const ast::Select select = SelectOf(
      "SELECT STREAM k, COUNT(*) FROM s WHERE a > 1 WINDOWED BY STAGGER (PARTITION BY FLOOR(t TO MINUTE), k RANGE "
      "INTERVAL '1' MINUTE) HAVING COUNT(*) > 2");
  ASSERT_TRUE(select.stagger.has_value());
  EXPECT_EQ(select.stagger->partition_by.size(), 2u);
  EXPECT_EQ(std::get<ast::Literal>(select.stagger->range_interval->node).value, data::Value(60'000));
  EXPECT_NE(select.having, nullptr);
  EXPECT_EQ(From("windowed WINDOWED BY STAGGER (PARTITION BY k RANGE INTERVAL '1' MINUTE)"), "WINDOWED");
}

TEST(WindowTest, Frames) {
  const auto frame = [](std::string_view text) {
    ast::Select select = SelectOf("SELECT STREAM SUM(a) OVER (" + std::string(text) + ") FROM s");
    return std::move(*std::get<ast::Call>(select.items[0].expr->node).over->spec);
  };
  using enum ast::BoundKind;
  const ast::WindowSpec range = frame("RANGE INTERVAL '15' SECOND PRECEDING");
  EXPECT_EQ(range.unit, ast::FrameUnit::kRange);
  EXPECT_EQ(range.start.kind, kPreceding);
  EXPECT_EQ(std::get<ast::Literal>(range.start.offset->node).value, data::Value(15'000));
  EXPECT_EQ(range.end.kind, kCurrentRow);

  const ast::WindowSpec rows = frame("PARTITION BY a ORDER BY b DESC ROWS BETWEEN 4 PRECEDING AND 0 FOLLOWING");
  EXPECT_EQ(rows.unit, ast::FrameUnit::kRows);
  ASSERT_EQ(rows.order_by.size(), 1u);
  EXPECT_TRUE(rows.order_by[0].descending);
  EXPECT_EQ(rows.start.kind, kPreceding);
  EXPECT_EQ(rows.end.kind, kFollowing);

  EXPECT_EQ(frame("ROWS UNBOUNDED PRECEDING").start.kind, kUnboundedPreceding);
  EXPECT_EQ(frame("RANGE CURRENT ROW").start.kind, kCurrentRow);
  EXPECT_EQ(frame("PARTITION BY a").unit, std::nullopt);
  const ast::WindowSpec following = frame("RANGE INTERVAL '1' HOUR FOLLOWING");
  EXPECT_EQ(following.start.kind, kCurrentRow);
  EXPECT_EQ(following.end.kind, kFollowing);
  EXPECT_NE(following.end.offset, nullptr);
}

TEST(FromTest, NamesAndAliases) {
  EXPECT_EQ(From("\"S_001\" s"), "S_001 AS S");
  EXPECT_EQ(From("a AS \"b\", c"), "A AS b, C");
  EXPECT_EQ(From("(SELECT STREAM f(x) FROM s) AS t(r)"), "q AS T R");
  EXPECT_EQ(From("(SELECT STREAM x FROM s)"), "q");
  EXPECT_EQ(From("(VALUES (42, 'Fred'), (34, 'Wilma')) AS t(age, name)"), "q AS T AGE NAME");
  EXPECT_EQ(From("sch.\"S\" AS x"), "SCH.S AS X");
}

TEST(FromTest, TableFunctions) {
  EXPECT_EQ(From("TABLE (RANDOM_CUT_FOREST ( CURSOR ( SELECT STREAM a FROM s WHERE b = 1 ), 100, 256)) WHERE a > 2"),
            "TABLE RANDOM_CUT_FOREST");
  EXPECT_EQ(From("TABLE(HOTSPOTS(CURSOR(SELECT STREAM a, b FROM s), 1000, 0.2, 17)) h"), "TABLE HOTSPOTS AS H");
}

TEST(FromTest, Joins) {
  EXPECT_EQ(From("a JOIN b ON a.x = b.x LEFT OUTER JOIN c ON b.y = c.y"), "((A INNER B ON) LEFT C ON)");
  EXPECT_EQ(From("a FULL JOIN b USING (x, y)"), "(A FULL B USING X USING Y)");
  EXPECT_EQ(From("a CROSS JOIN b"), "(A CROSS B)");
  EXPECT_EQ(From("a NATURAL LEFT JOIN b"), "(A NATURAL LEFT B)");
  EXPECT_EQ(From("a RIGHT JOIN (b INNER JOIN c ON b.x = c.x) ON a.x = b.x"), "(A RIGHT (B INNER C ON) ON)");
  EXPECT_EQ(From("((SELECT x FROM s) AS q1 JOIN b ON q1.x = b.x)"), "(q AS Q1 INNER B ON)");
  EXPECT_EQ(From("((SELECT x FROM s) UNION ALL (SELECT x FROM t)) AS u"), "q AS U");
  EXPECT_EQ(From("((SELECT x FROM s))"), "q");
}

TEST(FromTest, JoinWindowsStandBeforeTheAlias) {
  EXPECT_EQ(From("a OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS o JOIN b OVER w s ON o.x = s.x "
                 "WINDOW w AS (ROWS 3 PRECEDING)"),
            "(A OVER () AS O INNER B OVER W AS S ON)");
  EXPECT_EQ(From("a AS o OVER w"), "A OVER W AS O");
}

// Set operations with every one in parentheses; a query by the name of its first FROM item.
std::string SetText(const ast::Query& query) {
  if (const auto* set = std::get_if<ast::SetOperation>(&query.node)) {
    static constexpr const char* kOps[] = {"UNION", "UNION ALL", "INTERSECT", "EXCEPT"};
    return "(" + SetText(*set->left) + " " + kOps[static_cast<size_t>(set->op)] + " " + SetText(*set->right) + ")";
  }
  return FromText(*std::get<ast::Select>(query.node).from[0]);
}

TEST(SetOperationTest, Precedence) {
  EXPECT_EQ(SetText(*QueryOf("SELECT x FROM a UNION SELECT x FROM b INTERSECT SELECT x FROM c EXCEPT SELECT x FROM d")),
            "((A UNION (B INTERSECT C)) EXCEPT D)");
  EXPECT_EQ(SetText(*QueryOf("SELECT x FROM a EXCEPT (SELECT x FROM b UNION ALL SELECT x FROM c)")),
            "(A EXCEPT (B UNION ALL C))");
}

TEST(SetOperationTest, OrderByBelongsToTheWhole) {
  const ast::QueryPtr query =
      QueryOf("SELECT STREAM x FROM a UNION ALL SELECT STREAM x FROM b ORDER BY ROWTIME, 2 DESC LIMIT 10");
  EXPECT_TRUE(std::holds_alternative<ast::SetOperation>(query->node));
  ASSERT_EQ(query->order_by.size(), 2u);
  EXPECT_EQ(NameOf(query->order_by[0].expr), "ROWTIME");
  EXPECT_FALSE(query->order_by[0].descending);
  EXPECT_TRUE(query->order_by[1].descending);
  EXPECT_EQ(std::get<ast::Literal>(query->limit->node).value, data::Value(10));
  EXPECT_NE(QueryOf("SELECT x FROM a FETCH FIRST 3 ROWS ONLY")->limit, nullptr);
}

TEST(ValuesTest, Rows) {
  const ast::QueryPtr one = QueryOf("VALUES 1+2 > 3");
  const auto& values = std::get<ast::Values>(one->node);
  ASSERT_EQ(values.rows.size(), 1u);
  EXPECT_EQ(values.rows[0].size(), 1u);
  EXPECT_EQ(QueryOf("VALUES (3), (1) ORDER BY 1")->order_by.size(), 1u);
}

}  // namespace
}  // namespace tailrace::sql
