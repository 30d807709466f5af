#include "api/aws/value.h"

namespace tailrace::api::aws {

std::optional<Document> Document::Parse(Encoding encoding, std::string body) {
  Document document(encoding, std::move(body));
  const bool good = encoding == Encoding::kJson ? ParseJson(*document.body_, document.nodes_)
                                                : ParseCbor(*document.body_, document.nodes_);
  if (!good) return std::nullopt;
  return document;
}

Value Value::Find(std::string_view name) const {
  Value found;
  if (!present() || kind() != Kind::kMap) return found;
  const std::vector<Node>& nodes = document_->nodes();
  uint32_t index = index_ + 1;
  const uint32_t end = node().end;
  while (index < end) {
    const Node& key = nodes[index];
    if (std::string_view(key.text, key.size) == name) found = {document_, index + 1};
    index = nodes[index + 1].end;
  }
  if (found.present() && found.kind() == Kind::kNull) return {};
  return found;
}

std::string Value::Text(std::string_view name, std::string_view fallback) const {
  const Value found = Find(name);
  return std::string(found ? found.text() : fallback);
}

int64_t Value::Integer(std::string_view name, int64_t fallback) const {
  const Value found = Find(name);
  return found ? found.integer() : fallback;
}

bool Value::Boolean(std::string_view name, bool fallback) const {
  const Value found = Find(name);
  return found ? found.boolean() : fallback;
}

}  // namespace tailrace::api::aws
