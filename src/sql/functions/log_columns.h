#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/column.h"
#include "sql/functions/date_format.h"
#include "sql/functions/function.h"

// The columns of a log-parsing function: their description as text, and the row-typed result made of texts.
// Source: docs/sql-dialect.md, section 6.13.

namespace tailrace::sql {

struct LogColumn {
  data::Field field;
  std::optional<DateFormat> format;  // DATE, TIME, TIMESTAMP only.
  std::optional<int64_t> start;      // Character, from 0.
  std::optional<int64_t> length;
};

// name [TYPE] type ['format'] [NOT NULL] [START n [FOR length]] {, ...}; a name alone is VARCHAR(1024).
// Errors  kInvalidArgument with the place in the text.
Result<std::vector<LogColumn>> ParseLogColumns(std::string_view text);

// COLUMN1, COLUMN2, ... VARCHAR(1024).
std::vector<LogColumn> NumberedLogColumns(size_t count);

inline constexpr size_t kLogColumnsMax = 1'000;

data::Type LogRowType(const std::vector<LogColumn>& columns);

// Collects the texts of a batch's rows and converts them column by column.
class LogRows {
 public:
  // Both borrowed for the builder's life. `input.args[0]` holds the text that the rows' views may point into.
  LogRows(const KernelInput& input, const std::vector<LogColumn>& columns);

  size_t column_count() const { return columns_.size(); }
  // The view points into the argument's text or comes from Copy. Fields never set are NULL.
  void Set(size_t row, size_t column, std::string_view text);
  std::string_view Copy(std::string_view text) { return arena_->Copy(text); }
  // The whole row value is NULL.
  void SetNullRow(size_t row);

  // Output  the row-typed column. Texts longer than their column are cut; an empty text is NULL unless the column is
  //         character. A text that does not convert, or a missing one under NOT NULL, is the row's error.
  data::ColumnPtr Finish();

 private:
  data::ColumnPtr Convert(size_t column);

  const KernelInput& input_;
  const std::vector<LogColumn>& columns_;
  std::shared_ptr<data::Arena> arena_ = std::make_shared<data::Arena>();
  std::vector<std::shared_ptr<data::Column>> texts_;
  std::vector<std::vector<bool>> set_;  // By column, then row.
  std::vector<bool> null_rows_;
};

}  // namespace tailrace::sql
