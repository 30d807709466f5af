#pragma once

#include <vector>

#include "engine/merge.h"
#include "engine/operator.h"

namespace tailrace::engine {

// UNION ALL of streams, and several pumps into one stream.
//
// Output  the inputs' rows in the order (ROWTIME, input, arrival), unchanged.
// Time    A row waits until no input can give an earlier one.
// State   The rows that wait.
class UnionAll final : public Operator {
 public:
  UnionAll(size_t inputs, std::vector<data::Type> types);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  const size_t inputs_;
  const std::vector<data::Type> types_;
  Merge merge_;
};

}  // namespace tailrace::engine
