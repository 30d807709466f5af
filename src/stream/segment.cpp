#include "stream/segment.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::stream {
namespace {

constexpr std::string_view kSegmentMagic = "TRSEGMNT";
constexpr std::string_view kIndexMagic = "TRSINDEX";
constexpr uint32_t kVersion = 1;
constexpr size_t kPreambleBytes = 16;  // Magic, version, length.
constexpr size_t kStreamIdBytes = 16;
constexpr size_t kHeaderBytesMax = 1 << 20;

// Magic, version, length of the whole, body, checksum.
std::string Wrap(std::string_view magic, std::string_view body) {
  ByteWriter writer;
  writer.Append(magic);
  writer.U32(kVersion);
  writer.U32(static_cast<uint32_t>(kPreambleBytes + body.size() + sizeof(uint32_t)));
  writer.Append(body);
  writer.U32(Crc32c(writer.bytes()));
  return std::move(writer).Take();
}

// The length that the preamble claims.
Result<size_t> WrappedLength(std::string_view magic, std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view found_magic, reader.Raw(magic.size()));
  if (found_magic != magic) return Error{ErrorCode::kCorruption, StrCat("not a ", magic, " file")};
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t length, reader.U32());
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat(magic, " version ", version, ", known ", kVersion)};
  }
  if (length < kPreambleBytes + sizeof(uint32_t)) {
    return Error{ErrorCode::kCorruption, StrCat(magic, ": impossible length ", length)};
  }
  return size_t{length};
}

Result<std::string_view> Unwrap(std::string_view magic, std::string_view bytes) {
  TAILRACE_ASSIGN_OR_RETURN(const size_t length, WrappedLength(magic, bytes));
  if (length > bytes.size()) return Error{ErrorCode::kCorruption, StrCat(magic, ": cut off")};
  const size_t checked = length - sizeof(uint32_t);
  ByteReader reader(bytes.substr(checked));
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t stored, reader.U32());
  if (stored != Crc32c(bytes.substr(0, checked))) return Error{ErrorCode::kCorruption, StrCat(magic, ": checksum")};
  return bytes.substr(kPreambleBytes, checked - kPreambleBytes);
}

size_t HeaderPadded(size_t bytes) {
  return (bytes + kSegmentHeaderAlignment - 1) / kSegmentHeaderAlignment * kSegmentHeaderAlignment;
}

}  // namespace

uint64_t SegmentId::Generation(std::string_view stream_id) const {
  TAILRACE_CHECK(stream_id.size() == kStreamIdBytes);
  uint64_t key = 0;
  std::memcpy(&key, stream_id.data(), sizeof key);
  return key ^ ((uint64_t{shard} + 1) << 40 | number);
}

std::string SegmentId::FileName() const { return fmt::format("shard-{:012}.{:020}.segment", shard, number); }

std::string SegmentId::IndexName() const { return fmt::format("shard-{:012}.{:020}.index", shard, number); }

std::optional<SegmentId> SegmentId::FromFileName(std::string_view name) {
  const auto parts = Split(name, '.');
  if (parts.size() != 3 || parts[2] != "segment" || !parts[0].starts_with("shard-")) return std::nullopt;
  const auto shard = ParseInt64(parts[0].substr(6));
  const auto number = ParseInt64(parts[1]);
  if (!shard.has_value() || !number.has_value()) return std::nullopt;
  const SegmentId id{.shard = static_cast<ShardId>(*shard), .number = static_cast<uint64_t>(*number)};
  if (id.FileName() != name) return std::nullopt;
  return id;
}

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  TAILRACE_CHECK(header.stream_id.size() == kStreamIdBytes);
  ByteWriter body;
  body.Append(header.stream_id);
  body.U32(header.id.shard);
  body.U64(header.id.number);
  body.U64(header.base_sequence);
  body.I64(header.arrival_floor_unix_ms);
  header.producers.Save(body);
  std::string bytes = Wrap(kSegmentMagic, body.bytes());
  bytes.resize(HeaderPadded(bytes.size()), '\0');
  return bytes;
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes, uint64_t& frames_offset) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view body, Unwrap(kSegmentMagic, bytes));
  ByteReader reader(body);
  SegmentHeader header;
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view stream_id, reader.Raw(kStreamIdBytes));
  header.stream_id = stream_id;
  TAILRACE_ASSIGN_OR_RETURN(header.id.shard, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(header.id.number, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(header.base_sequence, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(header.arrival_floor_unix_ms, reader.I64());
  TAILRACE_TRY(header.producers.Load(reader));
  frames_offset = HeaderPadded(kPreambleBytes + body.size() + sizeof(uint32_t));
  return header;
}

Result<SegmentHeader> ReadSegmentHeader(File& file, uint64_t& frames_offset) {
  std::string bytes(kSegmentHeaderAlignment, '\0');
  TAILRACE_ASSIGN_OR_RETURN(size_t count, file.ReadAt(0, bytes));
  bytes.resize(count);
  TAILRACE_ASSIGN_OR_RETURN(const size_t length, WrappedLength(kSegmentMagic, bytes));
  if (length > bytes.size() && length <= kHeaderBytesMax) {
    bytes.resize(length);
    TAILRACE_ASSIGN_OR_RETURN(count, file.ReadAt(0, bytes));
    bytes.resize(count);
  }
  return DecodeSegmentHeader(bytes, frames_offset);
}

void Segment::AddFrame(const FrameHeader& header, uint64_t offset) {
  if (empty()) first_arrival_unix_ms = header.arrival_unix_ms;
  last_arrival_unix_ms = header.arrival_unix_ms;
  end_sequence = header.first_sequence + header.records;
  end_offset = offset + header.length;
  if (index.empty() || offset >= index.back().offset + kIndexIntervalBytes) {
    index.push_back({header.first_sequence, header.arrival_unix_ms, offset});
  }
}

const IndexEntry& Segment::PlaceBefore(Sequence sequence) const {
  const auto after = std::upper_bound(index.begin(), index.end(), sequence,
                                      [](Sequence s, const IndexEntry& entry) { return s < entry.first_sequence; });
  TAILRACE_CHECK(after != index.begin());  // The first frame always has an entry.
  return *std::prev(after);
}

const IndexEntry& Segment::PlaceBefore(Timestamp arrival) const {
  const auto at = std::lower_bound(index.begin(), index.end(), ToUnixMs(arrival),
                                   [](const IndexEntry& entry, int64_t time) { return entry.arrival_unix_ms < time; });
  TAILRACE_CHECK(!index.empty());
  return at == index.begin() ? index.front() : *std::prev(at);
}

std::string EncodeIndex(const Segment& segment) {
  ByteWriter body;
  body.U32(segment.id.shard);
  body.U64(segment.id.number);
  body.U64(segment.generation);
  body.U64(segment.base_sequence);
  body.U64(segment.end_sequence);
  body.U64(segment.frames_offset);
  body.U64(segment.end_offset);
  body.I64(segment.first_arrival_unix_ms);
  body.I64(segment.last_arrival_unix_ms);
  body.U32(static_cast<uint32_t>(segment.index.size()));
  for (const IndexEntry& entry : segment.index) {
    body.U64(entry.first_sequence);
    body.I64(entry.arrival_unix_ms);
    body.U64(entry.offset);
  }
  return Wrap(kIndexMagic, body.bytes());
}

Result<std::shared_ptr<Segment>> DecodeIndex(std::string_view bytes, SegmentId id, uint64_t generation) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view body, Unwrap(kIndexMagic, bytes));
  ByteReader reader(body);
  SegmentId found;
  TAILRACE_ASSIGN_OR_RETURN(found.shard, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(found.number, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t found_generation, reader.U64());
  if (found != id || found_generation != generation) {
    return Error{ErrorCode::kCorruption, StrCat("index of another segment: ", found.FileName())};
  }
  TAILRACE_ASSIGN_OR_RETURN(const Sequence base_sequence, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const Sequence end_sequence, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t frames_offset, reader.U64());
  auto segment = std::make_shared<Segment>(id, generation, base_sequence, frames_offset);
  segment->end_sequence = end_sequence;
  TAILRACE_ASSIGN_OR_RETURN(segment->end_offset, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(segment->first_arrival_unix_ms, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(segment->last_arrival_unix_ms, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t count, reader.U32());
  if (count > reader.remaining() / sizeof(IndexEntry)) return Error{ErrorCode::kCorruption, "index: too many entries"};
  segment->index.resize(count);
  for (IndexEntry& entry : segment->index) {
    TAILRACE_ASSIGN_OR_RETURN(entry.first_sequence, reader.U64());
    TAILRACE_ASSIGN_OR_RETURN(entry.arrival_unix_ms, reader.I64());
    TAILRACE_ASSIGN_OR_RETURN(entry.offset, reader.U64());
  }
  // Readers rely on the first frame having an entry, and on there being frames.
  if (segment->index.empty() || segment->index.front().first_sequence != base_sequence ||
      end_sequence <= base_sequence) {
    return Error{ErrorCode::kCorruption, "index: does not begin with the first record"};
  }
  segment->index_stored = true;
  return segment;
}

}  // namespace tailrace::stream
