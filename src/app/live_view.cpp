#include "app/live_view.h"

#include <algorithm>
#include <cmath>

namespace tailrace::app {
namespace {

double NumberAt(const data::Column& column, size_t row) {
  if (column.type().physical() == data::Physical::kDouble) return column.doubles()[row];
  const auto value = static_cast<double>(column.int64s()[row]);
  return column.type().kind == data::TypeKind::kDecimal ? value / std::pow(10.0, column.type().scale) : value;
}

}  // namespace

LiveView::LiveView(std::string name, data::SchemaPtr schema)
    : name_(std::move(name)), schema_(std::move(schema)), writer_(*schema_, {}) {}

bool LiveView::Chart(const std::string& column) {
  const int index = schema_->Find(column);
  if (index < 0 || !schema_->fields[static_cast<size_t>(index)].type.is_numeric()) return false;
  const std::lock_guard lock(mutex_);
  chart_column_ = index;
  return true;
}

void LiveView::Take(const data::Batch& rows, data::Ordinal first) {
  const size_t count = rows.rows();
  if (count == 0) return;
  const auto rowtimes = rows.rowtimes->int64s();
  const std::lock_guard lock(mutex_);
  last_ordinal_ = first + count - 1;
  for (size_t row = count > kRowsPerBatch ? count - kRowsPerBatch : 0; row < count; ++row) {
    SampledRow sample{.ordinal = first + row, .rowtime_unix_ms = rowtimes[row]};
    writer_.Append(sample.json, rows, row);
    rows_.push_back(std::move(sample));
    if (rows_.size() > kRowsMax) rows_.pop_front();
  }
  if (chart_column_ < 0) return;
  const data::Column& column = *rows.columns[static_cast<size_t>(chart_column_)];
  for (size_t row = 0; row < count; ++row) {
    if (column.null(row)) continue;
    const double value = NumberAt(column, row);
    const int64_t second = rowtimes[row] / 1000;
    if (points_.empty() || points_.back().second_unix < second) {
      points_.push_back({second, value});
      if (points_.size() > kPointsMax) points_.pop_front();
    } else {
      points_.back().max = std::max(points_.back().max, value);
    }
  }
}

data::Ordinal LiveView::last_ordinal() const {
  const std::lock_guard lock(mutex_);
  return last_ordinal_;
}

std::vector<SampledRow> LiveView::RowsAfter(data::Ordinal ordinal, size_t rows_max) const {
  const std::lock_guard lock(mutex_);
  auto begin = std::ranges::upper_bound(rows_, ordinal, {}, &SampledRow::ordinal);
  const auto available = static_cast<size_t>(rows_.end() - begin);
  if (available > rows_max) begin += static_cast<ptrdiff_t>(available - rows_max);
  return {begin, rows_.end()};
}

std::vector<ChartPoint> LiveView::Points(int64_t after_second) const {
  const std::lock_guard lock(mutex_);
  const auto begin = std::ranges::upper_bound(points_, after_second, {}, &ChartPoint::second_unix);
  return {begin, points_.end()};
}

}  // namespace tailrace::app
