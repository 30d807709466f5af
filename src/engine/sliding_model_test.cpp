#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "base/rng.h"
#include "engine/engine_for_test.h"
#include "sim/seeds.h"

// Goal    Every function OVER a window gives what a fresh look at the whole window gives.
// Method  Random rows, cut into random batches, sometimes saved and loaded between; each window is recomputed from
//         scratch. To replay one case: TAILRACE_SEED=<n>.

namespace tailrace::engine {
namespace {

using data::Value;

struct Row {
  int64_t time;
  std::string key;  // "NULL" is one.
  Value v;          // INTEGER
  Value d;          // DOUBLE
  Value c;          // DECIMAL(9,2), unscaled
  Value t;          // VARCHAR
  Value b;          // BOOLEAN
};
using Window = std::vector<const Row*>;  // Oldest first, the current row last.
using Column = Value Row::*;

struct Call {
  std::string sql;
  std::function<Value(const Window&)> expected;
};

std::vector<Value> Valid(const Window& window, Column column) {
  std::vector<Value> values;
  for (const Row* row : window) {
    if (!(row->*column).is_null()) values.push_back(row->*column);
  }
  return values;
}

Value Extreme(const Window& window, Column column, bool least) {
  const std::vector<Value> values = Valid(window, column);
  if (values.empty()) return {};
  return least ? *std::ranges::min_element(values) : *std::ranges::max_element(values);
}

double Number(const Value& value) {
  return std::holds_alternative<double>(value.data) ? value.float64() : static_cast<double>(value.int64());
}

Value Spread(const Window& window, Column column, bool sample, bool root) {
  const std::vector<Value> values = Valid(window, column);
  if (values.size() < (sample ? 2 : 1)) return {};
  double mean = 0;
  for (const Value& value : values) mean += Number(value) / static_cast<double>(values.size());
  double squares = 0;
  for (const Value& value : values) squares += (Number(value) - mean) * (Number(value) - mean);
  const double variance = squares / static_cast<double>(values.size() - (sample ? 1 : 0));
  return root ? std::sqrt(variance) : variance;
}

Value WholeSum(const std::vector<Value>& values) {
  if (values.empty()) return {};
  int64_t sum = 0;
  for (const Value& value : values) sum += value.int64();
  return sum;
}

Value DoubleSum(const std::vector<Value>& values) {
  if (values.empty()) return {};
  double sum = 0;
  for (const Value& value : values) sum += value.float64();
  return sum;
}

std::vector<Value> Distinct(std::vector<Value> values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  return values;
}

Value Nth(const std::vector<Value>& values, size_t n, bool from_last) {
  if (n > values.size()) return {};
  return from_last ? values[values.size() - n] : values[n - 1];
}

std::vector<Value> All(const Window& window, Column column) {
  std::vector<Value> values;
  for (const Row* row : window) values.push_back(row->*column);
  return values;
}

Value Lag(const Window& window, Column column, size_t n, const Value& other, bool ignore_nulls) {
  Window before(window.begin(), window.end() - 1);
  const std::vector<Value> values = ignore_nulls ? Valid(before, column) : All(before, column);
  return n > values.size() ? other : values[values.size() - n];
}

Value ExpAvg(const Window& window, double half_life_ms) {
  double sum = 0;
  double weight = 0;
  for (const Row* row : window) {
    if (row->d.is_null()) continue;
    const double share = std::exp2(-static_cast<double>(window.back()->time - row->time) / half_life_ms);
    sum += share * row->d.float64();
    weight += share;
  }
  return weight == 0 ? Value() : Value(sum / weight);
}

Value DecimalMean(const Window& window) {
  const std::vector<Value> values = Valid(window, &Row::c);
  if (values.empty()) return {};
  const double mean = static_cast<double>(WholeSum(values).int64()) / static_cast<double>(values.size());
  return static_cast<int64_t>(std::llround(mean));
}

std::vector<Call> Calls() {
  return {
      {"COUNT(*)", [](const Window& w) { return Value(static_cast<int64_t>(w.size())); }},
      {"COUNT(V)", [](const Window& w) { return Value(static_cast<int64_t>(Valid(w, &Row::v).size())); }},
      {"COUNT(T)", [](const Window& w) { return Value(static_cast<int64_t>(Valid(w, &Row::t).size())); }},
      {"SUM(V)", [](const Window& w) { return WholeSum(Valid(w, &Row::v)); }},
      {"SUM(C)", [](const Window& w) { return WholeSum(Valid(w, &Row::c)); }},
      {"AVG(V)",
       [](const Window& w) {
         const std::vector<Value> values = Valid(w, &Row::v);
         return values.empty() ? Value() : Value(WholeSum(values).int64() / static_cast<int64_t>(values.size()));
       }},
      {"AVG(C)", DecimalMean},
      {"SUM(D)", [](const Window& w) { return DoubleSum(Valid(w, &Row::d)); }},
      {"AVG(D)",
       [](const Window& w) {
         const std::vector<Value> values = Valid(w, &Row::d);
         return values.empty() ? Value() : Value(DoubleSum(values).float64() / static_cast<double>(values.size()));
       }},
      {"MIN(V)", [](const Window& w) { return Extreme(w, &Row::v, true); }},
      {"MAX(V)", [](const Window& w) { return Extreme(w, &Row::v, false); }},
      {"MIN(D)", [](const Window& w) { return Extreme(w, &Row::d, true); }},
      {"MAX(D)", [](const Window& w) { return Extreme(w, &Row::d, false); }},
      {"MIN(T)", [](const Window& w) { return Extreme(w, &Row::t, true); }},
      {"MAX(T)", [](const Window& w) { return Extreme(w, &Row::t, false); }},
      {"ANY(B)", [](const Window& w) { return Extreme(w, &Row::b, false); }},
      {"EVERY(B)", [](const Window& w) { return Extreme(w, &Row::b, true); }},
      {"STDDEV_POP(V)", [](const Window& w) { return Spread(w, &Row::v, false, true); }},
      {"VAR_SAMP(V)", [](const Window& w) { return Spread(w, &Row::v, true, false); }},
      {"VAR_POP(D)", [](const Window& w) { return Spread(w, &Row::d, false, false); }},
      {"STDDEV_SAMP(D)", [](const Window& w) { return Spread(w, &Row::d, true, true); }},
      {"FIRST_VALUE(V)", [](const Window& w) { return w.front()->v; }},
      {"FIRST_VALUE(T) IGNORE NULLS", [](const Window& w) { return Nth(Valid(w, &Row::t), 1, false); }},
      {"LAST_VALUE(T)", [](const Window& w) { return w.back()->t; }},
      {"LAST_VALUE(V) IGNORE NULLS", [](const Window& w) { return Nth(Valid(w, &Row::v), 1, true); }},
      {"NTH_VALUE(V, 2)", [](const Window& w) { return Nth(All(w, &Row::v), 2, false); }},
      {"NTH_VALUE(T, 2) FROM LAST IGNORE NULLS", [](const Window& w) { return Nth(Valid(w, &Row::t), 2, true); }},
      {"LAG(V)", [](const Window& w) { return Lag(w, &Row::v, 1, {}, false); }},
      {"LAG(V, 2, -1)", [](const Window& w) { return Lag(w, &Row::v, 2, Value(-1), false); }},
      {"LAG(T, 1, 'none') IGNORE NULLS", [](const Window& w) { return Lag(w, &Row::t, 1, Value("none"), true); }},
      {"LAG(V, 0)", [](const Window& w) { return w.back()->v; }},
      {"EXP_AVG(D, INTERVAL '3' SECOND)", [](const Window& w) { return ExpAvg(w, 3000); }},
      {"COUNT(DISTINCT T)",
       [](const Window& w) { return Value(static_cast<int64_t>(Distinct(Valid(w, &Row::t)).size())); }},
      {"SUM(DISTINCT V)", [](const Window& w) { return WholeSum(Distinct(Valid(w, &Row::v))); }},
      {"SUM(DISTINCT D)", [](const Window& w) { return DoubleSum(Distinct(Valid(w, &Row::d))); }},
  };
}

Row RandomRow(Rng& rng, int64_t time) {
  constexpr std::string_view kTexts[] = {"", "a", "bb", "a text beyond twelve bytes", "another beyond twelve bytes"};
  Row row{.time = time,
          .key = rng.Chance(0.1) ? "NULL" : StrCat("k", rng.Below(4)),
          .v = {},
          .d = {},
          .c = {},
          .t = {},
          .b = {}};
  if (!rng.Chance(0.2)) row.v = static_cast<int64_t>(rng.Below(20)) - 10;
  // Sums of mixed magnitude: what a running difference would get wrong.
  if (!rng.Chance(0.2)) row.d = static_cast<double>(rng.Below(1000)) / 8 * (rng.Chance(0.1) ? 1e6 : 1);
  if (!rng.Chance(0.2)) row.c = static_cast<int64_t>(rng.Below(10'000));
  if (!rng.Chance(0.2)) row.t = Value(std::string(kTexts[rng.Below(5)]));
  if (!rng.Chance(0.2)) row.b = Value(rng.Chance(0.5));
  return row;
}

void Append(const Row& row, RowsForTest& rows) {
  rows.rowtimes->AppendInt64(row.time);
  row.key == "NULL" ? rows.columns[0]->AppendNull() : rows.columns[0]->AppendText(row.key);
  const Value* const values[] = {&row.v, &row.d, &row.c, &row.t, &row.b};
  for (size_t i = 0; i < 5; ++i) rows.columns[i + 1]->AppendValue(*values[i]);
  for (size_t i = 6; i < rows.columns.size(); ++i) rows.columns[i]->AppendNull();
}

bool Same(const Value& found, const Value& expected) {
  if (!std::holds_alternative<double>(found.data) || expected.is_null()) return found == expected;
  const double wanted = Number(expected);
  return std::fabs(found.float64() - wanted) <= 1e-9 * std::max(1.0, std::fabs(wanted));
}

struct Frame {
  std::string sql;
  bool partitioned;
  std::function<bool(const Row& row, const Row& current, size_t rows_between)> holds;
};

std::vector<Frame> Frames() {
  const auto within = [](const Row& row, const Row& current, size_t) { return current.time - row.time <= 5000; };
  return {{"PARTITION BY K RANGE INTERVAL '5' SECOND PRECEDING", true, within},
          {"RANGE INTERVAL '5' SECOND PRECEDING", false, within},
          {"PARTITION BY K ROWS 3 PRECEDING", true, [](const Row&, const Row&, size_t between) { return between < 3; }},
          {"ROWS UNBOUNDED PRECEDING", false, [](const Row&, const Row&, size_t) { return true; }}};
}

Window WindowOf(const std::vector<Row>& rows, size_t current, const Frame& frame) {
  Window window{&rows[current]};
  size_t between = 0;
  for (size_t i = current; i-- > 0;) {
    if (frame.partitioned && rows[i].key != rows[current].key) continue;
    if (!frame.holds(rows[i], rows[current], between)) break;
    window.insert(window.begin(), &rows[i]);
    ++between;
  }
  return window;
}

void RunCase(const Frame& frame, uint64_t seed) {
  SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed, " ", frame.sql));
  Rng rng(seed);
  std::vector<Row> rows;
  int64_t time = 1'000'000;
  for (int i = 0; i < 150; ++i) {
    time += rng.Chance(0.4) ? 0 : static_cast<int64_t>(rng.Below(rng.Chance(0.05) ? 20'000 : 1500));
    rows.push_back(RandomRow(rng, time));
  }
  const std::vector<Call> calls = Calls();
  std::string list;
  for (const Call& call : calls) list += StrCat(list.empty() ? "" : ", ", call.sql, " OVER w");
  JobForTest test(StrCat("SELECT STREAM ", list, " FROM S WINDOW w AS (", frame.sql, ");"),
                  {{"S", "(K VARCHAR(4), V INTEGER, D DOUBLE, C DECIMAL(9,2), T VARCHAR(40), B BOOLEAN)"}});
  std::vector<std::vector<Value>> found;
  const auto listen = [&] {
    test.job->ListenQuery(0, [&](const data::Batch& batch, data::Ordinal) {
      for (size_t row = 0; row < batch.rows(); ++row) {
        found.emplace_back();
        for (const data::ColumnPtr& column : batch.columns) found.back().push_back(column->ValueAt(row));
      }
      return Ok();
    });
  };
  listen();
  for (size_t row = 0; row < rows.size();) {
    RowsForTest batch = test.NewRows("S");
    for (size_t left = 1 + rng.Below(20); left > 0 && row < rows.size(); --left) Append(rows[row++], batch);
    test.Push("S", batch);
    if (rng.Chance(0.3)) test.Advance(batch.rowtimes->int64s().back());
    if (rng.Chance(0.3)) {
      test.SaveAndLoad();
      listen();
    }
  }
  ASSERT_EQ(found.size(), rows.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    const Window window = WindowOf(rows, row, frame);
    for (size_t i = 0; i < calls.size(); ++i) {
      ASSERT_TRUE(Same(found[row][i], calls[i].expected(window))) << calls[i].sql << " of row " << row;
    }
  }
}

TEST(SlidingModelTest, EveryFunctionAgreesWithAFreshLookAtTheWindow) {
  for (const uint64_t seed : sim::Seeds(25)) {
    for (const Frame& frame : Frames()) {
      RunCase(frame, seed);
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tailrace::engine
