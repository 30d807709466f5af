#include <algorithm>

#include "engine/lanes.h"
#include "engine/operator.h"
#include "engine/sliding_cells.h"
#include "engine/sliding_window.h"

// Saving and loading of SlidingWindow.

namespace tailrace::engine {

void SlidingWindow::Save(const std::vector<const SlidingWindow*>& lanes, ByteWriter& writer) {
  std::vector<const KeyTable*> tables;
  size_t partitions = 0;
  for (const SlidingWindow* const lane : lanes) {
    tables.push_back(&lane->partitions_);
    partitions += lane->partitions_.size();
    if (!writer.deferring()) continue;
    lane->row_cuts_.clear();
    lane->deque_cuts_.clear();
  }
  const EntryNumbers numbers(std::move(tables));
  writer.U64(partitions);
  KeyTable::SaveEntries(numbers, writer,
                        {.count = 1, .write = [lanes, numbers](uint32_t number, size_t, ByteWriter& out) {
                           const size_t lane = numbers.TableOf(number);
                           lanes[lane]->SavePartition(out, number - numbers.first(lane));
                         }});
  if (lanes[0]->forgets_partitions()) SaveChecks(lanes, numbers, writer);
}

// In order of time. Partitions are saved in order of their numbers, so that is how they are called here.
void SlidingWindow::SaveChecks(const std::vector<const SlidingWindow*>& lanes, const EntryNumbers& numbers,
                               ByteWriter& writer) {
  std::vector<BlockQueue<Check>> all;
  for (const SlidingWindow* const lane : lanes) all.push_back(lane->checks_);
  writer.Defer([all = std::move(all), numbers](ByteWriter& out) {
    std::vector<bool> live(numbers.limit());
    size_t left = 0;
    for (size_t lane = 0; lane < all.size(); ++lane) {
      left += all[lane].size();
      for (size_t i = 0; i < all[lane].size(); ++i) live[numbers.Of(lane, all[lane][i].partition)] = true;
    }
    std::vector<uint32_t> position_of(numbers.limit());
    for (uint32_t number = 0, position = 0; number < numbers.limit(); ++number) {
      if (live[number]) position_of[number] = position++;
    }
    std::vector<size_t> next(all.size());
    for (; left > 0; --left) {
      size_t first = all.size();
      for (size_t lane = 0; lane < all.size(); ++lane) {
        if (next[lane] == all[lane].size()) continue;
        if (first == all.size() || all[lane][next[lane]].time < all[first][next[first]].time) first = lane;
      }
      const Check& check = all[first][next[first]++];
      out.I64(check.time);
      out.U32(position_of[numbers.Of(first, check.partition)]);
    }
  });
}

void SlidingWindow::SaveRow(ByteWriter& writer, const uint64_t* record) const {
  for (size_t cell = 0; cell < 1 + validity_words_; ++cell) writer.U64(record[cell]);
  for (const State& state : states_) {
    if (state.slot == 0) continue;
    if (state.text) {
      writer.Text(ViewText(record + state.slot));
    } else {
      for (size_t cell = 0; cell < state.slot_cells; ++cell) writer.U64(record[state.slot + cell]);
    }
  }
}

void SlidingWindow::SavePartition(ByteWriter& writer, uint32_t partition) const {
  const auto append = [](ByteWriter& out, const uint64_t* cells, size_t count) {
    out.Append({reinterpret_cast<const char*>(cells), count * sizeof(uint64_t)});
  };
  append(writer, Cells(partition), partition_cells_);
  const CellRing& ring = rings_[partition];
  writer.U64(ring.size());
  const bool texts = std::ranges::any_of(states_, [](const State& state) { return state.text && state.slot != 0; });
  const bool at_once = ring.size() <= writer.records_at_once();
  if (at_once && !texts) {
    ring.ForEachRun(record_cells_, [&](const uint64_t* cells, size_t count) { append(writer, cells, count); });
  } else {
    const auto write = [this, texts, append, partition](size_t row, ByteWriter& out) {
      const uint64_t* const record = rings_[partition].At(row, record_cells_);
      texts ? SaveRow(out, record) : append(out, record, record_cells_);
    };
    if (auto cut = SaveQueue(writer, ring.size(), write)) row_cuts_[partition] = std::move(cut);
  }
  for (const State& state : states_) {
    if (state.deque_cells == 0) continue;
    const size_t index = partition * deques_ + state.deque;
    writer.U64(deque_rings_[index].size());
    const auto write = [this, append, index, cells = state.deque_cells](size_t entry, ByteWriter& out) {
      append(out, deque_rings_[index].At(entry, cells), cells);
    };
    if (auto cut = SaveQueue(writer, deque_rings_[index].size(), write)) {
      deque_cuts_[index] = std::move(cut);
    }
  }
  for (size_t i = 0; i < distinct_sets_; ++i) {
    if (keeps_rows_) break;  // Made anew from the rows.
    const DistinctValues* const distinct = distinct_[partition * distinct_sets_ + i].get();
    writer.U64(distinct == nullptr ? 0 : distinct->order.size());
    if (distinct == nullptr) continue;
    SaveQueue(writer, distinct->order.size(),
              [distinct](size_t value, ByteWriter& out) { out.Text(*distinct->order[value]); });
    SaveExactMoments(writer, distinct->exact);
  }
}

void SlidingWindow::Clear() {
  for (uint32_t partition = 0; partition < rings_.size(); ++partition) FreePartition(partition);
  rings_.clear();
  cells_.clear();
  deque_rings_.clear();
  distinct_.clear();
  checks_.clear();
  partitions_.Clear();
}

Status SlidingWindow::Load(const std::vector<SlidingWindow*>& lanes, ByteReader& reader) {
  for (SlidingWindow* const lane : lanes) lane->Clear();
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, sizeof(uint64_t) * lanes[0]->partition_cells_));
  std::vector<Place> places;
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const KeyTable::SavedKey key, lanes[0]->partitions_.ReadKey(reader));
    const size_t lane = LaneOf(key.tag, lanes.size());
    TAILRACE_ASSIGN_OR_RETURN(const uint32_t partition, lanes[lane]->partitions_.Insert(key));
    places.push_back({.lane = static_cast<uint32_t>(lane), .partition = partition});
  }
  for (SlidingWindow* const lane : lanes) lane->MakeRoom(lane->partitions_.index_limit());
  for (const Place& place : places) TAILRACE_TRY(lanes[place.lane]->LoadPartition(reader, place.partition));
  return lanes[0]->forgets_partitions() ? LoadChecks(lanes, places, reader) : Ok();
}

Status SlidingWindow::LoadChecks(const std::vector<SlidingWindow*>& lanes, std::span<const Place> places,
                                 ByteReader& reader) {
  std::vector<bool> checked(places.size());
  int64_t time = kBeginningOfTime;
  for (size_t i = 0; i < places.size(); ++i) {
    Check check{};
    TAILRACE_ASSIGN_OR_RETURN(check.time, reader.I64());
    TAILRACE_ASSIGN_OR_RETURN(const uint32_t position, reader.U32());
    if (check.time < time || position >= places.size() || checked[position]) {
      return CorruptState("a partition that is not looked at in turn");
    }
    SlidingWindow& lane = *lanes[places[position].lane];
    check.partition = places[position].partition;
    if (lane.rings_[check.partition].empty()) return CorruptState("a partition without rows");
    time = check.time;
    checked[position] = true;
    lane.checks_.push_back(check);
  }
  return Ok();
}

Status SlidingWindow::LoadPartition(ByteReader& reader, uint32_t partition) {
  for (size_t i = 0; i < partition_cells_; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(Cells(partition)[i], reader.U64());
  }
  TAILRACE_ASSIGN_OR_RETURN(const size_t rows, LoadCount(reader, sizeof(uint64_t) * (1 + validity_words_)));
  if (rows > 0 && !keeps_rows_) return CorruptState("rows that nothing looks at");
  if (Cells(partition)[0] > UINT64_MAX / 2) return CorruptState("a row number out of range");
  CellRing& ring = rings_[partition];
  int64_t last = kBeginningOfTime;
  for (size_t i = 0; i < rows; ++i) {
    uint64_t* const record = ring.Push(record_cells_);
    std::fill_n(record, record_cells_, 0);  // Texts are empty until they are read, in case the bytes end.
    for (size_t cell = 0; cell < 1 + validity_words_; ++cell) {
      TAILRACE_ASSIGN_OR_RETURN(record[cell], reader.U64());
    }
    if (static_cast<int64_t>(record[0]) < last) return CorruptState("rows of a window out of order");
    last = static_cast<int64_t>(record[0]);
    for (const State& state : states_) {
      if (state.slot == 0) continue;
      if (state.text) {
        TAILRACE_ASSIGN_OR_RETURN(const std::string_view text, reader.Text());
        StoreText(record + state.slot, text);
        continue;
      }
      for (size_t cell = 0; cell < state.slot_cells; ++cell) {
        TAILRACE_ASSIGN_OR_RETURN(record[state.slot + cell], reader.U64());
      }
    }
  }
  for (const State& state : states_) {
    if (state.deque_cells == 0) continue;
    TAILRACE_ASSIGN_OR_RETURN(const size_t entries, LoadCount(reader, sizeof(uint64_t) * state.deque_cells));
    CellRing& deque = deque_rings_[partition * deques_ + state.deque];
    for (size_t i = 0; i < entries; ++i) {
      uint64_t* const entry = deque.Push(state.deque_cells);
      for (size_t cell = 0; cell < state.deque_cells; ++cell) {
        TAILRACE_ASSIGN_OR_RETURN(entry[cell], reader.U64());
      }
    }
  }
  for (const State& state : states_) TAILRACE_TRY(LoadDistinct(reader, state, partition));
  for (const State& state : states_) TAILRACE_TRY(CheckState(state, partition));
  return Ok();
}

Status SlidingWindow::LoadDistinct(ByteReader& reader, const State& state, uint32_t partition) {
  if (state.family != Family::kDistinct) return Ok();
  auto& distinct = distinct_[partition * distinct_sets_ + state.deque];
  if (!keeps_rows_) {
    TAILRACE_ASSIGN_OR_RETURN(const size_t values, LoadCount(reader, sizeof(uint32_t)));
    if (values == 0) return Ok();
    distinct = std::make_unique<DistinctValues>();
    for (size_t i = 0; i < values; ++i) {
      TAILRACE_ASSIGN_OR_RETURN(const std::string_view value, reader.Text());
      if (!state.text && value.size() != sizeof(uint64_t)) return CorruptState("a distinct value of another size");
      if (!distinct->Add(std::string(value), true)) return CorruptState("a distinct value twice");
    }
    TAILRACE_ASSIGN_OR_RETURN(distinct->exact, LoadExactMoments(reader));
    return Ok();
  }
  const CellRing& ring = rings_[partition];
  for (size_t i = 0; i < ring.size(); ++i) {
    const uint64_t* const record = ring.At(i, record_cells_);
    if (!Valid(state, record)) continue;
    if (distinct == nullptr) distinct = std::make_unique<DistinctValues>();
    if (++distinct->counts[EncodeSlot(state.physical, record + state.slot)] > 1) continue;
    if (state.physical != data::Physical::kInt64) continue;
    distinct->exact.sum += static_cast<int64_t>(record[state.slot]);
    distinct->exact.squares.Add(static_cast<int64_t>(record[state.slot]));
  }
  return Ok();
}

// What the arithmetic relies on: counts that the rows have, sums that they can reach, sequences of rows that are there.
Status SlidingWindow::CheckState(const State& state, uint32_t partition) {
  const uint64_t* const cells = Cells(partition) + state.cells;
  const CellRing& ring = rings_[partition];
  const uint64_t first = Cells(partition)[0];
  uint64_t valid = 0;
  Int128 sum = 0;
  SquareSum squares;
  const bool exact = state.family == Family::kExact || state.family == Family::kExactSpread;
  for (size_t i = 0; i < ring.size(); ++i) {
    const uint64_t* const record = ring.At(i, record_cells_);
    if (!Valid(state, record)) continue;
    ++valid;
    if (exact) sum += static_cast<int64_t>(record[state.slot]);
    if (exact) squares.Add(static_cast<int64_t>(record[state.slot]));
  }
  const bool counts = state.family == Family::kCount || exact || state.family == Family::kApproximate ||
                      state.family == Family::kApproximateSpread;
  if (counts && (keeps_rows_ ? cells[kCountCell] != valid : cells[kCountCell] > first)) {
    return CorruptState("a count that is not that of its rows");
  }
  if (exact && keeps_rows_) {
    const bool spread = state.family == Family::kExactSpread;
    const SquareSum saved = spread ? Get<SquareSum>(cells + kSquaresCell) : squares;
    if (Get<Int128>(cells + kSumCell) != sum || saved.low != squares.low || saved.carry != squares.carry) {
      return CorruptState("a sum that is not that of its rows");
    }
  }
  if (exact && !keeps_rows_) {
    const Int128 limit = static_cast<Int128>(cells[kCountCell]) * (Int128{1} << 63);
    const auto saved = Get<Int128>(cells + kSumCell);
    if (saved > limit || saved < -limit) return CorruptState("a sum that its count cannot reach");
  }
  const bool stacks = state.family == Family::kApproximate || state.family == Family::kApproximateSpread ||
                      state.family == Family::kExponential;
  if (stacks && cells[kBoundaryCell] > (keeps_rows_ ? first + ring.size() : 0)) {
    return CorruptState("a boundary beyond the rows");
  }
  if (state.deque_cells == 0 || !keeps_rows_) return Ok();
  const CellRing& deque = deque_rings_[partition * deques_ + state.deque];
  uint64_t next = first;
  for (size_t i = 0; i < deque.size(); ++i) {
    const uint64_t sequence = deque.At(i, state.deque_cells)[0];
    if (sequence < next || sequence >= first + ring.size()) return CorruptState("a row number out of order");
    next = sequence + 1;
  }
  return Ok();
}

}  // namespace tailrace::engine
