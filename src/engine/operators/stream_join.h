#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/cell_ring.h"
#include "engine/evaluation.h"
#include "engine/joined_rows.h"
#include "engine/key_table.h"
#include "engine/merge.h"
#include "engine/operator.h"
#include "engine/queue_cut.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Joins two streams within windows.
//
// Input   0: left, 1: right. Rows of both are taken in the order (ROWTIME, left before right, arrival): each meets
//         the rows that are in the other side's window then, and goes into its own side's. A side without a window
//         holds the rows of its current ROWTIME, so rows of one ROWTIME meet whatever their order.
// Output  as sql::StreamJoin says, in ascending ROWTIME.
// Time    A pair has the later row's ROWTIME. A row of a preserved side that found none comes out when it leaves its
//         own window, with that time: ROWTIME + width (RANGE, or 0 without a window), or ROWTIME of the row that
//         pushed it out (ROWS).
// State   The rows of both windows, and an index of their keys.
class StreamJoin final : public Operator {
 public:
  // All borrowed; `output` describes the result.
  StreamJoin(const sql::StreamJoin& plan, const data::Schema& output, const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  static constexpr uint64_t kNoRow = UINT64_MAX;
  struct Chunk {
    data::Batch rows;
    uint64_t first = 0;          // Number of its first row.
    std::vector<uint32_t> keys;  // Of each row in keys_; kNone: NULL, meets nothing.
    std::vector<uint8_t> matched;
  };
  struct Side {
    const data::Schema& schema;
    std::vector<sql::BoundExprPtr> keys;
    RowEvaluator evaluator;
    bool preserved;
    bool by_rows;
    int64_t width;  // Milliseconds or rows.
    std::deque<Chunk> chunks;
    uint64_t oldest = 0;                       // Number of the first row in the window.
    uint64_t next = 0;                         // Number of the next row to come.
    std::vector<CellRing> by_key;              // Row numbers of each key, ascending.
    mutable std::weak_ptr<QueueCut> cut = {};  // Of chunks: the save that is under way.
  };
  struct Pair {
    uint64_t left;
    uint64_t right;
    int64_t time;
  };

  static Side MakeSide(const sql::StreamJoin& plan, bool left, const OperatorContext& context);
  Status Take(size_t side, const data::Batch& rows, Emitter& out);
  void AddChunk(Side& side, const data::Batch& rows, const std::vector<data::ColumnPtr>& keys);
  Status Meet(size_t side, const Chunk& chunk, size_t row, Emitter& out);
  Status ExpireBefore(int64_t time, Emitter& out);
  Status ExpireOne(size_t side, int64_t time, Emitter& out);
  std::optional<int64_t> FirstExpiry(const Side& side) const;
  Status ExpireAll(Emitter& out);
  Status Decide(Emitter& out);
  Status EmitPairs(Emitter& out);
  data::Batch Joined(std::span<const Pair> pairs) const;
  void DropOldChunks();
  void EraseUnusedKeys();
  void MarkMatched(Side& side, uint64_t number);
  Chunk& ChunkOf(Side& side, uint64_t number);
  RowRef Find(const Side& side, uint64_t number) const;

  const sql::StreamJoin& plan_;
  const data::Schema& output_;
  const OperatorContext& context_;
  RowEvaluator residual_evaluator_;
  std::array<Side, 2> sides_;
  Merge merge_;
  KeyTable keys_;
  std::vector<Pair> undecided_;  // Met, the residual condition not yet evaluated.
  std::vector<Pair> decided_;    // To be emitted.
  std::vector<uint32_t> maybe_unused_keys_;
  int64_t clock_ = kBeginningOfTime;  // ROWTIME of the last row taken, or the bound reached.
};

}  // namespace tailrace::engine
