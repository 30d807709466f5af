#include "engine/sql_test_rows.h"

#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::engine {
namespace {

using data::Physical;
using data::TypeKind;

Error BadField(std::string_view field, const data::Type& type) {
  return Error{ErrorCode::kInvalidArgument, StrCat("'", field, "' is not a value of ", type.ToString())};
}

std::optional<int64_t> ParseWhole(std::string_view field, const data::Type& type) {
  switch (type.kind) {
    case TypeKind::kDecimal:
      return data::ParseDecimal(field, type.scale);
    case TypeKind::kDate:
      return data::ParseDate(field);
    case TypeKind::kTime:
      return data::ParseTime(field);
    case TypeKind::kTimestamp:
      return data::ParseTimestamp(field, true);
    case TypeKind::kInterval: {
      auto value = data::ParseInterval(type, field);
      return value.ok() ? std::optional(value.value()) : std::nullopt;
    }
    default:
      return ParseInt64(field);
  }
}

// Splits at commas outside parentheses and quotes.
std::vector<std::string_view> SplitColumns(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0 && !quoted)) {
      parts.push_back(Trim(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == '(') {
      ++depth;
    } else if (!quoted && text[i] == ')') {
      --depth;
    }
  }
  return parts;
}

}  // namespace

std::string UnescapeSqlTest(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    ++i;
    plain += text[i] == 't' ? '\t' : text[i] == 'n' ? '\n' : text[i];
  }
  return plain;
}

std::string EscapeSqlTest(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\t') {
      escaped += "\\t";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\\') {
      escaped += "\\\\";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

Result<data::Schema> ParseSqlTestColumns(std::string_view text) {
  text = Trim(text);
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') {
    return Error{ErrorCode::kInvalidArgument, StrCat("columns: expected (name TYPE, ...), found ", text)};
  }
  data::Schema schema;
  for (std::string_view part : SplitColumns(text.substr(1, text.size() - 2))) {
    data::Field field;
    const bool quoted = part.starts_with('"');
    const size_t end = quoted ? part.find('"', 1) : part.find(' ');
    if (end == std::string_view::npos) {
      return Error{ErrorCode::kInvalidArgument, StrCat("column: expected name TYPE, found ", part)};
    }
    field.name = part.substr(quoted ? 1 : 0, quoted ? end - 1 : end);
    std::string_view type = Trim(part.substr(end + 1));
    constexpr std::string_view kNotNull = " NOT NULL";
    if (type.ends_with(kNotNull)) {
      field.not_null = true;
      type.remove_suffix(kNotNull.size());
    }
    TAILRACE_ASSIGN_OR_RETURN(field.type, data::ParseType(type));
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

Status AppendSqlTestField(std::string_view field, data::Column& column) {
  const data::Type& type = column.type();
  if (field == "NULL") {
    column.AppendNull();
    return Ok();
  }
  switch (type.physical()) {
    case Physical::kInt64: {
      const std::optional<int64_t> value = ParseWhole(field, type);
      if (!value.has_value()) return BadField(field, type);
      column.AppendInt64(*value);
      return Ok();
    }
    case Physical::kDouble: {
      const std::optional<double> value = ParseDouble(field);
      if (!value.has_value()) return BadField(field, type);
      column.AppendDouble(type.kind == TypeKind::kReal ? static_cast<double>(static_cast<float>(*value)) : *value);
      return Ok();
    }
    case Physical::kBool:
      if (!EqualsIgnoreCase(field, "true") && !EqualsIgnoreCase(field, "false")) return BadField(field, type);
      column.AppendBool(EqualsIgnoreCase(field, "true"));
      return Ok();
    case Physical::kText: {
      std::string text = UnescapeSqlTest(field);
      const size_t chars = Utf8Length(text);
      const auto width = static_cast<size_t>(type.precision);
      if (chars > width) return BadField(field, type);
      if (type.kind == TypeKind::kChar) text.append(width - chars, ' ');
      column.AppendText(text);
      return Ok();
    }
    case Physical::kNone:
    case Physical::kRow:
      break;
  }
  return BadField(field, type);
}

Result<int64_t> ParseSqlTestTime(std::string_view text) {
  const std::optional<int64_t> time = data::ParseTimestamp(text, true);
  if (!time.has_value()) return Error{ErrorCode::kInvalidArgument, StrCat("'", text, "' is not a time")};
  return *time;
}

std::string SqlTestRow(const data::Batch& batch, size_t row, bool with_rowtime) {
  std::string line;
  if (with_rowtime) line = data::ToSqlText(data::Type::Timestamp(), batch.rowtimes->ValueAt(row));
  for (const data::ColumnPtr& column : batch.columns) {
    if (with_rowtime || &column != &batch.columns[0]) line += '\t';
    line += column->null(row) ? "NULL" : EscapeSqlTest(data::ToSqlText(column->type(), column->ValueAt(row)));
  }
  return line;
}

std::string SqlTestErrorRow(const data::Batch& batch, size_t row) {
  std::string bytes;
  const bool hex = FromHex(batch.columns[5]->texts()[row], bytes);
  return StrCat(data::ToSqlText(data::Type::Timestamp(), batch.rowtimes->ValueAt(row)), "\t",
                batch.columns[2]->texts()[row], "\t", EscapeSqlTest(batch.columns[3]->texts()[row]), "\t",
                hex ? EscapeSqlTest(bytes) : "(not hexadecimal)", "\t", batch.columns[6]->texts()[row]);
}

}  // namespace tailrace::engine
