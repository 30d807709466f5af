#include "data/column.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tailrace::data {
namespace {

constexpr size_t kArenaBlockBytes = 64 << 10;

}  // namespace

char* Arena::Allocate(size_t size) {
  bytes_ += size;
  if (size > block_free_) {
    const size_t block_bytes = std::max(size, blocks_.empty() ? size_t{4096} : kArenaBlockBytes);
    auto block = std::make_unique_for_overwrite<char[]>(block_bytes);
    if (size >= kArenaBlockBytes) {  // A block of its own; the current one stays in use.
      char* const large = block.get();
      blocks_.push_back(std::move(block));
      return large;
    }
    next_ = block.get();
    block_free_ = block_bytes;
    blocks_.push_back(std::move(block));
  }
  char* const result = next_;
  next_ += size;
  block_free_ -= size;
  return result;
}

std::string_view Arena::Copy(std::string_view text) {
  if (text.empty()) return {};
  char* const bytes = Allocate(text.size());
  std::memcpy(bytes, text.data(), text.size());
  return {bytes, text.size()};
}

void Validity::SetNull(size_t row, size_t rows) {
  if (words_.empty()) words_.assign((std::max(rows, row + 1) + 63) / 64, ~uint64_t{0});
  words_[row >> 6] &= ~(uint64_t{1} << (row & 63));
}

void Validity::Append(bool valid, size_t rows_before) {
  if (words_.empty()) {
    if (valid) return;
    words_.assign(rows_before / 64 + 1, ~uint64_t{0});
  } else if (rows_before / 64 >= words_.size()) {
    words_.push_back(~uint64_t{0});
  }
  if (!valid) words_[rows_before >> 6] &= ~(uint64_t{1} << (rows_before & 63));
}

void Validity::SetAllNull(size_t rows) { words_.assign((rows + 63) / 64, 0); }

void Validity::Resize(size_t rows) {
  if (words_.empty()) return;
  words_.resize((rows + 63) / 64, ~uint64_t{0});
  if (rows % 64 != 0) words_.back() |= ~uint64_t{0} << (rows % 64);
}

size_t Validity::CountNulls(size_t rows) const {
  if (words_.empty()) return 0;
  size_t valid = 0;
  for (size_t word = 0; word * 64 < rows; ++word) {
    uint64_t bits = words_[word];
    const size_t left = rows - word * 64;
    if (left < 64) bits &= (uint64_t{1} << left) - 1;
    valid += static_cast<size_t>(std::popcount(bits));
  }
  return rows - valid;
}

Validity Validity::And(const Validity& a, const Validity& b, size_t rows) {
  if (a.words_.empty()) return b;
  if (b.words_.empty()) return a;
  Validity both;
  both.words_.resize((rows + 63) / 64);
  for (size_t word = 0; word < both.words_.size(); ++word) both.words_[word] = a.words_[word] & b.words_[word];
  return both;
}

Column::Column(Type type) : Column(std::move(type), 0) {}

Column::Column(Type type, size_t rows) : type_(std::move(type)), size_(rows) {
  switch (type_.physical()) {
    case Physical::kNone:
      break;
    case Physical::kInt64:
      values_.emplace<std::vector<int64_t>>(rows);
      break;
    case Physical::kDouble:
      values_.emplace<std::vector<double>>(rows);
      break;
    case Physical::kBool:
      values_.emplace<std::vector<uint8_t>>(rows);
      break;
    case Physical::kText:
      values_.emplace<std::vector<std::string_view>>(rows);
      break;
    case Physical::kRow: {
      std::vector<ColumnPtr> children;
      for (const Field& field : type_.row->fields) children.push_back(std::make_shared<Column>(field.type, rows));
      values_ = std::move(children);
      break;
    }
  }
}

ColumnPtr Column::MakeConstant(Type type, const Value& value, size_t rows) {
  auto column = std::make_shared<Column>(std::move(type), rows);
  if (value.is_null()) {
    if (column->type_.kind != TypeKind::kNull) column->validity_.SetAllNull(rows);
    return column;
  }
  switch (column->type_.physical()) {
    case Physical::kNone:
      break;
    case Physical::kInt64:
      std::ranges::fill(column->mutable_int64s(), value.int64());
      break;
    case Physical::kDouble:
      std::ranges::fill(column->mutable_doubles(), value.float64());
      break;
    case Physical::kBool:
      std::ranges::fill(column->mutable_bools(), uint8_t{value.boolean()});
      break;
    case Physical::kText:
      std::ranges::fill(column->mutable_texts(), column->arena().Copy(value.text()));
      break;
    case Physical::kRow:
      TAILRACE_CHECK(false);
  }
  return column;
}

void Column::set_children(std::vector<ColumnPtr> children, size_t rows) {
  for (const ColumnPtr& child : children) TAILRACE_CHECK(child->size() == rows);
  values_ = std::move(children);
  size_ = rows;
}

void Column::Resize(size_t rows) {
  TAILRACE_CHECK(type_.physical() != Physical::kRow);
  std::visit(
      [rows](auto& values) {
        if constexpr (requires { values.resize(rows); }) values.resize(rows);
      },
      values_);
  validity_.Resize(rows);
  size_ = rows;
}

void Column::Reserve(size_t rows) {
  std::visit(
      [rows](auto& values) {
        if constexpr (requires { values.reserve(rows); }) values.reserve(rows);
      },
      values_);
}

void Column::AppendNull() {
  validity_.Append(false, size_);
  switch (type_.physical()) {
    case Physical::kNone:
      break;
    case Physical::kInt64:
      std::get<std::vector<int64_t>>(values_).push_back(0);
      break;
    case Physical::kDouble:
      std::get<std::vector<double>>(values_).push_back(0);
      break;
    case Physical::kBool:
      std::get<std::vector<uint8_t>>(values_).push_back(0);
      break;
    case Physical::kText:
      std::get<std::vector<std::string_view>>(values_).emplace_back();
      break;
    case Physical::kRow:
      TAILRACE_CHECK(false);  // Row columns are built from whole children.
  }
  ++size_;
}

void Column::AppendInt64(int64_t value) {
  std::get<std::vector<int64_t>>(values_).push_back(value);
  validity_.Append(true, size_++);
}

void Column::AppendDouble(double value) {
  std::get<std::vector<double>>(values_).push_back(value);
  validity_.Append(true, size_++);
}

void Column::AppendBool(bool value) {
  std::get<std::vector<uint8_t>>(values_).push_back(value ? 1 : 0);
  validity_.Append(true, size_++);
}

void Column::AppendText(std::string_view text) { AppendTextView(arena().Copy(text)); }

void Column::AppendTextView(std::string_view text) {
  std::get<std::vector<std::string_view>>(values_).push_back(text);
  validity_.Append(true, size_++);
}

void Column::AppendValue(const Value& value) {
  if (value.is_null()) return AppendNull();
  switch (type_.physical()) {
    case Physical::kInt64:
      return AppendInt64(value.int64());
    case Physical::kDouble:
      return AppendDouble(value.float64());
    case Physical::kBool:
      return AppendBool(value.boolean());
    case Physical::kText:
      return AppendText(value.text());
    case Physical::kNone:
    case Physical::kRow:
      break;
  }
  TAILRACE_CHECK(false);
}

void Column::AddOwner(std::shared_ptr<const void> owner) {
  if (owner == nullptr || (!owners_.empty() && owners_.back() == owner)) return;
  if (std::ranges::find(owners_, owner) == owners_.end()) owners_.push_back(std::move(owner));
}

void Column::AddOwnersOf(const Column& other) {
  for (const auto& owner : other.owners_) AddOwner(owner);
  if (other.arena_ != nullptr) AddOwner(other.arena_);
}

Arena& Column::arena() {
  if (arena_ == nullptr) arena_ = std::make_shared<Arena>();
  return *arena_;
}

Value Column::ValueAt(size_t row) const {
  if (null(row)) return {};
  switch (type_.physical()) {
    case Physical::kInt64:
      return int64s()[row];
    case Physical::kDouble:
      return doubles()[row];
    case Physical::kBool:
      return bools()[row] != 0;
    case Physical::kText:
      return std::string(texts()[row]);
    case Physical::kNone:
    case Physical::kRow:
      break;
  }
  return {};
}

ColumnPtr Column::Gather(std::span<const uint32_t> indices) const {
  auto result = std::make_shared<Column>(type_, indices.size());
  const auto gather = [&](auto from, auto to) {
    for (size_t i = 0; i < indices.size(); ++i) to[i] = from[indices[i]];
  };
  switch (type_.physical()) {
    case Physical::kNone:
      break;
    case Physical::kInt64:
      gather(int64s(), result->mutable_int64s());
      break;
    case Physical::kDouble:
      gather(doubles(), result->mutable_doubles());
      break;
    case Physical::kBool:
      gather(bools(), result->mutable_bools());
      break;
    case Physical::kText:
      gather(texts(), result->mutable_texts());
      result->AddOwnersOf(*this);
      break;
    case Physical::kRow: {
      std::vector<ColumnPtr> gathered;
      for (const ColumnPtr& child : children()) gathered.push_back(child->Gather(indices));
      result->set_children(std::move(gathered), indices.size());
      break;
    }
  }
  if (!validity_.all_valid()) {
    for (size_t i = 0; i < indices.size(); ++i) {
      if (validity_.null(indices[i])) result->SetNull(i);
    }
  }
  return result;
}

void Column::AppendFrom(const Column& source, size_t row) {
  if (source.null(row)) return AppendNull();
  switch (type_.physical()) {
    case Physical::kInt64:
      return AppendInt64(source.int64s()[row]);
    case Physical::kDouble:
      return AppendDouble(source.doubles()[row]);
    case Physical::kBool:
      return AppendBool(source.bools()[row] != 0);
    case Physical::kText:
      return AppendText(source.texts()[row]);
    case Physical::kNone:
    case Physical::kRow:
      break;
  }
  TAILRACE_CHECK(false);
}

}  // namespace tailrace::data
