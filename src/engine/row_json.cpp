#include "engine/row_json.h"

#include <algorithm>

#include "data/text.h"

namespace tailrace::engine {
namespace {

void AppendValue(std::string& json, const data::Column& column, size_t row) {
  if (column.type().physical() != data::Physical::kRow) {
    return data::AppendJson(json, column.type(), column.ValueAt(row));
  }
  json += '{';
  const auto& fields = column.type().row->fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) json += ',';
    data::AppendJsonString(json, fields[i].name);
    json += ':';
    AppendValue(json, *column.children()[i], row);
  }
  json += '}';
}

}  // namespace

std::string RowToJson(const data::Schema& schema, const data::Batch& batch, size_t row) {
  std::string json = "{";
  const size_t columns = std::min(schema.fields.size(), batch.columns.size());
  for (size_t i = 0; i < columns; ++i) {
    if (schema.fields[i].hidden) continue;
    if (json.size() > 1) json += ',';
    data::AppendJsonString(json, schema.fields[i].name);
    json += ':';
    AppendValue(json, *batch.columns[i], row);
  }
  json += '}';
  return json;
}

}  // namespace tailrace::engine
