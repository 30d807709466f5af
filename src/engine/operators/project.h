#pragma once

#include <vector>

#include "engine/evaluation.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Computes the select list, with the WHERE that stands below it.
//
// Output  one column an expression; ROWTIME unchanged, or the value of `x AS ROWTIME`.
// Errors  A row whose new ROWTIME is NULL or earlier than the last one's is a late row: reported and dropped.
// State   With `x AS ROWTIME`: the last ROWTIME.
class Project final : public Operator {
 public:
  // All borrowed; `schema` describes the input, `output` the result. `predicate` may be null.
  Project(const sql::Project& plan, const sql::BoundExpr* predicate, const data::Schema& schema,
          const data::Schema& output, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;

 private:
  data::Batch Narrow(const data::Batch& batch, std::span<const uint32_t> rows) const;
  Status EmitInOrder(const data::Batch& input, std::vector<data::ColumnPtr> columns, Emitter& out);

  const sql::Project& plan_;
  const sql::BoundExpr* const predicate_;
  const data::Schema& schema_;
  const OperatorContext& context_;
  RowEvaluator evaluator_;
  std::vector<sql::BoundExprPtr> exprs_;  // The list, then the ROWTIME.
  std::vector<bool> used_;                // Input columns that take part.
  bool rowtime_of_columns_ = true;
  int64_t last_rowtime_ = kBeginningOfTime;
};

}  // namespace tailrace::engine
