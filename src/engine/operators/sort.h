#pragma once

#include <memory>
#include <vector>

#include "engine/evaluation.h"
#include "engine/operator.h"
#include "engine/queue_cut.h"
#include "engine/window_tracker.h"
#include "sql/plan.h"

namespace tailrace::engine {

// ORDER BY.
//
// Output  the input's columns. On a stream the rows are held while the leading key keeps its value and then come out
//         sorted by the other keys, all with the largest ROWTIME among them; of a finite input all rows when it ends.
//         NULL sorts first ascending, last descending; equal rows keep their order.
// State   The rows held.
class Sort final : public Operator {
 public:
  // All borrowed; `schema` describes the input.
  Sort(const sql::Sort& plan, const data::Schema& schema, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  void Hold(const data::Batch& rows, std::span<const data::ColumnPtr> keys, size_t begin, size_t end);
  Status Release(Emitter& out);

  const sql::Sort& plan_;
  const data::Schema& schema_;
  const OperatorContext& context_;
  RowEvaluator evaluator_;
  WindowTracker tracker_;
  std::vector<sql::BoundExprPtr> exprs_;  // The keys that order the rows held, and the leading one if by value.
  size_t order_keys_;
  std::vector<bool> descending_;         // Of the keys that order.
  mutable std::weak_ptr<QueueCut> cut_;  // Of held_: the save that is under way.
  std::vector<data::Batch> held_;        // Each with its keys as further columns.
};

}  // namespace tailrace::engine
