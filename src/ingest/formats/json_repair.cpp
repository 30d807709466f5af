#include "ingest/formats/json_repair.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/str.h"

namespace tailrace::ingest {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte of "\xHH" at the front of `text`; -1 when something else stands there.
int EscapedByte(std::string_view text) {
  if (text.size() < 4 || text[0] != '\\' || text[1] != 'x') return -1;
  const int high = HexDigit(text[2]);
  const int low = HexDigit(text[3]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Takes all "\xHH" at the front of `text` and gives their bytes as valid UTF-8.
std::string TakeEscapedBytes(std::string_view& text) {
  std::string bytes;
  for (int byte = EscapedByte(text); byte >= 0; byte = EscapedByte(text)) {
    bytes.push_back(static_cast<char>(byte));
    text.remove_prefix(4);
  }
  if (IsValidUtf8(bytes)) return bytes;
  std::string latin1;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      latin1.push_back(c);
    } else {
      latin1.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      latin1.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return latin1;
}

// Appends plain characters as they must stand inside a JSON string.
void AppendInsideString(std::string& json, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json.push_back('\\');
      json.push_back(c);
    } else if (static_cast<uint8_t>(c) < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
    } else {
      json.push_back(c);
    }
  }
}

bool IsHexRun(std::string_view text, size_t count) {
  return text.size() >= count && std::ranges::all_of(text.substr(0, count), [](char c) { return HexDigit(c) >= 0; });
}

// Takes one escape at the front of `text` and appends its legal form.
void TakeEscape(std::string& json, std::string_view& text) {
  if (EscapedByte(text) >= 0) return AppendInsideString(json, TakeEscapedBytes(text));
  const char kind = text.size() > 1 ? text[1] : '\0';
  if (kind == 'u' && IsHexRun(text.substr(2), 4)) {
    json += text.substr(0, 6);
    text.remove_prefix(6);
  } else if (kind != '\0' && std::strchr("\"\\/bfnrt", kind) != nullptr) {
    json += text.substr(0, 2);
    text.remove_prefix(2);
  } else if (kind == 'v') {
    json += "\\u000b";
    text.remove_prefix(2);
  } else {
    json += "\\\\";
    text.remove_prefix(1);
  }
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Offset after the closing quote of the string that begins at `at`; npos when it is not closed.
size_t StringEnd(std::string_view text, size_t at) {
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::string RepairJson(std::string_view text) {
  std::string valid;
  if (!IsValidUtf8(text)) {
    valid = RepairUtf8(text);
    text = valid;
  }
  std::string json;
  json.reserve(text.size() + 16);
  bool inside = false;
  while (!text.empty()) {
    const char c = text[0];
    if (inside && c == '\\') {
      TakeEscape(json, text);
      continue;
    }
    if (c == '"') inside = !inside;
    if (inside && static_cast<uint8_t>(c) < 0x20) {
      AppendInsideString(json, text.substr(0, 1));
    } else {
      json.push_back(c);
    }
    text.remove_prefix(1);
  }
  return json;
}

size_t FirstDocumentBytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && IsSpace(text[at])) ++at;
  if (at == text.size()) return 0;
  if (text[at] == '"') {
    const size_t end = StringEnd(text, at);
    return end == std::string_view::npos ? 0 : end;
  }
  if (text[at] != '{' && text[at] != '[') {
    while (at < text.size() && !IsSpace(text[at]) && text[at] != '{' && text[at] != '[' && text[at] != '"') ++at;
    return at;
  }
  size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = StringEnd(text, at);
      if (at == std::string_view::npos) return 0;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return 0;
}

size_t NextDocumentLine(std::string_view text) {
  size_t at = 0;
  while (true) {
    at = text.find('\n', at);
    if (at == std::string_view::npos || at + 1 == text.size()) return text.size();
    ++at;
    if (text[at] == '{' || text[at] == '[') return at;
  }
}

std::string UnescapeApache(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    if (text[0] != '\\' || text.size() == 1) {
      plain.push_back(text[0]);
      text.remove_prefix(1);
      continue;
    }
    if (EscapedByte(text) >= 0) {
      plain += TakeEscapedBytes(text);
      continue;
    }
    static constexpr std::string_view kNames = "bnrtvf";
    static constexpr std::string_view kValues = "\b\n\r\t\v\f";
    const size_t known = kNames.find(text[1]);
    if (known != std::string_view::npos) {
      plain.push_back(kValues[known]);
    } else {
      if (text[1] != '"' && text[1] != '\\') plain.push_back('\\');
      plain.push_back(text[1]);
    }
    text.remove_prefix(2);
  }
  return plain;
}

}  // namespace tailrace::ingest
