#pragma once

#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// LIMIT: the first rows; the others are dropped.
//
// State   How many have passed.
class Limit final : public Operator {
 public:
  explicit Limit(const sql::Limit& plan) : rows_max_(plan.rows) {}

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;

 private:
  const uint64_t rows_max_;
  uint64_t rows_ = 0;
};

}  // namespace tailrace::engine
