#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Joins, set operations and finite relations. Spec sections 3.5 and 4.6.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kStreams = R"(CREATE STREAM ORDERS (orderid INTEGER, quantity INTEGER);
                                         CREATE STREAM SHIPMENTS (orderid INTEGER, weight DOUBLE);
                                         CREATE STREAM RETURNS (orderid INTEGER, reason VARCHAR(20));)";

PlanPtr Plan(std::string_view query) { return QueryPlan(StrCat(kStreams, query)); }
std::vector<std::string> ErrorsOf(std::string_view query) { return Errors(StrCat(kStreams, query)); }

TEST(BindJoinTest, WindowsStandBeforeTheAlias) {
  const PlanPtr plan = Plan(R"(SELECT STREAM ROWTIME, o.orderid, s.ROWTIME, o.ROWTIME
      FROM ORDERS OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS o LEFT JOIN SHIPMENTS OVER w s ON o.orderid = s.orderid
      WINDOW w AS (ROWS 10 PRECEDING))");
  const auto* join = FindNode<StreamJoin>(*plan);
  ASSERT_NE(join, nullptr);
  EXPECT_EQ(join->kind, ast::JoinKind::kLeft);
  EXPECT_EQ(join->left_window->preceding, 60'000);
  EXPECT_EQ(join->right_window->unit, ast::FrameUnit::kRows);
  EXPECT_EQ(join->right_window->preceding, 10);
  ASSERT_EQ(join->equalities.size(), 1u);
  EXPECT_EQ(ToString(*join->equalities[0].first), "#0");
  EXPECT_EQ(ToString(*join->equalities[0].second), "#0");  // Of its own side.
  EXPECT_EQ(join->residual, nullptr);
  // Two columns a side, then both ROWTIMEs; unqualified it is the joined row's.
  const auto* project = FindNode<Project>(*plan);
  EXPECT_EQ(ToString(*project->exprs[0]), "ROWTIME");
  EXPECT_EQ(ToString(*project->exprs[2]), "#5");
  EXPECT_EQ(ToString(*project->exprs[3]), "#4");
}

TEST(BindJoinTest, ConditionsAreSortedIntoEqualitiesAndTheRest) {
  const auto plan = Plan(R"(SELECT STREAM o.orderid FROM ORDERS o JOIN SHIPMENTS s
      ON s.orderid + 1 = o.orderid AND o.quantity > s.weight AND o.quantity > 3 AND s.ROWTIME = o.ROWTIME)");
  const auto* join = FindNode<StreamJoin>(*plan);
  ASSERT_EQ(join->equalities.size(), 1u);
  EXPECT_EQ(ToString(*join->equalities[0].first), "#0");
  EXPECT_EQ(ToString(*join->equalities[0].second), "(#0 + 1)");
  EXPECT_TRUE(join->equal_rowtime);
  EXPECT_THAT(ToString(*join->residual), HasSubstr("(#1 > #3)"));
}

TEST(BindJoinTest, CommaJoinsTakeTheirConditionsFromWhere) {
  const PlanPtr plan = Plan(R"(SELECT STREAM o.orderid FROM ORDERS o, SHIPMENTS s, RETURNS r
      WHERE o.ROWTIME = s.ROWTIME AND s.orderid = o.orderid AND r.orderid = s.orderid AND o.quantity > 2)");
  const auto* outer = FindNode<StreamJoin>(*plan);
  EXPECT_EQ(outer->kind, ast::JoinKind::kInner);
  ASSERT_EQ(outer->equalities.size(), 1u);
  EXPECT_EQ(ToString(*outer->equalities[0].first), "#2");  // s.orderid in the joined rows of o and s.
  const auto* inner = FindNode<StreamJoin>(*outer->left);
  EXPECT_TRUE(inner->equal_rowtime);
  EXPECT_EQ(inner->equalities.size(), 1u);
  EXPECT_EQ(ToString(*FindNode<Filter>(*plan)->predicate), "(#1 > 2)");
}

TEST(BindJoinTest, UsingAndNaturalShowTheirColumnsOnce) {
  const PlanPtr plan = Plan("SELECT STREAM * FROM ORDERS o JOIN SHIPMENTS s USING (orderid)");
  EXPECT_THAT(Names(*plan), ElementsAre("ORDERID", "QUANTITY", "WEIGHT"));
  const PlanPtr natural = Plan("SELECT STREAM orderid FROM ORDERS NATURAL FULL JOIN SHIPMENTS");
  EXPECT_EQ(ToString(*FindNode<Project>(*natural)->exprs[0]), "COALESCE(#0, #2)");
  EXPECT_THAT(ErrorsOf("SELECT STREAM * FROM ORDERS JOIN SHIPMENTS USING (weight)"),
              ElementsAre(HasSubstr("column WEIGHT of USING is not on the left side")));
}

TEST(BindJoinTest, TablesAreLookedUpWhicheverSideTheyAreOn) {
  for (const std::string_view from :
       {R"(SOURCE_SQL_STREAM_001 s LEFT JOIN "CompanyName" AS "c" ON s.ticker_symbol = "c"."Ticker")",
        R"("CompanyName" AS "c" RIGHT JOIN SOURCE_SQL_STREAM_001 s ON s.ticker_symbol = "c"."Ticker")"}) {
    const PlanPtr plan = QueryPlan(StrCat("SELECT STREAM \"c\".\"Company\", s.ROWTIME, price FROM ", from));
    const auto* join = FindNode<TableJoin>(*plan);
    ASSERT_NE(join, nullptr);
    EXPECT_EQ(join->kind, ast::JoinKind::kLeft);
    EXPECT_NE(std::get_if<TableScan>(&join->relation->node), nullptr);
    ASSERT_EQ(join->equalities.size(), 1u);
    EXPECT_EQ(ToString(*join->equalities[0].first), "#0");
    EXPECT_EQ(ToString(*FindNode<Project>(*plan)->exprs[0]), "#16");  // Behind the stream's 11 + 4 and "Ticker".
    EXPECT_EQ(ToString(*FindNode<Project>(*plan)->exprs[1]), "ROWTIME");
  }
}

TEST(BindJoinTest, StarKeepsTheOrderOfFrom) {
  const PlanPtr plan = QueryPlan(R"(SELECT STREAM * FROM LIMITS l JOIN (SELECT STREAM price, sector AS s
                                    FROM SOURCE_SQL_STREAM_001) x ON l.sector = x.s)");
  EXPECT_THAT(Names(*plan), ElementsAre("SECTOR", "HIGH", "PRICE", "S"));
  EXPECT_EQ(ToString(*FindNode<Project>(*plan)->exprs[0]), "#2");
}

TEST(BindJoinTest, SeveralStreamsAndATable) {
  const PlanPtr plan = Plan(R"(SELECT STREAM l.high, s.weight FROM ORDERS OVER (RANGE INTERVAL '1' MINUTE PRECEDING) o
      JOIN SHIPMENTS s ON o.orderid = s.orderid JOIN LIMITS l ON l.high = o.quantity)");
  const auto* table = FindNode<TableJoin>(*plan);
  ASSERT_NE(table, nullptr);
  EXPECT_NE(std::get_if<StreamJoin>(&table->input->node), nullptr);
}

TEST(BindJoinTest, FiniteQueriesServeAsTables) {
  EXPECT_THAT(ErrorsOf(R"(SELECT STREAM t.name FROM ORDERS o JOIN (VALUES (1, 'one'), (2, 'two')) AS t(k, name)
                          ON o.orderid = t.k)"),
              IsEmpty());
}

TEST(BindJoinTest, FiniteQueriesLookUpTablesOnly) {
  EXPECT_THAT(Errors(R"(SELECT s.price, g.n FROM SOURCE_SQL_STREAM_001 s JOIN (SELECT sector, COUNT(*) AS n
                        FROM SOURCE_SQL_STREAM_002 GROUP BY sector) g ON s.sector = g.sector)"),
              ElementsAre(HasSubstr("rows of a stream that have been grouped cannot be joined")));
  EXPECT_THAT(Errors(R"(SELECT price FROM SOURCE_SQL_STREAM_001
                        WHERE sector IN (SELECT sector FROM SOURCE_SQL_STREAM_002))"),
              ElementsAre(HasSubstr("IN (query) needs a finite relation")));
  const PlanPtr plan = QueryPlan(R"(SELECT a.price FROM SOURCE_SQL_STREAM_001 a
                                    JOIN SOURCE_SQL_STREAM_002 b ON a.sector = b.sector)");
  EXPECT_EQ(FindNode<StreamJoin>(*plan)->left_window->preceding, kJoinWindowUnbounded);
}

TEST(BindJoinTest, WhatJoinsMayNotDo) {
  EXPECT_THAT(ErrorsOf("SELECT STREAM o.orderid FROM ORDERS OVER (PARTITION BY quantity ROWS 3 PRECEDING) o JOIN "
                       "SHIPMENTS s ON o.orderid = s.orderid"),
              ElementsAre(HasSubstr("PARTITION BY is not allowed in the window of a join")));
  EXPECT_THAT(ErrorsOf("SELECT STREAM o.orderid FROM ORDERS OVER (ROWS UNBOUNDED PRECEDING) o JOIN SHIPMENTS s ON "
                       "o.orderid = s.orderid"),
              ElementsAre(HasSubstr("the window of a join must have an end")));
  EXPECT_THAT(ErrorsOf("SELECT STREAM orderid FROM ORDERS OVER (ROWS 3 PRECEDING)"),
              ElementsAre(HasSubstr("is the window of a join, but nothing is joined")));
  EXPECT_THAT(Errors("SELECT STREAM price FROM LIMITS l LEFT JOIN SOURCE_SQL_STREAM_001 s ON l.sector = s.sector"),
              ElementsAre(HasSubstr("rows of a table without a row of the stream cannot come out")));
  EXPECT_THAT(ErrorsOf("SELECT STREAM ROWTIME FROM ORDERS o JOIN SHIPMENTS s ON ROWTIME = s.ROWTIME"),
              ElementsAre(HasSubstr("ROWTIME is ambiguous in ON")));
}

TEST(BindJoinTest, TimeIsKnownThroughTheSideWithoutAWindow) {
  const std::string from = R"( FROM ORDERS o JOIN SHIPMENTS OVER (RANGE INTERVAL '1' MINUTE PRECEDING) s
                              ON o.orderid = s.orderid GROUP BY )";
  for (const std::string_view key : {"FLOOR(ROWTIME TO MINUTE)", "FLOOR(o.ROWTIME TO MINUTE)"}) {
    const PlanPtr plan = Plan(StrCat("SELECT STREAM COUNT(*)", from, key));
    EXPECT_EQ(FindNode<TumblingAggregate>(*plan)->window_end.step_ms, 60'000) << key;
  }
  EXPECT_THAT(ErrorsOf(StrCat("SELECT STREAM COUNT(*)", from, "FLOOR(s.ROWTIME TO MINUTE)")),
              ElementsAre(HasSubstr("needs a monotonic expression")));
}

TEST(BindJoinTest, UnionAllMergesStreamsOfTheSameShape) {
  const PlanPtr plan =
      Plan("SELECT STREAM orderid, quantity AS x FROM ORDERS UNION ALL SELECT STREAM * FROM SHIPMENTS");
  EXPECT_EQ(FindNode<UnionAll>(*plan)->inputs.size(), 2u);
  EXPECT_THAT(Names(*plan), ElementsAre("ORDERID", "X"));
  EXPECT_THAT(Types(*plan), ElementsAre("INTEGER", "DOUBLE"));
  EXPECT_THAT(ErrorsOf("SELECT STREAM orderid FROM ORDERS UNION ALL SELECT STREAM * FROM SHIPMENTS"),
              ElementsAre(HasSubstr("UNION ALL needs the same number of columns: 1 and 2")));
  EXPECT_THAT(ErrorsOf("SELECT STREAM orderid FROM ORDERS UNION ALL SELECT STREAM reason FROM RETURNS"),
              ElementsAre(HasSubstr("column 1 of UNION ALL is INTEGER on the left, VARCHAR(20) on the right")));
}

TEST(BindJoinTest, UnionWithoutAllIsRepairedOnStreams) {
  const std::string text =
      StrCat(kStreams, "SELECT STREAM orderid FROM ORDERS UNION SELECT STREAM orderid FROM RETURNS");
  EXPECT_THAT(Errors(text), ElementsAre(HasSubstr("on streams only UNION ALL is allowed, not UNION")));
  EXPECT_THAT(Errors(ApplyFixes(text, CompileForTest(text).diagnostics)), IsEmpty());
}

TEST(BindJoinTest, FiniteRelationsTakeAllSetOperators) {
  const PlanPtr plan = QueryPlan("VALUES (1), (2) UNION VALUES (2) INTERSECT VALUES (3) EXCEPT VALUES (4)");
  const auto* except = std::get_if<SetNode>(&plan->node);
  ASSERT_NE(except, nullptr);
  EXPECT_EQ(except->op, ast::SetOp::kExcept);
  const auto* both = std::get_if<SetNode>(&except->left->node);
  ASSERT_NE(both, nullptr);
  EXPECT_EQ(both->op, ast::SetOp::kUnion);
  EXPECT_EQ(std::get<SetNode>(both->right->node).op, ast::SetOp::kIntersect);
  EXPECT_THAT(Names(*QueryPlan("VALUES (1, 'a'), (2.5, 'bcd')")), ElementsAre("EXPR$0", "EXPR$1"));
  EXPECT_THAT(Errors("VALUES (1), ('a')"), ElementsAre(HasSubstr("column 1 of VALUES is INTEGER before")));
}

}  // namespace
}  // namespace tailrace::sql
