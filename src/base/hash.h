#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tailrace {

// CRC-32C (Castagnoli), the checksum of every on-disk structure. Hardware where there is any.
uint32_t Crc32c(std::string_view bytes, uint32_t seed = 0);

// MD5, big-endian, as Kinesis hashes partition keys onto shards. Not for security.
std::array<uint8_t, 16> Md5(std::string_view bytes);

std::array<uint8_t, 32> Sha256(std::string_view bytes);
std::array<uint8_t, 32> HmacSha256(std::string_view key, std::string_view bytes);

// XXH3, 64 bits. Not stable across versions: never stored.
uint64_t Hash64(std::string_view bytes);

std::string ToHex(std::string_view bytes);                   // Lower case.
std::string ToBase64(std::string_view bytes);                // RFC 4648, padded.
bool FromBase64(std::string_view text, std::string& bytes);  // False on any character or padding that is wrong.
bool FromHex(std::string_view text, std::string& bytes);

}  // namespace tailrace
