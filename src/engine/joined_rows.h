#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/batch.h"

namespace tailrace::engine {

// A row of some batch; none when `batch` is null.
struct RowRef {
  const data::Batch* batch = nullptr;
  size_t row = 0;
};

// One column with column `index` of each row; NULL where there is no row.
data::ColumnPtr GatherRefs(const data::Type& type, size_t index, std::span<const RowRef> rows);

// ROWTIME of each row as a column of values; NULL where there is no row.
data::ColumnPtr GatherRowtimes(std::span<const RowRef> rows);

}  // namespace tailrace::engine
