#include "sink/delivery/compression.h"

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

constexpr int kGzipBits = 15 + 16;  // Window bits; 16 more ask for gzip's header and trailer.
constexpr int kRawBits = -15;
constexpr size_t kFrameBytes = 64 << 10;         // Of Snappy's framing format.
constexpr size_t kHadoopBlockBytes = 256 << 10;  // Of Hadoop's codec, as it comes.

Error ZlibError(std::string_view what, int code) {
  return Error{ErrorCode::kInternal, StrCat("zlib: ", what, " failed with ", code)};
}

Result<std::string> Deflate(std::string_view bytes, int window_bits) {
  z_stream stream{};
  int code = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  if (code != Z_OK) return ZlibError("deflateInit", code);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  code = deflate(&stream, Z_FINISH);
  const size_t size = stream.total_out;
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return ZlibError("deflate", code);
  out.resize(size);
  return out;
}

void AppendU16(std::string& out, uint16_t value) {
  out += static_cast<char>(value & 0xFF);
  out += static_cast<char>(value >> 8);
}

void AppendBigEndian32(std::string& out, size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
}

// One file, deflated, dated 1980-01-01: the archive depends on nothing but its content.
// Source  PKWARE APPNOTE.TXT 6.3.
Result<std::string> Zip(std::string_view bytes, std::string_view name) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string deflated, Deflate(bytes, kRawBits));
  const auto checksum = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  std::string common;          // What both headers have.
  AppendU16(common, 20);       // Version that can read it.
  AppendU16(common, 1 << 11);  // The name is UTF-8.
  AppendU16(common, 8);        // Deflate.
  AppendU16(common, 0);        // 00:00:00
  AppendU16(common, 0x21);     // 1980-01-01
  ByteWriter sizes;
  sizes.U32(checksum);
  sizes.U32(static_cast<uint32_t>(deflated.size()));
  sizes.U32(static_cast<uint32_t>(bytes.size()));
  common += sizes.bytes();
  AppendU16(common, static_cast<uint16_t>(name.size()));
  AppendU16(common, 0);  // No extra field.

  std::string out = StrCat(std::string_view("PK\x03\x04"), common, name);
  out += deflated;
  const size_t directory = out.size();
  out += "PK\x01\x02";
  AppendU16(out, 20);
  out += common;
  ByteWriter entry;
  entry.Append(std::string_view("\0\0\0\0\0\0\0\0\0\0", 10));  // Comment, disk, attributes.
  entry.U32(0);                                                // The file begins at 0.
  out += entry.bytes();
  out += name;
  const size_t directory_bytes = out.size() - directory;
  out += "PK\x05\x06";
  ByteWriter end;
  end.U32(0);              // Disks.
  end.U32(1 | (1 << 16));  // Files here and in all.
  end.U32(static_cast<uint32_t>(directory_bytes));
  end.U32(static_cast<uint32_t>(directory));
  out += end.bytes();
  AppendU16(out, 0);  // No comment.
  return out;
}

Result<std::string> Zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size)) return Error{ErrorCode::kInternal, StrCat("zstd: ", ZSTD_getErrorName(size))};
  out.resize(size);
  return out;
}

// Source  framing_format.txt of Snappy: stream identifier, then chunks of at most 64 KiB with a masked CRC-32C.
std::string SnappyFrames(std::string_view bytes) {
  std::string out("\xFF\x06\x00\x00sNaPpY", 10);
  for (size_t at = 0; at < bytes.size(); at += kFrameBytes) {
    const std::string_view plain = bytes.substr(at, kFrameBytes);
    std::string packed;
    snappy::Compress(plain.data(), plain.size(), &packed);
    const bool smaller = packed.size() < plain.size();
    const std::string_view data = smaller ? std::string_view(packed) : plain;
    const uint32_t crc = Crc32c(plain);
    ByteWriter header;
    header.U32(static_cast<uint32_t>(data.size() + 4) << 8 | (smaller ? 0 : 1));
    header.U32(((crc >> 15) | (crc << 17)) + 0xa282ead8U);
    out += header.bytes();
    out += data;
  }
  return out;
}

// Blocks of: size of the plain bytes, size of the packed ones, both big-endian, packed bytes.
std::string HadoopSnappy(std::string_view bytes) {
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += kHadoopBlockBytes) {
    const std::string_view plain = bytes.substr(at, kHadoopBlockBytes);
    std::string packed;
    snappy::Compress(plain.data(), plain.size(), &packed);
    AppendBigEndian32(out, plain.size());
    AppendBigEndian32(out, packed.size());
    out += packed;
  }
  return out;
}

}  // namespace

Result<std::string> Compress(ObjectCompression compression, std::string_view bytes, std::string_view entry_name) {
  switch (compression) {
    case ObjectCompression::kNone:
      return std::string(bytes);
    case ObjectCompression::kGzip:
      return Deflate(bytes, kGzipBits);
    case ObjectCompression::kZip:
      return Zip(bytes, entry_name);
    case ObjectCompression::kZstd:
      return Zstd(bytes);
    case ObjectCompression::kSnappy:
      return SnappyFrames(bytes);
    case ObjectCompression::kHadoopSnappy:
      return HadoopSnappy(bytes);
  }
  return Error{ErrorCode::kInternal, "compression of no kind"};
}

}  // namespace tailrace::sink::delivery
