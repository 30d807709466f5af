#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tailrace {

// Base64 for request bodies: several bytes a step, straight into the buffer that is there already.
// Source  RFC 4648, section 4, with padding.
void AppendBase64(std::string_view bytes, std::string& text);
constexpr size_t Base64Size(size_t bytes) { return (bytes + 2) / 3 * 4; }
// Writes Base64Size(bytes.size()) characters.
void EncodeBase64(std::string_view bytes, char* into);

struct Base64Decoded {
  enum class Fault : uint8_t { kNone, kLength, kCharacter, kLastCharacter };
  Fault fault = Fault::kNone;
  char character = 0;  // kCharacter: the first wrong one.
  size_t size = 0;     // Bytes written; with a fault, those of the groups before it.
};

// Decodes to `into`, which may be where `text` begins and has room for text.size() / 4 * 3 bytes.
// kLength: not a multiple of four. kLastCharacter: the bits beyond the last byte are not zero.
Base64Decoded DecodeBase64(std::string_view text, char* into);

}  // namespace tailrace
