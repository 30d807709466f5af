#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"

// Shared by the tests of the sinks.

namespace tailrace::sink {

// The order log's columns, all text, as the agent's CSVTOJSON delivers them.
inline data::Schema OrderSchema() {
  data::Schema schema;
  for (const char* const name :
       {"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Customer", "Country"}) {
    schema.fields.push_back({.name = name, .type = data::Type::Varchar(64)});
  }
  return schema;
}

inline data::Batch MakeBatch(const data::Schema& schema, const std::vector<std::vector<data::Value>>& rows) {
  data::Batch batch;
  auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
  for (size_t row = 0; row < rows.size(); ++row) rowtimes->AppendInt64(static_cast<int64_t>(row));
  batch.rowtimes = rowtimes;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    auto column = std::make_shared<data::Column>(schema.fields[i].type);
    for (const auto& row : rows) column->AppendValue(row[i]);
    batch.columns.push_back(std::move(column));
  }
  return batch;
}

// Order number `i` of a made-up customer.
inline std::vector<data::Value> OrderRow(int i) {
  return {std::to_string(536365 + i / 10),
          "8512" + std::to_string(i % 10) + "A",
          "HEART, WHITE",
          "6",
          "12/1/2010 8:26",
          "2.55",
          std::to_string(17850 + i % 7),
          "United Kingdom\r"};
}

}  // namespace tailrace::sink
