#include <gtest/gtest.h>

#include "data/text.h"
#include "sql/parser.h"

// Goal    Precedence, shapes and normal forms of expressions, read back as text with every parenthesis written.

namespace tailrace::sql {
namespace {

using namespace ast;  // NOLINT: the printer below names every node.

std::string Text(const ExprPtr& expr);

std::string List(const std::vector<ExprPtr>& list) {
  std::string text;
  for (const ExprPtr& expr : list) text += (text.empty() ? "" : ", ") + Text(expr);
  return text;
}

std::string Sign(BinaryOp op) {
  static constexpr const char* kSigns[] = {"+", "-", "*", "/", "||", "=", "<>", "<", "<=", ">", ">=", "AND", "OR"};
  return kSigns[static_cast<size_t>(op)];
}

struct Printer {
  std::string operator()(const Literal& x) const {
    if (x.value.is_null()) return "NULL";
    const std::string text = data::ToSqlText(x.type, x.value);
    return x.type.is_character() ? "'" + text + "'" : text;
  }
  std::string operator()(const Name& x) const {
    std::string text;
    for (const Identifier& part : x.parts) text += (text.empty() ? "" : ".") + part.name;
    return text;
  }
  std::string operator()(const Star&) const { return "*"; }
  std::string operator()(const Unary& x) const {
    static constexpr const char* kSigns[] = {"+", "-", "NOT "};
    return "(" + (kSigns[static_cast<size_t>(x.op)] + Text(x.operand)) + ")";
  }
  std::string operator()(const Binary& x) const {
    return "(" + Text(x.left) + " " + Sign(x.op) + " " + Text(x.right) + ")";
  }
  std::string operator()(const Is& x) const {
    static constexpr const char* kWords[] = {"NULL", "TRUE", "FALSE", "UNKNOWN"};
    return "(" + Text(x.operand) + " IS " + (x.negated ? "NOT " : "") + kWords[static_cast<size_t>(x.what)] + ")";
  }
  std::string operator()(const IsDistinct& x) const {
    return "(" + Text(x.left) + (x.negated ? " SAME " : " DISTINCT ") + Text(x.right) + ")";
  }
  std::string operator()(const Between& x) const {
    return "(" + Text(x.operand) + (x.negated ? " NOT" : "") + " BETWEEN" + (x.symmetric ? " SYMMETRIC " : " ") +
           Text(x.low) + " AND " + Text(x.high) + ")";
  }
  std::string operator()(const InList& x) const {
    return "(" + Text(x.operand) + (x.negated ? " NOT IN (" : " IN (") + List(x.list) + "))";
  }
  std::string operator()(const InQuery& x) const {
    return "(" + Text(x.operand) + (x.negated ? " NOT" : "") + " IN q)";
  }
  std::string operator()(const ExistsQuery&) const { return "EXISTS q"; }
  std::string operator()(const Like& x) const {
    return "(" + Text(x.operand) + (x.negated ? " NOT" : "") + (x.similar ? " SIMILAR " : " LIKE ") + Text(x.pattern) +
           (x.escape == nullptr ? "" : " ESCAPE " + Text(x.escape)) + ")";
  }
  std::string operator()(const Case& x) const {
    std::string text = "CASE";
    if (x.operand != nullptr) text += " " + Text(x.operand);
    for (const When& when : x.whens) text += " WHEN " + Text(when.condition) + " THEN " + Text(when.result);
    if (x.otherwise != nullptr) text += " ELSE " + Text(x.otherwise);
    return text + " END";
  }
  std::string operator()(const Cast& x) const {
    return "CAST(" + Text(x.operand) + " AS " + x.type.type.ToString() + ")";
  }
  std::string operator()(const Difference& x) const {
    return "DIFF(" + Text(x.left) + ", " + Text(x.right) + ", " + x.qualifier.ToString() + ")";
  }
  std::string operator()(const Call& x) const {
    std::string text = x.name.name + "(";
    if (x.star) text += "*";
    if (x.distinct) text += "DISTINCT ";
    if (x.trim != TrimSide::kBoth) text += x.trim == TrimSide::kLeading ? "LEADING " : "TRAILING ";
    if (x.unit) text += std::string(data::IntervalFieldName(*x.unit)) + (x.args.empty() ? "" : ": ");
    text += List(x.args) + ")";
    if (x.from_last) text += " LAST";
    if (x.nulls != NullTreatment::kDefault) text += x.nulls == NullTreatment::kIgnore ? " IGNORE" : " RESPECT";
    if (x.over != nullptr)
      text += " OVER " + (x.over->name ? x.over->name->name : "(" + List(x.over->spec->partition_by) + ")");
    return text;
  }
  std::string operator()(const Cursor&) const { return "CURSOR q"; }
  std::string operator()(const RowValue& x) const { return "<" + List(x.items) + ">"; }
  std::string operator()(const PeriodPredicate& x) const {
    static constexpr const char* kOps[] = {"EQUALS", "CONTAINS", "OVERLAPS", "PRECEDES", "SUCCEEDS", "LEADS", "LAGS"};
    static constexpr const char* kStrict[] = {"", "STRICTLY ", "IMMEDIATELY "};
    return "(" + Text(x.left) + " " + kStrict[static_cast<size_t>(x.strictness)] + kOps[static_cast<size_t>(x.op)] +
           " " + Text(x.right) + ")";
  }
};

std::string Text(const ExprPtr& expr) { return expr == nullptr ? "null" : std::visit(Printer(), expr->node); }

// The expression as text, or its first error.
std::string Shape(std::string_view text) {
  const ParsedExpression parsed = ParseExpression(text);
  if (!parsed.diagnostics.empty()) return Format(parsed.diagnostics[0], "", text);
  return Text(parsed.expr);
}

TEST(ExpressionTest, Precedence) {
  EXPECT_EQ(Shape("1 + 2 * 3 - 4"), "((1 + (2 * 3)) - 4)");
  EXPECT_EQ(Shape("a - b - c"), "((A - B) - C)");
  EXPECT_EQ(Shape("5*2+2 = 12"), "(((5 * 2) + 2) = 12)");
  EXPECT_EQ(Shape("a || b + c || d"), "((A || (B + C)) || D)");
  EXPECT_EQ(Shape("a OR b AND NOT c = d"), "(A OR (B AND (NOT (C = D))))");
  EXPECT_EQ(Shape("NOT a AND b"), "((NOT A) AND B)");
  EXPECT_EQ(Shape("-a * b"), "((-A) * B)");
  EXPECT_EQ(Shape("- - a"), "(-(-A))");
  EXPECT_EQ(Shape("a - -3"), "(A - -3)");
  EXPECT_EQ(Shape("(a OR b) AND c"), "((A OR B) AND C)");
  EXPECT_EQ(Shape("1+2 > 3"), "((1 + 2) > 3)");
  EXPECT_EQ(Shape("a != b"), "(A <> B)");
}

TEST(ExpressionTest, TruthTestsTakeTheWholeFactor) {
  EXPECT_EQ(Shape("NOT UNKNOWN IS TRUE"), "((NOT NULL) IS TRUE)");
  EXPECT_EQ(Shape("NOT a IS NULL"), "(NOT (A IS NULL))");
  EXPECT_EQ(Shape("a = b IS NOT FALSE"), "((A = B) IS NOT FALSE)");
  EXPECT_EQ(Shape("a IS NOT NULL AND b IS UNKNOWN"), "((A IS NOT NULL) AND (B IS UNKNOWN))");
}

TEST(ExpressionTest, Predicates) {
  EXPECT_EQ(Shape("a NOT BETWEEN SYMMETRIC 1 AND b + 2 AND c"), "((A NOT BETWEEN SYMMETRIC 1 AND (B + 2)) AND C)");
  EXPECT_EQ(Shape("a BETWEEN ASYMMETRIC 1 AND 2"), "(A BETWEEN 1 AND 2)");
  EXPECT_EQ(Shape("a IN (1, 2 + 3)"), "(A IN (1, (2 + 3)))");
  EXPECT_EQ(Shape("a NOT IN (SELECT b FROM c)"), "(A NOT IN q)");
  EXPECT_EQ(Shape("a IN ((SELECT b FROM c))"), "(A IN q)");
  EXPECT_EQ(Shape("EXISTS (SELECT b FROM c) OR d"), "(EXISTS q OR D)");
  EXPECT_EQ(Shape("a LIKE 'x!%' ESCAPE '!'"), "(A LIKE 'x!%' ESCAPE '!')");
  EXPECT_EQ(Shape("a NOT SIMILAR TO 'x|y'"), "(A NOT SIMILAR 'x|y')");
  EXPECT_EQ(Shape("a IS DISTINCT FROM b"), "(A DISTINCT B)");
  EXPECT_EQ(Shape("a IS NOT DISTINCT FROM b"), "(A SAME B)");
}

TEST(ExpressionTest, PeriodPredicates) {
  EXPECT_EQ(Shape("(a, b) OVERLAPS (c, d)"), "(<A, B> OVERLAPS <C, D>)");
  EXPECT_EQ(Shape("PERIOD (a, b) STRICTLY CONTAINS t"), "(<A, B> STRICTLY CONTAINS T)");
  EXPECT_EQ(Shape("(a, b) IMMEDIATELY PRECEDES (c, d) PRECEDES (e, f)"),
            "((<A, B> IMMEDIATELY PRECEDES <C, D>) AND (<C, D> PRECEDES <E, F>))");
  EXPECT_EQ(Shape("(a, b) IMMEDIATELY OVERLAPS (c, d)"),
            "1:20: IMMEDIATELY does not go with OVERLAPS; only with PRECEDES, SUCCEEDS, LEADS and LAGS");
}

TEST(ExpressionTest, CaseBothForms) {
  EXPECT_EQ(Shape("CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END"),
            "CASE A WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END");
  EXPECT_EQ(Shape("CASE WHEN a > 1 THEN b END"), "CASE WHEN (A > 1) THEN B END");
  EXPECT_EQ(Shape("COUNT((CASE WHEN d.OS = 'iOS' THEN COGNITO_ID ELSE null END))"),
            "COUNT(CASE WHEN (D.OS = 'iOS') THEN COGNITO_ID ELSE NULL END)");
  EXPECT_EQ(Shape("CASE a ELSE b END"), "1:8: expected WHEN, found ELSE");
}

TEST(ExpressionTest, DatetimeDifference) {
  EXPECT_EQ(Shape("(a - b) SECOND / 10"), "(DIFF(A, B, INTERVAL SECOND) / 10)");
  EXPECT_EQ(Shape("FLOOR((s.ROWTIME - TIMESTAMP '1970-01-01 00:00:00') SECOND / 10 TO SECOND)"),
            "FLOOR_TO(SECOND: (DIFF(S.ROWTIME, 1970-01-01 00:00:00, INTERVAL SECOND) / 10))");
  EXPECT_EQ(Shape("(a - b) DAY TO SECOND"), "DIFF(A, B, INTERVAL DAY TO SECOND(3))");
  EXPECT_EQ(Shape("(a - b) SECOND(10,3) * 1000"), "(DIFF(A, B, INTERVAL SECOND(10)) * 1000)");
  EXPECT_EQ(Shape("FLOOR((a - b) SECOND TO MINUTE)"), "FLOOR_TO(MINUTE: DIFF(A, B, INTERVAL SECOND))");
}

TEST(ExpressionTest, FunctionsWithWordsBetweenTheirArguments) {
  EXPECT_EQ(Shape("EXTRACT(SECOND FROM x)"), "EXTRACT(SECOND: X)");
  EXPECT_EQ(Shape("FLOOR(5.2)"), "FLOOR(5.2)");
  EXPECT_EQ(Shape("CEILING(x TO DAY)"), "CEIL_TO(DAY: X)");
  EXPECT_EQ(Shape("ceil(x)"), "CEIL(X)");
  EXPECT_EQ(Shape("STEP (x BY INTERVAL '10' SECOND)"), "STEP(X, +10)");
  EXPECT_EQ(Shape("SUBSTRING(s FROM 3 FOR 4)"), "SUBSTRING_FROM(S, 3, 4)");
  EXPECT_EQ(Shape("SUBSTRING(s, 3, 4)"), "SUBSTRING(S, 3, 4)");
  EXPECT_EQ(Shape("SUBSTRING('TECH' SIMILAR 'T%\"E%\"' ESCAPE '%')"), "SUBSTRING_SIMILAR('TECH', 'T%\"E%\"', '%')");
  EXPECT_EQ(Shape("OVERLAY('12345' PLACING 'foo' FROM -2 FOR 1)"), "OVERLAY('12345', 'foo', -2, 1)");
  EXPECT_EQ(Shape("POSITION('.com' IN \"r\") - 4"), "(POSITION('.com', r) - 4)");
  EXPECT_EQ(Shape("TRIM(s)"), "TRIM(S)");
  EXPECT_EQ(Shape("TRIM(BOTH FROM s)"), "TRIM(S)");
  EXPECT_EQ(Shape("TRIM(LEADING 'x' FROM s)"), "TRIM(LEADING S, 'x')");
  EXPECT_EQ(Shape("TRIM('x' FROM s)"), "TRIM(S, 'x')");
  EXPECT_EQ(Shape("CURRENT_TIMESTAMP"), "CURRENT_TIMESTAMP()");
  EXPECT_EQ(Shape("LOCALTIME(3)"), "LOCALTIME(3)");
  EXPECT_EQ(Shape("{fn UPPER(a)}"), "UPPER(A)");
}

TEST(ExpressionTest, WindowedCalls) {
  EXPECT_EQ(Shape("COUNT(*) OVER w"), "COUNT(*) OVER W");
  EXPECT_EQ(Shape("SUM(DISTINCT a) OVER HOUR"), "SUM(DISTINCT A) OVER HOUR");
  EXPECT_EQ(Shape("LAG(price, 1, 0) IGNORE NULLS OVER (PARTITION BY t RANGE INTERVAL '1' MINUTE PRECEDING)"),
            "LAG(PRICE, 1, 0) IGNORE OVER (T)");
  EXPECT_EQ(Shape("NTH_VALUE(a, 2) FROM LAST RESPECT NULLS OVER w"), "NTH_VALUE(A, 2) LAST RESPECT OVER W");
  EXPECT_EQ(Shape("device || '_' || CAST(MAX(x) OVER W1 AS VARCHAR(128))"),
            "((DEVICE || '_') || CAST(MAX(X) OVER W1 AS VARCHAR(128)))");
  EXPECT_EQ(Shape("TSDIFF(t, LAG(t,1) OVER W1)/1000"), "(TSDIFF(T, LAG(T, 1) OVER W1) / 1000)");
}

TEST(ExpressionTest, ReservedWordsAreNamesWhereNothingElseCanStand) {
  EXPECT_EQ(Shape("value + date"), "(VALUE + DATE)");
  EXPECT_EQ(Shape("t.timestamp"), "T.TIMESTAMP");
  EXPECT_EQ(Shape("t.select"), "T.SELECT");
  EXPECT_EQ(Shape("count"), "COUNT");
  EXPECT_EQ(Shape("ROWTIME = \"ROWTIME\""), "(ROWTIME = ROWTIME)");
  EXPECT_EQ(Shape("t.r.COLUMN1"), "T.R.COLUMN1");
  EXPECT_EQ(Shape("l.r.\"COL_1\""), "L.R.COL_1");
  EXPECT_EQ(Shape("a + FROM"), "1:5: expected an expression, found FROM");
}

TEST(ExpressionTest, Casts) {
  EXPECT_EQ(Shape("CAST(a AS VARCHAR (12))"), "CAST(A AS VARCHAR(12))");
  EXPECT_EQ(Shape("CAST(a AS DOUBLE PRECISION)"), "CAST(A AS DOUBLE)");
  EXPECT_EQ(Shape("CAST(a AS CHARACTER VARYING(3))"), "CAST(A AS VARCHAR(3))");
  EXPECT_EQ(Shape("CAST(a AS INTERVAL DAY(3) TO MINUTE)"), "CAST(A AS INTERVAL DAY(3) TO MINUTE)");
  EXPECT_EQ(Shape("CAST(a AS dec(10, 2))"), "CAST(A AS DECIMAL(10,2))");
}

TEST(ExpressionTest, LongChainsOfAssociativeOperatorsStayShallow) {
  std::string text = "a = 0";
  for (int i = 1; i < 5'000; ++i) text += " OR a = " + std::to_string(i);
  const ParsedExpression parsed = ParseExpression(text);
  ASSERT_NE(parsed.expr, nullptr);
  EXPECT_LE(parsed.expr->depth, 16);  // 13 levels of OR over a comparison over its operands.
}

}  // namespace
}  // namespace tailrace::sql
