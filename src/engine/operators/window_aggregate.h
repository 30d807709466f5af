#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/evaluation.h"
#include "engine/operator.h"
#include "engine/sliding_lanes.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Functions OVER windows.
//
// Output  one row an input row, at once: the input's columns, then one a call; ROWTIME unchanged.
//         A window holds the rows of the partition from the far end, inclusive, to the row itself, in order of arrival;
//         rows of the same ROWTIME that come later are not in it.
// Errors  INVALID_ARGUMENT: NULL as the value that a window with ORDER BY goes by.
// State   See SlidingWindow.
class WindowAggregate final : public Operator {
 public:
  // All borrowed; `schema` describes the input, `output` the result. Errors: kUnsupported.
  static Result<std::unique_ptr<Operator>> Make(const sql::WindowAggregate& plan, const data::Schema& schema,
                                                const data::Schema& output, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  uint64_t StateBytes() const override;

 private:
  struct Window {
    std::unique_ptr<SlidingLanes> window;
    size_t first_key;  // Among the evaluated expressions.
    size_t keys;
    std::optional<size_t> order;  // Which expression is in the place of ROWTIME.
    std::vector<size_t> calls;    // Of the plan.
  };

  WindowAggregate(const sql::WindowAggregate& plan, const data::Schema& schema, const data::Schema& output,
                  const OperatorContext& context);

  void TakeOutUnordered(size_t order, data::Batch& rows, std::vector<data::ColumnPtr>& columns);

  const sql::WindowAggregate& plan_;
  const data::Schema& schema_;
  const data::Schema& output_;
  const OperatorContext& context_;
  RowEvaluator evaluator_;
  std::vector<sql::BoundExprPtr> exprs_;
  std::vector<Window> windows_;
};

}  // namespace tailrace::engine
