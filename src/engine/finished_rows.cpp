#include "engine/finished_rows.h"

#include <vector>

namespace tailrace::engine {

Status EmitFinished(data::Batch rows, std::vector<data::ColumnPtr> results, const sql::RowErrors& errors,
                    const data::Schema& output, const OperatorContext& context, Emitter& out) {
  for (data::ColumnPtr& column : results) rows.columns.push_back(std::move(column));
  TakeOutErrors(rows, errors, output, context);
  return rows.rows() == 0 ? Ok() : out.Emit(rows);
}

void TakeOutErrors(data::Batch& rows, const sql::RowErrors& errors, const data::Schema& schema,
                   const OperatorContext& context) {
  if (errors.empty()) return;
  std::vector<const sql::RowErrors::Entry*> by_row(rows.rows(), nullptr);
  for (const sql::RowErrors::Entry& entry : errors.entries()) by_row[entry.row] = &entry;
  std::vector<uint32_t> good;
  for (uint32_t row = 0; row < by_row.size(); ++row) {
    if (by_row[row] == nullptr) {
      good.push_back(row);
    } else {
      context.errors.Report(schema, rows, row, by_row[row]->name, by_row[row]->message);
    }
  }
  rows = rows.Gather(good);
}

}  // namespace tailrace::engine
