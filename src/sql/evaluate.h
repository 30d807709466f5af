#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/batch.h"
#include "sql/expr.h"

namespace tailrace::sql {

// Runtime errors of single rows: they are taken out of the batch and go to the error stream.
class RowErrors {
 public:
  struct Entry {
    uint32_t row;
    std::string name;     // ERROR_NAME, 32 characters at most: "DIVISION_BY_ZERO".
    std::string message;  // ERROR_MESSAGE
  };
  // The first error of a row counts.
  void Add(uint32_t row, std::string_view name, std::string message);
  bool empty() const { return entries_.empty(); }
  bool Has(uint32_t row) const { return row / 64 < failed_.size() && ((failed_[row / 64] >> (row % 64)) & 1) != 0; }
  const std::vector<Entry>& entries() const { return entries_; }  // In order of rows added, one a row.
  // Texts that an assignment cut to the length of their column: no error, counted and shown.
  void CountCut() { ++cuts_; }
  uint64_t cuts() const { return cuts_; }
  void Clear();

 private:
  std::vector<Entry> entries_;
  std::vector<uint64_t> failed_;  // One bit a row.
  uint64_t cuts_ = 0;
};

// Settings of section 11 of the dialect that change what expressions give.
struct EvalOptions {
  bool tsdiff_documented_sign = false;     // TSDIFF(a, b) = b - a instead of a - b.
  bool current_timestamp_per_row = false;  // CURRENT_TIMESTAMP is the row's time, not the start of the query.
};

struct EvalContext {
  int64_t query_start_unix_ms = 0;
  // CURRENT_ROW_TIMESTAMP is the row's ROWTIME, so that replays and batches of any size agree; this is its value only
  // for a batch without ROWTIME.
  int64_t now_unix_ms = 0;
  EvalOptions options;
};

// Evaluates over all rows of `batch`. A row that fails gets NULL and an entry in `errors`.
// Output  one column of `expr.type` and batch.rows() rows.
data::ColumnPtr Evaluate(const BoundExpr& expr, const data::Batch& batch, const EvalContext& context,
                         RowErrors& errors);

// Rows for which the predicate is TRUE, ascending.
std::vector<uint32_t> Select(const BoundExpr& predicate, const data::Batch& batch, const EvalContext& context,
                             RowErrors& errors);

}  // namespace tailrace::sql
