#include "table/stored.h"

#include "base/bytes.h"
#include "base/str.h"

namespace tailrace::table {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kNumberBytes = 8;

Status CheckVersion(ByteReader& reader, std::string_view what) {
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t version, reader.U8());
  if (version == kVersion) return Ok();
  return Error{ErrorCode::kCorruption, StrCat("table store: ", what, " of version ", version, ", known is ", kVersion)};
}

void EncodeKeyAttribute(const KeyAttribute& key, ByteWriter& writer) {
  writer.Text(key.name);
  writer.U8(static_cast<uint8_t>(key.type));
}

Result<KeyAttribute> DecodeKeyAttribute(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view name, reader.Text());
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t type, reader.U8());
  if (type > static_cast<uint8_t>(KeyType::kBinary)) {
    return Error{ErrorCode::kCorruption, StrCat("table store: key type ", type)};
  }
  return KeyAttribute{.name = std::string(name), .type = static_cast<KeyType>(type)};
}

void EncodeOptionalItem(const std::optional<Item>& item, ByteWriter& writer) {
  writer.Bool(item.has_value());
  if (item.has_value()) EncodeItem(*item, writer);
}

Result<std::optional<Item>> DecodeOptionalItem(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(const bool present, reader.Bool());
  if (!present) return std::optional<Item>();
  TAILRACE_ASSIGN_OR_RETURN(Item item, DecodeItem(reader));
  return std::optional<Item>(std::move(item));
}

}  // namespace

void AppendBigEndian(std::string& bytes, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>((value >> shift) & 0xff));
}

uint64_t ReadBigEndian(std::string_view bytes) {
  TAILRACE_CHECK(bytes.size() >= kNumberBytes);
  uint64_t value = 0;
  for (size_t i = 0; i < kNumberBytes; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

std::string ItemKey(uint64_t table, std::string_view encoded_key) {
  std::string key;
  AppendBigEndian(key, table);
  key += encoded_key;
  return key;
}

std::string FeedKey(uint64_t table, uint64_t sequence) {
  std::string key;
  AppendBigEndian(key, table);
  AppendBigEndian(key, sequence);
  return key;
}

std::string EncodeExpiryKey(const ExpiryKey& key) {
  std::string bytes;
  // With its sign inverted, a number before 1970 comes first too.
  AppendBigEndian(bytes, static_cast<uint64_t>(key.second) ^ (uint64_t{1} << 63));
  AppendBigEndian(bytes, key.table);
  bytes += key.encoded_key;
  return bytes;
}

Result<ExpiryKey> DecodeExpiryKey(std::string_view bytes) {
  if (bytes.size() < 2 * kNumberBytes) return Error{ErrorCode::kCorruption, "table store: a short expiry entry"};
  return ExpiryKey{.second = static_cast<int64_t>(ReadBigEndian(bytes) ^ (uint64_t{1} << 63)),
                   .table = ReadBigEndian(bytes.substr(kNumberBytes)),
                   .encoded_key = std::string(bytes.substr(2 * kNumberBytes))};
}

std::string EncodeStoredItem(const Item& item) {
  ByteWriter writer;
  writer.U8(kVersion);
  EncodeItem(item, writer);
  return std::move(writer).Take();
}

Result<Item> DecodeStoredItem(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_TRY(CheckVersion(reader, "an item"));
  return DecodeItem(reader);
}

std::string EncodeChange(const Change& change) {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.I64(ToUnixMs(change.time));
  writer.Bool(change.expired);
  EncodeItem(change.key, writer);
  EncodeOptionalItem(change.old_item, writer);
  EncodeOptionalItem(change.new_item, writer);
  return std::move(writer).Take();
}

Result<Change> DecodeChange(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_TRY(CheckVersion(reader, "a change"));
  Change change;
  TAILRACE_ASSIGN_OR_RETURN(const int64_t time, reader.I64());
  change.time = FromUnixMs(time);
  TAILRACE_ASSIGN_OR_RETURN(change.expired, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(change.key, DecodeItem(reader));
  TAILRACE_ASSIGN_OR_RETURN(change.old_item, DecodeOptionalItem(reader));
  TAILRACE_ASSIGN_OR_RETURN(change.new_item, DecodeOptionalItem(reader));
  return change;
}

std::string EncodeCounts(const TableCounts& counts) {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.U64(counts.items);
  writer.U64(counts.bytes);
  writer.U64(counts.feed_next);
  return std::move(writer).Take();
}

Result<TableCounts> DecodeCounts(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_TRY(CheckVersion(reader, "counts"));
  TableCounts counts;
  TAILRACE_ASSIGN_OR_RETURN(counts.items, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(counts.bytes, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(counts.feed_next, reader.U64());
  return counts;
}

std::string EncodeDefinition(const TableDefinition& definition) {
  const TableOptions& options = definition.options;
  ByteWriter writer;
  writer.U8(kVersion);
  writer.U64(definition.id);
  writer.I64(ToUnixMs(definition.created));
  EncodeKeyAttribute(options.key.hash, writer);
  writer.Bool(options.key.range.has_value());
  if (options.key.range.has_value()) EncodeKeyAttribute(*options.key.range, writer);
  writer.Text(options.ttl_attribute);
  writer.Bool(options.feed);
  writer.U64(options.feed_records_max);
  writer.I64(options.feed_retention.count());
  writer.U32(static_cast<uint32_t>(options.labels.size()));
  for (const auto& [name, value] : options.labels) {
    writer.Text(name);
    writer.Text(value);
  }
  return std::move(writer).Take();
}

Result<TableDefinition> DecodeDefinition(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_TRY(CheckVersion(reader, "a definition"));
  TableDefinition definition;
  TableOptions& options = definition.options;
  TAILRACE_ASSIGN_OR_RETURN(definition.id, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const int64_t created, reader.I64());
  definition.created = FromUnixMs(created);
  TAILRACE_ASSIGN_OR_RETURN(options.key.hash, DecodeKeyAttribute(reader));
  TAILRACE_ASSIGN_OR_RETURN(const bool ranged, reader.Bool());
  if (ranged) {
    TAILRACE_ASSIGN_OR_RETURN(options.key.range, DecodeKeyAttribute(reader));
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view ttl, reader.Text());
  options.ttl_attribute = ttl;
  TAILRACE_ASSIGN_OR_RETURN(options.feed, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(options.feed_records_max, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const int64_t retention, reader.I64());
  options.feed_retention = Milliseconds(retention);
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t labels, reader.U32());
  for (uint32_t i = 0; i < labels; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view name, reader.Text());
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view value, reader.Text());
    options.labels.insert_or_assign(std::string(name), std::string(value));
  }
  return definition;
}

std::optional<int64_t> ExpirySecond(const Item& item, const std::string& ttl_attribute) {
  if (ttl_attribute.empty()) return std::nullopt;
  const auto found = item.find(ttl_attribute);
  int64_t second = 0;
  if (found == item.end() || found->second.number() == nullptr || !found->second.number()->ToInt64(second)) {
    return std::nullopt;
  }
  return second;
}

}  // namespace tailrace::table
