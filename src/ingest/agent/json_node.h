#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tailrace::ingest {

// A JSON value that remembers where it stood, so that a complaint about a setting can name the place.
struct JsonNode {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };
  struct Member;

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;             // kString: its characters in UTF-8. kNumber: as written.
  std::vector<JsonNode> items;  // kArray.
  std::vector<Member> members;  // kObject, in the order of the text; no name twice (the last one wins).
  int line = 1;                 // Both from 1; the column counts bytes.
  int column = 1;

  const JsonNode* Find(std::string_view name) const;
};

struct JsonNode::Member {
  std::string name;
  int line = 1;
  int column = 1;
  JsonNode value;
};

struct JsonReadOptions {
  bool comments = false;  // Allows // and /* */ wherever white space may stand.
  size_t bytes_max = 4 << 20;
  int depth_max = 64;
  size_t members_max = 4096;  // Of one object.
};

// A syntax error in JSON text.
struct JsonFault {
  int line = 1;
  int column = 1;
  std::string message;
};

// Reads one JSON value that fills the whole text. Errors: RFC 8259 broken, text not UTF-8, a limit passed.
std::expected<JsonNode, JsonFault> ReadJson(std::string_view text, const JsonReadOptions& options = {});

enum class JsonStyle : uint8_t {
  kCompact,
  kPretty,  // As the Java agent's PRETTYPRINT: two blanks a level, " : " behind names, arrays in one line.
};
// Appends the value; `level` is the nesting level it stands at.
void AppendJsonNode(std::string& json, const JsonNode& node, JsonStyle style, int level = 0);

// Writes one object member by member.
class JsonObjectWriter {
 public:
  JsonObjectWriter(std::string& json, JsonStyle style, int level = 0) : json_(json), style_(style), level_(level) {
    json_ += '{';
  }
  void Text(std::string_view name, std::string_view value);
  void Null(std::string_view name);
  void Node(std::string_view name, const JsonNode& value);
  void Close();

 private:
  void Name(std::string_view name);

  std::string& json_;
  const JsonStyle style_;
  const int level_;
  bool first_ = true;
};

}  // namespace tailrace::ingest
