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
  // All borrowed; `output` describes the result, `wanted` its columns that are used: the others come without storage.
  StreamJoin(const sql::StreamJoin& plan, const data::Schema& output, std::vector<bool> wanted,
             const OperatorContext& context);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  std::optional<int64_t> NextDeadline() const override;
  uint64_t StateBytes() const override;

 private:
  // Of a row of a side: its chunk's number and its place there. Later rows have higher ones.
  using RowId = uint64_t;
  static constexpr RowId kNoRow = UINT64_MAX;
  static constexpr int kRowBits = 24;
  static constexpr size_t kChunkRowsMax = size_t{1} << kRowBits;

  struct Chunk {
    data::Batch rows;
    uint64_t number = 0;         // The first chunk is 0, the next one 1 ...
    std::vector<uint32_t> keys;  // Of each row in keys_; kNone: NULL, meets nothing.
    std::vector<uint8_t> matched;
    mutable uint32_t source = RowRef::kNone;  // While rows are put together: its place among their sources.
  };
  struct Side {
    const data::Schema& schema;
    std::vector<sql::BoundExprPtr> keys;
    RowEvaluator evaluator;
    bool preserved;
    bool by_rows;
    int64_t width;  // Milliseconds or rows.
    std::deque<Chunk> chunks;
    uint64_t chunks_before = 0;                // How many there were before the first one of `chunks`.
    RowId oldest = 0;                          // The first row in the window.
    RowId next = 0;                            // The next row to come.
    uint64_t rows = 0;                         // In the window.
    int64_t oldest_time = 0;                   // Of the first row in the window, if there is one.
    std::vector<CellRing> by_key;              // Ids of the window's rows of each key, ascending.
    mutable std::weak_ptr<QueueCut> cut = {};  // Of chunks: the save that is under way.
  };
  // Two rows that met, or one of a preserved side, without the other, that leaves its window.
  struct Pair {
    RowId left;
    RowId right;
    int64_t time;
  };
  using Columns = std::vector<bool>;  // Of the output: which are wanted.

  static Side MakeSide(const sql::StreamJoin& plan, bool left, const OperatorContext& context);
  static RowId IdOf(uint64_t chunk, size_t row);
  static size_t RowOf(RowId id);
  static RowId After(const Chunk& chunk, size_t row);
  static const Chunk& ChunkOf(const Side& side, RowId id);
  static Chunk& ChunkOf(Side& side, RowId id);
  static int64_t TimeOf(const Side& side, RowId id);
  static std::optional<int64_t> FirstExpiry(const Side& side);

  Status TakeReady(Emitter& out);
  void AddChunk(Side& side, const data::Batch& rows, const std::vector<data::ColumnPtr>& keys);
  Status TakeRun(size_t side, const Chunk& chunk, size_t begin, size_t end, Emitter& out);
  void Meet(size_t side, const Chunk& chunk, size_t row);
  size_t FirstToMeet(const Side& side, const CellRing& rows, int64_t time) const;
  void ExpireBefore(int64_t time);
  void ExpireOne(size_t side, int64_t time);
  void ExpireAll();
  Status Flush(Emitter& out);
  std::vector<Pair> Decide(std::vector<Pair> waiting);
  std::vector<bool> WhereConditionHolds(std::span<const Pair> pairs);
  void MarkMatched(const Pair& pair);
  data::Batch Joined(std::span<const Pair> pairs, const Columns& wanted) const;
  static RowRefs RefsOf(const Side& side, std::span<const Pair> pairs, RowId Pair::* id_of);
  void DropOldChunks();
  void EraseUnusedKeys();
  Status LoadSide(ByteReader& reader, Side& side, const std::vector<data::Type>& types);

  const sql::StreamJoin& plan_;
  const data::Schema& output_;
  const OperatorContext& context_;
  RowEvaluator residual_evaluator_;
  const Columns all_columns_;
  const Columns output_columns_;
  Columns residual_columns_;
  std::array<Side, 2> sides_;
  Merge merge_;
  KeyTable keys_;
  std::vector<Pair> waiting_;  // In the order in which they come out, if they do: the rest of the condition decides.
  std::vector<uint32_t> maybe_unused_keys_;
  int64_t clock_ = kBeginningOfTime;  // ROWTIME of the last row taken, or the bound reached.
};

}  // namespace tailrace::engine
