#include "api/aws/event_stream.h"

#include <array>
#include <cstdint>

namespace tailrace::api::aws {
namespace {

constexpr uint32_t kPolynomial = 0xedb88320;  // Of IEEE 802.3, reflected.
constexpr size_t kPreludeBytes = 12;
constexpr size_t kChecksumBytes = 4;
constexpr char kTextHeader = 7;

// Eight tables: the CRC of a byte that is followed by 0 to 7 zeros.
constexpr auto kTables = [] {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = crc;
  }
  for (size_t t = 1; t < 8; ++t) {
    for (size_t i = 0; i < 256; ++i) tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
  }
  return tables;
}();

uint32_t Crc32(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    const uint32_t low = crc ^ (uint32_t{at[0]} | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24);
    crc = kTables[7][low & 255] ^ kTables[6][low >> 8 & 255] ^ kTables[5][low >> 16 & 255] ^ kTables[4][low >> 24] ^
          kTables[3][at[4]] ^ kTables[2][at[5]] ^ kTables[1][at[6]] ^ kTables[0][at[7]];
  }
  for (; left > 0; --left, ++at) crc = crc >> 8 ^ kTables[0][(crc ^ *at) & 255];
  return ~crc;
}

void AppendU32(std::string& bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
}

}  // namespace

std::string EventStreamFrame(std::initializer_list<std::pair<std::string_view, std::string_view>> headers,
                             std::string_view payload) {
  std::string fields;
  for (const auto& [name, value] : headers) {
    fields += static_cast<char>(name.size());
    fields += name;
    fields += kTextHeader;
    fields += static_cast<char>(value.size() >> 8);
    fields += static_cast<char>(value.size());
    fields += value;
  }
  std::string frame;
  const size_t size = kPreludeBytes + fields.size() + payload.size() + kChecksumBytes;
  frame.reserve(size);
  AppendU32(frame, static_cast<uint32_t>(size));
  AppendU32(frame, static_cast<uint32_t>(fields.size()));
  AppendU32(frame, Crc32(frame));
  frame += fields;
  frame += payload;
  AppendU32(frame, Crc32(frame));
  return frame;
}

}  // namespace tailrace::api::aws
