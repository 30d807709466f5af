#pragma once

#include <memory>
#include <vector>

#include "engine/evaluation.h"
#include "engine/group_lanes.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Aggregates over an input that ends.
//
// Output  keys in order, then aggregates; one row a group in first-seen order, without keys exactly one. All come when
//         the input ends, with the ROWTIME of the last row.
// State   One entry a group.
class FiniteAggregate final : public Operator {
 public:
  // All borrowed; `schema` describes the input, `output` the result. Errors: kUnsupported.
  static Result<std::unique_ptr<Operator>> Make(const sql::FiniteAggregate& plan, const data::Schema& schema,
                                                const data::Schema& output, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  uint64_t StateBytes() const override;

 private:
  FiniteAggregate(const sql::FiniteAggregate& plan, const data::Schema& schema, const data::Schema& output,
                  const OperatorContext& context, std::unique_ptr<GroupLanes> groups);

  const data::Schema& output_;
  const OperatorContext& context_;
  RowEvaluator evaluator_;
  const std::unique_ptr<GroupLanes> groups_;
  std::vector<sql::BoundExprPtr> exprs_;
  int64_t last_rowtime_;
  bool done_ = false;
};

}  // namespace tailrace::engine
