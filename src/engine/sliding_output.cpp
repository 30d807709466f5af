#include "base/str.h"
#include "engine/sliding_cells.h"
#include "engine/sliding_window.h"

// The results of SlidingWindow, read off its running states.

namespace tailrace::engine {

using data::Column;
using data::ColumnPtr;
using data::Physical;
using sql::AggregateKind;

namespace {

void SetResult(const std::optional<data::Value>& value, AggregateKind kind, size_t row, Column& result,
               sql::RowErrors& errors) {
  if (value.has_value()) return SetValue(result, row, *value);
  errors.Add(static_cast<uint32_t>(row), kOutOfRangeName, OutOfRangeMessage(kind, result.type()));
  result.SetNull(row);
}

int32_t ScaleOf(const data::Type& type) { return type.kind == data::TypeKind::kDecimal ? type.scale : 0; }

}  // namespace

void SlidingWindow::Output(const Call& call, uint32_t partition, std::span<const ColumnPtr> args, size_t row,
                           Column& result, sql::RowErrors& errors) {
  if (call.state == kNoState) {
    if (call.call->kind == AggregateKind::kLastValue) return SetFrom(result, row, *args[call.first_arg], row);
    result.mutable_int64s()[row] = static_cast<int64_t>(keeps_rows_ ? rings_[partition].size() : Cells(partition)[0]);
    return;
  }
  const State& state = states_[call.state];
  switch (state.family) {
    case Family::kCount:
      result.mutable_int64s()[row] = static_cast<int64_t>(Cells(partition)[state.cells]);
      return;
    case Family::kExact:
    case Family::kExactSpread:
    case Family::kApproximate:
    case Family::kApproximateSpread:
      return OutputSum(call, state, partition, row, result, errors);
    case Family::kDistinct:
      return OutputDistinct(call, state, partition, row, result, errors);
    case Family::kLeast:
    case Family::kGreatest:
      return OutputExtreme(state, partition, row, result);
    case Family::kHistory:
    case Family::kValidHistory:
      return OutputHistory(call, state, partition, args, row, result, errors);
    case Family::kExponential:
      return OutputExponential(state, partition, row, result);
  }
}

ApproximateMoments SlidingWindow::Moments(const State& state, uint32_t partition) const {
  const uint64_t* const cells = Cells(partition) + state.cells;
  const bool spread = state.family == Family::kApproximateSpread;
  ApproximateMoments moments{.count = static_cast<int64_t>(cells[kCountCell]),
                             .sum = Get<PairSum>(cells + kBackCell),
                             .squares = spread ? Get<PairSum>(cells + kBackSquaresCell) : PairSum()};
  if (cells[kBoundaryCell] > Cells(partition)[0]) {
    const uint64_t* const oldest = rings_[partition].At(0, record_cells_);
    moments.sum.Add(Get<PairSum>(oldest + state.slot));
    if (spread) moments.squares.Add(Get<PairSum>(oldest + state.slot + 2));
  }
  return moments;
}

void SlidingWindow::OutputSum(const Call& call, const State& state, uint32_t partition, size_t row, Column& result,
                              sql::RowErrors& errors) {
  const AggregateKind kind = call.call->kind;
  const uint64_t* const cells = Cells(partition) + state.cells;
  if (state.family == Family::kApproximate || state.family == Family::kApproximateSpread) {
    return SetResult(FinishApproximate(kind, Moments(state, partition), result.type()), kind, row, result, errors);
  }
  ExactMoments moments{
      .count = static_cast<int64_t>(cells[kCountCell]), .sum = Get<Int128>(cells + kSumCell), .squares = {}};
  const bool plain_sum =
      kind == AggregateKind::kSum && result.type().is_exact() && ScaleOf(result.type()) == ScaleOf(state.arg->type);
  if (plain_sum && moments.count > 0 && FitsType(moments.sum, result.type())) {
    result.mutable_int64s()[row] = static_cast<int64_t>(moments.sum);
    return;
  }
  if (state.family == Family::kExactSpread) moments.squares = Get<SquareSum>(cells + kSquaresCell);
  SetResult(FinishExact(kind, moments, state.arg->type, result.type()), kind, row, result, errors);
}

void SlidingWindow::OutputDistinct(const Call& call, const State& state, uint32_t partition, size_t row, Column& result,
                                   sql::RowErrors& errors) {
  const AggregateKind kind = call.call->kind;
  const DistinctValues* const distinct = distinct_[partition * distinct_sets_ + state.deque].get();
  const auto count = static_cast<int64_t>(distinct == nullptr ? 0 : distinct->counts.size());
  if (kind == AggregateKind::kCount) {
    result.mutable_int64s()[row] = count;
    return;
  }
  if (count == 0) return result.SetNull(row);
  if (state.physical != Physical::kDouble) {
    ExactMoments moments = distinct->exact;
    moments.count = count;
    return SetResult(FinishExact(kind, moments, state.arg->type, result.type()), kind, row, result, errors);
  }
  ApproximateMoments moments{.count = count, .sum = {}, .squares = {}};
  for (const auto& [bytes, rows] : distinct->counts) {
    double value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    moments.sum.Add(value);
    moments.squares.AddProduct(value, value);
  }
  SetResult(FinishApproximate(kind, moments, result.type()), kind, row, result, errors);
}

void SlidingWindow::OutputExtreme(const State& state, uint32_t partition, size_t row, Column& result) {
  const CellRing& deque = deque_rings_[partition * deques_ + state.deque];
  if (deque.empty()) return result.SetNull(row);
  const uint64_t* const entry = deque.At(0, state.deque_cells);
  if (!state.text) return SetFromSlot(result, row, state.physical, entry + 1);
  SetFromSlot(result, row, state.physical,
              rings_[partition].At(entry[0] - Cells(partition)[0], record_cells_) + state.slot);
}

void SlidingWindow::OutputHistory(const Call& call, const State& state, uint32_t partition,
                                  std::span<const ColumnPtr> args, size_t row, Column& result, sql::RowErrors& errors) {
  const sql::AggregateCall& aggregate = *call.call;
  const CellRing& ring = rings_[partition];
  const bool lag = aggregate.kind == AggregateKind::kLag;
  int64_t n = 1;  // FIRST_VALUE and LAST_VALUE are the first from their end.
  if (aggregate.args.size() > 1) {
    const Column& counts = *args[call.first_arg + 1];
    if (counts.null(row)) return result.SetNull(row);
    n = counts.int64s()[row];
    if (n < (lag ? 0 : 1)) {
      errors.Add(static_cast<uint32_t>(row), "INVALID_ARGUMENT",
                 StrCat(sql::AggregateName(aggregate.kind), ": ", n, " is not a ", lag ? "distance" : "position"));
      return result.SetNull(row);
    }
  }
  if (lag && n == 0) return SetFrom(result, row, *args[call.first_arg], row);
  const bool from_last = aggregate.from_last || lag || aggregate.kind == AggregateKind::kLastValue;
  const bool valid_only = state.family == Family::kValidHistory;
  const CellRing* const deque = valid_only ? &deque_rings_[partition * deques_ + state.deque] : nullptr;
  auto count = static_cast<int64_t>(valid_only ? deque->size() : ring.size());
  if (lag && !(valid_only && args[call.first_arg]->null(row))) --count;  // LAG counts from the row before.
  if (n > count) {
    if (lag && aggregate.args.size() > 2) return SetFrom(result, row, *args[call.first_arg + 2], row);
    return result.SetNull(row);
  }
  const auto position = static_cast<size_t>(from_last ? count - n : n - 1);
  const size_t index = valid_only ? deque->At(position, 1)[0] - Cells(partition)[0] : position;
  const uint64_t* const record = ring.At(index, record_cells_);
  if (!Valid(state, record)) return result.SetNull(row);
  SetFromSlot(result, row, state.physical, record + state.slot);
}

void SlidingWindow::OutputExponential(const State& state, uint32_t partition, size_t row, Column& result) {
  const uint64_t* const cells = Cells(partition) + state.cells;
  double sum = AsDouble(cells[kBackSumCell]);
  double weight = AsDouble(cells[kBackWeightCell]);
  if (cells[kBoundaryCell] > Cells(partition)[0]) {
    const uint64_t* const oldest = rings_[partition].At(0, record_cells_);
    const double decay = Decay(state.half_life_ms, static_cast<int64_t>(cells[kFrontTimeCell]),
                               static_cast<int64_t>(cells[kBackTimeCell]));
    sum += AsDouble(oldest[state.slot]) * decay;
    weight += AsDouble(oldest[state.slot + 1]) * decay;
  }
  if (weight == 0) return result.SetNull(row);
  result.mutable_doubles()[row] = sum / weight;
}

}  // namespace tailrace::engine
