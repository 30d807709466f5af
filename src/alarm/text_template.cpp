#include "alarm/text_template.h"

#include "base/sigv4.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::alarm {

Escape EscapeFor(std::string_view content_type) {
  const std::string type = AsciiLower(Trim(content_type.substr(0, content_type.find(';'))));
  if (type.ends_with("json")) return Escape::kJsonString;
  if (type == "application/x-www-form-urlencoded") return Escape::kPercent;
  return Escape::kNone;
}

std::string Escaped(std::string_view value, Escape escape) {
  switch (escape) {
    case Escape::kNone:
      return std::string(value);
    case Escape::kPercent:
      return sigv4::UriEncode(value, false);
    case Escape::kJsonString: {
      std::string quoted;
      data::AppendJsonString(quoted, value);
      return quoted.substr(1, quoted.size() - 2);
    }
  }
  return std::string(value);
}

Result<TextTemplate> TextTemplate::Parse(std::string_view text) {
  TextTemplate parsed;
  std::string literal;
  while (!text.empty()) {
    if (text.starts_with("$${")) {
      literal += "${";
      text.remove_prefix(3);
      continue;
    }
    if (!text.starts_with("${")) {
      literal += text.front();
      text.remove_prefix(1);
      continue;
    }
    const size_t end = text.find('}');
    if (end == std::string_view::npos) {
      return Error{ErrorCode::kInvalidArgument, StrCat("template: no } after \"", text.substr(0, 20), "\"")};
    }
    const std::string_view name = Trim(text.substr(2, end - 2));
    if (name.empty()) return Error{ErrorCode::kInvalidArgument, "template: ${} names nothing"};
    if (!literal.empty()) parsed.pieces_.push_back({.text = std::exchange(literal, {}), .is_name = false});
    parsed.pieces_.push_back({.text = std::string(name), .is_name = true});
    text.remove_prefix(end + 1);
  }
  if (!literal.empty()) parsed.pieces_.push_back({.text = std::move(literal), .is_name = false});
  return parsed;
}

std::string TextTemplate::Render(const Lookup& lookup, Escape escape) const {
  std::string text;
  for (const Piece& piece : pieces_) text += piece.is_name ? Escaped(lookup(piece.text), escape) : piece.text;
  return text;
}

std::vector<std::string> TextTemplate::Names() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_) {
    if (piece.is_name) names.push_back(piece.text);
  }
  return names;
}

}  // namespace tailrace::alarm
