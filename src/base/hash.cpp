#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#include <cstring>

#include "base/check.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace tailrace {
namespace {

struct Crc32cTable {
  std::array<uint32_t, 256> entries{};
  constexpr Crc32cTable() {
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
      entries[i] = crc;
    }
  }
};
constexpr Crc32cTable kCrc32cTable;

uint32_t Crc32cPortable(std::string_view bytes, uint32_t crc) {
  for (const char byte : bytes) crc = (crc >> 8) ^ kCrc32cTable.entries[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
// What a checksum becomes when kLaneBytes zeros follow. Linear, so a table for each of its bytes is enough.
constexpr size_t kLaneBytes = 512;
struct Crc32cLaneShift {
  std::array<std::array<uint32_t, 256>, 4> entries{};
  constexpr Crc32cLaneShift() {
    for (size_t bit = 0; bit < 32; ++bit) {
      uint32_t crc = uint32_t{1} << bit;
      for (size_t i = 0; i < kLaneBytes; ++i) crc = (crc >> 8) ^ kCrc32cTable.entries[crc & 0xff];
      const size_t mask = size_t{1} << (bit % 8);
      for (size_t value = 0; value < 256; ++value) {
        if ((value & mask) != 0) entries[bit / 8][value] ^= crc;
      }
    }
  }
  uint32_t operator()(uint64_t crc) const {
    return entries[0][crc & 0xff] ^ entries[1][(crc >> 8) & 0xff] ^ entries[2][(crc >> 16) & 0xff] ^
           entries[3][(crc >> 24) & 0xff];
  }
};
constexpr Crc32cLaneShift kCrc32cLaneShift;

uint64_t WordAt(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) uint32_t Crc32cSse42(std::string_view bytes, uint32_t crc) {
  uint64_t wide = crc;
  // The instruction takes three cycles but one can begin in each: three lanes side by side.
  while (bytes.size() >= 3 * kLaneBytes) {
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < kLaneBytes; i += sizeof(uint64_t)) {
      wide = _mm_crc32_u64(wide, WordAt(bytes.data() + i));
      second = _mm_crc32_u64(second, WordAt(bytes.data() + kLaneBytes + i));
      third = _mm_crc32_u64(third, WordAt(bytes.data() + 2 * kLaneBytes + i));
    }
    wide = kCrc32cLaneShift(kCrc32cLaneShift(wide) ^ second) ^ third;
    bytes.remove_prefix(3 * kLaneBytes);
  }
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    wide = _mm_crc32_u64(wide, word);
    bytes.remove_prefix(8);
  }
  crc = static_cast<uint32_t>(wide);
  for (const char byte : bytes) crc = _mm_crc32_u8(crc, static_cast<uint8_t>(byte));
  return crc;
}
#endif

template <size_t N>
std::array<uint8_t, N> Digest(const EVP_MD* algorithm, std::string_view bytes) {
  std::array<uint8_t, N> digest;
  unsigned size = 0;
  TAILRACE_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, algorithm, nullptr) == 1 && size == N);
  return digest;
}

// Fetched once: OpenSSL 3 looks an algorithm up anew for every EVP_md5() call.
const EVP_MD* Fetch(const char* name) {
  const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  TAILRACE_CHECK(algorithm != nullptr);
  return algorithm;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

uint32_t Crc32c(std::string_view bytes, uint32_t seed) {
#if defined(__x86_64__)
  static const bool sse42 = __builtin_cpu_supports("sse4.2") != 0;
  if (sse42) return ~Crc32cSse42(bytes, ~seed);
#endif
  return ~Crc32cPortable(bytes, ~seed);
}

std::array<uint8_t, 16> Md5(std::string_view bytes) {
  static const EVP_MD* const algorithm = Fetch("MD5");
  return Digest<16>(algorithm, bytes);
}

std::array<uint8_t, 32> Sha256(std::string_view bytes) {
  static const EVP_MD* const algorithm = Fetch("SHA256");
  return Digest<32>(algorithm, bytes);
}

std::array<uint8_t, 32> HmacSha256(std::string_view key, std::string_view bytes) {
  static const EVP_MD* const algorithm = Fetch("SHA256");
  std::array<uint8_t, 32> digest;
  unsigned size = 0;
  TAILRACE_CHECK(HMAC(algorithm, key.data(), static_cast<int>(key.size()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(),
                      &size) != nullptr);
  return digest;
}

uint64_t Hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string ToHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

bool FromHex(std::string_view text, std::string& bytes) {
  if (text.size() % 2 != 0) return false;
  bytes.clear();
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes += static_cast<char>(high * 16 + low);
  }
  return true;
}

std::string ToBase64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL writes a final NUL.
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

bool FromBase64(std::string_view text, std::string& bytes) {
  if (text.size() % 4 != 0) return false;
  if (text.find_first_of(" \t\r\n") != std::string_view::npos) return false;  // OpenSSL would skip them.
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  if (text.substr(0, text.size() - padding).find('=') != std::string_view::npos) return false;
  bytes.resize(text.size() / 4 * 3);
  if (text.empty()) return true;
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return false;
  bytes.resize(static_cast<size_t>(size) - padding);
  return true;
}

}  // namespace tailrace
