#pragma once

#include <memory>
#include <vector>

#include "engine/block_queue.h"
#include "engine/evaluation.h"
#include "engine/group_lanes.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// WINDOWED BY STAGGER: one window a key, opened by the key's first row.
//
// Output  keys in order, then aggregates; windows in order of their ends, of equal ends in order of opening.
// Time    A window opened at t covers [t, t + length) and comes out with ROWTIME t + length.
// State   One entry an open window.
class StaggerAggregate final : public Operator {
 public:
  // All borrowed; `schema` describes the input, `output` the result. Errors: kUnsupported.
  static Result<std::unique_ptr<Operator>> Make(const sql::StaggerAggregate& plan, const data::Schema& schema,
                                                const data::Schema& output, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  struct Open {
    int64_t end;
    uint32_t group;
  };

  StaggerAggregate(const sql::StaggerAggregate& plan, const data::Schema& schema, const data::Schema& output,
                   const OperatorContext& context, std::unique_ptr<GroupLanes> groups);

  Status CloseUntil(int64_t time, Emitter& out);

  const int64_t length_ms_;
  const data::Schema& output_;
  const OperatorContext& context_;
  RowEvaluator evaluator_;
  const std::unique_ptr<GroupLanes> groups_;
  std::vector<sql::BoundExprPtr> exprs_;
  BlockQueue<Open> open_;  // By end.
  std::vector<GroupLanes::Added> added_;
};

}  // namespace tailrace::engine
