#pragma once

#include <memory>
#include <vector>

#include "engine/evaluation.h"
#include "engine/key_table.h"
#include "engine/operator.h"
#include "engine/window_tracker.h"
#include "sql/plan.h"

namespace tailrace::engine {

// COUNT_DISTINCT_ITEMS_TUMBLING and TOP_K_ITEMS_TUMBLING.
//
// Output  one number of distinct items a window; or the K most frequent items with their counts, most frequent first,
//         of equally frequent ones that first seen. NULL is no item. Counts are exact.
// Time    Windows of whole seconds since 1970; ROWTIME is the window's end. Windows without rows give nothing.
// State   Every distinct item of the open window.
class TumblingItems final : public Operator {
 public:
  // All borrowed; `output` describes the result.
  TumblingItems(const sql::TableFunction& plan, const data::Schema& output, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  struct Items {
    KeyTable keys;
    std::vector<uint64_t> counts;
  };
  Status Close(int64_t end, Emitter& out);
  data::Batch TopItems(int64_t end) const;
  static std::shared_ptr<Items> MakeItems(const data::Type& type);

  const bool top_;
  const size_t items_max_;
  const size_t column_;
  const data::Type type_;
  const data::Schema& output_;
  const OperatorContext& context_;
  const sql::WindowEnd window_end_;
  const sql::BoundExprPtr rowtime_;
  RowEvaluator evaluator_;
  WindowTracker tracker_;
  std::shared_ptr<Items> items_;  // Shared with a save that is under way.
  std::vector<uint32_t> indices_;
  std::vector<uint32_t> added_;
};

}  // namespace tailrace::engine
