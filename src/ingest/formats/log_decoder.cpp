#include "ingest/formats/log_decoder.h"

#include <simdjson.h>

#include <cstring>
#include <utility>

#include "base/str.h"
#include "ingest/formats/byte_scan.h"
#include "ingest/formats/json_repair.h"
#include "ingest/formats/log_line.h"
#include "ingest/formats/row_builder.h"

namespace tailrace::ingest {
namespace {

class LogDecoder final : public Decoder {
 public:
  LogDecoder(const InputSchema& schema, UsedColumns used, bool combined)
      : combined_(combined), builder_(schema, std::move(used)) {}

  Status Build(const InputSchema& schema) {
    for (const size_t index : builder_.used_columns()) {
      const InputColumn& column = schema.columns[index];
      const std::string& name = column.mapping.empty() ? column.name : column.mapping;
      const std::optional<LogField> field = FindLogField(name);
      const bool only_combined = field == LogField::kReferer || field == LogField::kAgent;
      if (!field.has_value() || (only_combined && !combined_)) {
        return Error{ErrorCode::kInvalidArgument,
                     StrCat("column \"", column.name, "\": the ", combined_ ? "combined" : "common",
                            " log format has no field \"", name, "\"")};
      }
      request_parts_ |= *field >= LogField::kMethod && *field <= LogField::kProtocol;
      sources_.push_back({.field = *field, .time = *field == LogField::kDatetime && column.type.is_datetime()});
    }
    return Ok();
  }

  Decoded Decode(std::span<const data::Record> records) override {
    builder_.Begin(records.size());
    for (size_t i = 0; i < records.size(); ++i) DecodeRecord(records[i], static_cast<uint32_t>(i));
    return builder_.Finish();
  }

  std::span<const uint64_t> truncated() const override { return builder_.truncated(); }

 private:
  struct Source {
    LogField field;
    bool time;  // Goes into a datetime column.
  };

  void DecodeRecord(const data::Record& record, uint32_t index) {
    std::string_view text = record.data;
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    const LineQuotes quotes = FindLineQuotes(text);
    LogLine fields;
    if (quotes.plain && SplitPlainLogLine(text, quotes, Form(), fields)) [[likely]] {
      return AppendRow(record, index, fields, /*plain=*/true, record.data);
    }
    text = record.data;
    if (!simdjson::validate_utf8(text.data(), text.size())) {
      repaired_ = RepairUtf8(text);
      text = repaired_;
    }
    while (!text.empty()) {
      const size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty()) continue;
      const bool whole = line.size() + 2 >= record.data.size();
      DecodeLine(record, index, line, whole ? record.data : line);
    }
  }

  void DecodeLine(const data::Record& record, uint32_t index, std::string_view line, std::string_view bytes) {
    LogLine fields;
    if (!SplitLogLine(line, Form(), fields)) {
      return builder_.AddError(index, kParseError,
                               StrCat("not a line of the ", combined_ ? "combined" : "common", " log format"), bytes);
    }
    AppendRow(record, index, fields, /*plain=*/false, bytes);
  }

  LogLineForm Form() const { return {.combined = combined_, .request_parts = request_parts_}; }

  // `plain`: no field has escapes.
  void AppendRow(const data::Record& record, uint32_t index, const LogLine& fields, bool plain,
                 std::string_view bytes) {
    const std::span<RawValue> values = builder_.values();
    unescaped_.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      const std::string_view field = fields[static_cast<size_t>(sources_[i].field)];
      values[i] = {};
      if (field == "-" || field.data() == nullptr) continue;
      values[i] = {.kind = RawValue::Kind::kString, .text = field};
      if (sources_[i].time) {
        if (const std::optional<int64_t> unix_ms = times_.Parse(field)) {
          values[i].kind = RawValue::Kind::kInstant;
          values[i].instant_unix_ms = *unix_ms;
        }
      } else if (!plain && std::memchr(field.data(), '\\', field.size()) != nullptr) {
        unescaped_[i] = UnescapeApache(field);
        values[i].text = unescaped_[i];
      }
    }
    builder_.Append(record, index, bytes);
  }

  const bool combined_;
  bool request_parts_ = false;  // A column takes a part of the request.
  RowBuilder builder_;
  std::vector<Source> sources_;         // As RowBuilder::values().
  std::vector<std::string> unescaped_;  // As RowBuilder::values(): owns texts that differ from the line's.
  std::string repaired_;
  LogTimeParser times_;
};

Result<std::unique_ptr<Decoder>> Make(const InputSchema& schema, UsedColumns used, bool combined) {
  auto decoder = std::make_unique<LogDecoder>(schema, std::move(used), combined);
  TAILRACE_TRY(decoder->Build(schema));
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace

Result<std::unique_ptr<Decoder>> MakeCommonLogDecoder(const InputSchema& schema, UsedColumns used) {
  return Make(schema, std::move(used), /*combined=*/false);
}

Result<std::unique_ptr<Decoder>> MakeCombinedLogDecoder(const InputSchema& schema, UsedColumns used) {
  return Make(schema, std::move(used), /*combined=*/true);
}

}  // namespace tailrace::ingest
