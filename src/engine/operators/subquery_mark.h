#pragma once

#include "engine/evaluation.h"
#include "engine/graph.h"
#include "engine/key_table.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// x IN (query), EXISTS (query) over a finite relation.
//
// Output  the input's columns, then the answer as BOOLEAN. IN: TRUE when the relation has the value; else UNKNOWN when
//         x or any of its values is NULL and it is not empty; else FALSE.
// State   None that is saved: the relation is made from the tables.
class SubqueryMark final : public Operator, public RelationUser {
 public:
  // All borrowed; `schema` describes the input.
  SubqueryMark(const sql::SubqueryMark& plan, const data::Schema& schema, const OperatorContext& context);

  void SetRelation(data::Batch rows) override;
  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  uint64_t StateBytes() const override;

 private:
  const sql::SubqueryMark& plan_;
  RowEvaluator evaluator_;
  KeyTable values_;
  size_t rows_ = 0;
  bool has_null_ = false;
};

}  // namespace tailrace::engine
