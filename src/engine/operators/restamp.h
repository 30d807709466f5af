#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Gives rows the earlier ROWTIME that one of their columns holds.
//
// Output  the input's columns; ROWTIME is the column's value, or unchanged where that is NULL; in ascending order of
// it,
//         equals in order of arrival.
// Time    A row waits until none can follow that belongs before it: `delay_ms` after its new ROWTIME.
// State   The rows of the last `delay_ms`.
class Restamp final : public Operator {
 public:
  // All borrowed; `schema` describes input and output.
  Restamp(const sql::Restamp& plan, const data::Schema& schema, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  struct Row {
    std::shared_ptr<const data::Batch> batch;
    uint32_t row;
  };
  using Held = std::map<std::pair<int64_t, uint64_t>, Row>;  // By new ROWTIME, then arrival.
  class Cut;

  template <typename Iterator>  // Over values of Held.
  data::Batch Rows(Iterator begin, Iterator end) const;

  const sql::Restamp& plan_;
  const data::Schema& schema_;
  const OperatorContext& context_;
  Held held_;
  uint64_t next_ = 0;
  mutable std::weak_ptr<Cut> cut_;  // The save that is under way.
};

}  // namespace tailrace::engine
