#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "table/item.h"

namespace tailrace::table {

enum class KeyType : uint8_t { kString, kNumber, kBinary };

inline constexpr size_t kHashKeyBytesMax = 2048;
inline constexpr size_t kRangeKeyBytesMax = 1024;

// "STRING", "NUMBER", "BINARY", or "S", "N", "B". Errors: kInvalidArgument.
Result<KeyType> ParseKeyType(std::string_view name);
std::string_view KeyTypeName(KeyType type);  // "S", "N", "B".

struct KeyAttribute {
  std::string name;
  KeyType type = KeyType::kString;
  bool operator==(const KeyAttribute&) const = default;
};

// What makes an item unique: the hash attribute alone, or with the range attribute, by which a hash value's items are
// ordered.
struct KeySchema {
  KeyAttribute hash;
  std::optional<KeyAttribute> range;
  bool operator==(const KeySchema&) const = default;
};

struct Key {
  Attribute hash;
  std::optional<Attribute> range;
  bool operator==(const Key&) const = default;
};

// The key's attributes of an item. Errors: kInvalidArgument: one is missing.
Result<Key> KeyOf(const Item& item, const KeySchema& schema);
// The key as an item of its attributes only.
Item KeyItem(const Key& key, const KeySchema& schema);

// Bytes whose order is that of the keys: by hash value, then by range value. Strings and binaries are ordered by their
// bytes, numbers by their value. The encoding of one hash value is never the beginning of another one's.
// Errors: kInvalidArgument: a type that the schema does not name, an empty or too long value.
Result<std::string> EncodeKey(const Key& key, const KeySchema& schema);
Result<std::string> EncodeHash(const Attribute& hash, const KeySchema& schema);
// What stands behind the hash's encoding. An empty text is allowed: it is what every range value begins with.
Result<std::string> EncodeRange(const Attribute& range, const KeySchema& schema);

// The smallest bytes that are greater than everything that begins with `prefix`; nothing when there are none.
std::optional<std::string> AfterPrefix(std::string prefix);

}  // namespace tailrace::table
