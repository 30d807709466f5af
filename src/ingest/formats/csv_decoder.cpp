#include "ingest/formats/csv_decoder.h"

#include <simdjson.h>

#include <utility>

#include "base/str.h"
#include "ingest/formats/csv_reader.h"
#include "ingest/formats/row_builder.h"

namespace tailrace::ingest {
namespace {

constexpr size_t kRowBytesGuess = 64;  // Of a record with many rows.

class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(const InputSchema& schema, UsedColumns used)
      : row_delimiter_(schema.row_delimiter),
        column_delimiter_(schema.column_delimiter),
        builder_(schema, std::move(used)) {
    for (const size_t column : builder_.used_columns()) {
      const data::Type& type = schema.columns[column].type;
      empty_is_null_.push_back(!type.is_character());
    }
  }

  Decoded Decode(std::span<const data::Record> records) override {
    size_t rows = records.size();
    if (rows == 1) rows += records[0].data.size() / kRowBytesGuess;
    builder_.Begin(rows);
    for (size_t i = 0; i < records.size(); ++i) DecodeRecord(records[i], static_cast<uint32_t>(i));
    return builder_.Finish();
  }

  std::span<const uint64_t> truncated() const override { return builder_.truncated(); }

 private:
  void DecodeRecord(const data::Record& record, uint32_t index) {
    std::string_view text = record.data;
    if (!simdjson::validate_utf8(text.data(), text.size())) {
      repaired_ = RepairUtf8(text);
      text = repaired_;
    }
    CsvReader reader(text, row_delimiter_, column_delimiter_, &marks_);
    while (reader.Next(fields_)) {
      const std::string_view bytes = reader.only_row() ? record.data : reader.row();
      if (!reader.closed()) {
        builder_.AddError(index, kParseError, StrCat("field ", fields_.size(), ": its quote is not closed"), bytes);
        continue;
      }
      FillValues();
      builder_.Append(record, index, bytes);
    }
  }

  void FillValues() {
    const std::span<RawValue> values = builder_.values();
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t column = builder_.used_columns()[i];
      values[i] = {};
      if (column >= fields_.size()) continue;
      const CsvField& field = fields_[column];
      if (field.text.empty() && !field.quoted && empty_is_null_[i]) continue;
      values[i] = {.kind = RawValue::Kind::kString, .text = field.text};
    }
  }

  const std::string row_delimiter_;
  const std::string column_delimiter_;
  RowBuilder builder_;
  std::vector<bool> empty_is_null_;  // As RowBuilder::values().
  std::vector<CsvField> fields_;
  std::vector<uint64_t> marks_;
  std::string repaired_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> MakeCsvDecoder(const InputSchema& schema, UsedColumns used) {
  if (schema.row_delimiter.empty() || schema.column_delimiter.empty()) {
    return Error{ErrorCode::kInvalidArgument, "csv: row and column delimiter must not be empty"};
  }
  return std::unique_ptr<Decoder>(std::make_unique<CsvDecoder>(schema, std::move(used)));
}

}  // namespace tailrace::ingest
