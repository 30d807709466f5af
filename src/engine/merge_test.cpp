#include "engine/merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/str.h"
#include "engine/state.h"
#include "sim/seeds.h"

// Goal    Rows of several inputs come out in the order (ROWTIME, input, arrival), whole, and none before its time.
// Method  Random rows, cut into random batches that come in any order of inputs, with saves between; what comes out
// must
//         be the sorted rows, and at any moment all rows below the bound of every input. To replay: TAILRACE_SEED=<n>.

namespace tailrace::engine {
namespace {

const std::vector<data::Type> kTypes = {data::Type::Varchar(20), data::Type::Double()};

struct Row {
  int64_t time;
  size_t input;
  size_t number;
  std::string Line() const { return StrCat(time, " ", input, " ", number, number % 3 == 0 ? " null" : ""); }
};

data::Batch BatchOf(std::span<const Row> rows) {
  auto times = std::make_shared<data::Column>(data::Type::Timestamp());
  auto texts = std::make_shared<data::Column>(kTypes[0]);
  auto numbers = std::make_shared<data::Column>(kTypes[1]);
  for (const Row& row : rows) {
    times->AppendInt64(row.time);
    texts->AppendText(StrCat(row.input));
    numbers->AppendDouble(static_cast<double>(row.number));
    if (row.number % 3 == 0) texts->SetNull(texts->size() - 1);
  }
  return {.rowtimes = times, .columns = {texts, numbers}};
}

std::string LineAt(const data::Batch& batch, size_t row, const Row& expected) {
  const bool null = batch.columns[0]->null(row);
  return StrCat(batch.rowtimes->int64s()[row], " ",
                null ? StrCat(expected.input) : std::string(batch.columns[0]->texts()[row]), " ",
                static_cast<size_t>(batch.columns[1]->doubles()[row]), null ? " null" : "");
}

void RunCase(uint64_t seed) {
  SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
  Rng rng(seed);
  const size_t inputs = 2 + rng.Below(3);
  std::vector<std::vector<Row>> rows(inputs);
  std::vector<Row> all;
  for (size_t input = 0; input < inputs; ++input) {
    int64_t time = 0;
    for (size_t number = rng.Below(300); number > 0; --number) {
      time += static_cast<int64_t>(rng.Below(1 + rng.Below(20)));
      rows[input].push_back({.time = time, .input = input, .number = number});
      all.push_back(rows[input].back());
    }
  }
  std::ranges::stable_sort(all, {}, &Row::time);  // Inputs are in order, and rows of each.
  auto merge = std::make_unique<Merge>(inputs);
  size_t found = 0;
  const auto release = [&] {
    return merge->Release(kTypes, [&](const data::Batch& batch) {
      for (size_t row = 0; row < batch.rows(); ++row, ++found) {
        if (found >= all.size() || LineAt(batch, row, all[found]) != all[found].Line())
          ADD_FAILURE() << "row " << found;
      }
      return Ok();
    });
  };
  std::vector<size_t> next(inputs);
  for (bool more = true; more;) {
    const size_t input = rng.Below(inputs);
    const size_t count = std::min(rows[input].size() - next[input], 1 + rng.Below(1 + rng.Below(100)));
    merge->Add(input, BatchOf(std::span(rows[input]).subspan(next[input], count)));
    next[input] += count;
    if (next[input] == rows[input].size()) merge->Raise(input, kEndOfTime);
    ASSERT_TRUE(release().ok());
    EXPECT_TRUE(found == all.size() || all[found].time >= merge->bound());
    const auto below = std::ranges::lower_bound(all, merge->bound(), {}, &Row::time) - all.begin();
    EXPECT_GE(found, static_cast<size_t>(below));
    if (rng.Chance(0.1)) {
      ByteWriter writer;
      merge->Save(writer);
      const std::string bytes(writer.bytes());
      merge = std::make_unique<Merge>(inputs);
      ByteReader reader(bytes);
      ASSERT_TRUE(merge->Load(reader, std::vector(inputs, kTypes)).ok());
    }
    more = false;
    for (size_t i = 0; i < inputs; ++i) more = more || next[i] < rows[i].size();
  }
  for (size_t input = 0; input < inputs; ++input) merge->Raise(input, kEndOfTime);
  ASSERT_TRUE(release().ok());
  EXPECT_EQ(found, all.size());
}

TEST(MergeTest, GivesTheRowsOfAllInputsInOrder) {
  for (const uint64_t seed : sim::Seeds(200)) {
    RunCase(seed);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace tailrace::engine
