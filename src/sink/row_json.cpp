#include "sink/row_json.h"

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <optional>

#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::sink {
namespace {

namespace json = boost::json;
using data::Type;
using data::TypeKind;
using data::Value;

// Puts every number into quotes, so that it comes out of the JSON parser with all its digits.
std::string QuoteNumbers(std::string_view text) {
  std::string quoted;
  bool inside = false;  // A string.
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!inside && (c == '-' || (c >= '0' && c <= '9'))) {
      const size_t end = std::min(text.find_first_not_of("+-.0123456789eE", i), text.size());
      quoted += StrCat("\"", text.substr(i, end - i), "\"");
      i = end - 1;
      continue;
    }
    quoted += c;
    if (c == '"') inside = !inside;
    if (inside && c == '\\' && i + 1 < text.size()) quoted += text[++i];
  }
  return quoted;
}

std::optional<Value> FromText(const Type& type, const std::string& text) {
  if (type.is_character()) return Value(text);
  if (type.is_approximate()) {
    const std::optional<double> value = ParseDouble(text);
    return value.has_value() ? std::optional<Value>(*value) : std::nullopt;
  }
  if (type.is_binary()) {
    std::string bytes;
    return FromBase64(text, bytes) ? std::optional<Value>(std::move(bytes)) : std::nullopt;
  }
  std::optional<int64_t> number;
  if (type.is_integer()) number = ParseInt64(text);
  if (type.kind == TypeKind::kDecimal) number = data::ParseDecimal(text, type.scale);
  if (type.kind == TypeKind::kDate) number = data::ParseDate(text);
  if (type.kind == TypeKind::kTime) number = data::ParseTime(text);
  if (type.kind == TypeKind::kTimestamp) number = data::ParseTimestamp(text, /*lenient=*/true);
  return number.has_value() ? std::optional<Value>(*number) : std::nullopt;
}

std::optional<Value> FromJson(const Type& type, const json::value& value) {
  if (value.is_null()) return Value();
  if (type.kind == TypeKind::kBoolean) {
    return value.is_bool() ? std::optional<Value>(Value(value.get_bool())) : std::nullopt;
  }
  return value.is_string() ? FromText(type, std::string(value.get_string())) : std::nullopt;
}

}  // namespace

Result<data::Batch> RowFromJson(const data::Schema& schema, std::string_view text) {
  boost::system::error_code code;
  const json::value row = json::parse(QuoteNumbers(text), code);
  if (code || !row.is_object()) return Error{ErrorCode::kInvalidArgument, "the row is not a JSON object"};
  data::Batch batch;
  for (const data::Field& field : schema.fields) {
    auto column = std::make_shared<data::Column>(field.type);
    const json::value* const member = row.get_object().if_contains(field.name);
    const std::optional<Value> value = member == nullptr ? Value() : FromJson(field.type, *member);
    if (!value.has_value()) {
      return Error{ErrorCode::kInvalidArgument, StrCat("column \"", field.name, "\": ", json::serialize(*member),
                                                       " is not ", field.type.ToString())};
    }
    column->AppendValue(*value);
    batch.columns.push_back(std::move(column));
  }
  return batch;
}

}  // namespace tailrace::sink
