#include "engine/joined_rows.h"

#include "engine/sliding_cells.h"

namespace tailrace::engine {
namespace {

// Where a result row's value stands; a null column for none.
struct CellRef {
  const data::Column* column;
  size_t row;
};

data::ColumnPtr GatherCells(const data::Type& type, std::span<const CellRef> cells) {
  auto result = std::make_shared<data::Column>(type, cells.size());
  const bool row_typed = type.physical() == data::Physical::kRow;
  if (row_typed) {
    std::vector<data::ColumnPtr> children;
    for (size_t child = 0; child < type.row->fields.size(); ++child) {
      std::vector<CellRef> own(cells.begin(), cells.end());
      for (CellRef& cell : own) {
        if (cell.column != nullptr) cell.column = cell.column->children()[child].get();
      }
      children.push_back(GatherCells(type.row->fields[child].type, own));
    }
    result->set_children(std::move(children), cells.size());
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].column == nullptr || cells[i].column->null(cells[i].row)) {
      result->SetNull(i);
    } else if (!row_typed) {
      SetFrom(*result, i, *cells[i].column, cells[i].row);
    }
  }
  return result;
}

}  // namespace

data::ColumnPtr GatherRefs(const data::Type& type, size_t index, std::span<const RowRef> rows) {
  std::vector<CellRef> cells;
  cells.reserve(rows.size());
  for (const RowRef& ref : rows) {
    cells.push_back({.column = ref.batch == nullptr ? nullptr : ref.batch->columns[index].get(), .row = ref.row});
  }
  return GatherCells(type, cells);
}

data::ColumnPtr GatherRowtimes(std::span<const RowRef> rows) {
  std::vector<CellRef> cells;
  cells.reserve(rows.size());
  for (const RowRef& ref : rows) {
    cells.push_back({.column = ref.batch == nullptr ? nullptr : ref.batch->rowtimes.get(), .row = ref.row});
  }
  return GatherCells(data::Type::Timestamp(), cells);
}

}  // namespace tailrace::engine
