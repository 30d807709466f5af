#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/text.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/decoder.h"

// Shared by the tests of the decoders.

namespace tailrace::ingest {

// A schema of columns "name TYPE [mapping]".
inline InputSchema MakeSchema(std::string format, const std::vector<std::vector<std::string>>& columns) {
  InputSchema schema{.format = std::move(format)};
  for (const auto& column : columns) {
    schema.columns.push_back(
        {.name = column[0], .type = data::ParseType(column[1]).value(), .mapping = column.size() > 2 ? column[2] : ""});
  }
  return schema;
}

// Decodes texts as records of shard 0 that arrived at 1000 ms, 1001 ms, ...
inline Decoded DecodeTexts(Decoder& decoder, const std::vector<std::string>& texts) {
  std::vector<data::Record> records;
  for (size_t i = 0; i < texts.size(); ++i) {
    records.push_back({.data = texts[i],
                       .partition_key = "key",
                       .arrival_unix_ms = 1000 + static_cast<int64_t>(i),
                       .sequence = 7 + i,
                       .shard = 0});
  }
  return decoder.Decode(records);
}

inline Decoded DecodeTexts(const InputSchema& schema, const std::vector<std::string>& texts) {
  return DecodeTexts(*MakeDecoder(schema).value(), texts);
}

// The declared columns of a row as text: "a|NULL|1.5".
inline std::string RowText(const data::Batch& batch, size_t row) {
  std::string text;
  for (size_t i = 0; i + kMetadataColumns < batch.columns.size(); ++i) {
    const data::Column& column = *batch.columns[i];
    if (i > 0) text += '|';
    text += column.null(row) ? "NULL" : data::ToSqlText(column.type(), column.ValueAt(row));
  }
  return text;
}

inline std::vector<std::string> RowTexts(const data::Batch& batch) {
  std::vector<std::string> rows;
  for (size_t row = 0; row < batch.rows(); ++row) rows.push_back(RowText(batch, row));
  return rows;
}

}  // namespace tailrace::ingest
