#include "base/decompress.h"

#include <gtest/gtest.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"
#include "sim/assert_ok.h"

namespace tailrace {
namespace {

constexpr Compression kAll[] = {Compression::kNone, Compression::kGzip, Compression::kZstd, Compression::kSnappy};

std::string Gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// Source  framing_format.txt of the Snappy library.
std::string SnappyFramed(std::string_view text) {
  std::string out("\xff\x06\x00\x00sNaPpY", 10);
  for (size_t at = 0; at < text.size(); at += 65'536) {
    const std::string_view piece = text.substr(at, 65'536);
    std::string chunk;
    snappy::Compress(piece.data(), piece.size(), &chunk);
    const uint32_t crc = Crc32c(piece);
    const auto append = [&](size_t value, int bytes) {
      for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
    };
    append(0, 1);
    append(chunk.size() + 4, 3);
    append(static_cast<uint32_t>(((crc >> 15) | (crc << 17)) + 0xa282ead8U), 4);
    out += chunk;
  }
  return out;
}

std::string Compress(Compression compression, std::string_view text) {
  return compression == Compression::kGzip     ? Gzip(text)
         : compression == Compression::kZstd   ? Zstd(text)
         : compression == Compression::kSnappy ? SnappyFramed(text)
                                               : std::string(text);
}

std::string SomeLines(size_t lines) {
  Rng rng(7);
  std::string text;
  for (size_t i = 0; i < lines; ++i) text += StrCat("GET /", rng.Below(1'000), " 200\n");
  return text;
}

TEST(DecompressTest, TextsComeBackWholeHoweverTheyAreCut) {
  for (const Compression compression : kAll) {
    for (const std::string& text : {std::string(), std::string("a"), SomeLines(20'000)}) {
      const std::string packed = Compress(compression, text);
      for (const size_t piece : {size_t{1}, size_t{7}, size_t{100'000}}) {
        if (piece == 1 && packed.size() > 10'000) continue;
        const auto decompressor = MakeDecompressor(compression);
        std::string out;
        for (size_t at = 0; at < packed.size(); at += piece) {
          TAILRACE_ASSERT_OK(decompressor->Feed(std::string_view(packed).substr(at, piece), out));
        }
        TAILRACE_ASSERT_OK(decompressor->Finish());
        EXPECT_EQ(out, text);
      }
    }
  }
}

TEST(DecompressTest, MembersThatFollowEachOtherAreOneText) {
  for (const Compression compression : kAll) {
    const std::string packed = Compress(compression, "first\n") + Compress(compression, "second\n");
    TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string text, Decompress(compression, packed, 1'000));
    EXPECT_EQ(text, "first\nsecond\n");
  }
}

TEST(DecompressTest, FormsAreKnownByTheirFirstBytes) {
  for (const Compression compression : kAll) {
    EXPECT_EQ(DetectCompression(Compress(compression, "text")), compression);
  }
  EXPECT_EQ(DetectCompression(""), Compression::kNone);
  // What the command line tools write: `printf 'hi\n' | gzip -n` and `| zstd`.
  const std::string gzip("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xc8\xe4\x02\x00\x7a\x7a\x6f\xed\x03\x00\x00\x00",
                         23);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string text, Decompress(DetectCompression(gzip), gzip, 100));
  EXPECT_EQ(text, "hi\n");
}

TEST(DecompressTest, DamageAndCutsAreTold) {
  const std::string text = SomeLines(1'000);
  for (const Compression compression : {Compression::kGzip, Compression::kZstd, Compression::kSnappy}) {
    const std::string packed = Compress(compression, text);
    const auto cut = Decompress(compression, std::string_view(packed).substr(0, packed.size() - 3), 1 << 20);
    EXPECT_EQ(cut.error().code, ErrorCode::kCorruption);
    std::string damaged = packed;
    damaged[damaged.size() / 2] ^= 0x55;
    const auto result = Decompress(compression, damaged, 1 << 20);
    // Zstandard frames made at once carry no checksum: damage may go into the text.
    EXPECT_TRUE(!result.ok() || (compression == Compression::kZstd && *result != text));
    const auto large = Decompress(compression, packed, 1'000);
    EXPECT_EQ(large.error().code, ErrorCode::kLimitExceeded);
  }
}

}  // namespace
}  // namespace tailrace
