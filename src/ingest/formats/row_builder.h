#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/ports.h"
#include "ingest/formats/coercion.h"
#include "ingest/formats/decoder.h"
#include "ingest/formats/input_schema.h"
#include "ingest/formats/usual_value.h"

namespace tailrace::ingest {

// Collects the rows of one Decode call: what every decoder shares. A decoder fills `values()` for a row and calls
// Append; used columns only, in the order of `used_columns()`.
//
// Threads  One owner.
class RowBuilder {
 public:
  RowBuilder(const InputSchema& schema, UsedColumns used);

  // Index in the schema of each used declared column.
  const std::vector<size_t>& used_columns() const { return used_columns_; }

  // Begins a batch of about `rows` rows.
  void Begin(size_t rows);
  // One raw value a used column, for the next row. Its texts are copied by Append.
  std::span<RawValue> values() { return values_; }
  void ClearValues();
  // Coerces the values to a row. When one does not fit, there is no row but an error with these `bytes`.
  void Append(const data::Record& record, uint32_t record_index, std::string_view bytes);
  void AddError(uint32_t record_index, std::string_view name, std::string message, std::string_view bytes);
  Decoded Finish();

  std::span<const uint64_t> truncated() const { return truncated_; }
  size_t rows() const { return rows_; }

 private:
  // A column under construction with its values' place, which moves when the column grows.
  struct Target {
    std::shared_ptr<data::Column> column;
    int64_t* int64s = nullptr;
    double* doubles = nullptr;
    uint8_t* bools = nullptr;
    std::string_view* texts = nullptr;
    data::Physical physical = data::Physical::kNone;
    data::Arena* arena = nullptr;  // The column's.
    bool varchar = false;
    size_t chars_max = 0;  // VARCHAR: a text of no more bytes stays as it is.
  };

  static Target MakeTarget(const data::Type& type, size_t rows);
  static void Refresh(Target& target);
  void Grow();
  bool AppendCoerced(size_t i, const RawValue& raw);
  void SetNull(Target& target);
  void CommitMetadata(const data::Record& record);
  data::ColumnPtr NullColumn(size_t column, const data::Type& type);

  InputSchema schema_;
  std::vector<size_t> used_columns_;
  bool metadata_used_[kMetadataColumns];

  std::vector<RawValue> values_;
  std::vector<UsualValue> usual_;  // As values_.
  std::vector<size_t> nulls_;      // Of the row at work: values that are NULL ...
  std::vector<size_t> cuts_;       // ... and texts that were cut.
  std::vector<Target> targets_;    // As used_columns_.
  Target metadata_[kMetadataColumns];
  Target rowtimes_;
  size_t rows_ = 0;
  size_t capacity_ = 0;
  std::vector<uint32_t> record_of_row_;
  std::vector<DecodeError> errors_;
  std::vector<data::ColumnPtr> null_columns_;  // As a batch's columns: those of unused ones, kept from the last batch.
  std::vector<uint64_t> truncated_;            // As the schema's columns.
  uint32_t last_shard_ = 0;                    // Whose name last_shard_id_ is; empty text: none yet in this batch.
  std::string_view last_shard_id_;
};

}  // namespace tailrace::ingest
