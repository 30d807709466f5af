#include "api/aws/sealed_token.h"

#include <openssl/evp.h>

#include <memory>

#include "base/check.h"
#include "base/hash.h"
#include "base/os/process.h"
#include "base/sigv4.h"
#include "base/str.h"

namespace tailrace::api::aws {
namespace {

constexpr std::string_view kPrefix("\0\0\0\0\0\0\0\1", 8);
constexpr size_t kBlock = 16;
constexpr size_t kPaddedMin = 96;
constexpr size_t kTagBytes = 32;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// AES-256-CBC of whole blocks.
std::string Crypt(bool encrypt, std::string_view key, std::string_view vector, std::string_view blocks) {
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  TAILRACE_CHECK(cipher != nullptr);
  TAILRACE_CHECK(EVP_CipherInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, Bytes(key), Bytes(vector), encrypt) == 1);
  EVP_CIPHER_CTX_set_padding(cipher.get(), 0);
  std::string out(blocks.size(), '\0');
  int size = 0;
  TAILRACE_CHECK(EVP_CipherUpdate(cipher.get(), reinterpret_cast<unsigned char*>(out.data()), &size, Bytes(blocks),
                                  static_cast<int>(blocks.size())) == 1);
  TAILRACE_CHECK(static_cast<size_t>(size) == out.size());
  return out;
}

std::string Tag(std::string_view key, std::string_view bytes) {
  const auto digest = HmacSha256(key, bytes);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

TokenSealer::TokenSealer(std::string key) : key_(std::move(key)) { TAILRACE_CHECK(key_.size() == kKeyBytes); }

Result<TokenSealer> TokenSealer::Open(Disk& disk, const std::string& path) {
  if (!Exists(disk, path)) {
    TAILRACE_TRY(WriteFileAtomically(disk, path, RandomBytes(kKeyBytes)));
  }
  TAILRACE_ASSIGN_OR_RETURN(std::string key, ReadFile(disk, path));
  if (key.size() != kKeyBytes) {
    return Error{ErrorCode::kCorruption,
                 StrCat(path, " has ", key.size(), " bytes, expected ", kKeyBytes, "; remove it to get a new key")};
  }
  return TokenSealer(std::move(key));
}

std::string TokenSealer::Seal(std::string_view state) const {
  TAILRACE_CHECK(state.size() <= kStateBytesMax);
  // The length first; zeros up to whole blocks.
  std::string padded;
  padded += static_cast<char>(state.size() >> 8);
  padded += static_cast<char>(state.size());
  padded += state;
  padded.resize(std::max(kPaddedMin, (padded.size() + kBlock - 1) / kBlock * kBlock), '\0');
  std::string token(kPrefix);
  const std::string vector = RandomBytes(kBlock);
  token += vector;
  token += Crypt(true, std::string_view(key_).substr(0, kKeyBytes / 2), vector, padded);
  token += Tag(std::string_view(key_).substr(kKeyBytes / 2), token);
  return ToBase64(token);
}

std::optional<std::string> TokenSealer::Unseal(std::string_view token) const {
  std::string bytes;
  constexpr size_t kAround = kPrefix.size() + kBlock + kTagBytes;
  if (token.size() > 2 * (kStateBytesMax + kAround) || !FromBase64(token, bytes) || ToBase64(bytes) != token) return {};
  if (bytes.size() < kAround + kPaddedMin || (bytes.size() - kAround) % kBlock != 0) return {};
  const std::string_view all = bytes;
  if (!all.starts_with(kPrefix)) return {};
  const std::string_view sealed = all.substr(0, all.size() - kTagBytes);
  if (!sigv4::SameSignature(Tag(std::string_view(key_).substr(kKeyBytes / 2), sealed), all.substr(sealed.size()))) {
    return {};
  }
  const std::string_view vector = all.substr(kPrefix.size(), kBlock);
  const std::string padded =
      Crypt(false, std::string_view(key_).substr(0, kKeyBytes / 2), vector, sealed.substr(kPrefix.size() + kBlock));
  const size_t size = static_cast<uint8_t>(padded[0]) << 8 | static_cast<uint8_t>(padded[1]);
  if (size > padded.size() - 2) return {};
  return padded.substr(2, size);
}

}  // namespace tailrace::api::aws
