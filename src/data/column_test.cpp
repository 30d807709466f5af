#include "data/column.h"

#include <gtest/gtest.h>

#include "data/batch.h"

namespace tailrace::data {
namespace {

ColumnPtr Ints(std::initializer_list<Value> values) {
  auto column = std::make_shared<Column>(Type::Integer());
  for (const Value& value : values) column->AppendValue(value);
  return column;
}

ColumnPtr Texts(std::initializer_list<Value> values) {
  auto column = std::make_shared<Column>(Type::Varchar(20));
  for (const Value& value : values) column->AppendValue(value);
  return column;
}

std::vector<Value> ValuesOf(const Column& column) {
  std::vector<Value> values;
  for (size_t row = 0; row < column.size(); ++row) values.push_back(column.ValueAt(row));
  return values;
}

TEST(ArenaTest, NeverMovesWhatItHolds) {
  Arena arena;
  std::vector<std::string_view> kept;
  for (int i = 0; i < 5'000; ++i) kept.push_back(arena.Copy(std::to_string(i)));
  const std::string large(200'000, 'x');
  const std::string_view large_kept = arena.Copy(large);
  kept.push_back(arena.Copy("after"));
  for (int i = 0; i < 5'000; ++i) EXPECT_EQ(kept[static_cast<size_t>(i)], std::to_string(i));
  EXPECT_EQ(large_kept, large);
  EXPECT_EQ(kept.back(), "after");
  EXPECT_EQ(arena.Copy(""), "");
}

TEST(ValidityTest, CountsNullsAcrossWords) {
  constexpr size_t kRows = 130;
  Validity validity;
  EXPECT_TRUE(validity.all_valid());
  for (const size_t row : {0UL, 63UL, 64UL, 129UL}) validity.SetNull(row, kRows);
  EXPECT_EQ(validity.CountNulls(kRows), 4U);
  EXPECT_TRUE(validity.null(129));
  EXPECT_TRUE(validity.valid(128));
  Validity other;
  other.SetNull(1, kRows);
  EXPECT_EQ(Validity::And(validity, other, kRows).CountNulls(kRows), 5U);
  EXPECT_EQ(Validity::And(validity, {}, kRows).CountNulls(kRows), 4U);
  other.SetAllNull(kRows);
  EXPECT_EQ(other.CountNulls(kRows), kRows);
}

TEST(ColumnTest, AppendsNullsAtAnyPlace) {
  auto column = std::make_shared<Column>(Type::Bigint());
  for (int64_t i = 0; i < 200; ++i) {
    if (i % 67 == 66) {
      column->AppendNull();
    } else {
      column->AppendInt64(i);
    }
  }
  EXPECT_EQ(column->validity().CountNulls(200), 2U);
  EXPECT_TRUE(column->null(66));
  EXPECT_TRUE(column->null(133));
  EXPECT_EQ(column->ValueAt(199), Value(int64_t{199}));
}

TEST(ColumnTest, GatherKeepsTextAlive) {
  ColumnPtr source = Texts({"one", {}, "three"});
  const std::vector<uint32_t> indices = {2, 1, 2};
  const ColumnPtr gathered = source->Gather(indices);
  source.reset();
  EXPECT_EQ(ValuesOf(*gathered), (std::vector<Value>{"three", {}, "three"}));
}

TEST(ColumnTest, MakesConstants) {
  EXPECT_EQ(ValuesOf(*Column::MakeConstant(Type::Varchar(3), "abc", 2)), (std::vector<Value>{"abc", "abc"}));
  EXPECT_EQ(ValuesOf(*Column::MakeConstant(Type::Double(), {}, 2)), (std::vector<Value>(2)));
  EXPECT_TRUE(Column::MakeConstant(Type::Null(), {}, 2)->null(1));
}

TEST(ColumnTest, GathersRowsChildByChild) {
  const auto row_type = std::make_shared<RowType>(
      RowType{{{.name = "A", .type = Type::Integer()}, {.name = "B", .type = Type::Varchar(20)}}});
  Column rows(Type::Row(row_type), 2);
  rows.set_children({Ints({1, {}}), Texts({"x", "y"})}, 2);
  rows.SetNull(0);
  const std::vector<uint32_t> indices = {1, 0};
  const ColumnPtr gathered = rows.Gather(indices);
  EXPECT_TRUE(gathered->null(1));
  EXPECT_FALSE(gathered->null(0));
  EXPECT_EQ(ValuesOf(*gathered->children()[1]), (std::vector<Value>{"y", "x"}));
  EXPECT_EQ(ValuesOf(*gathered->children()[0]), (std::vector<Value>{{}, 1}));
}

TEST(ColumnTest, AppendsFromAnotherColumn) {
  const ColumnPtr source = Texts({"a", {}});
  Column target(Type::Varchar(20));
  target.AppendFrom(*source, 1);
  target.AppendFrom(*source, 0);
  EXPECT_EQ(ValuesOf(target), (std::vector<Value>{{}, "a"}));
}

TEST(BatchTest, SlicesAndConcatenates) {
  const Batch first{.rowtimes = Ints({1, 2, 3}), .columns = {Texts({"a", {}, "c"}), Ints({{}, 5, 6})}};
  const Batch second{.rowtimes = Ints({4}), .columns = {Texts({"d"}), Ints({7})}};
  const Batch both = Concat(first.Slice(1, 3), second);
  EXPECT_EQ(both.rows(), 3U);
  EXPECT_EQ(ValuesOf(*both.rowtimes), (std::vector<Value>{2, 3, 4}));
  EXPECT_EQ(ValuesOf(*both.columns[0]), (std::vector<Value>{{}, "c", "d"}));
  EXPECT_EQ(ValuesOf(*both.columns[1]), (std::vector<Value>{5, 6, 7}));
  EXPECT_EQ(Concat({}, second).rows(), 1U);
  EXPECT_EQ(first.Slice(0, 3).columns[0], first.columns[0]);
}

TEST(SchemaTest, FindsExactNames) {
  const Schema schema{{{.name = "A", .type = Type::Integer()}, {.name = "b", .type = Type::Integer()}}};
  EXPECT_EQ(schema.Find("b"), 1);
  EXPECT_EQ(schema.Find("B"), -1);
}

}  // namespace
}  // namespace tailrace::data
