#pragma once

#include <vector>

#include "engine/operator.h"

namespace tailrace::engine {

// Appends `results` to the columns of `rows` (their keys) and emits what has no error; the other rows are reported as
// rows of `output`.
Status EmitFinished(data::Batch rows, std::vector<data::ColumnPtr> results, const sql::RowErrors& errors,
                    const data::Schema& output, const OperatorContext& context, Emitter& out);

// Reports the rows with errors and leaves the others in `rows`.
void TakeOutErrors(data::Batch& rows, const sql::RowErrors& errors, const data::Schema& schema,
                   const OperatorContext& context);

}  // namespace tailrace::engine
