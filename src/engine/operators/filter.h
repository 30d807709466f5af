#pragma once

#include "engine/evaluation.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Keeps the rows for which the predicate is TRUE.
//
// Output  the input's columns, ROWTIME unchanged.
// State   None.
class Filter final : public Operator {
 public:
  // All borrowed; `schema` describes the input.
  Filter(const sql::BoundExpr& predicate, const data::Schema& schema, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;

 private:
  const sql::BoundExpr& predicate_;
  RowEvaluator evaluator_;
};

}  // namespace tailrace::engine
