#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"

// Rows as SQL test files write them.

namespace tailrace::engine {

// "(a VARCHAR(4), \"b c\" INTEGER NOT NULL)" to fields; names as written. Errors: kInvalidArgument.
Result<data::Schema> ParseSqlTestColumns(std::string_view text);

// One field of a line into the column; "NULL" is NULL, \t \n \\ are escapes in text. Errors: kInvalidArgument.
Status AppendSqlTestField(std::string_view field, data::Column& column);

// The escapes of text fields: \t, \n and \\.
std::string UnescapeSqlTest(std::string_view text);
std::string EscapeSqlTest(std::string_view text);

// Milliseconds of "2018-11-01 01:00:00.000" and shorter forms. Errors: kInvalidArgument.
Result<int64_t> ParseSqlTestTime(std::string_view text);

// The row's values as CAST to text gives them, separated by tabs, ROWTIME first when `with_rowtime`.
std::string SqlTestRow(const data::Batch& batch, size_t row, bool with_rowtime);

// A row of error_stream: ROWTIME, name, message, the row or record that failed, the pump.
std::string SqlTestErrorRow(const data::Batch& batch, size_t row);

}  // namespace tailrace::engine
