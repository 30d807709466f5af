#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::api::aws {

enum class Encoding : uint8_t { kJson, kCbor };

// kTimestamp: milliseconds since 1970.
enum class Kind : uint8_t { kNull, kBoolean, kInteger, kReal, kText, kBytes, kTimestamp, kList, kMap };

// One value of a document; a map's entries and a list's elements follow it.
struct Node {
  Kind kind = Kind::kNull;
  uint32_t end = 0;   // Index after the value and all that belongs to it.
  uint32_t size = 0;  // Bytes of a text; elements of a list; entries of a map.
  union {
    bool boolean;
    int64_t integer = 0;
    double real;
    const char* text;
  };
};

class Document;

// A value in a document. Borrowed from it; cheap to copy. Without a document: absent.
class Value {
 public:
  Value() = default;
  Value(const Document* document, uint32_t index) : document_(document), index_(index) {}

  bool present() const { return document_ != nullptr; }
  explicit operator bool() const { return present(); }
  uint32_t index() const { return index_; }
  const Node& node() const;
  Kind kind() const { return node().kind; }
  bool boolean() const { return node().boolean; }
  int64_t integer() const { return node().integer; }
  double real() const { return node().real; }
  std::string_view text() const { return {node().text, node().size}; }
  uint32_t size() const { return node().size; }

  // Of a map: the member, absent when it is missing or null. The last one wins when a name is repeated.
  Value Find(std::string_view name) const;
  // Of a map, by name, with what to take when it is absent.
  std::string Text(std::string_view name, std::string_view fallback = "") const;
  int64_t Integer(std::string_view name, int64_t fallback) const;
  bool Boolean(std::string_view name, bool fallback) const;

  // for (Value element : list) ...; of a map: key, value, key, value.
  class Iterator {
   public:
    Iterator(const Document* document, uint32_t index) : document_(document), index_(index) {}
    Value operator*() const { return {document_, index_}; }
    Iterator& operator++();
    bool operator==(const Iterator&) const = default;

   private:
    const Document* document_;
    uint32_t index_;
  };
  Iterator begin() const { return {document_, index_ + 1}; }
  Iterator end() const { return {document_, node().end}; }

 private:
  const Document* document_ = nullptr;
  uint32_t index_ = 0;
};

// A request body, parsed in place: texts are views into it, so that a call of many records allocates once.
//
// Limits  kDepthMax levels, kNodesMax values.
class Document {
 public:
  static constexpr size_t kDepthMax = 64;
  static constexpr size_t kNodesMax = 1 << 18;

  // Nothing when the bytes are not one whole value.
  static std::optional<Document> Parse(Encoding encoding, std::string body);

  Document(Document&&) = default;
  Document& operator=(Document&&) = default;

  Encoding encoding() const { return encoding_; }
  Value root() const { return {this, 0}; }
  const std::vector<Node>& nodes() const { return nodes_; }
  // For the type check, which decodes and converts in place.
  Node& node(uint32_t index) { return nodes_[index]; }
  // The bytes of a text value, which may be overwritten by something not longer.
  char* BytesOf(const Node& node) { return const_cast<char*>(node.text); }

 private:
  Document(Encoding encoding, std::string body)
      : encoding_(encoding), body_(std::make_unique<std::string>(std::move(body))) {}

  Encoding encoding_;
  std::unique_ptr<std::string> body_;  // Stays where it is when the document is moved.
  std::vector<Node> nodes_;
};

// Parsers of Document::Parse. False when `body` is malformed; they overwrite it.
bool ParseJson(std::string& body, std::vector<Node>& nodes);
bool ParseCbor(std::string& body, std::vector<Node>& nodes);

inline const Node& Value::node() const { return document_->nodes()[index_]; }
inline Value::Iterator& Value::Iterator::operator++() {
  index_ = document_->nodes()[index_].end;
  return *this;
}

}  // namespace tailrace::api::aws
