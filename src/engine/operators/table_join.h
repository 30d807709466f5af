#pragma once

#include <vector>

#include "engine/evaluation.h"
#include "engine/graph.h"
#include "engine/key_table.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Joins a stream with a finite relation.
//
// Output  for each stream row, in order, its matches in the relation's order; LEFT: NULLs where there is none. ROWTIME
//         of the stream row.
// State   None that is saved: the relation and its index are made from the tables.
class TableJoin final : public Operator, public RelationUser {
 public:
  // All borrowed; `output` describes the result.
  TableJoin(const sql::TableJoin& plan, const data::Schema& output, const OperatorContext& context);

  void SetRelation(data::Batch rows) override;
  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  uint64_t StateBytes() const override;

 private:
  struct Pair {
    uint32_t row;
    uint32_t match;  // kNone: none.
  };
  data::Batch Joined(const data::Batch& rows, std::span<const Pair> pairs) const;
  std::vector<Pair> Candidates(std::span<const uint32_t> keys) const;
  void Filter(const data::Batch& rows, std::vector<Pair>& pairs);

  const sql::TableJoin& plan_;
  const OperatorContext& context_;
  RowEvaluator evaluator_;
  RowEvaluator relation_evaluator_;
  RowEvaluator residual_evaluator_;
  std::vector<sql::BoundExprPtr> stream_keys_;
  std::vector<sql::BoundExprPtr> relation_keys_;
  data::Batch relation_;
  KeyTable keys_;
  std::vector<std::vector<uint32_t>> matches_;  // Relation rows of each key, ascending.
};

}  // namespace tailrace::engine
