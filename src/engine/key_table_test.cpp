#include "engine/key_table.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "base/rng.h"
#include "base/str.h"
#include "sim/seeds.h"

namespace tailrace::engine {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;

template <typename Fill>
ColumnPtr Make(Type type, const Fill& fill) {
  auto column = std::make_shared<Column>(std::move(type));
  fill(*column);
  return column;
}

std::vector<uint32_t> Indices(KeyTable& table, const std::vector<ColumnPtr>& keys,
                              std::vector<uint32_t>* added = nullptr) {
  std::vector<uint32_t> indices;
  std::vector<uint32_t> fresh;
  table.FindOrInsert(keys, 0, keys.empty() ? 1 : keys[0]->size(), indices, fresh);
  if (added != nullptr) *added = fresh;
  return indices;
}

TEST(KeyTableTest, NumbersTextsAndTuplesGetIndicesInFirstSeenOrder) {
  KeyTable numbers({Type::Bigint()}, KeyTable::Lifetime::kTogether);
  const ColumnPtr number = Make(Type::Bigint(), [](Column& column) {
    for (const int64_t value : {7, 0, 7, -1}) column.AppendInt64(value);
    column.AppendNull();
    column.AppendInt64(0);  // The value slot of a NULL is 0 too.
    column.AppendNull();
  });
  EXPECT_EQ(Indices(numbers, {number}), (std::vector<uint32_t>{0, 1, 0, 2, 3, 1, 3}));

  KeyTable texts({Type::Varchar()}, KeyTable::Lifetime::kSingle);
  const ColumnPtr text = Make(Type::Varchar(), [](Column& column) {
    column.AppendText("b");
    column.AppendNull();
    column.AppendText("");
    column.AppendText("b");
  });
  EXPECT_EQ(Indices(texts, {text}), (std::vector<uint32_t>{0, 1, 2, 0}));

  KeyTable tuples({Type::Varchar(), Type::Varchar()}, KeyTable::Lifetime::kTogether);
  const ColumnPtr left = Make(Type::Varchar(), [](Column& column) {
    for (const char* value : {"ab", "a", "ab"}) column.AppendText(value);
  });
  const ColumnPtr right = Make(Type::Varchar(), [](Column& column) {
    for (const char* value : {"c", "bc", "c"}) column.AppendText(value);
  });
  EXPECT_EQ(Indices(tuples, {left, right}), (std::vector<uint32_t>{0, 1, 0}));
}

TEST(KeyTableTest, BothZerosAndAllNaNsAreOneKey) {
  KeyTable table({Type::Double()}, KeyTable::Lifetime::kTogether);
  const ColumnPtr column = Make(Type::Double(), [](Column& values) {
    values.AppendDouble(0.0);
    values.AppendDouble(-0.0);
    values.AppendDouble(std::numeric_limits<double>::quiet_NaN());
    values.AppendDouble(-std::numeric_limits<double>::quiet_NaN());
  });
  EXPECT_EQ(Indices(table, {column}), (std::vector<uint32_t>{0, 0, 1, 1}));
}

TEST(KeyTableTest, NoColumnsIsOneKey) {
  KeyTable table({}, KeyTable::Lifetime::kSingle);
  EXPECT_EQ(Indices(table, {}), std::vector<uint32_t>{0});
  table.Erase(0);
  EXPECT_EQ(table.size(), 0);
  EXPECT_EQ(Indices(table, {}), std::vector<uint32_t>{0});
}

TEST(KeyTableTest, FindDoesNotInsert) {
  KeyTable table({Type::Bigint()}, KeyTable::Lifetime::kTogether);
  const ColumnPtr one = Make(Type::Bigint(), [](Column& column) { column.AppendInt64(1); });
  const ColumnPtr two = Make(Type::Bigint(), [](Column& column) { column.AppendInt64(2); });
  Indices(table, {one});
  std::vector<uint32_t> found;
  table.Find({&two, 1}, 0, 1, found);
  EXPECT_EQ(found, std::vector<uint32_t>{KeyTable::kNone});
  table.Find({&one, 1}, 0, 1, found);
  EXPECT_EQ(found, std::vector<uint32_t>{0});
  EXPECT_EQ(table.size(), 1);
}

// Against std::map, with keys coming and going.
TEST(KeyTableTest, AgreesWithAMapUnderInsertsAndErases) {
  for (const uint64_t seed : sim::Seeds(30)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    const bool text = rng.Chance(0.5);
    KeyTable table({text ? Type::Varchar() : Type::Bigint()}, KeyTable::Lifetime::kSingle);
    std::map<uint64_t, uint32_t> model;
    for (int step = 0; step < 3000; ++step) {
      const uint64_t key = rng.Below(200);
      if (rng.Chance(0.4) && model.contains(key)) {
        table.Erase(model[key]);
        model.erase(key);
        continue;
      }
      const ColumnPtr column = Make(text ? Type::Varchar() : Type::Bigint(), [&](Column& values) {
        if (key == 0) {
          values.AppendNull();
        } else if (text) {
          values.AppendText(StrCat("a rather long key ", key));
        } else {
          values.AppendInt64(static_cast<int64_t>(key) - 100);
        }
      });
      std::vector<uint32_t> added;
      const uint32_t index = Indices(table, {column}, &added)[0];
      ASSERT_EQ(added.empty(), model.contains(key));
      ASSERT_EQ(model.emplace(key, index).first->second, index);
      ASSERT_EQ(table.size(), model.size());
    }
  }
}

TEST(KeyTableTest, ColumnsAndSavedStateGiveTheKeysBack) {
  const std::vector<Type> types{Type::Varchar(), Type::Double(), Type::Boolean(), Type::Bigint()};
  KeyTable table(types, KeyTable::Lifetime::kTogether);
  const std::vector<ColumnPtr> keys{Make(types[0],
                                         [](Column& c) {
                                           c.AppendText("x");
                                           c.AppendNull();
                                           c.AppendText("");
                                         }),
                                    Make(types[1],
                                         [](Column& c) {
                                           c.AppendDouble(1.5);
                                           c.AppendDouble(2.5);
                                           c.AppendNull();
                                         }),
                                    Make(types[2],
                                         [](Column& c) {
                                           c.AppendBool(true);
                                           c.AppendBool(false);
                                           c.AppendNull();
                                         }),
                                    Make(types[3], [](Column& c) {
                                      c.AppendNull();
                                      c.AppendInt64(-5);
                                      c.AppendInt64(5);
                                    })};
  const std::vector<uint32_t> indices = Indices(table, keys);
  ByteWriter writer;
  table.Save(writer, indices);
  KeyTable loaded(types, KeyTable::Lifetime::kSingle);
  ByteReader reader(writer.bytes());
  ASSERT_TRUE(loaded.Load(reader, 3).ok());
  for (const KeyTable* one : {&table, &loaded}) {
    const std::vector<ColumnPtr> columns = one->Columns(indices);
    for (size_t column = 0; column < types.size(); ++column) {
      for (size_t row = 0; row < 3; ++row) {
        EXPECT_EQ(columns[column]->ValueAt(row), keys[column]->ValueAt(row));
      }
    }
  }
  EXPECT_EQ(Indices(loaded, keys), indices);
}

TEST(KeyTableTest, ColumnsOutliveTheClearedTable) {
  KeyTable table({Type::Varchar()}, KeyTable::Lifetime::kTogether);
  const ColumnPtr key = Make(Type::Varchar(), [](Column& c) { c.AppendText("a text that is kept in the arena"); });
  const std::vector<uint32_t> indices = Indices(table, {key});
  const std::vector<ColumnPtr> columns = table.Columns(indices);
  table.Clear();
  EXPECT_EQ(table.size(), 0);
  Indices(table, {Make(Type::Varchar(), [](Column& c) { c.AppendText("another text that is kept there"); })});
  EXPECT_EQ(columns[0]->texts()[0], "a text that is kept in the arena");
}

}  // namespace
}  // namespace tailrace::engine
