#include "data/output_format.h"

#include <charconv>

#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::data {
namespace {

// True when the text stands in JSON as it is: printable ASCII without quote and backslash.
bool IsPlain(std::string_view text) {
  bool plain = true;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    plain &= byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
  }
  return plain;
}

void AppendQuoted(std::string& out, std::string_view text) {
  if (!IsPlain(text)) return AppendJsonString(out, text);
  out += '"';
  out += text;
  out += '"';
}

void AppendInteger(std::string& out, int64_t value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, static_cast<size_t>(end - buffer));
}

void AppendJsonValue(std::string& out, const Column& column, size_t row) {
  const Type& type = column.type();
  if (type.is_integer()) return AppendInteger(out, column.int64s()[row]);
  if (type.is_character()) return AppendQuoted(out, column.texts()[row]);
  AppendJson(out, type, column.ValueAt(row));
}

// A value as CSV prints it, before quoting.
std::string CsvText(const Column& column, size_t row) {
  const Type& type = column.type();
  const Value value = column.ValueAt(row);
  if (type.kind == TypeKind::kTimestamp) return TimestampToOutputText(value.int64());
  if (type.kind == TypeKind::kBoolean) return value.boolean() ? "true" : "false";
  if (type.is_binary()) return ToBase64(value.text());
  return ToSqlText(type, value);
}

void AppendCsvText(std::string& out, std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= (c != ',') & (c != '"') & (c != '\r') & (c != '\n');
  if (plain) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

Result<OutputFormat> ParseOutputFormat(std::string_view name) {
  if (EqualsIgnoreCase(name, "json")) return OutputFormat::kJson;
  if (EqualsIgnoreCase(name, "csv")) return OutputFormat::kCsv;
  return Error{ErrorCode::kInvalidArgument, StrCat("unknown output format \"", name, "\", known are json, csv")};
}

Result<NullStyle> ParseNullStyle(std::string_view name) {
  if (EqualsIgnoreCase(name, "json")) return NullStyle::kJson;
  if (EqualsIgnoreCase(name, "text")) return NullStyle::kText;
  if (EqualsIgnoreCase(name, "omit")) return NullStyle::kOmit;
  return Error{ErrorCode::kInvalidArgument,
               StrCat("unknown style of nulls \"", name, "\", known are json, text, omit")};
}

RowWriter::RowWriter(const Schema& schema, OutputOptions options) : options_(options) {
  for (const Field& field : schema.fields) {
    std::string& name = names_.emplace_back();
    AppendJsonString(name, field.name);
    name += ':';
  }
}

void RowWriter::AppendJsonRow(std::string& out, const Batch& batch, size_t row) const {
  char separator = '{';
  for (size_t i = 0; i < names_.size(); ++i) {
    const Column& column = *batch.columns[i];
    const bool null = column.null(row);
    if (null && options_.nulls == NullStyle::kOmit) continue;
    out += separator;
    separator = ',';
    out += names_[i];
    if (!null) {
      AppendJsonValue(out, column, row);
    } else {
      out += options_.nulls == NullStyle::kText && column.type().is_character() ? "\"null\"" : "null";
    }
  }
  if (separator == '{') out += '{';
  out += '}';
}

void RowWriter::AppendCsvRow(std::string& out, const Batch& batch, size_t row) const {
  for (size_t i = 0; i < names_.size(); ++i) {
    const Column& column = *batch.columns[i];
    if (i > 0) out += ',';
    if (column.null(row)) {
      if (options_.nulls != NullStyle::kOmit) out += "null";
    } else if (column.type().is_character()) {
      AppendCsvText(out, column.texts()[row]);
    } else if (column.type().is_integer()) {
      AppendInteger(out, column.int64s()[row]);
    } else {
      AppendCsvText(out, CsvText(column, row));
    }
  }
}

void RowWriter::Append(std::string& out, const Batch& batch, size_t row) const {
  TAILRACE_CHECK(batch.columns.size() >= names_.size());
  switch (options_.format) {
    case OutputFormat::kJson:
      return AppendJsonRow(out, batch, row);
    case OutputFormat::kCsv:
      return AppendCsvRow(out, batch, row);
  }
}

void RowWriter::AppendLines(std::string& out, const Batch& batch) const {
  for (size_t row = 0; row < batch.rows(); ++row) {
    Append(out, batch, row);
    out += '\n';
  }
}

}  // namespace tailrace::data
