#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "data/column.h"
#include "engine/cell_ring.h"
#include "engine/state.h"

// How the running states of SlidingWindow lie in 64-bit cells.

namespace tailrace::engine {

// Of a partition. Count first in every sum.
inline constexpr size_t kCountCells = 1;
inline constexpr size_t kCountCell = 0;
inline constexpr size_t kSumCell = 1;      // 128 bits.
inline constexpr size_t kSquaresCell = 3;  // SquareSum.
inline constexpr size_t kExactCells = 3;
inline constexpr size_t kExactSpreadCells = 7;
// Two stacks: rows before the boundary (a sequence) hold the sum from themselves to it; the rest is in the back sum.
inline constexpr size_t kBoundaryCell = 1;
inline constexpr size_t kBackCell = 2;         // PairSum.
inline constexpr size_t kBackSquaresCell = 4;  // PairSum.
inline constexpr size_t kApproximateCells = 4;
inline constexpr size_t kApproximateSpreadCells = 6;
inline constexpr size_t kBackSumCell = 2;
inline constexpr size_t kBackWeightCell = 3;
inline constexpr size_t kBackTimeCell = 4;
inline constexpr size_t kFrontTimeCell = 5;
inline constexpr size_t kExponentialCells = 6;

inline double AsDouble(uint64_t cell) { return std::bit_cast<double>(cell); }
inline uint64_t AsCell(double value) { return std::bit_cast<uint64_t>(value); }

template <typename T>
T Get(const uint64_t* cells) {
  T value;
  std::memcpy(static_cast<void*>(&value), cells, sizeof value);
  return value;
}
template <typename T>
void Put(uint64_t* cells, const T& value) {
  std::memcpy(cells, &value, sizeof value);
}

// Weight at `now` of what weighed 1 at `then`.
inline double Decay(double half_life_ms, int64_t then, int64_t now) {
  return now == then ? 1.0 : std::exp2(-static_cast<double>(now - then) / half_life_ms);
}

inline double NumberOf(const data::Column& column, size_t row) {
  if (column.type().physical() == data::Physical::kDouble) return column.doubles()[row];
  const auto value = static_cast<double>(column.int64s()[row]);
  return column.type().kind == data::TypeKind::kDecimal ? value / std::pow(10.0, column.type().scale) : value;
}

// The row's value into one cell, a text into two; zero or empty for NULL.
inline void StoreSlot(data::Physical physical, uint64_t* slot, const data::Column& column, size_t row) {
  const bool null = column.null(row);
  switch (physical) {
    case data::Physical::kInt64:
      slot[0] = null ? 0 : static_cast<uint64_t>(column.int64s()[row]);
      break;
    case data::Physical::kDouble:
      slot[0] = null ? 0 : AsCell(column.doubles()[row]);
      break;
    case data::Physical::kBool:
      slot[0] = null ? 0 : column.bools()[row];
      break;
    case data::Physical::kText:
      StoreText(slot, null ? std::string_view() : column.texts()[row]);
      break;
    case data::Physical::kNone:
    case data::Physical::kRow:
      slot[0] = 0;
      break;
  }
}

// Sets row `row` of a column that has all its rows.
inline void SetFromSlot(data::Column& result, size_t row, data::Physical physical, const uint64_t* slot) {
  switch (physical) {
    case data::Physical::kInt64:
      result.mutable_int64s()[row] = static_cast<int64_t>(slot[0]);
      break;
    case data::Physical::kDouble:
      result.mutable_doubles()[row] = AsDouble(slot[0]);
      break;
    case data::Physical::kBool:
      result.mutable_bools()[row] = static_cast<uint8_t>(slot[0]);
      break;
    case data::Physical::kText:
      result.mutable_texts()[row] = result.arena().Copy(ViewText(slot));
      break;
    case data::Physical::kNone:
    case data::Physical::kRow:
      break;
  }
}

inline void SetFrom(data::Column& result, size_t row, const data::Column& source, size_t source_row) {
  if (source.null(source_row)) return result.SetNull(row);
  switch (source.type().physical()) {
    case data::Physical::kInt64:
      result.mutable_int64s()[row] = source.int64s()[source_row];
      break;
    case data::Physical::kDouble:
      result.mutable_doubles()[row] = source.doubles()[source_row];
      break;
    case data::Physical::kBool:
      result.mutable_bools()[row] = source.bools()[source_row];
      break;
    case data::Physical::kText:
      result.mutable_texts()[row] = result.arena().Copy(source.texts()[source_row]);
      break;
    case data::Physical::kNone:
    case data::Physical::kRow:
      break;
  }
}

inline void SetValue(data::Column& result, size_t row, const data::Value& value) {
  switch (value.data.index()) {
    case 1:
      result.mutable_int64s()[row] = value.int64();
      break;
    case 2:
      result.mutable_doubles()[row] = value.float64();
      break;
    case 3:
      result.mutable_bools()[row] = value.boolean() ? 1 : 0;
      break;
    case 4:
      result.mutable_texts()[row] = result.arena().Copy(value.text());
      break;
    default:
      result.SetNull(row);
      break;
  }
}

// A key for maps: equal values have equal bytes.
inline std::string EncodeSlot(data::Physical physical, const uint64_t* slot) {
  if (physical == data::Physical::kText) return std::string(ViewText(slot));
  const uint64_t cell = physical == data::Physical::kDouble && AsDouble(slot[0]) == 0 ? 0 : slot[0];
  return {reinterpret_cast<const char*>(&cell), sizeof cell};
}

}  // namespace tailrace::engine
