#pragma once

#include <memory>
#include <vector>

#include "engine/accumulator.h"
#include "engine/evaluation.h"
#include "engine/group_lanes.h"
#include "engine/key_table.h"
#include "engine/operator.h"
#include "engine/window_tracker.h"
#include "sql/plan.h"

namespace tailrace::engine {

// GROUP BY over a stream.
//
// Output  keys in order, then aggregates; the groups of a window together, in first-seen order.
// Time    ROWTIME is the window's end; it closes before a row at or after its end, or with a bound that reaches it.
//         With emit_empty, windows without rows come out too: one row, or with further keys one for each that had a row
//         within emit_empty_for_ms, behind the window's own groups, in the order in which they had their last rows.
// State   One entry a group of the open window: the key (see KeyTable) and 8 to 64 bytes an aggregate; the keys that
//         emit_empty remembers.
class TumblingAggregate final : public Operator {
 public:
  // All borrowed; `schema` describes the input, `output` the result. Errors: kUnsupported.
  static Result<std::unique_ptr<Operator>> Make(const sql::TumblingAggregate& plan, const data::Schema& schema,
                                                const data::Schema& output, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Begin(int64_t time) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  TumblingAggregate(const sql::TumblingAggregate& plan, const data::Schema& schema, const data::Schema& output,
                    const OperatorContext& context, std::unique_ptr<GroupLanes> groups);

  Status Close(int64_t end, Emitter& out);
  Status EmitGroups(int64_t end, const data::Value& window_key, Emitter& out);
  Status EmitEmptyUntil(int64_t bound, Emitter& out);
  Status EmitRows(int64_t end, const data::Value& window_key, size_t rows, std::vector<data::ColumnPtr> keys,
                  std::vector<data::ColumnPtr> results, const sql::RowErrors& errors, Emitter& out);
  Status EmitWithoutRows(int64_t end, const data::Value& window_key, size_t rows, std::vector<data::ColumnPtr> keys,
                         Emitter& out);
  Status EmitRemembered(int64_t end, const data::Value& window_key, Emitter& out);
  bool keyed() const { return groups_->key_columns() > 0; }

  const sql::TumblingAggregate& plan_;
  const data::Schema& output_;
  const OperatorContext& context_;
  RowEvaluator evaluator_;
  WindowTracker tracker_;
  const std::unique_ptr<GroupLanes> groups_;  // By the keys beside the window's.
  AccumulatorSet empty_accumulators_;         // Groups without rows, for windows without rows.
  std::vector<sql::BoundExprPtr> exprs_;      // Other keys, arguments, and the window's key if it is compared by value.
  int64_t empty_from_ = kEndOfTime;           // With emit_empty: end of the next window that is not yet out.
  // With emit_empty and further keys: those that still get rows, by their last window, then by their place in it.
  struct Remembered {
    uint32_t index;  // In remembered_keys_.
    int64_t last_end;
  };
  KeyTable remembered_keys_;
  std::vector<Remembered> remembered_;
  std::vector<bool> in_window_;  // By index in remembered_keys_.
  std::vector<uint32_t> indices_;
  std::vector<uint32_t> added_;
};

}  // namespace tailrace::engine
