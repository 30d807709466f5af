#include "table/key.h"

#include "base/str.h"

namespace tailrace::table {
namespace {

// The attribute's bytes when it is of the key's type.
Result<std::string_view> KeyBytes(const Attribute& attribute, const KeyAttribute& key, size_t bytes_max) {
  const std::string* bytes = key.type == KeyType::kString ? attribute.text() : nullptr;
  if (key.type == KeyType::kBinary && attribute.binary() != nullptr) bytes = &attribute.binary()->bytes;
  if (bytes == nullptr) {
    return Error{ErrorCode::kInvalidArgument, StrCat("key attribute \"", key.name, "\": type ", attribute.type_name(),
                                                     ", expected ", KeyTypeName(key.type))};
  }
  if (bytes->size() > bytes_max) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("key attribute \"", key.name, "\": ", bytes->size(), " bytes, at most ", bytes_max)};
  }
  return std::string_view(*bytes);
}

Error Missing(const KeyAttribute& key) {
  return Error{ErrorCode::kInvalidArgument, StrCat("key attribute \"", key.name, "\" is missing")};
}

Status AppendNumber(const Attribute& attribute, const KeyAttribute& key, std::string& bytes) {
  if (attribute.number() == nullptr) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("key attribute \"", key.name, "\": type ", attribute.type_name(), ", expected N")};
  }
  attribute.number()->AppendOrdered(bytes);
  return Ok();
}

}  // namespace

Result<KeyType> ParseKeyType(std::string_view name) {
  if (EqualsIgnoreCase(name, "STRING") || EqualsIgnoreCase(name, "S")) return KeyType::kString;
  if (EqualsIgnoreCase(name, "NUMBER") || EqualsIgnoreCase(name, "N")) return KeyType::kNumber;
  if (EqualsIgnoreCase(name, "BINARY") || EqualsIgnoreCase(name, "B")) return KeyType::kBinary;
  return Error{ErrorCode::kInvalidArgument,
               StrCat("unknown key type \"", name, "\", known are STRING, NUMBER, BINARY")};
}

std::string_view KeyTypeName(KeyType type) {
  switch (type) {
    case KeyType::kString:
      return "S";
    case KeyType::kNumber:
      return "N";
    case KeyType::kBinary:
      return "B";
  }
  return "";
}

Result<Key> KeyOf(const Item& item, const KeySchema& schema) {
  const auto hash = item.find(schema.hash.name);
  if (hash == item.end()) return Missing(schema.hash);
  Key key{.hash = hash->second};
  if (schema.range.has_value()) {
    const auto range = item.find(schema.range->name);
    if (range == item.end()) return Missing(*schema.range);
    key.range = range->second;
  }
  return key;
}

Item KeyItem(const Key& key, const KeySchema& schema) {
  Item item{{schema.hash.name, key.hash}};
  if (schema.range.has_value() && key.range.has_value()) item.emplace(schema.range->name, *key.range);
  return item;
}

Result<std::string> EncodeHash(const Attribute& hash, const KeySchema& schema) {
  std::string bytes;
  if (schema.hash.type == KeyType::kNumber) {
    TAILRACE_TRY(AppendNumber(hash, schema.hash, bytes));
    return bytes;
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view text, KeyBytes(hash, schema.hash, kHashKeyBytesMax));
  if (text.empty()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("key attribute \"", schema.hash.name, "\" is empty")};
  }
  // A zero byte is written as 00 FF and the end as 00 01: so the order stays and no end is inside a value.
  for (const char c : text) {
    bytes.push_back(c);
    if (c == '\0') bytes.push_back('\xff');
  }
  bytes.push_back('\0');
  bytes.push_back('\x01');
  return bytes;
}

Result<std::string> EncodeRange(const Attribute& range, const KeySchema& schema) {
  TAILRACE_CHECK(schema.range.has_value());
  std::string bytes;
  if (schema.range->type == KeyType::kNumber) {
    TAILRACE_TRY(AppendNumber(range, *schema.range, bytes));
    return bytes;
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view text, KeyBytes(range, *schema.range, kRangeKeyBytesMax));
  return std::string(text);
}

Result<std::string> EncodeKey(const Key& key, const KeySchema& schema) {
  TAILRACE_ASSIGN_OR_RETURN(std::string bytes, EncodeHash(key.hash, schema));
  if (!schema.range.has_value()) return bytes;
  if (!key.range.has_value()) return Missing(*schema.range);
  TAILRACE_ASSIGN_OR_RETURN(const std::string range, EncodeRange(*key.range, schema));
  if (range.empty()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("key attribute \"", schema.range->name, "\" is empty")};
  }
  return bytes + range;
}

std::optional<std::string> AfterPrefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  ++prefix.back();
  return prefix;
}

}  // namespace tailrace::table
