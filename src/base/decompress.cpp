#include "base/decompress.h"

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "base/check.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr int kZstdWindowLogMax = 27;  // 128 MiB, what the command line tool takes without being asked.
constexpr int kGzipWindowBits = 15 + 16;
constexpr std::string_view kSnappyHeader("\xff\x06\x00\x00sNaPpY", 10);

Error Corrupt(std::string_view what) { return {ErrorCode::kCorruption, std::string(what)}; }

class PlainText final : public Decompressor {
 public:
  Status Feed(std::string_view bytes, std::string& out) override {
    out += bytes;
    return Ok();
  }
  Status Finish() override { return Ok(); }
};

// Source  RFC 1952; zlib manual, inflateInit2.
class GzipDecompressor final : public Decompressor {
 public:
  GzipDecompressor() { TAILRACE_CHECK(inflateInit2(&stream_, kGzipWindowBits) == Z_OK); }
  ~GzipDecompressor() override { inflateEnd(&stream_); }
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;

  Status Feed(std::string_view bytes, std::string& out) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (stream_.avail_in > 0) {
      if (ended_) {  // Another member follows.
        inflateReset(&stream_);
        ended_ = false;
      }
      inside_ = true;
      TAILRACE_TRY(InflatePiece(out));
    }
    return Ok();
  }
  Status Finish() override {
    if (inside_ && !ended_) return Corrupt("the gzip data is cut off");
    return Ok();
  }

 private:
  Status InflatePiece(std::string& out) {
    int code = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
      stream_.avail_out = static_cast<uInt>(piece_.size());
      code = inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return Corrupt("not gzip data, or damaged");
      out.append(piece_.data(), piece_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0 && code == Z_OK);
    ended_ = code == Z_STREAM_END;
    return Ok();
  }

  z_stream stream_{};
  std::array<char, kPieceBytes> piece_;
  bool inside_ = false;
  bool ended_ = false;
};

// Source  RFC 8878; zstd manual, ZSTD_decompressStream.
class ZstdDecompressor final : public Decompressor {
 public:
  ZstdDecompressor() : context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    TAILRACE_CHECK(context_ != nullptr);
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }

  Status Feed(std::string_view bytes, std::string& out) override {
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    bool full = false;  // More output waits inside although the input is used up.
    while (in.pos < in.size || full) {
      ZSTD_outBuffer piece{.dst = piece_.data(), .size = piece_.size(), .pos = 0};
      const size_t code = ZSTD_decompressStream(context_.get(), &piece, &in);
      if (ZSTD_isError(code) != 0) return Corrupt(StrCat("zstd: ", ZSTD_getErrorName(code)));
      out.append(piece_.data(), piece.pos);
      full = piece.pos == piece.size && code != 0;
      inside_ = code != 0;
    }
    return Ok();
  }
  Status Finish() override {
    if (inside_) return Corrupt("the zstd data is cut off");
    return Ok();
  }

 private:
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context_;
  std::array<char, kPieceBytes> piece_;
  bool inside_ = false;
};

// Checksums of the framing format are masked so that checksums of checksums do not meet.
uint32_t MaskedCrc(std::string_view text) {
  const uint32_t crc = Crc32c(text);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

// Source  framing_format.txt of the Snappy library: chunks of a type byte, 3 bytes of length, 4 of checksum, data.
class SnappyDecompressor final : public Decompressor {
 public:
  Status Feed(std::string_view bytes, std::string& out) override {
    rest_ += bytes;
    size_t at = 0;
    while (rest_.size() - at >= kChunkHeaderBytes) {
      const std::string_view left = std::string_view(rest_).substr(at);
      const size_t length = Byte(left, 1) | Byte(left, 2) << 8 | Byte(left, 3) << 16;
      if (left.size() < kChunkHeaderBytes + length) break;
      TAILRACE_TRY(TakeChunk(static_cast<uint8_t>(left[0]), left.substr(kChunkHeaderBytes, length), out));
      at += kChunkHeaderBytes + length;
    }
    rest_.erase(0, at);
    return Ok();
  }
  Status Finish() override {
    if (!rest_.empty()) return Corrupt("the snappy data is cut off");
    return Ok();
  }

 private:
  static constexpr size_t kChunkHeaderBytes = 4;
  static constexpr size_t kChunkTextMax = 65'536;

  static size_t Byte(std::string_view text, size_t index) { return static_cast<uint8_t>(text[index]); }

  static Status TakeChunk(uint8_t type, std::string_view data, std::string& out) {
    if (type >= 0x80) return Ok();  // The stream's name, padding and what may be skipped.
    if (type > 1) return Corrupt("snappy: a chunk of unknown type");
    if (data.size() < 4) return Corrupt("snappy: a chunk without checksum");
    const uint32_t expected = static_cast<uint32_t>(Byte(data, 0) | Byte(data, 1) << 8 | Byte(data, 2) << 16) |
                              static_cast<uint32_t>(Byte(data, 3)) << 24;
    data.remove_prefix(4);
    std::string text;
    if (type == 1) {
      text = data;
    } else {
      size_t length = 0;
      if (!snappy::GetUncompressedLength(data.data(), data.size(), &length) || length > kChunkTextMax ||
          !snappy::Uncompress(data.data(), data.size(), &text)) {
        return Corrupt("snappy: damaged chunk");
      }
    }
    if (MaskedCrc(text) != expected) return Corrupt("snappy: a chunk with a wrong checksum");
    out += text;
    return Ok();
  }

  std::string rest_;
};

}  // namespace

Compression DetectCompression(std::string_view first_bytes) {
  if (first_bytes.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  if (first_bytes.starts_with(kSnappyHeader)) return Compression::kSnappy;
  return Compression::kNone;
}

std::unique_ptr<Decompressor> MakeDecompressor(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      break;
    case Compression::kGzip:
      return std::make_unique<GzipDecompressor>();
    case Compression::kZstd:
      return std::make_unique<ZstdDecompressor>();
    case Compression::kSnappy:
      return std::make_unique<SnappyDecompressor>();
  }
  return std::make_unique<PlainText>();
}

Result<std::string> Decompress(Compression compression, std::string_view bytes, size_t bytes_max) {
  const auto decompressor = MakeDecompressor(compression);
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    TAILRACE_TRY(decompressor->Feed(bytes.substr(at, kPieceBytes), out));
    if (out.size() > bytes_max) {
      return Error{ErrorCode::kLimitExceeded, StrCat("more than ", bytes_max, " bytes when unpacked")};
    }
  }
  TAILRACE_TRY(decompressor->Finish());
  return out;
}

}  // namespace tailrace
