#pragma once

#include <memory>

#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// The operator of a table function. All borrowed; `output` describes the result.
// Errors  kLimitExceeded: a state that is too large.
Result<std::unique_ptr<Operator>> MakeTableFunction(const sql::TableFunction& plan, const data::Schema& output,
                                                    const OperatorContext& context);

}  // namespace tailrace::engine
