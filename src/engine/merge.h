#pragma once

#include <algorithm>
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

// Calls visit(input, batch, begin, end) for one run of rows after the other, in the order (ROWTIME, input, arrival),
// when each input has the batches `inputs[input]`.
template <typename Visit>
Status VisitInOrder(std::span<const std::vector<data::Batch>> inputs, const Visit& visit) {
  struct Place {
    size_t batch = 0;
    size_t row = 0;
  };
  std::vector<Place> places(inputs.size());
  const auto head = [&](size_t input) -> std::optional<int64_t> {
    const auto [batch, row] = places[input];
    if (batch == inputs[input].size()) return std::nullopt;
    return inputs[input][batch].rowtimes->int64s()[row];
  };
  while (true) {
    size_t first = inputs.size();
    int64_t earliest = kEndOfTime;
    for (size_t input = inputs.size(); input-- > 0;) {
      const std::optional<int64_t> time = head(input);
      if (!time.has_value() || *time > earliest) continue;
      first = input;
      earliest = *time;
    }
    if (first == inputs.size()) return Ok();
    int64_t last = kEndOfTime;  // Rows up to this time come before all others.
    for (size_t input = 0; input < inputs.size(); ++input) {
      const std::optional<int64_t> time = input == first ? std::nullopt : head(input);
      if (time.has_value()) last = std::min(last, input < first ? *time - 1 : *time);
    }
    Place& place = places[first];
    const std::span<const int64_t> times = inputs[first][place.batch].rowtimes->int64s();
    const size_t begin = place.row;
    while (place.row < times.size() && times[place.row] <= last) ++place.row;
    const size_t batch = place.batch;
    const size_t end = place.row;
    if (end == times.size()) place = {.batch = batch + 1, .row = 0};
    TAILRACE_TRY(visit(first, batch, begin, end));
  }
}

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

  // Takes all rows that may go: of each input its batches. Those of different inputs are still to be put in order.
  std::vector<std::vector<data::Batch>> TakeReady();
  // The same, in order, where all inputs have columns of these types.
  using Take = std::function<Status(const data::Batch& rows)>;
  Status Release(std::span<const data::Type> types, const Take& take);

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
  // Rows of input `index` below this time may go. Those of other inputs that belong before them then may, too, as a
  // bound is never below a row that waits.
  int64_t Limit(size_t index) const;

  std::vector<Input> inputs_;
};

}  // namespace tailrace::engine
