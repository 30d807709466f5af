#include "stream/hash_key.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace tailrace::stream {

HashKey HashKeyOf(std::string_view partition_key) {
  HashKey key = 0;
  for (const uint8_t byte : Md5(partition_key)) key = (key << 8) | byte;
  return key;
}

std::string HashKeyText(HashKey key) {
  std::string text;
  do {
    text += static_cast<char>('0' + static_cast<int>(key % 10));
    key /= 10;
  } while (key != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

std::optional<HashKey> ParseHashKey(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  HashKey key = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const HashKey digit = static_cast<HashKey>(c - '0');
    if (key > (kHashKeyMax - digit) / 10) return std::nullopt;
    key = key * 10 + digit;
  }
  return key;
}

std::vector<HashKeyRange> EvenHashKeyRanges(uint32_t count) {
  TAILRACE_CHECK(count >= 1);
  // floor(2^128 / count) without a number of 129 bits: 2^128 = kHashKeyMax + 1.
  HashKey width = kHashKeyMax / count;
  if (kHashKeyMax % count == count - 1) ++width;  // Zero, that is 2^128, for one range.
  std::vector<HashKeyRange> ranges(count);
  for (uint32_t i = 0; i < count; ++i) {
    ranges[i].first = width * i;
    ranges[i].last = i + 1 == count ? kHashKeyMax : width * (i + 1) - 1;
  }
  return ranges;
}

}  // namespace tailrace::stream
