#pragma once

#include <vector>

#include "sql/plan.h"

namespace tailrace::sql {

// Which columns of input stream `stream` (index in program.streams) the pumps and queries look at: one flag a declared
// column, then one a metadata column. A decoder may leave the others out without changing any row that a pump or query
// gives, nor any runtime error. Who shows the input stream itself needs all of them.
std::vector<bool> UsedColumns(const BoundProgram& program, int stream);

}  // namespace tailrace::sql
