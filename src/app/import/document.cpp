#include "app/import/document.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/str.h"

namespace tailrace::app {
namespace {

namespace json = boost::json;

Error Fault(std::string_view message, int line, int column) {
  return Error{ErrorCode::kInvalidArgument, StrCat(line, ":", column, ": ", message)};
}

// Nodes of YAML as JSON, aliases copied: limits keep a small text from becoming a large document.
class YamlConversion {
 public:
  Result<json::value> Convert(const YAML::Node& node, int depth) {
    if (depth > kImportDepthMax) return Fault("nested too deeply", node.Mark().line + 1, node.Mark().column + 1);
    if (++nodes_ > kImportNodesMax) {
      return Fault("too many values, aliases counted", node.Mark().line + 1, node.Mark().column + 1);
    }
    TAILRACE_ASSIGN_OR_RETURN(json::value value, Plain(node, depth));
    const std::string& tag = node.Tag();
    if (tag.size() < 2 || tag[0] != '!' || tag[1] == '!') return value;
    const std::string name = tag.substr(1);
    if (name == "GetAtt" && value.is_string()) {
      const std::string text = TextOf(value);
      const size_t dot = text.find('.');
      json::array parts;
      parts.push_back(json::value(text.substr(0, dot)));
      parts.push_back(json::value(dot == std::string::npos ? "" : text.substr(dot + 1)));
      value = std::move(parts);
    }
    json::object call;
    call[name == "Ref" || name == "Condition" ? name : StrCat("Fn::", name)] = std::move(value);
    return json::value(std::move(call));
  }

 private:
  Result<json::value> Plain(const YAML::Node& node, int depth) {
    if (node.IsScalar()) return json::value(node.Scalar());
    if (node.IsSequence()) {
      json::array list;
      for (const auto& item : node) {
        TAILRACE_ASSIGN_OR_RETURN(json::value value, Convert(item, depth + 1));
        list.push_back(std::move(value));
      }
      return json::value(std::move(list));
    }
    if (!node.IsMap()) return json::value(nullptr);
    json::object object;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return Fault("a key must be plain text", entry.first.Mark().line + 1, entry.first.Mark().column + 1);
      }
      TAILRACE_ASSIGN_OR_RETURN(json::value value, Convert(entry.second, depth + 1));
      object[entry.first.Scalar()] = std::move(value);
    }
    return json::value(std::move(object));
  }

  size_t nodes_ = 0;
};

}  // namespace

Result<json::value> ParseJsonDocument(std::string_view text) {
  json::stream_parser parser({}, {.max_depth = kImportDepthMax});
  boost::system::error_code code;
  size_t used = 0;
  // Byte by byte would be slow; line by line tells the line of a fault.
  int line = 0;
  while (used < text.size()) {
    ++line;
    const size_t end = std::min(text.find('\n', used), text.size() - 1) + 1;
    const size_t taken = parser.write_some(text.data() + used, end - used, code);
    if (code) return Fault(code.message(), line, static_cast<int>(taken) + 1);
    if (taken < end - used && !Trim(text.substr(used + taken)).empty()) {
      return Fault("text after the document", line, static_cast<int>(taken) + 1);
    }
    used = end;
  }
  parser.finish(code);
  if (code) return Fault(code.message(), line, 1);
  return parser.release();
}

Result<json::value> ParseYamlDocument(std::string_view text) {
  try {
    return YamlConversion().Convert(YAML::Load(std::string(text)), 0);
  } catch (const YAML::Exception& exception) {
    return Fault(exception.msg, exception.mark.line + 1, exception.mark.column + 1);
  }
}

std::string TextOf(const json::value& value) {
  if (const json::string* const text = value.if_string()) return std::string(*text);
  if (value.is_number() || value.is_bool()) return json::serialize(value);
  return "";
}

const json::value* Find(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* at = &value;
  for (const std::string_view name : path) {
    const json::object* const object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string TextAt(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* const found = Find(value, path);
  return found == nullptr ? "" : TextOf(*found);
}

}  // namespace tailrace::app
