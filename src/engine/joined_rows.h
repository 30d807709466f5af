#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "data/batch.h"

namespace tailrace::engine {

// A row of one of several batches; no row at all when `source` is kNone.
struct RowRef {
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t source = kNone;
  uint32_t row = 0;
};

// Rows of several batches of the same columns. The batches are borrowed.
struct RowRefs {
  std::vector<const data::Batch*> sources;
  std::vector<RowRef> rows;
};

// One column with column `index` of each row; NULL where there is no row. Text is copied.
data::ColumnPtr GatherRefs(const data::Type& type, size_t index, const RowRefs& refs);

// ROWTIME of each row as a column of values; NULL where there is no row.
data::ColumnPtr GatherRowtimes(const RowRefs& refs);

// Puts rows of several batches of the same columns together, in the order in which they are added.
class RowPicker {
 public:
  // The batch is borrowed until Take.
  void Add(const data::Batch& batch, size_t row);
  size_t rows() const { return refs_.rows.size(); }
  // The rows so far, with their ROWTIMEs, as columns of these types; begins anew.
  data::Batch Take(std::span<const data::Type> types);

 private:
  RowRefs refs_;
  std::unordered_map<const data::Batch*, uint32_t> source_of_;
};

}  // namespace tailrace::engine
