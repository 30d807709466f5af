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

void AppendJsonUtf8(std::string& json, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  json += '"';
  size_t plain = 0;  // First byte not yet written.
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') [[likely]]
      continue;
    json.append(text, plain, i - plain);
    plain = i + 1;
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
      case '\b':
        json += "\\b";
        break;
      case '\f':
        json += "\\f";
        break;
      default:
        json += "\\u00";
        json += kHex[c >> 4];
        json += kHex[c & 15];
    }
  }
  json.append(text, plain, text.size() - plain);
  json += '"';
}

void AppendJsonString(std::string& json, std::string_view text) {
  if (IsValidUtf8(text)) {
    AppendJsonUtf8(json, text);
  } else {
    AppendJsonUtf8(json, RepairUtf8(text));
  }
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
