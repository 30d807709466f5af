#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "data/batch.h"
#include "engine/aggregate_math.h"
#include "engine/block_queue.h"
#include "engine/cell_ring.h"
#include "engine/key_table.h"
#include "engine/queue_cut.h"
#include "sql/evaluate.h"
#include "sql/plan.h"

namespace tailrace::engine {

// One window specification with all functions over it.
//
// A partition keeps its rows in a ring and one running state for every distinct (function family, argument): counts and
// sums of whole numbers and decimals are exact, so rows are added and taken off; sums of doubles are two stacks (Hammer
// Slide / two-stack aggregation), so nothing is ever subtracted; MIN and MAX are monotone deques. Cost a row: constant,
// amortised, whatever the window holds.
// Time    What the batches carry as ROWTIME: for a window with an ORDER BY of its own that value.
// State   8 bytes a row of the window, and what the functions need of it: 8 a whole number, 16 a sum of doubles, 32 a
//         variance of doubles, 16 a text. Partitions go when their last row leaves a RANGE window over ROWTIME;
//         others keep a partition for ever.
// Source  Tangwongsan, Hirzel, Schneider, "Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time",
//         DEBS 2017.
class SlidingWindow {
 public:
  // `calls` of the frame `window`; arguments are columns `first_arg`, ... of what Process gets. Borrowed.
  struct CallRef {
    const sql::AggregateCall* call;
    size_t first_arg;
  };
  // Errors  kUnsupported.
  static Result<std::unique_ptr<SlidingWindow>> Make(const sql::WindowFrame& frame, std::vector<CallRef> calls);
  ~SlidingWindow();

  // Takes the rows in order; results[i] receives the result of the i-th call of each row.
  void Process(const data::Batch& batch, std::span<const data::ColumnPtr> keys, std::span<const data::ColumnPtr> args,
               std::span<const std::shared_ptr<data::Column>> results, sql::RowErrors& errors);
  // Frees the partitions that no row from `bound` on can see.
  void Expire(int64_t bound);

  // The windows of one specification whose partitions are split among them by LaneOf their keys' hashes, as one.
  // Whatever their number, each loads what others saved.
  static void Save(const std::vector<const SlidingWindow*>& lanes, ByteWriter& writer);
  static Status Load(const std::vector<SlidingWindow*>& lanes, ByteReader& reader);
  uint64_t bytes() const;
  const KeyTable& partition_keys() const { return partitions_; }

 private:
  enum class Family : uint8_t {
    kCount,        // Valid rows.
    kExact,        // Count and sum.
    kExactSpread,  // And sum of squares.
    kApproximate,  // The same of doubles.
    kApproximateSpread,
    kLeast,  // Deque of (sequence, value) or (sequence).
    kGreatest,
    kHistory,       // The argument's values.
    kValidHistory,  // And the sequences of those that are not NULL.
    kExponential,   // Decayed sum and weight.
    kDistinct,      // Every value with its count.
  };
  struct State {
    Family family;
    sql::BoundExprPtr arg;
    size_t arg_column;
    data::Physical physical;
    bool text;
    size_t cells = 0;  // First of its cells in a partition.
    size_t slot = 0;   // First of its cells in a record; 0: none.
    size_t slot_cells = 0;
    size_t deque = 0;        // Which of the partition's deques.
    size_t deque_cells = 0;  // 0: none.
    size_t validity = 0;     // Which bit of a record.
    double half_life_ms = 0;
  };
  struct Call {
    const sql::AggregateCall* call;
    size_t first_arg;
    size_t state;  // kNoState: number of rows, and LAST_VALUE that respects NULLs.
  };
  struct DistinctValues {
    std::map<std::string, int64_t, std::less<>> counts;
    std::vector<const std::string*> order;  // As they came; only when rows are not kept, as then none goes.
    ExactMoments exact;
    bool Add(std::string value, bool ordered) {
      const auto [at, added] = counts.try_emplace(std::move(value), 0);
      if (added && ordered) order.push_back(&at->first);
      return ++at->second == 1;
    }
  };
  struct Check {
    int64_t time;
    uint32_t partition;
  };
  static constexpr size_t kNoState = SIZE_MAX;

  SlidingWindow(const sql::WindowFrame& frame, std::vector<data::Type> key_types);
  Status AddCall(const CallRef& ref);
  size_t FindOrAddState(Family family, const sql::AggregateCall& call, size_t arg_column, double half_life_ms);
  void LayOut();

  void FindPartitions(const data::Batch& batch, std::span<const data::ColumnPtr> keys);
  void ProcessCounts(std::span<const int64_t> rowtimes, std::span<int64_t> counts);
  void EvictBefore(uint32_t partition, int64_t rowtime);
  void EvictOne(uint32_t partition);
  void RemoveFromState(const State& state, uint32_t partition, const uint64_t* record, uint64_t sequence);
  void Append(uint32_t partition, int64_t rowtime, std::span<const data::ColumnPtr> args, size_t row);
  void AddToState(const State& state, uint32_t partition, uint64_t* record, uint64_t sequence,
                  const data::Column& column, size_t row);
  void AddSum(const State& state, uint64_t* cells, uint64_t* record, const data::Column& column, size_t row);
  void AddExtreme(const State& state, CellRing& deque, const CellRing& ring, uint64_t first_sequence, uint64_t sequence,
                  const data::Column& column, size_t row);
  void AddExponential(const State& state, uint64_t* cells, uint64_t* record, const data::Column& column, size_t row);
  void Flip(const State& state, uint32_t partition);
  void FlipExponential(const State& state, uint32_t partition);

  void Output(const Call& call, uint32_t partition, std::span<const data::ColumnPtr> args, size_t row,
              data::Column& result, sql::RowErrors& errors);
  void OutputSum(const Call& call, const State& state, uint32_t partition, size_t row, data::Column& result,
                 sql::RowErrors& errors);
  void OutputDistinct(const Call& call, const State& state, uint32_t partition, size_t row, data::Column& result,
                      sql::RowErrors& errors);
  void OutputExtreme(const State& state, uint32_t partition, size_t row, data::Column& result);
  void OutputHistory(const Call& call, const State& state, uint32_t partition, std::span<const data::ColumnPtr> args,
                     size_t row, data::Column& result, sql::RowErrors& errors);
  void OutputExponential(const State& state, uint32_t partition, size_t row, data::Column& result);
  ApproximateMoments Moments(const State& state, uint32_t partition) const;

  void Clear();
  void MakeRoom(size_t partitions);
  void FreePartition(uint32_t partition);
  static void SaveChecks(const std::vector<const SlidingWindow*>& lanes, const EntryNumbers& numbers,
                         ByteWriter& writer);
  struct Place {  // Of a partition.
    uint32_t lane;
    uint32_t partition;
  };
  static Status LoadChecks(const std::vector<SlidingWindow*>& lanes, std::span<const Place> places, ByteReader& reader);
  void SavePartition(ByteWriter& writer, uint32_t partition) const;
  void SaveRow(ByteWriter& writer, const uint64_t* record) const;
  // Tells the save of a large partition or deque, if one is under way, what is about to happen to it.
  using Cuts = std::unordered_map<uint64_t, std::weak_ptr<QueueCut>>;
  template <typename Tell>
  static void TellCut(Cuts& cuts, uint64_t index, const Tell& tell);
  void PopBack(CellRing& deque);
  Status LoadPartition(ByteReader& reader, uint32_t partition);
  Status LoadDistinct(ByteReader& reader, const State& state, uint32_t partition);
  Status CheckState(const State& state, uint32_t partition);
  bool Valid(const State& state, const uint64_t* record) const {
    return ((record[1 + state.validity / 64] >> (state.validity % 64)) & 1) != 0;
  }
  bool forgets_partitions() const {
    return frame_.unit == sql::ast::FrameUnit::kRange && frame_.preceding.has_value() && frame_.order_by == nullptr;
  }
  uint64_t* Cells(uint32_t partition) { return &cells_[partition * partition_cells_]; }
  const uint64_t* Cells(uint32_t partition) const { return &cells_[partition * partition_cells_]; }

  const sql::WindowFrame& frame_;
  std::vector<State> states_;
  std::vector<Call> calls_;
  bool keeps_rows_ = true;    // Not when nothing is ever evicted nor looked back at.
  bool counts_only_ = false;  // All calls are numbers of rows.
  size_t record_cells_ = 1;   // [0] ROWTIME, validity words, slots.
  size_t validity_words_ = 0;
  size_t partition_cells_ = 1;  // [0] sequence of the ring's first row, or rows so far; then the states.
  size_t deques_ = 0;
  size_t distinct_sets_ = 0;

  KeyTable partitions_;
  std::vector<CellRing> rings_;                            // One a partition.
  std::vector<uint64_t> cells_;                            // partition_cells_ a partition.
  std::vector<CellRing> deque_rings_;                      // deques_ a partition.
  std::vector<std::unique_ptr<DistinctValues>> distinct_;  // distinct_sets_ a partition.
  BlockQueue<Check> checks_;                               // RANGE: when to look whether a partition can go; by time.
  std::vector<uint32_t> indices_;
  std::vector<uint32_t> added_;
  std::vector<uint64_t> scratch_record_;  // When rows are not kept.
  // Of the save that is under way: partitions and deques that are too large to be written at one go.
  mutable Cuts row_cuts_;
  mutable Cuts deque_cuts_;
};

}  // namespace tailrace::engine
