#include "ingest/agent/json_node.h"

#include <algorithm>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::ingest {
namespace {

using Fault = std::unexpected<JsonFault>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(std::string& to, uint32_t code_point) {
  if (code_point < 0x80) {
    to += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    to += static_cast<char>(0xc0 | (code_point >> 6));
    to += static_cast<char>(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    to += static_cast<char>(0xe0 | (code_point >> 12));
    to += static_cast<char>(0x80 | ((code_point >> 6) & 0x3f));
    to += static_cast<char>(0x80 | (code_point & 0x3f));
  } else {
    to += static_cast<char>(0xf0 | (code_point >> 18));
    to += static_cast<char>(0x80 | ((code_point >> 12) & 0x3f));
    to += static_cast<char>(0x80 | ((code_point >> 6) & 0x3f));
    to += static_cast<char>(0x80 | (code_point & 0x3f));
  }
}

class Reader {
 public:
  Reader(std::string_view text, const JsonReadOptions& options) : text_(text), options_(options) {}

  std::expected<JsonNode, JsonFault> Whole() {
    auto node = Value(0);
    if (!node) return node;
    if (auto space = SkipSpace(); !space) return Fault(space.error());
    if (at_ < text_.size()) return Fail("text behind the end of the value");
    return node;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  int column() const { return static_cast<int>(at_ - line_begin_) + 1; }
  Fault Fail(std::string message) const {
    return Fault(JsonFault{.line = line_, .column = column(), .message = std::move(message)});
  }

  void Step() {
    if (text_[at_] == '\n') {
      ++line_;
      line_begin_ = at_ + 1;
    }
    ++at_;
  }

  std::expected<void, JsonFault> SkipSpace() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        Step();
      } else if (c == '/' && options_.comments && text_.substr(at_).starts_with("//")) {
        while (at_ < text_.size() && text_[at_] != '\n') Step();
      } else if (c == '/' && options_.comments && text_.substr(at_).starts_with("/*")) {
        const size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return Fail("comment without its end, expected */");
        while (at_ < end + 2) Step();
      } else {
        return {};
      }
    }
    return {};
  }

  std::expected<JsonNode, JsonFault> Value(int depth) {
    if (depth > options_.depth_max) return Fail(StrCat("values nested deeper than ", options_.depth_max));
    if (auto space = SkipSpace(); !space) return Fault(space.error());
    JsonNode node;
    node.line = line_;
    node.column = column();
    switch (Peek()) {
      case '{':
        return Object(std::move(node), depth);
      case '[':
        return Array(std::move(node), depth);
      case '"': {
        auto text = String();
        if (!text) return Fault(text.error());
        node.kind = JsonNode::Kind::kString;
        node.text = std::move(*text);
        return node;
      }
      default:
        return Scalar(std::move(node));
    }
  }

  std::expected<JsonNode, JsonFault> Scalar(JsonNode node) {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      node.kind = word == "null" ? JsonNode::Kind::kNull : JsonNode::Kind::kBoolean;
      node.boolean = word == "true";
      return node;
    }
    const size_t begin = at_;
    size_t end = at_;
    const auto digits = [&] {
      const size_t from = end;
      while (end < text_.size() && IsDigit(text_[end])) ++end;
      return end > from;
    };
    if (end < text_.size() && text_[end] == '-') ++end;
    const size_t integer = end;
    if (!digits()) return Fail(at_ >= text_.size() ? "the text ends too early" : "expected a value");
    bool good = text_[integer] != '0' || end == integer + 1;
    if (end < text_.size() && text_[end] == '.') good &= (++end, digits());
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      ++end;
      if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
      good &= digits();
    }
    if (!good) return Fail("malformed number");
    at_ = end;
    node.kind = JsonNode::Kind::kNumber;
    node.text = std::string(text_.substr(begin, end - begin));
    return node;
  }

  std::expected<JsonNode, JsonFault> Array(JsonNode node, int depth) {
    node.kind = JsonNode::Kind::kArray;
    Step();
    if (auto space = SkipSpace(); !space) return Fault(space.error());
    if (Peek() == ']') {
      Step();
      return node;
    }
    while (true) {  // Ends: each round consumes a value.
      auto item = Value(depth + 1);
      if (!item) return item;
      node.items.push_back(std::move(*item));
      if (auto space = SkipSpace(); !space) return Fault(space.error());
      const char c = Peek();
      if (c != ',' && c != ']') return Fail("expected ',' or ']'");
      Step();
      if (c == ']') return node;
    }
  }

  std::expected<JsonNode, JsonFault> Object(JsonNode node, int depth) {
    node.kind = JsonNode::Kind::kObject;
    Step();
    if (auto space = SkipSpace(); !space) return Fault(space.error());
    if (Peek() == '}') {
      Step();
      return node;
    }
    while (true) {  // Ends: each round consumes a member.
      if (auto space = SkipSpace(); !space) return Fault(space.error());
      if (Peek() != '"') return Fail("expected a name in double quotes");
      JsonNode::Member member{.line = line_, .column = column()};
      auto name = String();
      if (!name) return Fault(name.error());
      member.name = std::move(*name);
      if (auto space = SkipSpace(); !space) return Fault(space.error());
      if (Peek() != ':') return Fail("expected ':'");
      Step();
      auto value = Value(depth + 1);
      if (!value) return value;
      member.value = std::move(*value);
      const auto same = std::find_if(node.members.begin(), node.members.end(),
                                     [&](const JsonNode::Member& other) { return other.name == member.name; });
      if (same != node.members.end()) {
        *same = std::move(member);
      } else if (node.members.size() >= options_.members_max) {
        return Fail(StrCat("object with more than ", options_.members_max, " members"));
      } else {
        node.members.push_back(std::move(member));
      }
      if (auto space = SkipSpace(); !space) return Fault(space.error());
      const char c = Peek();
      if (c != ',' && c != '}') return Fail("expected ',' or '}'");
      Step();
      if (c == '}') return node;
    }
  }

  std::expected<uint32_t, JsonFault> Hex4() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!IsDigit(c) && !letter) return Fail("\\u needs four hexadecimal digits");
      value = value * 16 + static_cast<uint32_t>(IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
  }

  std::expected<void, JsonFault> Escape(std::string& text) {
    ++at_;  // The backslash.
    const char c = Peek();
    static constexpr std::string_view kFrom = "\"\\/bfnrt";
    static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const size_t index = kFrom.find(c); c != '\0' && index != std::string_view::npos) {
      text += kTo[index];
      ++at_;
      return {};
    }
    if (c != 'u') return Fail("unknown escape; a backslash itself is written \\\\");
    ++at_;
    auto unit = Hex4();
    if (!unit) return Fault(unit.error());
    uint32_t code_point = *unit;
    if (code_point >= 0xd800 && code_point < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      auto low = Hex4();
      if (!low) return Fault(low.error());
      if (*low < 0xdc00 || *low > 0xdfff) return Fail("a surrogate without its half");
      code_point = 0x10000 + ((code_point - 0xd800) << 10) + (*low - 0xdc00);
    }
    if (code_point >= 0xd800 && code_point <= 0xdfff) return Fail("a surrogate without its half");
    AppendUtf8(text, code_point);
    return {};
  }

  std::expected<std::string, JsonFault> String() {
    ++at_;  // The quote.
    std::string text;
    while (true) {  // Ends: each round consumes a byte.
      if (at_ >= text_.size()) return Fail("string without its closing quote");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return text;
      }
      if (c == '\\') {
        if (auto escaped = Escape(text); !escaped) return Fault(escaped.error());
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return Fail("control character or line end in a string");
      } else {
        text += c;
        ++at_;
      }
    }
  }

  const std::string_view text_;
  const JsonReadOptions& options_;
  size_t at_ = 0;
  size_t line_begin_ = 0;
  int line_ = 1;
};

void AppendIndent(std::string& json, int level) {
  json += '\n';
  json.append(static_cast<size_t>(level) * 2, ' ');
}

}  // namespace

const JsonNode* JsonNode::Find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.name == name; });
  return found == members.end() ? nullptr : &found->value;
}

std::expected<JsonNode, JsonFault> ReadJson(std::string_view text, const JsonReadOptions& options) {
  if (text.size() > options.bytes_max) {
    return Fault(JsonFault{.message = StrCat("text of ", text.size(), " bytes, at most ", options.bytes_max)});
  }
  if (!IsValidUtf8(text)) return Fault(JsonFault{.message = "the text is not valid UTF-8"});
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return Reader(text, options).Whole();
}

void AppendJsonNode(std::string& json, const JsonNode& node, JsonStyle style, int level) {
  switch (node.kind) {
    case JsonNode::Kind::kNull:
      json += "null";
      return;
    case JsonNode::Kind::kBoolean:
      json += node.boolean ? "true" : "false";
      return;
    case JsonNode::Kind::kNumber:
      json += node.text;
      return;
    case JsonNode::Kind::kString:
      data::AppendJsonUtf8(json, node.text);
      return;
    case JsonNode::Kind::kArray: {
      const bool pretty = style == JsonStyle::kPretty;
      json += pretty ? "[ " : "[";
      for (size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) json += pretty ? ", " : ",";
        AppendJsonNode(json, node.items[i], style, level);
      }
      json += pretty && !node.items.empty() ? " ]" : "]";
      return;
    }
    case JsonNode::Kind::kObject: {
      JsonObjectWriter writer(json, style, level);
      for (const JsonNode::Member& member : node.members) writer.Node(member.name, member.value);
      writer.Close();
      return;
    }
  }
}

void JsonObjectWriter::Name(std::string_view name) {
  if (!first_) json_ += ',';
  first_ = false;
  if (style_ == JsonStyle::kPretty) AppendIndent(json_, level_ + 1);
  data::AppendJsonUtf8(json_, name);
  json_ += style_ == JsonStyle::kPretty ? " : " : ":";
}

void JsonObjectWriter::Text(std::string_view name, std::string_view value) {
  Name(name);
  data::AppendJsonUtf8(json_, value);
}

void JsonObjectWriter::Null(std::string_view name) {
  Name(name);
  json_ += "null";
}

void JsonObjectWriter::Node(std::string_view name, const JsonNode& value) {
  Name(name);
  AppendJsonNode(json_, value, style_, level_ + 1);
}

void JsonObjectWriter::Close() {
  if (style_ == JsonStyle::kPretty) {
    if (first_) {
      json_ += ' ';  // Jackson prints an empty object as "{ }".
    } else {
      AppendIndent(json_, level_);
    }
  }
  json_ += '}';
}

}  // namespace tailrace::ingest
