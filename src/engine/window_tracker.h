#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/value.h"
#include "engine/evaluation.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Follows the windows of a monotonic key: which rows belong to the open one, and when it ends.
//
// A key that is a function of ROWTIME is evaluated once a window and ends by time; any other (an asserted one, or one
// over columns) is compared row by row and ends with the first row of another value.
class WindowTracker {
 public:
  // All borrowed.
  WindowTracker(const sql::WindowEnd& end, const sql::BoundExprPtr& key, const OperatorContext& context);

  // Whether the calls below need the key's column of the batch.
  bool by_value() const { return by_value_; }
  bool open() const { return open_; }
  const data::Value& key() const { return key_; }

  // The end of the open window when `row` is the first row beyond it.
  std::optional<int64_t> EndBefore(const data::Batch& batch, const data::Column* keys, size_t row) const;
  // The end of the open window when it has come with the bound.
  std::optional<int64_t> EndBy(int64_t bound) const;
  // Opens the window of `row`; false when its key ends in an error, which the evaluator has reported.
  bool Open(const data::Batch& batch, const data::Column* keys, size_t row, RowEvaluator& evaluator);
  void Close() { open_ = false; }
  // The first row after `row` that is not in the open window, which `row` is.
  size_t TakeRun(const data::Batch& batch, const data::Column* keys, size_t row);

  // No window that is open or will be opened ends before this, given that no row before `bound` follows.
  int64_t EndsFrom(int64_t bound) const;
  std::optional<int64_t> Deadline() const;
  // End of the window that holds `rowtime`; for keys by time.
  int64_t EndOf(int64_t rowtime) const;

  void Save(ByteWriter& writer) const;
  Status Load(ByteReader& reader);

 private:
  data::Value KeyAt(int64_t rowtime) const;
  int64_t SearchEnd(int64_t rowtime) const;

  const sql::WindowEnd& window_end_;
  const sql::BoundExprPtr& key_expr_;
  const OperatorContext& context_;
  const bool key_of_columns_;
  const bool by_value_;
  bool open_ = false;
  int64_t end_ = 0;           // By time.
  int64_t last_rowtime_ = 0;  // By value: of the last row taken.
  data::Value key_;
};

}  // namespace tailrace::engine
