#include "engine/sliding_window.h"

#include <algorithm>

#include "base/str.h"
#include "engine/evaluation.h"
#include "engine/sliding_cells.h"
#include "engine/state.h"

namespace tailrace::engine {

using data::Column;
using data::ColumnPtr;
using data::Physical;
using sql::AggregateKind;

namespace {

constexpr size_t kPrefetchRings = 16;
constexpr size_t kPrefetchEnds = 8;
constexpr size_t kDequeCellsMax = 2;

std::vector<data::Type> KeyTypes(const sql::WindowFrame& frame) {
  std::vector<data::Type> types;
  for (const sql::BoundExprPtr& key : frame.partition_by) types.push_back(key->type);
  return types;
}

// The far end of a RANGE window; values of ORDER BY may be as low as can be.
int64_t OldestIn(int64_t newest, int64_t preceding) {
  int64_t oldest = 0;
  return __builtin_sub_overflow(newest, preceding, &oldest) ? kBeginningOfTime : oldest;
}

bool SameArgument(const sql::BoundExprPtr& a, const sql::BoundExprPtr& b) {
  if (a == b) return true;
  const auto* column_a = std::get_if<sql::BoundColumn>(&a->node);
  const auto* column_b = std::get_if<sql::BoundColumn>(&b->node);
  return column_a != nullptr && column_b != nullptr && column_a->index == column_b->index;
}

Result<double> HalfLife(const sql::AggregateCall& call) {
  if (call.args.size() < 2 || DependsOnColumns(*call.args[1])) {
    return Error{ErrorCode::kUnsupported, "EXP_AVG: the half-life is not a constant"};
  }
  sql::RowErrors errors;
  const data::Value value = sql::Evaluate(*call.args[1], RowtimeBatch(0), sql::EvalContext(), errors)->ValueAt(0);
  const auto* half_life_ms = std::get_if<int64_t>(&value.data);
  if (half_life_ms == nullptr || *half_life_ms <= 0) {
    return Error{ErrorCode::kUnsupported, "EXP_AVG: the half-life is not positive"};
  }
  return static_cast<double>(*half_life_ms);
}

bool Better(bool least, Physical physical, uint64_t a, uint64_t b) {  // Or equal.
  if (physical == Physical::kDouble) {
    const double left = AsDouble(a);
    const double right = AsDouble(b);
    return least ? left <= right : left >= right;
  }
  const auto left = static_cast<int64_t>(a);
  const auto right = static_cast<int64_t>(b);
  return least ? left <= right : left >= right;
}

}  // namespace

Result<std::unique_ptr<SlidingWindow>> SlidingWindow::Make(const sql::WindowFrame& frame, std::vector<CallRef> calls) {
  std::unique_ptr<SlidingWindow> window(new SlidingWindow(frame, KeyTypes(frame)));
  for (const CallRef& ref : calls) TAILRACE_TRY(window->AddCall(ref));
  window->LayOut();
  return window;
}

SlidingWindow::SlidingWindow(const sql::WindowFrame& frame, std::vector<data::Type> key_types)
    : frame_(frame), partitions_(std::move(key_types), KeyTable::Lifetime::kSingle) {}

SlidingWindow::~SlidingWindow() {
  for (uint32_t partition = 0; partition < rings_.size(); ++partition) FreePartition(partition);
}

Status SlidingWindow::AddCall(const CallRef& ref) {
  const sql::AggregateCall& call = *ref.call;
  const bool doubles = !call.args.empty() && call.args[0]->type.physical() == Physical::kDouble;
  const auto add = [&](Family family, double half_life_ms = 0) {
    calls_.push_back({&call, ref.first_arg, FindOrAddState(family, call, ref.first_arg, half_life_ms)});
    return Ok();
  };
  const auto add_without_state = [&] {
    calls_.push_back({&call, ref.first_arg, kNoState});
    return Ok();
  };
  if (!call.args.empty() && call.args[0]->type.physical() == Physical::kRow) {
    return Error{ErrorCode::kUnsupported, "an aggregate of a row value"};
  }
  switch (call.kind) {
    case AggregateKind::kCountStar:
      return add_without_state();
    case AggregateKind::kCount:
      if (call.distinct) return add(Family::kDistinct);
      return call.args[0]->nullable ? add(Family::kCount) : add_without_state();
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      if (call.distinct) return add(Family::kDistinct);
      return add(doubles ? Family::kApproximate : Family::kExact);
    case AggregateKind::kStddevPop:
    case AggregateKind::kStddevSamp:
    case AggregateKind::kVarPop:
    case AggregateKind::kVarSamp:
      if (call.distinct) return add(Family::kDistinct);
      return add(doubles ? Family::kApproximateSpread : Family::kExactSpread);
    case AggregateKind::kMin:
    case AggregateKind::kEvery:
      return add(Family::kLeast);
    case AggregateKind::kMax:
    case AggregateKind::kAny:
      return add(Family::kGreatest);
    case AggregateKind::kLastValue:
      return call.ignore_nulls ? add(Family::kValidHistory) : add_without_state();
    case AggregateKind::kFirstValue:
    case AggregateKind::kNthValue:
    case AggregateKind::kLag:
      return add(call.ignore_nulls ? Family::kValidHistory : Family::kHistory);
    case AggregateKind::kExpAvg: {
      TAILRACE_ASSIGN_OR_RETURN(const double half_life_ms, HalfLife(call));
      return add(Family::kExponential, half_life_ms);
    }
  }
  return Ok();
}

size_t SlidingWindow::FindOrAddState(Family family, const sql::AggregateCall& call, size_t arg_column,
                                     double half_life_ms) {
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].family == family && SameArgument(states_[i].arg, call.args[0]) &&
        states_[i].half_life_ms == half_life_ms) {
      return i;
    }
  }
  const Physical physical = call.args[0]->type.physical();
  states_.push_back({.family = family,
                     .arg = call.args[0],
                     .arg_column = arg_column,
                     .physical = physical,
                     .text = physical == Physical::kText,
                     .half_life_ms = half_life_ms});
  return states_.size() - 1;
}

// Gives every state its cells in partitions and records.
void SlidingWindow::LayOut() {
  const bool evicts = frame_.preceding.has_value();
  keeps_rows_ = evicts;
  validity_words_ = (states_.size() + 63) / 64;
  record_cells_ = 1 + validity_words_;
  counts_only_ = states_.empty() && evicts && std::ranges::none_of(calls_, [](const Call& call) {
                   return call.call->kind == AggregateKind::kLastValue;
                 });
  for (size_t i = 0; i < states_.size(); ++i) {
    State& state = states_[i];
    state.validity = i;
    size_t cells = 0;
    switch (state.family) {
      case Family::kCount:
        cells = kCountCells;
        break;
      case Family::kExact:
        cells = kExactCells;
        state.slot_cells = 1;
        break;
      case Family::kExactSpread:
        cells = kExactSpreadCells;
        state.slot_cells = 1;
        break;
      case Family::kApproximate:
        cells = kApproximateCells;
        state.slot_cells = 2;
        break;
      case Family::kApproximateSpread:
        cells = kApproximateSpreadCells;
        state.slot_cells = 4;
        break;
      case Family::kLeast:
      case Family::kGreatest:
        state.slot_cells = state.text ? 2 : 0;
        state.deque_cells = state.text ? 1 : 2;
        keeps_rows_ = keeps_rows_ || state.text;
        break;
      case Family::kHistory:
        state.slot_cells = state.text ? 2 : 1;
        keeps_rows_ = true;
        break;
      case Family::kValidHistory:
        state.slot_cells = state.text ? 2 : 1;
        state.deque_cells = 1;
        keeps_rows_ = true;
        break;
      case Family::kExponential:
        cells = kExponentialCells;
        state.slot_cells = 2;
        break;
      case Family::kDistinct:
        state.slot_cells = state.text ? 2 : 1;
        state.deque = distinct_sets_++;
        break;
    }
    state.cells = partition_cells_;
    partition_cells_ += cells;
    if (state.deque_cells > 0) state.deque = deques_++;
    if (state.slot_cells > 0) {
      state.slot = record_cells_;
      record_cells_ += state.slot_cells;
    }
  }
}

void SlidingWindow::FindPartitions(const data::Batch& batch, std::span<const ColumnPtr> keys) {
  added_.clear();
  partitions_.FindOrInsert(keys, 0, batch.rows(), indices_, added_);
  if (added_.empty()) return;
  MakeRoom(partitions_.index_limit());
  if (!forgets_partitions()) return;
  const int64_t check = AddTime(batch.rowtimes->int64s().back(), *frame_.preceding);
  for (const uint32_t partition : added_) checks_.push_back({.time = check, .partition = partition});
}

void SlidingWindow::MakeRoom(size_t partitions) {
  if (partitions <= rings_.size()) return;
  rings_.resize(partitions);
  cells_.resize(partitions * partition_cells_);
  deque_rings_.resize(partitions * deques_);
  distinct_.resize(partitions * distinct_sets_);
}

void SlidingWindow::Process(const data::Batch& batch, std::span<const ColumnPtr> keys, std::span<const ColumnPtr> args,
                            std::span<const std::shared_ptr<Column>> results, sql::RowErrors& errors) {
  FindPartitions(batch, keys);
  const auto rowtimes = batch.rowtimes->int64s();
  if (counts_only_) {
    ProcessCounts(rowtimes, results[0]->mutable_int64s());
    for (size_t i = 1; i < calls_.size(); ++i) {
      std::ranges::copy(results[0]->int64s(), results[i]->mutable_int64s().begin());
    }
    return;
  }
  for (size_t row = 0; row < rowtimes.size(); ++row) {
    if (row + kPrefetchRings < rowtimes.size()) {
      const uint32_t ahead = indices_[row + kPrefetchRings];
      __builtin_prefetch(&rings_[ahead]);
      __builtin_prefetch(Cells(ahead), 1);
      if (deques_ > 0) __builtin_prefetch(&deque_rings_[ahead * deques_]);
    }
    if (row + kPrefetchEnds < rowtimes.size()) {
      const uint32_t ahead = indices_[row + kPrefetchEnds];
      rings_[ahead].PrefetchEnds(record_cells_);
      for (size_t i = 0; i < deques_; ++i) deque_rings_[ahead * deques_ + i].PrefetchEnds(kDequeCellsMax);
    }
    const uint32_t partition = indices_[row];
    if (keeps_rows_ && frame_.preceding.has_value()) EvictBefore(partition, rowtimes[row]);
    Append(partition, rowtimes[row], args, row);
    for (size_t i = 0; i < calls_.size(); ++i) Output(calls_[i], partition, args, row, *results[i], errors);
  }
}

// The same for windows that only count rows: nothing but the ring is touched.
void SlidingWindow::ProcessCounts(std::span<const int64_t> rowtimes, std::span<int64_t> counts) {
  const bool by_rows = frame_.unit == sql::ast::FrameUnit::kRows;
  const int64_t preceding = *frame_.preceding;
  const auto pop = [this](CellRing& ring, uint32_t partition) {
    if (!row_cuts_.empty()) TellCut(row_cuts_, partition, [](QueueCut& cut) { cut.BeforePopFront(); });
    ring.PopFront(1);
  };
  for (size_t row = 0; row < rowtimes.size(); ++row) {
    if (row + kPrefetchRings < rowtimes.size()) __builtin_prefetch(&rings_[indices_[row + kPrefetchRings]]);
    if (row + kPrefetchEnds < rowtimes.size()) rings_[indices_[row + kPrefetchEnds]].PrefetchEnds(1);
    CellRing& ring = rings_[indices_[row]];
    if (by_rows) {
      while (ring.size() > static_cast<uint64_t>(preceding)) pop(ring, indices_[row]);
    } else {
      const int64_t oldest = OldestIn(rowtimes[row], preceding);
      while (!ring.empty() && static_cast<int64_t>(ring.At(0, 1)[0]) < oldest) pop(ring, indices_[row]);
    }
    ring.Push(1)[0] = static_cast<uint64_t>(rowtimes[row]);
    counts[row] = static_cast<int64_t>(ring.size());
  }
}

template <typename Tell>
void SlidingWindow::TellCut(Cuts& cuts, uint64_t index, const Tell& tell) {
  const auto found = cuts.find(index);
  if (found == cuts.end()) return;
  const auto cut = found->second.lock();
  if (cut == nullptr || cut->complete()) {
    cuts.erase(found);
  } else {
    tell(*cut);
  }
}

void SlidingWindow::EvictBefore(uint32_t partition, int64_t rowtime) {
  CellRing& ring = rings_[partition];
  if (frame_.unit == sql::ast::FrameUnit::kRows) {
    while (ring.size() > static_cast<uint64_t>(*frame_.preceding)) EvictOne(partition);
    return;
  }
  const int64_t oldest = OldestIn(rowtime, *frame_.preceding);
  while (!ring.empty() && static_cast<int64_t>(ring.At(0, record_cells_)[0]) < oldest) EvictOne(partition);
}

void SlidingWindow::EvictOne(uint32_t partition) {
  if (!row_cuts_.empty()) TellCut(row_cuts_, partition, [](QueueCut& cut) { cut.BeforeChangeOfFirst(); });
  CellRing& ring = rings_[partition];
  const uint64_t sequence = Cells(partition)[0]++;
  for (const State& state : states_) {
    RemoveFromState(state, partition, ring.At(0, record_cells_), sequence);
  }
  if (!row_cuts_.empty()) TellCut(row_cuts_, partition, [](QueueCut& cut) { cut.BeforePopFront(); });
  ring.PopFront(record_cells_);
}

void SlidingWindow::RemoveFromState(const State& state, uint32_t partition, const uint64_t* record, uint64_t sequence) {
  uint64_t* const cells = Cells(partition) + state.cells;
  switch (state.family) {
    case Family::kCount:
      if (Valid(state, record)) --cells[0];
      return;
    case Family::kExact:
    case Family::kExactSpread: {
      if (!Valid(state, record)) return;
      const auto value = static_cast<int64_t>(record[state.slot]);
      --cells[kCountCell];
      Put(cells + kSumCell, Get<Int128>(cells + kSumCell) - value);
      if (state.family == Family::kExact) return;
      auto squares = Get<SquareSum>(cells + kSquaresCell);
      squares.Remove(value);
      Put(cells + kSquaresCell, squares);
      return;
    }
    case Family::kApproximate:
    case Family::kApproximateSpread:
      if (cells[kBoundaryCell] <= sequence) Flip(state, partition);
      if (Valid(state, record)) --cells[kCountCell];
      return;
    case Family::kExponential:
      if (cells[kBoundaryCell] <= sequence) FlipExponential(state, partition);
      return;
    case Family::kLeast:
    case Family::kGreatest:
    case Family::kValidHistory: {
      const size_t index = partition * deques_ + state.deque;
      CellRing& deque = deque_rings_[index];
      if (deque.empty() || deque.At(0, state.deque_cells)[0] != sequence) break;
      if (!deque_cuts_.empty()) TellCut(deque_cuts_, index, [](QueueCut& cut) { cut.BeforePopFront(); });
      deque.PopFront(state.deque_cells);
      break;
    }
    case Family::kHistory:
      break;
    case Family::kDistinct: {
      if (!Valid(state, record)) return;
      DistinctValues& distinct = *distinct_[partition * distinct_sets_ + state.deque];
      const auto found = distinct.counts.find(EncodeSlot(state.physical, record + state.slot));
      if (--found->second == 0) {
        distinct.counts.erase(found);
        if (state.physical == Physical::kInt64) {
          const auto value = static_cast<int64_t>(record[state.slot]);
          distinct.exact.sum -= value;
          distinct.exact.squares.Remove(value);
        }
      }
      break;
    }
  }
  if (state.text) ReleaseText(record + state.slot);
}

void SlidingWindow::Append(uint32_t partition, int64_t rowtime, std::span<const ColumnPtr> args, size_t row) {
  if (!keeps_rows_) {
    const uint64_t sequence = Cells(partition)[0]++;
    scratch_record_.assign(record_cells_, 0);
    scratch_record_[0] = static_cast<uint64_t>(rowtime);
    for (const State& state : states_) {
      AddToState(state, partition, scratch_record_.data(), sequence, *args[state.arg_column], row);
      if (state.text && state.slot > 0) ReleaseText(scratch_record_.data() + state.slot);
    }
    return;
  }
  uint64_t* const record = rings_[partition].Push(record_cells_);
  record[0] = static_cast<uint64_t>(rowtime);
  for (size_t i = 0; i < validity_words_; ++i) record[1 + i] = 0;
  const uint64_t sequence = Cells(partition)[0] + rings_[partition].size() - 1;
  for (const State& state : states_) {
    AddToState(state, partition, record, sequence, *args[state.arg_column], row);
  }
}

void SlidingWindow::AddToState(const State& state, uint32_t partition, uint64_t* record, uint64_t sequence,
                               const Column& column, size_t row) {
  uint64_t* const cells = Cells(partition) + state.cells;
  const bool valid = !column.null(row);
  if (valid) record[1 + state.validity / 64] |= uint64_t{1} << (state.validity % 64);
  switch (state.family) {
    case Family::kCount:
      cells[0] += valid ? 1 : 0;
      return;
    case Family::kExact:
    case Family::kExactSpread:
    case Family::kApproximate:
    case Family::kApproximateSpread:
      return AddSum(state, cells, record, column, row);
    case Family::kExponential:
      return AddExponential(state, cells, record, column, row);
    default:
      break;
  }
  if (state.slot > 0) StoreSlot(state.physical, record + state.slot, column, row);
  if (state.family == Family::kHistory || !valid) return;
  if (state.family == Family::kDistinct) {
    auto& distinct = distinct_[partition * distinct_sets_ + state.deque];
    if (distinct == nullptr) distinct = std::make_unique<DistinctValues>();
    if (distinct->Add(EncodeSlot(state.physical, record + state.slot), !keeps_rows_) &&
        state.physical == Physical::kInt64) {
      distinct->exact.sum += column.int64s()[row];
      distinct->exact.squares.Add(column.int64s()[row]);
    }
    return;
  }
  CellRing& deque = deque_rings_[partition * deques_ + state.deque];
  if (state.family == Family::kValidHistory) {
    deque.Push(1)[0] = sequence;
  } else {
    AddExtreme(state, deque, rings_[partition], Cells(partition)[0], sequence, column, row);
  }
}

void SlidingWindow::AddSum(const State& state, uint64_t* cells, uint64_t* record, const Column& column, size_t row) {
  const bool valid = !column.null(row);
  const bool spread = state.family == Family::kExactSpread || state.family == Family::kApproximateSpread;
  if (valid) ++cells[kCountCell];
  if (state.family == Family::kExact || state.family == Family::kExactSpread) {
    const int64_t value = valid ? column.int64s()[row] : 0;
    record[state.slot] = static_cast<uint64_t>(value);
    if (!valid) return;
    Put(cells + kSumCell, Get<Int128>(cells + kSumCell) + value);
    if (!spread) return;
    auto squares = Get<SquareSum>(cells + kSquaresCell);
    squares.Add(value);
    Put(cells + kSquaresCell, squares);
    return;
  }
  PairSum own;
  PairSum own_square;
  if (valid) {
    const double value = column.doubles()[row];
    own.high = value;
    auto back = Get<PairSum>(cells + kBackCell);
    back.Add(value);
    Put(cells + kBackCell, back);
    if (spread) {
      own_square.AddProduct(value, value);
      auto squares = Get<PairSum>(cells + kBackSquaresCell);
      squares.Add(own_square);
      Put(cells + kBackSquaresCell, squares);
    }
  }
  Put(record + state.slot, own);
  if (spread) Put(record + state.slot + 2, own_square);
}

void SlidingWindow::PopBack(CellRing& deque) {
  if (!deque_cuts_.empty()) {
    const auto index = static_cast<uint64_t>(&deque - deque_rings_.data());
    TellCut(deque_cuts_, index, [&](QueueCut& cut) { cut.BeforePopBack(deque.size()); });
  }
  deque.PopBack();
}

// All rows become the front stack: each then holds the sum from itself to the newest.
void SlidingWindow::Flip(const State& state, uint32_t partition) {
  uint64_t* const cells = Cells(partition) + state.cells;
  CellRing& ring = rings_[partition];
  if (!row_cuts_.empty()) TellCut(row_cuts_, partition, [](QueueCut& cut) { cut.BeforeChangeOfAll(); });
  const bool spread = state.family == Family::kApproximateSpread;
  PairSum sum;
  PairSum squares;
  for (size_t i = ring.size(); i-- > 0;) {
    uint64_t* const record = ring.At(i, record_cells_);
    sum.Add(Get<PairSum>(record + state.slot));
    Put(record + state.slot, sum);
    if (!spread) continue;
    squares.Add(Get<PairSum>(record + state.slot + 2));
    Put(record + state.slot + 2, squares);
  }
  // EvictOne has counted the oldest row off already.
  cells[kBoundaryCell] = Cells(partition)[0] - 1 + ring.size();
  Put(cells + kBackCell, PairSum());
  if (spread) Put(cells + kBackSquaresCell, PairSum());
}

void SlidingWindow::AddExtreme(const State& state, CellRing& deque, const CellRing& ring, uint64_t first_sequence,
                               uint64_t sequence, const Column& column, size_t row) {
  const bool least = state.family == Family::kLeast;
  if (state.text) {
    const std::string_view text = column.texts()[row];
    const auto kept = [&](const uint64_t* entry) {
      return ViewText(ring.At(entry[0] - first_sequence, record_cells_) + state.slot);
    };
    while (!deque.empty() && (least ? text <= kept(deque.Back(1)) : text >= kept(deque.Back(1)))) PopBack(deque);
    deque.Push(1)[0] = sequence;
    return;
  }
  uint64_t value = 0;
  StoreSlot(state.physical, &value, column, row);
  if (!keeps_rows_ && !deque.empty() && !Better(least, state.physical, value, deque.At(0, 2)[1])) return;
  while (!deque.empty() && Better(least, state.physical, value, deque.Back(2)[1])) PopBack(deque);
  uint64_t* const entry = deque.Push(2);
  entry[0] = sequence;
  entry[1] = value;
}

// The back stack's sum and weight are as of the time of its last row.
void SlidingWindow::AddExponential(const State& state, uint64_t* cells, uint64_t* record, const Column& column,
                                   size_t row) {
  const auto rowtime = static_cast<int64_t>(record[0]);
  double sum = 0;
  double weight = 0;
  if (!column.null(row)) {
    sum = NumberOf(column, row);
    weight = 1;
  }
  record[state.slot] = AsCell(sum);
  record[state.slot + 1] = AsCell(weight);
  const double decay = Decay(state.half_life_ms, static_cast<int64_t>(cells[kBackTimeCell]), rowtime);
  cells[kBackSumCell] = AsCell(AsDouble(cells[kBackSumCell]) * decay + sum);
  cells[kBackWeightCell] = AsCell(AsDouble(cells[kBackWeightCell]) * decay + weight);
  cells[kBackTimeCell] = static_cast<uint64_t>(rowtime);
}

// The front stack's sums and weights are as of the time of its newest row.
void SlidingWindow::FlipExponential(const State& state, uint32_t partition) {
  uint64_t* const cells = Cells(partition) + state.cells;
  CellRing& ring = rings_[partition];
  if (!row_cuts_.empty()) TellCut(row_cuts_, partition, [](QueueCut& cut) { cut.BeforeChangeOfAll(); });
  const auto newest = static_cast<int64_t>(ring.Back(record_cells_)[0]);
  double sum = 0;
  double weight = 0;
  for (size_t i = ring.size(); i-- > 0;) {
    uint64_t* const record = ring.At(i, record_cells_);
    const double decay = Decay(state.half_life_ms, static_cast<int64_t>(record[0]), newest);
    sum += AsDouble(record[state.slot]) * decay;
    weight += AsDouble(record[state.slot + 1]) * decay;
    record[state.slot] = AsCell(sum);
    record[state.slot + 1] = AsCell(weight);
  }
  cells[kBoundaryCell] = Cells(partition)[0] - 1 + ring.size();
  cells[kFrontTimeCell] = static_cast<uint64_t>(newest);
  cells[kBackSumCell] = cells[kBackWeightCell] = AsCell(0);
}

void SlidingWindow::Expire(int64_t bound) {
  if (!forgets_partitions()) return;
  while (!checks_.empty() && checks_.front().time < bound) {
    const Check check = checks_.front();
    checks_.pop_front();
    partitions_.Keep(check.partition);
    const auto last = static_cast<int64_t>(rings_[check.partition].Back(record_cells_)[0]);
    if (AddTime(last, *frame_.preceding) < bound) {
      FreePartition(check.partition);
      partitions_.Erase(check.partition);
    } else {
      const int64_t again = AddTime(last, *frame_.preceding);
      checks_.push_back(
          {.time = checks_.empty() ? again : std::max(again, checks_.back().time), .partition = check.partition});
    }
  }
}

void SlidingWindow::FreePartition(uint32_t partition) {
  const auto all = [](QueueCut& cut) { cut.BeforeChangeOfAll(); };
  TellCut(row_cuts_, partition, all);
  for (size_t i = 0; i < deques_; ++i) TellCut(deque_cuts_, partition * deques_ + i, all);
  CellRing& ring = rings_[partition];
  for (const State& state : states_) {
    if (!state.text || state.slot == 0) continue;
    for (size_t i = 0; i < ring.size(); ++i) ReleaseText(ring.At(i, record_cells_) + state.slot);
  }
  ring.Clear();
  std::fill_n(Cells(partition), partition_cells_, 0);
  for (size_t i = 0; i < deques_; ++i) deque_rings_[partition * deques_ + i].Clear();
  for (size_t i = 0; i < distinct_sets_; ++i) distinct_[partition * distinct_sets_ + i].reset();
}

uint64_t SlidingWindow::bytes() const {
  uint64_t bytes = partitions_.bytes() + rings_.capacity() * sizeof(CellRing) + cells_.capacity() * sizeof(uint64_t) +
                   deque_rings_.capacity() * sizeof(CellRing) + checks_.size() * sizeof(Check);
  for (const CellRing& ring : rings_) bytes += ring.bytes(record_cells_);
  return bytes;
}

}  // namespace tailrace::engine
