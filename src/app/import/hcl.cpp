#include "app/import/hcl.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "app/import/document.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

namespace json = boost::json;

bool IsNameByte(char byte) { return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_' || byte == '-'; }

class HclParser {
 public:
  explicit HclParser(std::string_view text) : text_(text) {}

  Result<std::vector<HclBlock>> File() {
    std::vector<HclBlock> blocks;
    for (SkipSpace(true); !AtEnd(); SkipSpace(true)) {
      HclBlock block;
      TAILRACE_ASSIGN_OR_RETURN(block.type, Name());
      SkipSpace(false);
      if (Peek() == '=') {  // As in files of variables.
        ++at_;
        TAILRACE_TRY(Expression(0));
        continue;
      }
      TAILRACE_ASSIGN_OR_RETURN(block.labels, Labels());
      TAILRACE_ASSIGN_OR_RETURN(block.body, Body(0));
      blocks.push_back(std::move(block));
    }
    return blocks;
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Error Fault(std::string_view message) const {
    const std::string_view before = text_.substr(0, std::min(at_, text_.size()));
    const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    return Error{ErrorCode::kInvalidArgument,
                 StrCat(1 + std::ranges::count(before, '\n'), ":", 1 + before.size() - line_start, ": ", message)};
  }

  void SkipSpace(bool lines) {
    while (!AtEnd()) {
      if (Peek() == '#' || (Peek() == '/' && Peek(1) == '/')) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (Peek() == '/' && Peek(1) == '*') {
        const size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else if (std::isspace(static_cast<unsigned char>(Peek())) != 0 && (lines || Peek() != '\n')) {
        ++at_;
      } else {
        return;
      }
    }
  }

  Result<std::string> Name() {
    const size_t begin = at_;
    while (!AtEnd() && IsNameByte(Peek())) ++at_;
    if (at_ == begin) return Fault("expected a name");
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<std::vector<std::string>> Labels() {
    std::vector<std::string> labels;
    for (SkipSpace(false); !AtEnd() && Peek() != '{'; SkipSpace(false)) {
      if (Peek() == '"') {
        TAILRACE_ASSIGN_OR_RETURN(std::string label, QuotedText());
        labels.push_back(std::move(label));
      } else {
        TAILRACE_ASSIGN_OR_RETURN(std::string label, Name());
        labels.push_back(std::move(label));
      }
    }
    return labels;
  }

  // { attributes and blocks }
  Result<json::object> Body(int depth) {
    if (depth > kImportDepthMax) return Fault("nested too deeply");
    if (Peek() != '{') return Fault("expected {");
    ++at_;
    json::object body;
    for (SkipSpace(true); Peek() != '}'; SkipSpace(true)) {
      if (AtEnd()) return Fault("expected }");
      TAILRACE_ASSIGN_OR_RETURN(const std::string name, Name());
      SkipSpace(false);
      if (Peek() == '=') {
        ++at_;
        TAILRACE_ASSIGN_OR_RETURN(json::value value, Expression(depth + 1));
        body[name] = std::move(value);
        continue;
      }
      TAILRACE_TRY(Labels());
      TAILRACE_ASSIGN_OR_RETURN(json::object inner, Body(depth + 1));
      json::value& list = body[name];
      if (!list.is_array()) list = json::array();
      list.as_array().push_back(json::value(std::move(inner)));
    }
    ++at_;
    return body;
  }

  Result<json::value> Expression(int depth) {
    if (depth > kImportDepthMax) return Fault("nested too deeply");
    SkipSpace(true);
    const size_t begin = at_;
    if (Peek() == '<' && Peek(1) == '<') return Heredoc();
    if (Peek() == '"' || Peek() == '[' || Peek() == '{') {
      auto value = Peek() == '"' ? Text() : Peek() == '[' ? List(depth) : Object(depth);
      if (value.ok()) {
        SkipSpace(false);
        if (EndsExpression()) return value;
      } else if (Peek(0) == '\0' || text_[begin] == '"') {
        return value;
      }
      at_ = begin;  // A larger expression begins with it.
    }
    TAILRACE_ASSIGN_OR_RETURN(const std::string raw, RawExpression());
    if (raw == "true" || raw == "false" || ParseDouble(raw).has_value()) return json::value(raw);
    if (raw == "null") return json::value(nullptr);
    return json::value(StrCat("${", raw, "}"));
  }

  bool EndsExpression() const {
    return AtEnd() || Peek() == '\n' || Peek() == ',' || Peek() == ']' || Peek() == '}' || Peek() == ')';
  }

  // To the end of the line, or to the bracket or comma that ends the list it stands in.
  Result<std::string> RawExpression() {
    const size_t begin = at_;
    int open = 0;
    while (!AtEnd()) {
      const char byte = Peek();
      if (byte == '"') {
        TAILRACE_TRY(QuotedText());
        continue;
      }
      if (open == 0 && EndsExpression()) break;
      if (open == 0 && (byte == '#' || (byte == '/' && Peek(1) == '/'))) break;
      if (byte == '(' || byte == '[' || byte == '{') ++open;
      if (byte == ')' || byte == ']' || byte == '}') --open;
      ++at_;
    }
    if (open > 0) return Fault("a bracket is not closed");
    const std::string_view raw = Trim(text_.substr(begin, at_ - begin));
    if (raw.empty()) return Fault("expected a value");
    return std::string(raw);
  }

  Result<json::value> Text() {
    TAILRACE_ASSIGN_OR_RETURN(std::string text, QuotedText());
    return json::value(text);
  }

  // "..." with its escapes resolved; interpolations stay as they are.
  Result<std::string> QuotedText() {
    std::string text;
    int open = 0;  // Braces of interpolations.
    for (++at_; !AtEnd(); ++at_) {
      const char byte = Peek();
      if (open == 0 && byte == '"') {
        ++at_;
        return text;
      }
      if (open == 0 && byte == '\n') return Fault("the text is not closed");
      if (open > 0) {
        open += byte == '{' ? 1 : byte == '}' ? -1 : 0;
      } else if (byte == '$' && Peek(1) == '$' && Peek(2) == '{') {
        text += "$${";
        at_ += 2;
        continue;
      } else if (byte == '$' && Peek(1) == '{') {
        text += byte;
        ++at_;
        open = 1;
      } else if (byte == '\\') {
        ++at_;
        text += Escaped();
        continue;
      }
      text += Peek();
    }
    return Fault("the text is not closed");
  }

  char Escaped() const {
    switch (Peek()) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      default:
        return Peek();
    }
  }

  Result<json::value> Heredoc() {
    at_ += 2;
    const bool indented = Peek() == '-';
    if (indented) ++at_;
    TAILRACE_ASSIGN_OR_RETURN(const std::string mark, Name());
    const size_t first = text_.find('\n', at_);
    if (first == std::string_view::npos) return Fault("the text after << does not end");
    std::vector<std::string_view> lines;
    size_t line = first + 1;
    while (line < text_.size()) {
      const size_t end = std::min(text_.find('\n', line), text_.size());
      const std::string_view one = text_.substr(line, end - line);
      if (Trim(one) == mark) {
        at_ = end;
        return json::value(JoinLines(lines, indented));
      }
      lines.push_back(one.ends_with('\r') ? one.substr(0, one.size() - 1) : one);
      line = end + 1;
    }
    return Fault(StrCat("the text up to ", mark, " does not end"));
  }

  static std::string JoinLines(const std::vector<std::string_view>& lines, bool indented) {
    size_t indent = indented ? std::string_view::npos : 0;
    for (const std::string_view line : lines) {
      if (!Trim(line).empty()) indent = std::min(indent, line.find_first_not_of(" \t"));
    }
    std::string text;
    for (const std::string_view line : lines) text += StrCat(line.substr(std::min(indent, line.size())), "\n");
    return text;
  }

  Result<json::value> List(int depth) {
    json::array list;
    ++at_;
    for (SkipSpace(true); Peek() != ']'; SkipSpace(true)) {
      if (AtEnd()) return Fault("expected ]");
      TAILRACE_ASSIGN_OR_RETURN(json::value value, Expression(depth + 1));
      list.push_back(std::move(value));
      SkipSpace(true);
      if (Peek() == ',') {
        ++at_;
      } else if (Peek() != ']') {
        return Fault("expected , or ]");
      }
    }
    ++at_;
    return json::value(std::move(list));
  }

  Result<json::value> Object(int depth) {
    json::object object;
    ++at_;
    for (SkipSpace(true); Peek() != '}'; SkipSpace(true)) {
      if (AtEnd()) return Fault("expected }");
      std::string key;
      if (Peek() == '"') {
        TAILRACE_ASSIGN_OR_RETURN(key, QuotedText());
      } else {
        TAILRACE_ASSIGN_OR_RETURN(key, Name());
      }
      SkipSpace(false);
      if (Peek() != '=' && Peek() != ':') return Fault("expected =");
      ++at_;
      TAILRACE_ASSIGN_OR_RETURN(json::value value, Expression(depth + 1));
      object[key] = std::move(value);
      SkipSpace(true);
      if (Peek() == ',') ++at_;
    }
    ++at_;
    return json::value(std::move(object));
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<HclBlock>> ParseHcl(std::string_view text) { return HclParser(text).File(); }

}  // namespace tailrace::app
