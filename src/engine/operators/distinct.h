#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/group_lanes.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// SELECT DISTINCT.
//
// Output  the first row of every combination of values, at once, with its own ROWTIME. NULL equals NULL.
// State   The combinations seen since the monotonic column took its value; of a finite input all.
class Distinct final : public Operator {
 public:
  Distinct(const sql::Distinct& plan, std::vector<data::Type> types, const LaneOptions& lanes);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  uint64_t StateBytes() const override;

 private:
  const std::optional<size_t> monotonic_column_;
  const std::vector<data::Type> types_;
  const std::unique_ptr<GroupLanes> seen_;
  data::Value current_;  // Of the monotonic column, once there is a row.
  std::vector<GroupLanes::Added> added_;
};

}  // namespace tailrace::engine
