#pragma once

#include <cstdint>
#include <span>

#include "engine/accumulator.h"
#include "engine/operator.h"

namespace tailrace::engine {

// Appends the results of `groups` to the columns of `rows` (their keys) and emits what has no error; the other rows are
// reported as rows of `output`.
Status EmitFinished(data::Batch rows, const AccumulatorSet& accumulators, std::span<const uint32_t> groups,
                    const data::Schema& output, const OperatorContext& context, Emitter& out);

// Reports the rows with errors and leaves the others in `rows`.
void TakeOutErrors(data::Batch& rows, const sql::RowErrors& errors, const data::Schema& schema,
                   const OperatorContext& context);

}  // namespace tailrace::engine
