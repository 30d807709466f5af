#pragma once

#include <array>
#include <vector>

#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// UNION, INTERSECT and EXCEPT of finite relations.
//
// Output  the rows when both inputs have ended: the left's in their order, then (UNION) the right's; without repeats,
//         except for UNION ALL. NULL equals NULL.
// State   Both inputs.
class SetOperation final : public Operator {
 public:
  // All borrowed; `schema` describes either input and the result.
  SetOperation(const sql::SetNode& plan, const data::Schema& schema, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  uint64_t StateBytes() const override;

 private:
  data::Batch Compute();

  const sql::ast::SetOp op_;
  const data::Schema& schema_;
  const OperatorContext& context_;
  std::array<std::vector<data::Batch>, 2> inputs_;
  std::array<bool, 2> ended_{};
};

}  // namespace tailrace::engine
