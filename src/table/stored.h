#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "table/item.h"
#include "table/table_store.h"

// The bytes of everything that the table store keeps. docs/table-store.md describes them.

namespace tailrace::table {

// Big-endian, so that the order of the bytes is the order of the numbers.
void AppendBigEndian(std::string& bytes, uint64_t value);
uint64_t ReadBigEndian(std::string_view bytes);  // The first 8 bytes; there are that many.

std::string ItemKey(uint64_t table, std::string_view encoded_key);
std::string FeedKey(uint64_t table, uint64_t sequence);

struct ExpiryKey {
  int64_t second = 0;
  uint64_t table = 0;
  std::string encoded_key;
};
std::string EncodeExpiryKey(const ExpiryKey& key);
Result<ExpiryKey> DecodeExpiryKey(std::string_view bytes);

std::string EncodeStoredItem(const Item& item);
Result<Item> DecodeStoredItem(std::string_view bytes);

std::string EncodeChange(const Change& change);  // Without its sequence, which is in the key.
Result<Change> DecodeChange(std::string_view bytes);

// What of a table changes with every write.
struct TableCounts {
  uint64_t items = 0;
  uint64_t bytes = 0;
  uint64_t feed_next = 1;
};
std::string EncodeCounts(const TableCounts& counts);
Result<TableCounts> DecodeCounts(std::string_view bytes);

struct TableDefinition {
  uint64_t id = 0;
  Timestamp created{};
  TableOptions options;
};
std::string EncodeDefinition(const TableDefinition& definition);
Result<TableDefinition> DecodeDefinition(std::string_view bytes);

// The second from which the item counts as gone; nothing when it stays.
std::optional<int64_t> ExpirySecond(const Item& item, const std::string& ttl_attribute);

}  // namespace tailrace::table
