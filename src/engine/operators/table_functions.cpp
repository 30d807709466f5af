#include "engine/operators/table_functions.h"

#include "engine/operators/forest_score.h"
#include "engine/operators/group_rank.h"
#include "engine/operators/hotspots.h"
#include "engine/operators/tumbling_items.h"

namespace tailrace::engine {

Result<std::unique_ptr<Operator>> MakeTableFunction(const sql::TableFunction& plan, const data::Schema& output,
                                                    const OperatorContext& context) {
  switch (plan.kind) {
    case sql::TableFunctionKind::kRandomCutForest:
    case sql::TableFunctionKind::kRandomCutForestWithExplanation:
      return ForestScore::Make(plan, output);
    case sql::TableFunctionKind::kHotspots:
      return std::make_unique<Hotspots>(plan, output);
    case sql::TableFunctionKind::kCountDistinctItemsTumbling:
    case sql::TableFunctionKind::kTopKItemsTumbling:
      return std::make_unique<TumblingItems>(plan, output, context);
    case sql::TableFunctionKind::kGroupRank:
      return std::make_unique<GroupRank>(plan, output, context);
  }
  return Error{ErrorCode::kUnsupported, "a table function without an operator"};
}

}  // namespace tailrace::engine
