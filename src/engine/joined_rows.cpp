#include "engine/joined_rows.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace tailrace::engine {
namespace {

using Sources = std::vector<const data::Column*>;  // Null for a column that holds NULL alone.

template <typename T, typename ValuesOf>
void GatherValues(const Sources& sources, std::span<const RowRef> rows, std::span<T> to, const ValuesOf& values_of) {
  std::vector<const T*> values;
  values.reserve(sources.size());
  for (const data::Column* source : sources) values.push_back(source == nullptr ? nullptr : values_of(*source).data());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].source == RowRef::kNone || values[rows[i].source] == nullptr) continue;
    to[i] = values[rows[i].source][rows[i].row];
  }
}

// All bytes in one piece of the column's arena.
void CopyTexts(data::Column& column) {
  const std::span<std::string_view> texts = column.mutable_texts();
  size_t size = 0;
  for (const std::string_view text : texts) size += text.size();
  if (size == 0) return;
  char* next = column.arena().Allocate(size);
  for (std::string_view& text : texts) {
    if (text.empty()) continue;
    std::memcpy(next, text.data(), text.size());
    text = {next, text.size()};
    next += text.size();
  }
}

void MarkNulls(const Sources& sources, std::span<const RowRef> rows, data::Column& result) {
  const bool none = std::ranges::all_of(
      sources, [](const data::Column* source) { return source != nullptr && source->validity().all_valid(); });
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto [source, row] = rows[i];
    const bool null = source == RowRef::kNone || (!none && (sources[source] == nullptr || sources[source]->null(row)));
    if (null) result.SetNull(i);
  }
}

data::ColumnPtr GatherColumns(const data::Type& type, const Sources& sources, std::span<const RowRef> rows) {
  auto result = std::make_shared<data::Column>(type, rows.size());
  const bool all_null = std::ranges::all_of(sources, [](const data::Column* source) { return source == nullptr; });
  if (all_null && type.physical() != data::Physical::kRow) {
    result->mutable_validity().SetAllNull(rows.size());
    return result;
  }
  switch (type.physical()) {
    case data::Physical::kNone:
      return result;
    case data::Physical::kInt64:
      GatherValues(sources, rows, result->mutable_int64s(), [](const data::Column& from) { return from.int64s(); });
      break;
    case data::Physical::kDouble:
      GatherValues(sources, rows, result->mutable_doubles(), [](const data::Column& from) { return from.doubles(); });
      break;
    case data::Physical::kBool:
      GatherValues(sources, rows, result->mutable_bools(), [](const data::Column& from) { return from.bools(); });
      break;
    case data::Physical::kText:
      GatherValues(sources, rows, result->mutable_texts(), [](const data::Column& from) { return from.texts(); });
      CopyTexts(*result);
      break;
    case data::Physical::kRow: {
      std::vector<data::ColumnPtr> children;
      for (size_t child = 0; child < type.row->fields.size(); ++child) {
        Sources own = sources;
        for (const data::Column*& source : own) source = source == nullptr ? nullptr : source->children()[child].get();
        children.push_back(GatherColumns(type.row->fields[child].type, own, rows));
      }
      result->set_children(std::move(children), rows.size());
      break;
    }
  }
  MarkNulls(sources, rows, *result);
  return result;
}

template <typename ColumnOf>
data::ColumnPtr Gather(const data::Type& type, const RowRefs& refs, const ColumnOf& column_of) {
  Sources sources;
  sources.reserve(refs.sources.size());
  for (const data::Batch* batch : refs.sources) {
    const data::Column& column = column_of(*batch);
    // Columns that nobody uses are all NULL.
    const bool null = column.type().kind == data::TypeKind::kNull ||
                      (!column.validity().all_valid() && column.validity().CountNulls(column.size()) == column.size());
    sources.push_back(null ? nullptr : &column);
  }
  return GatherColumns(type, sources, refs.rows);
}

}  // namespace

data::ColumnPtr GatherRefs(const data::Type& type, size_t index, const RowRefs& refs) {
  return Gather(type, refs, [index](const data::Batch& batch) -> const data::Column& { return *batch.columns[index]; });
}

data::ColumnPtr GatherRowtimes(const RowRefs& refs) {
  return Gather(data::Type::Timestamp(), refs,
                [](const data::Batch& batch) -> const data::Column& { return *batch.rowtimes; });
}

void RowPicker::Add(const data::Batch& batch, size_t row) {
  const bool as_before = !refs_.rows.empty() && refs_.sources[refs_.rows.back().source] == &batch;
  uint32_t source = as_before ? refs_.rows.back().source : RowRef::kNone;
  if (!as_before) {
    const auto [at, added] = source_of_.try_emplace(&batch, static_cast<uint32_t>(refs_.sources.size()));
    if (added) refs_.sources.push_back(&batch);
    source = at->second;
  }
  refs_.rows.push_back({.source = source, .row = static_cast<uint32_t>(row)});
}

data::Batch RowPicker::Take(std::span<const data::Type> types) {
  data::Batch batch{.rowtimes = GatherRowtimes(refs_), .columns = {}};
  for (size_t i = 0; i < types.size(); ++i) batch.columns.push_back(GatherRefs(types[i], i, refs_));
  refs_ = {};
  source_of_.clear();
  return batch;
}

}  // namespace tailrace::engine
