#include "ingest/formats/row_builder.h"

#include <algorithm>
#include <cstring>

#include "base/str.h"

namespace tailrace::ingest {
namespace {

using data::Physical;
using data::Type;

enum Metadata : size_t { kArrivalTime, kShardId, kSequenceNumber, kPartitionKey };

Type MetadataType(size_t index) { return index == kArrivalTime ? Type::Timestamp() : Type::Varchar(); }

// As Arena::Copy; for the lengths that most texts have, without a call for the bytes.
std::string_view CopyText(std::string_view text, data::Arena& arena) {
  const size_t size = text.size();
  if (size < 8 || size > 32) return arena.Copy(text);
  char* const to = arena.Allocate(size);
  if (size <= 16) {  // Two halves that may overlap.
    std::memcpy(to, text.data(), 8);
    std::memcpy(to + size - 8, text.data() + size - 8, 8);
  } else {
    std::memcpy(to, text.data(), 16);
    std::memcpy(to + size - 16, text.data() + size - 16, 16);
  }
  return {to, size};
}

}  // namespace

RowBuilder::RowBuilder(const InputSchema& schema, UsedColumns used) : schema_(schema) {
  const size_t declared = schema_.columns.size();
  const auto is_used = [&](size_t i) { return used.empty() || (i < used.size() && used[i]); };
  for (size_t i = 0; i < declared; ++i) {
    if (is_used(i)) used_columns_.push_back(i);
  }
  for (size_t i = 0; i < kMetadataColumns; ++i) metadata_used_[i] = is_used(declared + i);
  values_.resize(used_columns_.size());
  for (const size_t index : used_columns_) usual_.emplace_back(schema_.columns[index].type);
  truncated_.assign(declared, 0);
  null_columns_.resize(declared + kMetadataColumns);
}

void RowBuilder::Refresh(Target& target) {
  switch (target.physical) {
    case Physical::kInt64:
      target.int64s = target.column->mutable_int64s().data();
      break;
    case Physical::kDouble:
      target.doubles = target.column->mutable_doubles().data();
      break;
    case Physical::kBool:
      target.bools = target.column->mutable_bools().data();
      break;
    case Physical::kText:
      target.texts = target.column->mutable_texts().data();
      break;
    case Physical::kNone:
    case Physical::kRow:
      break;
  }
}

RowBuilder::Target RowBuilder::MakeTarget(const Type& type, size_t rows) {
  Target target{.column = std::make_shared<data::Column>(type, rows), .physical = type.physical()};
  target.arena = &target.column->arena();
  target.varchar = type.kind == data::TypeKind::kVarchar;
  target.chars_max = static_cast<size_t>(type.precision);
  Refresh(target);
  return target;
}

void RowBuilder::Begin(size_t rows) {
  capacity_ = std::max<size_t>(rows, 1);
  rows_ = 0;
  last_shard_id_ = {};
  targets_.clear();
  for (const size_t index : used_columns_) targets_.push_back(MakeTarget(schema_.columns[index].type, capacity_));
  for (size_t i = 0; i < kMetadataColumns; ++i) {
    if (metadata_used_[i]) metadata_[i] = MakeTarget(MetadataType(i), capacity_);
  }
  rowtimes_ = MakeTarget(Type::Timestamp(), capacity_);
  record_of_row_.clear();
  record_of_row_.reserve(capacity_);
  errors_.clear();
}

void RowBuilder::ClearValues() { std::ranges::fill(values_, RawValue{}); }

void RowBuilder::Grow() {
  capacity_ *= 2;
  const auto grow = [&](Target& target) {
    target.column->Resize(capacity_);
    Refresh(target);
  };
  for (Target& target : targets_) grow(target);
  for (size_t i = 0; i < kMetadataColumns; ++i) {
    if (metadata_used_[i]) grow(metadata_[i]);
  }
  grow(rowtimes_);
}

void RowBuilder::Append(const data::Record& record, uint32_t record_index, std::string_view bytes) {
  if (rows_ == capacity_) Grow();
  nulls_.clear();
  cuts_.clear();
  for (size_t i = 0; i < values_.size(); ++i) {
    Target& target = targets_[i];
    const RawValue& raw = values_[i];
    if (target.varchar && raw.kind == RawValue::Kind::kString && raw.text.size() <= target.chars_max) {
      target.texts[rows_] = CopyText(raw.text, *target.arena);
    } else if (!AppendCoerced(i, raw)) {
      const InputColumn& column = schema_.columns[used_columns_[i]];
      return AddError(record_index, kCoercionError, CoercionMessage(column.name, column.type, raw), bytes);
    }
  }
  // Only now is there a row.
  for (const size_t i : nulls_) SetNull(targets_[i]);
  for (const size_t i : cuts_) ++truncated_[used_columns_[i]];
  CommitMetadata(record);
  rowtimes_.int64s[rows_] = record.arrival_unix_ms;
  record_of_row_.push_back(record_index);
  ++rows_;
}

// A row that did not fit may have left values behind.
void RowBuilder::SetNull(Target& target) {
  if (target.int64s != nullptr) target.int64s[rows_] = 0;
  if (target.doubles != nullptr) target.doubles[rows_] = 0;
  if (target.bools != nullptr) target.bools[rows_] = 0;
  if (target.texts != nullptr) target.texts[rows_] = {};
  target.column->SetNull(rows_);
}

// Puts the value of one column into the next row; false when it does not fit the column's type.
bool RowBuilder::AppendCoerced(size_t i, const RawValue& raw) {
  Target& target = targets_[i];
  Slot slot;
  if (usual_[i].Read(raw, slot.int64, slot.float64)) {
    if (target.int64s != nullptr) {
      target.int64s[rows_] = slot.int64;
    } else {
      target.doubles[rows_] = slot.float64;
    }
    return true;
  }
  if (!Coerce(target.column->type(), raw, *target.arena, slot)) return false;
  if (slot.null) {
    nulls_.push_back(i);
    return true;
  }
  switch (target.physical) {
    case Physical::kInt64:
      target.int64s[rows_] = slot.int64;
      break;
    case Physical::kDouble:
      target.doubles[rows_] = slot.float64;
      break;
    case Physical::kBool:
      target.bools[rows_] = static_cast<uint8_t>(slot.int64);
      break;
    case Physical::kText:
      target.texts[rows_] = target.arena->Copy(slot.text);
      break;
    case Physical::kNone:
    case Physical::kRow:
      break;
  }
  if (slot.truncated) cuts_.push_back(i);
  return true;
}

void RowBuilder::CommitMetadata(const data::Record& record) {
  if (metadata_used_[kArrivalTime]) metadata_[kArrivalTime].int64s[rows_] = record.arrival_unix_ms;
  if (metadata_used_[kShardId]) {
    Target& target = metadata_[kShardId];
    if (last_shard_id_.empty() || last_shard_ != record.shard) {
      last_shard_ = record.shard;
      last_shard_id_ = target.column->arena().Copy(fmt::format("shardId-{:012}", record.shard));
    }
    target.texts[rows_] = last_shard_id_;
  }
  if (metadata_used_[kSequenceNumber]) {
    Target& target = metadata_[kSequenceNumber];
    target.texts[rows_] = target.column->arena().Copy(StrCat(record.sequence));
  }
  if (metadata_used_[kPartitionKey]) {
    Target& target = metadata_[kPartitionKey];
    target.texts[rows_] = target.column->arena().Copy(record.partition_key);
  }
}

void RowBuilder::AddError(uint32_t record_index, std::string_view name, std::string message, std::string_view bytes) {
  errors_.push_back({.record = record_index, .name = name, .message = std::move(message), .bytes = std::string(bytes)});
}

data::ColumnPtr RowBuilder::NullColumn(size_t index, const Type& type) {
  data::ColumnPtr& kept = null_columns_[index];
  if (kept == nullptr || kept->size() != rows_) {
    auto column = std::make_shared<data::Column>(type, rows_);
    column->mutable_validity().SetAllNull(rows_);
    kept = std::move(column);
  }
  return kept;
}

Decoded RowBuilder::Finish() {
  Decoded decoded;
  const auto finish = [&](Target& target) {
    target.column->Resize(rows_);
    return std::move(target.column);
  };
  decoded.batch.rowtimes = finish(rowtimes_);
  decoded.batch.columns.resize(schema_.columns.size() + kMetadataColumns);
  for (size_t i = 0; i < used_columns_.size(); ++i) decoded.batch.columns[used_columns_[i]] = finish(targets_[i]);
  for (size_t i = 0; i < kMetadataColumns; ++i) {
    if (metadata_used_[i]) decoded.batch.columns[schema_.columns.size() + i] = finish(metadata_[i]);
  }
  for (size_t i = 0; i < decoded.batch.columns.size(); ++i) {
    data::ColumnPtr& column = decoded.batch.columns[i];
    if (column != nullptr) continue;
    const size_t declared = schema_.columns.size();
    column = NullColumn(i, i < declared ? schema_.columns[i].type : MetadataType(i - declared));
  }
  decoded.record_of_row = std::move(record_of_row_);
  decoded.errors = std::move(errors_);
  return decoded;
}

}  // namespace tailrace::ingest
