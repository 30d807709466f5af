#include "engine/operators/table_functions.h"

#include "engine/operators/group_rank.h"
#include "engine/operators/tumbling_items.h"

namespace tailrace::engine {

Result<std::unique_ptr<Operator>> MakeTableFunction(const sql::TableFunction& plan, const data::Schema& output,
                                                    const OperatorContext& context) {
  switch (plan.kind) {
    case sql::TableFunctionKind::kCountDistinctItemsTumbling:
    case sql::TableFunctionKind::kTopKItemsTumbling: return std::make_unique<TumblingItems>(plan, output, context);
    case sql::TableFunctionKind::kGroupRank: return std::make_unique<GroupRank>(plan, output, context);
    case sql::TableFunctionKind::kRandomCutForest:
    case sql::TableFunctionKind::kRandomCutForestWithExplanation:
    case sql::TableFunctionKind::kHotspots: break;
  }
  return Error{ErrorCode::kUnsupported, "table function"};
}

}  // namespace tailrace::engine
