#include "sql/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using data::Batch;
using data::Type;
using data::Value;
using ::testing::ElementsAre;

BoundExprPtr Make(decltype(BoundExpr::node) node, Type type, bool can_fail = false) {
  return std::make_shared<BoundExpr>(BoundExpr{.node = std::move(node), .type = std::move(type), .can_fail = can_fail});
}
BoundExprPtr Literal(const TestValue& value) { return Make(BoundLiteral{value.value}, value.type); }
BoundExprPtr ColumnOf(int index, Type type) { return Make(BoundColumn{index}, std::move(type)); }

BoundExprPtr CallOf(std::string_view name, std::vector<BoundExprPtr> args) {
  std::vector<ArgInfo> infos;
  bool can_fail = false;
  for (const BoundExprPtr& arg : args) {
    const auto* literal = std::get_if<BoundLiteral>(&arg->node);
    infos.push_back({.type = arg->type, .constant = literal == nullptr ? nullptr : &literal->value});
    can_fail |= arg->can_fail;
  }
  Resolution resolution = BuiltinFunctions().Find(name)->resolve(infos, ast::Call{}).value();
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i]->type != resolution.arg_types[i]) {
      args[i] = Make(BoundCast{args[i], true}, resolution.arg_types[i]);
    }
  }
  return Make(BoundCall{.name = "", .kernel = resolution.kernel, .args = args, .prepared = resolution.prepared},
              resolution.result, can_fail || resolution.can_fail);
}

data::ColumnPtr Ints(std::vector<Value> values) {
  auto column = std::make_shared<data::Column>(Type::Integer());
  for (const Value& value : values) column->AppendValue(value);
  return column;
}

std::vector<std::string> Texts(const data::Column& column) {
  std::vector<std::string> texts;
  for (size_t row = 0; row < column.size(); ++row) {
    texts.push_back(column.null(row) ? "NULL" : data::ToSqlText(column.type(), column.ValueAt(row)));
  }
  return texts;
}

std::vector<uint32_t> FailedRows(const RowErrors& errors) {
  std::vector<uint32_t> rows;
  for (const RowErrors::Entry& entry : errors.entries()) rows.push_back(entry.row);
  return rows;
}

const BoundExprPtr kA = ColumnOf(0, Type::Integer());

// 12 / a, which fails where a is 0.
BoundExprPtr TwelveBy(const BoundExprPtr& divisor) { return CallOf("/", {Literal(Int(12)), divisor}); }

TEST(EvaluateTest, OneRowsErrorLeavesTheOthers) {
  const Batch batch{.columns = {Ints({3, 0, {}, 4})}};
  RowErrors errors;
  EXPECT_THAT(Texts(*Evaluate(*TwelveBy(kA), batch, {}, errors)), ElementsAre("4", "NULL", "NULL", "3"));
  EXPECT_THAT(FailedRows(errors), ElementsAre(1));
  EXPECT_EQ(errors.entries()[0].name, "DIVISION_BY_ZERO");
  EXPECT_TRUE(errors.Has(1));
  EXPECT_FALSE(errors.Has(0));
}

TEST(EvaluateTest, CaseFailsOnlyInTheBranchThatIsTaken) {
  const auto a_is = [](int64_t value) { return CallOf("=", {kA, Literal(Int(value))}); };
  const BoundExprPtr node = Make(
      BoundCase{.whens = {{a_is(0), Literal(Int(-1))}, {CallOf("=", {TwelveBy(kA), Literal(Int(4))}), TwelveBy(kA)}},
                .otherwise = nullptr},
      Type::Integer(), true);
  const Batch batch{.columns = {Ints({0, 3, 5, {}, 0})}};
  RowErrors errors;
  EXPECT_THAT(Texts(*Evaluate(*node, batch, {}, errors)), ElementsAre("-1", "4", "NULL", "NULL", "-1"));
  EXPECT_TRUE(errors.empty());
}

TEST(EvaluateTest, NestedCasesReportTheRowsOfTheBatch) {
  const BoundExprPtr inner =
      Make(BoundCase{.whens = {{CallOf("<", {kA, Literal(Int(0))}), Literal(Int(-1))}}, .otherwise = TwelveBy(kA)},
           Type::Integer(), true);
  const BoundExprPtr outer =
      Make(BoundCase{.whens = {{CallOf(">", {kA, Literal(Int(5))}), Literal(Int(5))}}, .otherwise = inner},
           Type::Integer(), true);
  const Batch batch{.columns = {Ints({9, -3, 0, 2, 0})}};
  RowErrors errors;
  EXPECT_THAT(Texts(*Evaluate(*outer, batch, {}, errors)), ElementsAre("5", "-1", "NULL", "6", "NULL"));
  EXPECT_THAT(FailedRows(errors), ElementsAre(2, 4));
}

TEST(EvaluateTest, AndOrSpareTheRightSide) {
  const BoundExprPtr not_zero = CallOf("<>", {kA, Literal(Int(0))});
  const BoundExprPtr large = CallOf(">", {TwelveBy(kA), Literal(Int(3))});
  const Batch batch{.columns = {Ints({0, 3, 12, {}})}};
  RowErrors errors;
  const auto both = Make(BoundAnd{{not_zero, large}}, Type::Boolean(), true);
  EXPECT_THAT(Texts(*Evaluate(*both, batch, {}, errors)), ElementsAre("FALSE", "TRUE", "FALSE", "NULL"));
  const auto either = Make(BoundOr{{CallOf("NOT", {not_zero}), large}}, Type::Boolean(), true);
  EXPECT_THAT(Texts(*Evaluate(*either, batch, {}, errors)), ElementsAre("TRUE", "TRUE", "FALSE", "NULL"));
  EXPECT_TRUE(errors.empty());
  EXPECT_THAT(Select(*both, batch, {}, errors), ElementsAre(1));
}

// Every pair of truth values, once with a right side that cannot fail and once with one that can.
TEST(EvaluateTest, FollowsTheTruthTables) {
  auto left = std::make_shared<data::Column>(Type::Boolean());
  auto right = std::make_shared<data::Column>(Type::Boolean());
  const std::vector<Value> kValues = {true, false, {}};
  for (const Value& a : kValues) {
    for (const Value& b : kValues) {
      left->AppendValue(a);
      right->AppendValue(b);
    }
  }
  const Batch batch{.columns = {left, right}};
  for (const bool can_fail : {false, true}) {
    const std::vector<BoundExprPtr> args = {ColumnOf(0, Type::Boolean()),
                                            Make(BoundColumn{1}, Type::Boolean(), can_fail)};
    RowErrors errors;
    EXPECT_THAT(Texts(*Evaluate(*Make(BoundAnd{args}, Type::Boolean()), batch, {}, errors)),
                ElementsAre("TRUE", "FALSE", "NULL", "FALSE", "FALSE", "FALSE", "NULL", "FALSE", "NULL"));
    EXPECT_THAT(Texts(*Evaluate(*Make(BoundOr{args}, Type::Boolean()), batch, {}, errors)),
                ElementsAre("TRUE", "TRUE", "TRUE", "TRUE", "FALSE", "NULL", "TRUE", "NULL", "NULL"));
  }
}

TEST(EvaluateTest, CoalesceNeedsLaterArgumentsOnlyWhereItMust) {
  const BoundExprPtr other = ColumnOf(1, Type::Integer());
  const auto coalesce = CallOf("COALESCE", {kA, TwelveBy(other)});
  const Batch batch{.columns = {Ints({1, {}, {}, 4}), Ints({0, 0, 6, 0})}};
  RowErrors errors;
  EXPECT_THAT(Texts(*Evaluate(*coalesce, batch, {}, errors)), ElementsAre("1", "NULL", "2", "4"));
  EXPECT_THAT(FailedRows(errors), ElementsAre(1));
}

TEST(EvaluateTest, ReadsRowtimeFieldsAndClocks) {
  const auto row_type = std::make_shared<data::RowType>(data::RowType{{{.name = "A", .type = Type::Integer()}}});
  auto rows = std::make_shared<data::Column>(Type::Row(row_type), 2);
  rows->set_children({Ints({7, 8})}, 2);
  auto rowtimes = std::make_shared<data::Column>(Type::Timestamp(), 2);
  rowtimes->mutable_int64s()[1] = 86'400'000;
  const Batch batch{.rowtimes = rowtimes, .columns = {rows}};
  EvalContext context{.query_start_unix_ms = 172'800'001};
  RowErrors errors;
  const auto text = [&](decltype(BoundExpr::node) node, Type type) {
    return Texts(*Evaluate(*Make(std::move(node), std::move(type)), batch, context, errors))[1];
  };
  EXPECT_EQ(text(BoundField{ColumnOf(0, Type::Row(row_type)), 0}, Type::Integer()), "8");
  EXPECT_EQ(text(BoundRowtime{}, Type::Timestamp()), "1970-01-02 00:00:00");
  EXPECT_EQ(text(BoundClock{ClockKind::kTimestamp}, Type::Timestamp()), "1970-01-03 00:00:00.001");
  EXPECT_EQ(text(BoundClock{ClockKind::kTime}, Type::Time()), "00:00:00.001");
  EXPECT_EQ(text(BoundClock{ClockKind::kDate}, Type::Date()), "1970-01-03");
  EXPECT_EQ(text(BoundClock{ClockKind::kRowTimestamp}, Type::Timestamp()), "1970-01-02 00:00:00");
  context.options.current_timestamp_per_row = true;
  EXPECT_EQ(text(BoundClock{ClockKind::kTimestamp}, Type::Timestamp()), "1970-01-02 00:00:00");
}

// A format with two-digit years looks at its row's ROWTIME, in a branch too.
TEST(EvaluateTest, NowIsTheRowsTime) {
  auto rowtimes = std::make_shared<data::Column>(Type::Timestamp());
  for (const char* time : {"1990-06-01 00:00:00", "2024-06-01 00:00:00", "2050-06-01 00:00:00"}) {
    rowtimes->AppendInt64(data::ParseTimestamp(time, false).value());
  }
  const Batch batch{.rowtimes = rowtimes, .columns = {Ints({1, 2, 3})}};
  const auto year = CallOf("CHAR_TO_DATE", {Literal(Text("yy")), Literal(Text("60"))});
  RowErrors errors;
  EXPECT_THAT(Texts(*Evaluate(*year, batch, {}, errors)), ElementsAre("1960-01-01", "1960-01-01", "2060-01-01"));
  const auto branch =
      Make(BoundCase{.whens = {{CallOf(">", {kA, Literal(Int(2))}), year}}, .otherwise = nullptr}, Type::Date(), true);
  EXPECT_THAT(Texts(*Evaluate(*branch, batch, {}, errors)), ElementsAre("NULL", "NULL", "2060-01-01"));
}

TEST(EvaluateTest, BatchSizeChangesNothing) {
  Rng rng(1);
  std::vector<Value> values;
  for (int i = 0; i < 500; ++i) {
    values.emplace_back();
    if (rng.Chance(0.8)) values.back().data = static_cast<int64_t>(rng.Below(7)) - 3;
  }
  const auto node = Make(
      BoundCase{
          .whens = {{Make(BoundAnd{{CallOf(">", {kA, Literal(Int(0))}), CallOf(">", {TwelveBy(kA), Literal(Int(4))})}},
                          Type::Boolean(), true),
                     CallOf("*", {kA, Literal(Int(10))})},
                    {CallOf("IS NULL", {kA}), Literal(Int(99))}},
          .otherwise = TwelveBy(kA)},
      Type::Integer(), true);
  const Batch whole{.columns = {Ints(values)}};
  RowErrors whole_errors;
  const auto expected = Texts(*Evaluate(*node, whole, {}, whole_errors));
  EXPECT_FALSE(whole_errors.empty());
  for (const size_t step : {1UL, 7UL, 64UL}) {
    std::vector<std::string> texts;
    std::vector<uint32_t> failed;
    for (size_t begin = 0; begin < values.size(); begin += step) {
      const Batch part = whole.Slice(begin, std::min(begin + step, values.size()));
      RowErrors errors;
      for (std::string& text : Texts(*Evaluate(*node, part, {}, errors))) texts.push_back(std::move(text));
      for (const uint32_t row : FailedRows(errors)) failed.push_back(row + static_cast<uint32_t>(begin));
    }
    EXPECT_EQ(texts, expected) << step;
    auto expected_failed = FailedRows(whole_errors);
    std::ranges::sort(expected_failed);
    std::ranges::sort(failed);
    EXPECT_EQ(failed, expected_failed) << step;
  }
}

TEST(RowErrorsTest, KeepsTheFirstErrorOfARow) {
  RowErrors errors;
  errors.Add(70, "A", "first");
  errors.Add(70, "B", "second");
  errors.Add(3, "C", "third");
  EXPECT_THAT(FailedRows(errors), ElementsAre(70, 3));
  EXPECT_EQ(errors.entries()[0].name, "A");
  errors.Clear();
  EXPECT_TRUE(errors.empty());
  EXPECT_FALSE(errors.Has(70));
}

}  // namespace
}  // namespace tailrace::sql
