#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/disk.h"
#include "base/result.h"

namespace tailrace::api::aws {

// Makes tokens that carry state through a client: iterators, next tokens. They are encrypted and authenticated, so that
// the server keeps nothing and takes back only its own.
//
// Output   Base64 of: eight bytes 00..01, a random initial vector (16), AES-256-CBC of the state (at least 96 bytes,
//          padded), HMAC-SHA256 of all before (32).
// Threads  Any.
class TokenSealer {
 public:
  static constexpr size_t kKeyBytes = 64;  // Half encrypts, half authenticates.
  static constexpr size_t kStateBytesMax = 4 << 10;

  explicit TokenSealer(std::string key);
  // With the key in `path`, which is made when missing: tokens survive a restart. Errors: those of the disk;
  // kCorruption: the file is of another length.
  static Result<TokenSealer> Open(Disk& disk, const std::string& path);

  std::string Seal(std::string_view state) const;
  // Nothing when the token is not one of ours, byte for byte.
  std::optional<std::string> Unseal(std::string_view token) const;

 private:
  std::string key_;
};

}  // namespace tailrace::api::aws
