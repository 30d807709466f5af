#include "engine/state.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/str.h"

namespace tailrace::engine {

using data::Column;
using data::ColumnPtr;
using data::Physical;
using data::Type;
using data::Value;

Error CorruptState(std::string_view what) { return Error{ErrorCode::kCorruption, StrCat("saved state: ", what)}; }

Result<size_t> LoadCount(ByteReader& reader, size_t bytes_each) {
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t count, reader.U64());
  if (count > reader.remaining() / std::max<size_t>(bytes_each, 1)) return CorruptState("a count beyond the bytes");
  return static_cast<size_t>(count);
}

void SaveValue(ByteWriter& writer, const Value& value) {
  writer.U8(static_cast<uint8_t>(value.data.index()));
  switch (value.data.index()) {
    case 1:
      writer.I64(value.int64());
      break;
    case 2:
      writer.F64(value.float64());
      break;
    case 3:
      writer.Bool(value.boolean());
      break;
    case 4:
      writer.Text(value.text());
      break;
    default:
      break;
  }
}

Result<Value> LoadValue(ByteReader& reader, const Type& type) {
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t index, reader.U8());
  if (index == 0) return Value();
  const bool fits =
      (index == 1 && type.physical() == Physical::kInt64) || (index == 2 && type.physical() == Physical::kDouble) ||
      (index == 3 && type.physical() == Physical::kBool) || (index == 4 && type.physical() == Physical::kText);
  if (!fits) return CorruptState("a value of another type");
  if (index == 1) {
    TAILRACE_ASSIGN_OR_RETURN(const int64_t value, reader.I64());
    return Value(value);
  }
  if (index == 2) {
    TAILRACE_ASSIGN_OR_RETURN(const double value, reader.F64());
    return Value(value);
  }
  if (index == 3) {
    TAILRACE_ASSIGN_OR_RETURN(const bool value, reader.Bool());
    return Value(value);
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view text, reader.Text());
  return Value(std::string(text));
}

namespace {

template <typename T>
std::string_view RawBytes(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
Status LoadRaw(ByteReader& reader, std::span<T> values) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view raw, reader.Raw(values.size() * sizeof(T)));
  if (!raw.empty()) std::memcpy(values.data(), raw.data(), raw.size());
  return Ok();
}

Status LoadPayload(ByteReader& reader, Column& column, size_t rows) {
  switch (column.type().physical()) {
    case Physical::kNone:
      return Ok();
    case Physical::kInt64:
      return LoadRaw(reader, column.mutable_int64s());
    case Physical::kDouble:
      return LoadRaw(reader, column.mutable_doubles());
    case Physical::kBool: {
      TAILRACE_TRY(LoadRaw(reader, column.mutable_bools()));
      for (const uint8_t value : column.bools()) {
        if (value > 1) return CorruptState("a boolean that is neither");
      }
      return Ok();
    }
    case Physical::kText: {
      const auto texts = column.mutable_texts();
      for (size_t row = 0; row < rows; ++row) {
        TAILRACE_ASSIGN_OR_RETURN(const std::string_view text, reader.Text());
        texts[row] = column.arena().Copy(text);
      }
      return Ok();
    }
    case Physical::kRow: {
      std::vector<ColumnPtr> children;
      for (const data::Field& field : column.type().row->fields) {
        TAILRACE_ASSIGN_OR_RETURN(ColumnPtr child, LoadColumn(reader, field.type, rows));
        children.push_back(std::move(child));
      }
      column.set_children(std::move(children), rows);
      return Ok();
    }
  }
  return Ok();
}

size_t RowBytesMin(const Type& type) {
  switch (type.physical()) {
    case Physical::kNone:
      return 0;
    case Physical::kInt64:
    case Physical::kDouble:
      return 8;
    case Physical::kBool:
      return 1;
    case Physical::kText:
      return 4;
    case Physical::kRow:
      return type.row->fields.empty() ? 0 : RowBytesMin(type.row->fields[0].type);
  }
  return 0;
}

uint64_t ColumnBytes(const Column& column) {
  uint64_t bytes = RowBytesMin(column.type()) * column.size();
  if (column.type().physical() == Physical::kText) {
    bytes += 12 * column.size();
    for (const std::string_view text : column.texts()) bytes += text.size();
  }
  return bytes;
}

}  // namespace

void SaveColumn(ByteWriter& writer, const Column& column) {
  const bool has_nulls = !column.validity().all_valid();
  writer.Bool(has_nulls);
  if (has_nulls) {
    for (size_t row = 0; row < column.size(); ++row) writer.Bool(column.validity().null(row));
  }
  switch (column.type().physical()) {
    case Physical::kNone:
      break;
    case Physical::kInt64:
      writer.Append(RawBytes(column.int64s()));
      break;
    case Physical::kDouble:
      writer.Append(RawBytes(column.doubles()));
      break;
    case Physical::kBool:
      writer.Append(RawBytes(column.bools()));
      break;
    case Physical::kText:
      for (const std::string_view text : column.texts()) writer.Text(text);
      break;
    case Physical::kRow:
      for (const ColumnPtr& child : column.children()) SaveColumn(writer, *child);
      break;
  }
}

Result<ColumnPtr> LoadColumn(ByteReader& reader, const Type& type, size_t rows) {
  TAILRACE_ASSIGN_OR_RETURN(const bool has_nulls, reader.Bool());
  std::string_view nulls;
  if (has_nulls) {
    TAILRACE_ASSIGN_OR_RETURN(nulls, reader.Raw(rows));
  }
  if (const size_t each = RowBytesMin(type); each > 0 && rows > reader.remaining() / each) {
    return CorruptState("a column beyond the bytes");
  }
  auto column = std::make_shared<Column>(type, rows);
  TAILRACE_TRY(LoadPayload(reader, *column, rows));
  for (size_t row = 0; row < nulls.size(); ++row) {
    if (nulls[row] != 0) column->SetNull(row);
  }
  return ColumnPtr(std::move(column));
}

void SaveBatch(ByteWriter& writer, const data::Batch& batch) {
  writer.U64(batch.rows());
  if (batch.rows() == 0) return;
  writer.Defer([batch](ByteWriter& out) {  // Shares the columns, which never change.
    SaveColumn(out, *batch.rowtimes);
    for (const ColumnPtr& column : batch.columns) SaveColumn(out, *column);
  });
}

Result<data::Batch> LoadBatch(ByteReader& reader, std::span<const Type> types) {
  TAILRACE_ASSIGN_OR_RETURN(const size_t rows, LoadCount(reader, sizeof(int64_t)));
  data::Batch batch;
  if (rows == 0) {
    batch.rowtimes = std::make_shared<Column>(Type::Timestamp());
    for (const Type& type : types) batch.columns.push_back(std::make_shared<Column>(type));
    return batch;
  }
  TAILRACE_ASSIGN_OR_RETURN(batch.rowtimes, LoadColumn(reader, Type::Timestamp(), rows));
  if (!batch.rowtimes->validity().all_valid()) return CorruptState("a row without ROWTIME");
  if (!std::ranges::is_sorted(batch.rowtimes->int64s())) return CorruptState("ROWTIME that goes back");
  for (const Type& type : types) {
    TAILRACE_ASSIGN_OR_RETURN(ColumnPtr column, LoadColumn(reader, type, rows));
    batch.columns.push_back(std::move(column));
  }
  return batch;
}

std::vector<Type> TypesOf(const data::Schema& schema) {
  std::vector<Type> types;
  types.reserve(schema.fields.size());
  for (const data::Field& field : schema.fields) types.push_back(field.type);
  return types;
}

uint64_t BatchBytes(const data::Batch& batch) {
  uint64_t bytes = batch.rowtimes != nullptr ? 8 * batch.rows() : 0;
  for (const ColumnPtr& column : batch.columns) bytes += ColumnBytes(*column);
  return bytes;
}

}  // namespace tailrace::engine
