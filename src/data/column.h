#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/check.h"
#include "data/type.h"
#include "data/value.h"

namespace tailrace::data {

// Bytes that text columns point into. Grows by blocks, never moves what it holds, frees all at once.
class Arena {
 public:
  std::string_view Copy(std::string_view text);
  // Uninitialised space the caller fills before anybody reads it.
  char* Allocate(size_t size);
  size_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_free_ = 0;
  char* next_ = nullptr;
  size_t bytes_ = 0;
};

// Which rows hold a value. Empty means all do, the common case; else one bit a row, set = valid.
class Validity {
 public:
  bool all_valid() const { return words_.empty(); }
  bool valid(size_t row) const { return words_.empty() || ((words_[row >> 6] >> (row & 63)) & 1) != 0; }
  bool null(size_t row) const { return !valid(row); }
  // `rows` is the column's size; the bitmap is made at the first NULL.
  void SetNull(size_t row, size_t rows);
  void Append(bool valid, size_t rows_before);
  void SetAllNull(size_t rows);
  // The column now has `rows` rows: added ones are valid, cut ones are forgotten.
  void Resize(size_t rows);
  size_t CountNulls(size_t rows) const;
  // Null where either is null.
  static Validity And(const Validity& a, const Validity& b, size_t rows);
  std::span<const uint64_t> words() const { return words_; }

 private:
  std::vector<uint64_t> words_;
};

class Column;
using ColumnPtr = std::shared_ptr<const Column>;

// A whole typed column: values, validity, and for text the owners of the bytes. Written by one thread while it is
// built, then shared as ColumnPtr and never changed. A NULL row's value slot is unspecified but readable
// (0, 0.0, empty text).
class Column {
 public:
  explicit Column(Type type);
  // `rows` values, zero or empty, all valid.
  Column(Type type, size_t rows);

  static ColumnPtr MakeConstant(Type type, const Value& value, size_t rows);

  const Type& type() const { return type_; }
  void set_type(Type type) { type_ = std::move(type); }  // Same physical form only.
  size_t size() const { return size_; }

  std::span<const int64_t> int64s() const { return std::get<std::vector<int64_t>>(values_); }
  std::span<const double> doubles() const { return std::get<std::vector<double>>(values_); }
  std::span<const uint8_t> bools() const { return std::get<std::vector<uint8_t>>(values_); }
  std::span<const std::string_view> texts() const { return std::get<std::vector<std::string_view>>(values_); }
  const std::vector<ColumnPtr>& children() const { return std::get<std::vector<ColumnPtr>>(values_); }
  std::span<int64_t> mutable_int64s() { return std::get<std::vector<int64_t>>(values_); }
  std::span<double> mutable_doubles() { return std::get<std::vector<double>>(values_); }
  std::span<uint8_t> mutable_bools() { return std::get<std::vector<uint8_t>>(values_); }
  std::span<std::string_view> mutable_texts() { return std::get<std::vector<std::string_view>>(values_); }
  void set_children(std::vector<ColumnPtr> children, size_t rows);

  const Validity& validity() const { return validity_; }
  Validity& mutable_validity() { return validity_; }
  bool null(size_t row) const { return type_.kind == TypeKind::kNull || validity_.null(row); }
  void SetNull(size_t row) { validity_.SetNull(row, size_); }

  // Cuts the column, or adds rows of zero or empty, valid values. Not for ROW columns. Spans taken before are void.
  void Resize(size_t rows);

  // Appending, for builders that do not know the size beforehand.
  void Reserve(size_t rows);
  void AppendNull();
  void AppendInt64(int64_t value);
  void AppendDouble(double value);
  void AppendBool(bool value);
  void AppendText(std::string_view text);      // Copies into this column's own arena.
  void AppendTextView(std::string_view text);  // Borrows; the bytes' owner is given to AddOwner.
  void AppendValue(const Value& value);

  // Keeps the bytes that text views point into alive as long as the column.
  void AddOwner(std::shared_ptr<const void> owner);
  void AddOwnersOf(const Column& other);
  // The column's own arena, made at the first call.
  Arena& arena();

  Value ValueAt(size_t row) const;
  // The rows at `indices`, in that order. Text stays where it is and is co-owned.
  ColumnPtr Gather(std::span<const uint32_t> indices) const;
  // Appends row `row` of `source` (same physical form). Text is copied.
  void AppendFrom(const Column& source, size_t row);

 private:
  Type type_;
  size_t size_ = 0;
  std::variant<std::monostate, std::vector<int64_t>, std::vector<double>, std::vector<uint8_t>,
               std::vector<std::string_view>, std::vector<ColumnPtr>>
      values_;
  Validity validity_;
  std::shared_ptr<Arena> arena_;
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace tailrace::data
