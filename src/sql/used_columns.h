#pragma once

#include <vector>

#include "sql/plan.h"

namespace tailrace::sql {

// Which columns of input stream `stream` (index in program.streams) the pumps and queries look at: one flag a declared
// column, then one a metadata column. A decoder may leave the others out without changing any row that a pump or query
// gives, nor any runtime error. Who shows the input stream itself needs all of them.
// `error_rows`: somebody reads DATA_ROW of error_stream, which shows the whole row that an expression failed for.
std::vector<bool> UsedColumns(const BoundProgram& program, int stream, bool error_rows = true);

}  // namespace tailrace::sql
