#include <cmath>

#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::data {
namespace {

void AppendQuoted(std::string& json, std::string_view text) {
  json += '"';
  json += text;
  json += '"';
}

}  // namespace

void AppendJsonString(std::string& json, std::string_view text) {
  if (!IsValidUtf8(text)) return AppendJsonString(json, RepairUtf8(text));
  json += '"';
  size_t plain_begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<uint8_t>(c) >= 0x20 && c != '"' && c != '\\') continue;
    json += text.substr(plain_begin, i - plain_begin);
    plain_begin = i + 1;
    switch (c) {
      case '"':
        json += "\\\"";
        break;
      case '\\':
        json += "\\\\";
        break;
      case '\n':
        json += "\\n";
        break;
      case '\r':
        json += "\\r";
        break;
      case '\t':
        json += "\\t";
        break;
      default:
        json += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
    }
  }
  json += text.substr(plain_begin);
  json += '"';
}

void AppendJson(std::string& json, const Type& type, const Value& value) {
  if (value.is_null()) {
    json += "null";
    return;
  }
  if (type.kind == TypeKind::kBoolean) {
    json += value.boolean() ? "true" : "false";
  } else if (type.is_approximate()) {
    // JSON has no word for NaN and the infinities.
    json += std::isfinite(value.float64()) ? ToSqlText(type, value) : "null";
  } else if (type.is_numeric()) {
    json += ToSqlText(type, value);
  } else if (type.is_binary()) {
    AppendQuoted(json, ToBase64(value.text()));
  } else if (type.kind == TypeKind::kTimestamp) {
    AppendQuoted(json, TimestampToOutputText(value.int64()));
  } else if (type.is_character()) {
    AppendJsonString(json, value.text());
  } else {
    AppendQuoted(json, ToSqlText(type, value));
  }
}

}  // namespace tailrace::data
