#include "stream/aggregated_record.h"

#include <cstdint>

#include "base/hash.h"

// The message has three fixed shapes, so it is read here and not by libprotobuf: the parts can be views into the record
// (the library would copy every one), and the build needs no code generator.

namespace tailrace::stream {
namespace {

constexpr std::string_view kMagic = "\xF3\x89\x9A\xC2";
constexpr size_t kChecksumBytes = 16;

enum class Wire : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  uint64_t number = 0;
  Wire wire = Wire::kVarint;
  uint64_t value = 0;      // Of kVarint.
  std::string_view bytes;  // Of kBytes.

  bool Is(uint64_t other_number, Wire other_wire) const { return number == other_number && wire == other_wire; }
};

// Reads the fields of one message, bounds-checked. Source: Protocol Buffers, "Encoding".
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  bool at_end() const { return rest_.empty(); }

  // False when the bytes are no field. Groups, which no current writer makes, are none either.
  bool Next(Field& field) {
    uint64_t tag = 0;
    if (!Varint(tag) || tag >> 3 == 0 || tag >> 32 != 0) return false;
    field.number = tag >> 3;
    field.wire = static_cast<Wire>(tag & 7);
    switch (field.wire) {
      case Wire::kVarint:
        return Varint(field.value);
      case Wire::kFixed64:
        return Take(8, field.bytes);
      case Wire::kFixed32:
        return Take(4, field.bytes);
      case Wire::kBytes: {
        uint64_t length = 0;
        return Varint(length) && Take(length, field.bytes);
      }
    }
    return false;  // Wire types 3, 4, 6 and 7.
  }

 private:
  bool Varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Take(uint64_t length, std::string_view& bytes) {
    if (length > rest_.size()) return false;
    bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  std::string_view rest_;
};

// What a Record message says; its keys may stand behind it, so they are looked up when all is read.
struct PackedRecord {
  std::optional<uint64_t> partition_key;  // Index in the table.
  std::optional<uint64_t> explicit_hash_key;
  std::optional<std::string_view> data;
};

bool ReadRecord(std::string_view message, PackedRecord& record) {
  FieldReader reader(message);
  Field field;
  while (!reader.at_end()) {
    if (!reader.Next(field)) return false;
    if (field.Is(1, Wire::kVarint)) record.partition_key = field.value;
    if (field.Is(2, Wire::kVarint)) record.explicit_hash_key = field.value;
    if (field.Is(3, Wire::kBytes)) record.data = field.bytes;
  }
  return record.partition_key.has_value() && record.data.has_value();
}

}  // namespace

bool BeginsAsAggregated(std::string_view record) { return record.starts_with(kMagic); }

bool SplitAggregatedRecord(std::string_view record, std::vector<AggregatedPart>& parts) {
  parts.clear();
  if (!BeginsAsAggregated(record) || record.size() < kMagic.size() + kChecksumBytes) return false;
  std::string_view message = record.substr(kMagic.size());
  const std::string_view checksum = message.substr(message.size() - kChecksumBytes);
  message.remove_suffix(kChecksumBytes);
  const auto digest = Md5(message);
  if (checksum != std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size())) return false;

  std::vector<std::string_view> partition_keys;
  std::vector<HashKey> hash_keys;
  std::vector<PackedRecord> records;
  FieldReader reader(message);
  Field field;
  while (!reader.at_end()) {
    if (!reader.Next(field)) return false;
    if (field.Is(1, Wire::kBytes)) partition_keys.push_back(field.bytes);
    if (field.Is(2, Wire::kBytes)) {
      const std::optional<HashKey> key = ParseHashKey(field.bytes);
      if (!key.has_value()) return false;
      hash_keys.push_back(*key);
    }
    if (field.Is(3, Wire::kBytes)) {
      if (records.size() == kAggregatedPartsMax || !ReadRecord(field.bytes, records.emplace_back())) return false;
    }
  }
  for (const PackedRecord& packed : records) {
    if (*packed.partition_key >= partition_keys.size()) return false;
    if (packed.explicit_hash_key.has_value() && *packed.explicit_hash_key >= hash_keys.size()) return false;
  }
  parts.reserve(records.size());
  for (const PackedRecord& packed : records) {
    AggregatedPart& part = parts.emplace_back();
    part.partition_key = partition_keys[*packed.partition_key];
    if (packed.explicit_hash_key.has_value()) part.explicit_hash_key = hash_keys[*packed.explicit_hash_key];
    part.data = *packed.data;
  }
  return true;
}

}  // namespace tailrace::stream
