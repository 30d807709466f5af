#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::stream {

// A point on the ring that partition keys are hashed onto: an unsigned number of 128 bits.
using HashKey = unsigned __int128;

inline constexpr HashKey kHashKeyMax = ~HashKey{0};

// Both ends belong to the range.
struct HashKeyRange {
  HashKey first = 0;
  HashKey last = kHashKeyMax;

  bool Contains(HashKey key) const { return first <= key && key <= last; }
  friend bool operator==(const HashKeyRange&, const HashKeyRange&) = default;
};

// MD5 of the partition key's bytes, read as a big-endian number.
HashKey HashKeyOf(std::string_view partition_key);

// Decimal, without leading zeros. Parsing takes exactly that form: 0 or [1-9][0-9]*, below 2^128.
std::string HashKeyText(HashKey key);
std::optional<HashKey> ParseHashKey(std::string_view text);

// Splits the whole ring into `count` >= 1 ranges, in order. All are floor(2^128 / count) long; the last also takes the
// remainder.
std::vector<HashKeyRange> EvenHashKeyRanges(uint32_t count);

}  // namespace tailrace::stream
