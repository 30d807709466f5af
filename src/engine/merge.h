#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "data/batch.h"
#include "engine/operator.h"
#include "engine/queue_cut.h"

namespace tailrace::engine {

// Puts several inputs in the order (ROWTIME, input, arrival), whatever order they came in.
//
// Time    A row of time t goes on when no row can follow that belongs before it: every input before its own has a bound
//         above t, every input after it one not below t.
// State   The rows that wait.
class Merge {
 public:
  explicit Merge(size_t inputs) : inputs_(inputs) {}

  void Add(size_t input, const data::Batch& batch);
  void Raise(size_t input, int64_t bound);

  // Hands on all rows that may go, in order, in runs of one input: `take(input, rows)`.
  using Take = std::function<Status(size_t input, const data::Batch& rows)>;
  Status Release(const Take& take);

  // No row earlier than this will be released from now on.
  int64_t bound() const;
  // The bound that would release the first waiting row.
  std::optional<int64_t> Deadline() const;

  void Save(ByteWriter& writer) const;
  // One list of column types an input.
  Status Load(ByteReader& reader, std::span<const std::vector<data::Type>> types);
  uint64_t bytes() const;

 private:
  struct Input {
    std::deque<data::Batch> batches;
    size_t row = 0;  // Of the first batch: the first that waits.
    int64_t bound = kBeginningOfTime;
    mutable std::weak_ptr<QueueCut> cut;  // The save that is under way.
    int64_t head() const { return batches.front().rowtimes->int64s()[row]; }
  };
  // Rows of input `index` below this time may go.
  int64_t Limit(size_t index) const;

  std::vector<Input> inputs_;
};

}  // namespace tailrace::engine
