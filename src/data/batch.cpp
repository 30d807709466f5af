#include "data/batch.h"

#include <numeric>

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
  std::vector<uint32_t> indices(end - begin);
  std::iota(indices.begin(), indices.end(), static_cast<uint32_t>(begin));
  return Gather(indices);
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
