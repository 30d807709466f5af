#include "ingest/formats/json_shape.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include "base/str.h"
#include "ingest/formats/byte_scan.h"
#include "ingest/formats/exact_number.h"

namespace tailrace::ingest {
namespace {

constexpr size_t kMembersMax = 256;
constexpr size_t kPadding = 16;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsScalarByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
}

const char* SkipSpace(const char* at, const char* end) {
  while (at < end && IsSpace(*at)) ++at;
  return at;
}

// Bytes of the legal escape at `at`; 0 when it is none.
size_t EscapeBytes(const char* at, const char* end) {
  if (end - at < 2) return 0;
  if (std::string_view("\"\\/bfnrt").find(at[1]) != std::string_view::npos) return 2;
  if (at[1] != 'u' || end - at < 6) return 0;
  for (int i = 2; i < 6; ++i) {
    if (std::isxdigit(static_cast<unsigned char>(at[i])) == 0) return 0;
  }
  return 6;
}

struct StringScan {
  const char* end = nullptr;  // The closing quote. Null: not closed, not legal, not UTF-8.
  bool escapes = false;
};

// Finds the end of the string whose text begins at offset `begin`.
StringScan ScanString(const MarkedRecord& record, size_t begin) {
  const char* const text = record.text().data();
  const size_t size = record.text().size();
  StringScan scan;
  bool ascii = true;
  size_t at = begin;
  while (true) {
    at = record.NextSpecial(at);
    if (at == size) return {};
    if (text[at] == '"') break;
    size_t bytes = 1;
    if (static_cast<signed char>(text[at]) < 0) {
      ascii = false;
    } else {
      bytes = text[at] == '\\' ? EscapeBytes(text + at, text + size) : 0;  // Control characters are not legal.
      if (bytes == 0) return {};
      scan.escapes = true;
    }
    at += bytes;
  }
  if (!ascii && !IsValidUtf8({text + begin, at - begin})) return {};
  scan.end = text + at;
  return scan;
}

// Appends the text without its escapes and gives it back. False on \u, which is left to the parser.
bool Unescape(std::string_view text, std::string& unescaped, std::string_view& plain) {
  static constexpr std::string_view kNames = "bfnrt";
  static constexpr std::string_view kValues = "\b\f\n\r\t";
  const size_t begin = unescaped.size();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      unescaped += text[i];
      continue;
    }
    const char name = text[++i];
    if (name == 'u') return false;
    const size_t known = kNames.find(name);
    unescaped += known == std::string_view::npos ? name : kValues[known];
  }
  plain = std::string_view(unescaped).substr(begin);
  return true;
}

const char* ScalarEnd(const char* at, const char* end) {
  while (at < end && IsScalarByte(*at)) ++at;
  return at;
}

bool ReadScalar(std::string_view token, RawValue& value) {
  if (token == "null") return true;
  if (token == "true" || token == "false") {
    value.kind = token == "true" ? RawValue::Kind::kTrue : RawValue::Kind::kFalse;
    return true;
  }
  value = {.kind = RawValue::Kind::kNumber, .text = token};
  return IsJsonNumber(token);
}

std::string_view View(const char* begin, const char* end) { return {begin, static_cast<size_t>(end - begin)}; }

}  // namespace

void MarkedRecord::Set(std::string_view text) {
  text_ = text;
  const size_t blocks = (text.size() + kSpecialsSlack) / std::size(Places().at) + 1;
  if (specials_.size() < blocks) specials_.resize(2 * blocks);
  auto* const places = reinterpret_cast<uint32_t*>(specials_.data());
  count_ = FindStringSpecials(text, places);
  places[count_] = places[count_ + 1] = static_cast<uint32_t>(text.size());
  unescaped_.clear();
}

size_t MarkedRecord::SpecialFrom(size_t at) const {
  return static_cast<size_t>(std::lower_bound(specials(), specials() + count_, at) - specials());
}

std::optional<JsonShape> JsonShape::Learn(std::string_view text, const PathNode& root) {
  JsonShape shape;
  MarkedRecord record;
  record.Set(text);
  const auto scan_string = [&](const char* from) {
    return ScanString(record, static_cast<size_t>(from - text.data()));
  };
  const char* at = text.data();
  const char* const end = at + text.size();
  const char* literal = at;
  at = SkipSpace(at, end);
  if (at == end || *at++ != '{') return std::nullopt;
  while (shape.members_.size() < kMembersMax) {
    at = SkipSpace(at, end);
    if (at == end || *at++ != '"') return std::nullopt;
    const StringScan name_scan = scan_string(at);
    if (name_scan.end == nullptr || name_scan.escapes) return std::nullopt;
    const std::string_view name = View(at, name_scan.end);
    at = SkipSpace(name_scan.end + 1, end);
    if (at == end || *at++ != ':') return std::nullopt;
    at = SkipSpace(at, end);
    Member member{.text_begin = shape.literals_.size(), .text_size = static_cast<size_t>(at - literal)};
    shape.literals_ += View(literal, at);
    member.specials = static_cast<size_t>(std::count_if(literal, at, IsStringSpecial));
    const auto child = std::ranges::find(root.children, name, &PathNode::key);
    if (child != root.children.end() && !child->captures.empty()) member.captures = &child->captures;
    shape.members_.push_back(member);

    if (at == end) return std::nullopt;
    const char* const value_end = *at == '"' ? scan_string(at + 1).end : ScalarEnd(at, end);
    if (value_end == nullptr || value_end == at) return std::nullopt;
    literal = *at == '"' ? value_end + 1 : value_end;
    at = SkipSpace(literal, end);
    if (at == end) return std::nullopt;
    if (*at == '}') {
      shape.literals_.append(kPadding, '\0');
      return shape;
    }
    if (*at++ != ',') return std::nullopt;
  }
  return std::nullopt;
}

// `next` is always the first special byte at or after `at`: what stands between values has as many as the shape, and a
// string mostly has none but its quotes. So the end of a value is known before the value before it was looked at.
bool JsonShape::Read(MarkedRecord& record, std::span<RawValue> values) const {
  const char* const text = record.text().data();
  const char* at = text;
  const char* const end = at + record.text().size();
  const char* const literals = literals_.data();
  const uint32_t* const specials = record.specials();
  size_t next = 0;
  for (const Member& member : members_) {
    if (!SameBytes(at, end, literals + member.text_begin, member.text_size)) return false;
    at += member.text_size;
    next += member.specials;
    if (at == end) return false;
    RawValue value;
    if (*at == '"') {
      const char* close = text + specials[next + 1];
      if (close != end && *close == '"') [[likely]] {
        next += 2;
        value = {.kind = RawValue::Kind::kString, .text = View(at + 1, close)};
      } else {
        const StringScan scan = ScanString(record, static_cast<size_t>(at + 1 - text));
        if (scan.end == nullptr) return false;
        close = scan.end;
        next = record.SpecialFrom(static_cast<size_t>(close + 1 - text));
        value = {.kind = RawValue::Kind::kString, .text = View(at + 1, close)};
        if (scan.escapes && member.captures != nullptr && !Unescape(value.text, record.unescaped(), value.text)) {
          return false;
        }
      }
      at = close + 1;
    } else {
      const char* const value_end = ScalarEnd(at, end);
      if (value_end == at) return false;
      if (member.captures != nullptr && !ReadScalar(View(at, value_end), value)) return false;
      at = value_end;
    }
    if (member.captures == nullptr) continue;
    for (const int capture : *member.captures) values[static_cast<size_t>(capture)] = value;
  }
  at = SkipSpace(at, end);
  return at < end && *at == '}' && SkipSpace(at + 1, end) == end;
}

}  // namespace tailrace::ingest
