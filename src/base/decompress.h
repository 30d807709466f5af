#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tailrace {

enum class Compression : uint8_t { kNone, kGzip, kZstd, kSnappy };

// By the first bytes of a file or an object; kNone when they are of no known form. Snappy's framing format only.
Compression DetectCompression(std::string_view first_bytes);

// Takes compressed bytes piece by piece. Members and frames that follow each other are one text, as for gzip and zstd
// on the command line.
//
// State    The library's window: 32 KiB (gzip), up to 128 MiB (zstd, by the frame's header), 64 KiB (snappy).
// Threads  One owner.
class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // Appends what the bytes give to `out`. Feed small pieces where the input is not trusted: a piece may grow a
  // thousand times. Errors: kCorruption.
  virtual Status Feed(std::string_view bytes, std::string& out) = 0;
  // At the end of the input. Errors: kCorruption: it was cut off.
  virtual Status Finish() = 0;
};
std::unique_ptr<Decompressor> MakeDecompressor(Compression compression);

// The whole of it. Errors: kCorruption; kLimitExceeded: more than `bytes_max` come out.
Result<std::string> Decompress(Compression compression, std::string_view bytes, size_t bytes_max);

}  // namespace tailrace
