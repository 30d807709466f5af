#pragma once

#include <memory>
#include <vector>

#include "engine/operator.h"
#include "engine/queue_cut.h"
#include "sql/plan.h"

namespace tailrace::engine {

// GROUP_RANK: ranks the rows of one ROWTIME by a column.
//
// Output  the input's columns, then the rank from 1, as INTEGER; of equal values the first to come ranks first. NULL is
//         the lowest value. At most the given number of rows a group, in rank order or its reverse.
// Time    A group comes out when ROWTIME goes on, which the clock sees to; a longest idle time is not needed.
// State   The rows of the current ROWTIME.
class GroupRank final : public Operator {
 public:
  // All borrowed; `output` describes the result.
  GroupRank(const sql::TableFunction& plan, const data::Schema& output, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  Status Release(Emitter& out);

  const size_t column_;
  const bool rank_descending_;
  const bool output_descending_;
  const size_t rows_max_;
  const data::Schema& schema_;
  const data::Schema& output_;
  const OperatorContext& context_;
  mutable std::weak_ptr<QueueCut> cut_;  // Of held_: the save that is under way.
  std::vector<data::Batch> held_;
  int64_t rowtime_ = kBeginningOfTime;  // Of the rows held.
};

}  // namespace tailrace::engine
