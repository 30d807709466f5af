#include "data/batch.h"

#include <algorithm>

namespace tailrace::data {
namespace {

ColumnPtr ConcatColumns(const Column& first, const Column& second) {
  auto result = std::make_shared<Column>(first.type(), first.size() + second.size());
  const auto concat = [](auto a, auto b, auto to) {
    std::copy(a.begin(), a.end(), to.begin());
    std::copy(b.begin(), b.end(), to.begin() + static_cast<ptrdiff_t>(a.size()));
  };
  switch (first.type().physical()) {
    case Physical::kNone:
      break;
    case Physical::kInt64:
      concat(first.int64s(), second.int64s(), result->mutable_int64s());
      break;
    case Physical::kDouble:
      concat(first.doubles(), second.doubles(), result->mutable_doubles());
      break;
    case Physical::kBool:
      concat(first.bools(), second.bools(), result->mutable_bools());
      break;
    case Physical::kText:
      concat(first.texts(), second.texts(), result->mutable_texts());
      result->AddOwnersOf(first);
      result->AddOwnersOf(second);
      break;
    case Physical::kRow: {
      std::vector<ColumnPtr> children;
      for (size_t i = 0; i < first.children().size(); ++i) {
        children.push_back(ConcatColumns(*first.children()[i], *second.children()[i]));
      }
      result->set_children(std::move(children), first.size() + second.size());
      break;
    }
  }
  for (size_t row = 0; row < first.size(); ++row) {
    if (first.validity().null(row)) result->SetNull(row);
  }
  for (size_t row = 0; row < second.size(); ++row) {
    if (second.validity().null(row)) result->SetNull(first.size() + row);
  }
  return result;
}

// The rows [begin, end). Text stays where it is and is co-owned.
ColumnPtr SliceColumn(const Column& column, size_t begin, size_t end) {
  const size_t rows = end - begin;
  auto result = std::make_shared<Column>(column.type(), rows);
  const auto slice = [&](auto from, auto to) { std::ranges::copy(from.subspan(begin, rows), to.begin()); };
  switch (column.type().physical()) {
    case Physical::kNone:
      break;
    case Physical::kInt64:
      slice(column.int64s(), result->mutable_int64s());
      break;
    case Physical::kDouble:
      slice(column.doubles(), result->mutable_doubles());
      break;
    case Physical::kBool:
      slice(column.bools(), result->mutable_bools());
      break;
    case Physical::kText:
      slice(column.texts(), result->mutable_texts());
      result->AddOwnersOf(column);
      break;
    case Physical::kRow: {
      std::vector<ColumnPtr> children;
      for (const ColumnPtr& child : column.children()) children.push_back(SliceColumn(*child, begin, end));
      result->set_children(std::move(children), rows);
      break;
    }
  }
  if (column.validity().all_valid()) return result;
  // Columns that nobody uses are all NULL.
  if (rows >= 64 && column.validity().CountNulls(column.size()) == column.size()) {
    result->mutable_validity().SetAllNull(rows);
    return result;
  }
  for (size_t row = begin; row < end; ++row) {
    if (column.validity().null(row)) result->SetNull(row - begin);
  }
  return result;
}

}  // namespace

int Schema::Find(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

Batch Batch::Gather(std::span<const uint32_t> indices) const {
  Batch result;
  if (rowtimes != nullptr) result.rowtimes = rowtimes->Gather(indices);
  result.columns.reserve(columns.size());
  for (const ColumnPtr& column : columns) result.columns.push_back(column->Gather(indices));
  return result;
}

Batch Batch::Slice(size_t begin, size_t end) const {
  if (begin == 0 && end == rows()) return *this;
  Batch result;
  if (rowtimes != nullptr) result.rowtimes = SliceColumn(*rowtimes, begin, end);
  result.columns.reserve(columns.size());
  for (const ColumnPtr& column : columns) result.columns.push_back(SliceColumn(*column, begin, end));
  return result;
}

Batch Concat(const Batch& first, const Batch& second) {
  if (first.rows() == 0) return second;
  if (second.rows() == 0) return first;
  Batch result;
  if (first.rowtimes != nullptr) result.rowtimes = ConcatColumns(*first.rowtimes, *second.rowtimes);
  for (size_t i = 0; i < first.columns.size(); ++i) {
    result.columns.push_back(ConcatColumns(*first.columns[i], *second.columns[i]));
  }
  return result;
}

}  // namespace tailrace::data
