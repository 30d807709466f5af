#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "data/type.h"

namespace tailrace::data {

// Names and types of a stream's or table's columns. ROWTIME is not among them.
struct Schema {
  std::vector<Field> fields;

  // Index of the field with exactly this name; -1 when there is none.
  int Find(std::string_view name) const;
};
using SchemaPtr = std::shared_ptr<const Schema>;

// Rows of one stream: ROWTIME and the schema's columns, all of the same size.
// Immutable once passed on; copying shares the columns.
struct Batch {
  ColumnPtr rowtimes;              // TIMESTAMP, never null, non-decreasing. Null pointer only for table rows.
  std::vector<ColumnPtr> columns;  // As in the schema.

  size_t rows() const { return rowtimes != nullptr ? rowtimes->size() : columns.empty() ? 0 : columns[0]->size(); }
  // The rows at `indices`, in that order.
  Batch Gather(std::span<const uint32_t> indices) const;
  // Rows [begin, end).
  Batch Slice(size_t begin, size_t end) const;
};

// Both batches' rows, `first` before `second`. Same columns.
Batch Concat(const Batch& first, const Batch& second);

}  // namespace tailrace::data
