#include "stream/metadata.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::stream {
namespace {

constexpr std::string_view kMagic = "TRSTREAM";
constexpr uint32_t kVersion = 1;
constexpr size_t kIdBytes = 16;
constexpr uint32_t kParentsMax = 2;

void WriteHashKey(ByteWriter& writer, HashKey key) {
  writer.U64(static_cast<uint64_t>(key >> 64));
  writer.U64(static_cast<uint64_t>(key));
}

Result<HashKey> ReadHashKey(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t high, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t low, reader.U64());
  return HashKey{high} << 64 | low;
}

Result<Timestamp> ReadTime(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(const int64_t unix_ms, reader.I64());
  return FromUnixMs(unix_ms);
}

Result<ShardMetadata> ReadShard(ByteReader& reader) {
  ShardMetadata shard;
  TAILRACE_ASSIGN_OR_RETURN(shard.id, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(shard.range.first, ReadHashKey(reader));
  TAILRACE_ASSIGN_OR_RETURN(shard.range.last, ReadHashKey(reader));
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t parents, reader.U32());
  if (parents > kParentsMax) return Error{ErrorCode::kCorruption, StrCat("shard with ", parents, " parents")};
  shard.parents.resize(parents);
  for (ShardId& parent : shard.parents) {
    TAILRACE_ASSIGN_OR_RETURN(parent, reader.U32());
  }
  TAILRACE_ASSIGN_OR_RETURN(shard.created, ReadTime(reader));
  TAILRACE_ASSIGN_OR_RETURN(shard.open, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(shard.closed, ReadTime(reader));
  TAILRACE_ASSIGN_OR_RETURN(shard.end_sequence, reader.U64());
  return shard;
}

Result<StreamOptions> ReadOptions(ByteReader& reader) {
  StreamOptions options;
  TAILRACE_ASSIGN_OR_RETURN(options.shards, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(const int64_t retention_ms, reader.I64());
  options.retention = Milliseconds(retention_ms);
  TAILRACE_ASSIGN_OR_RETURN(options.retention_bytes, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(options.record_bytes_max, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(options.segment_bytes, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t durability, reader.U8());
  if (durability > static_cast<uint8_t>(Durability::kRelaxed)) {
    return Error{ErrorCode::kCorruption, StrCat("unknown durability ", durability)};
  }
  options.durability = static_cast<Durability>(durability);
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t labels, reader.U32());
  for (uint32_t i = 0; i < labels; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view name, reader.Text());
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view value, reader.Text());
    options.labels.emplace(name, value);
  }
  return options;
}

Error OutOfRange(std::string_view what, uint64_t value, uint64_t least, uint64_t most) {
  return Error{ErrorCode::kInvalidArgument, StrCat(what, " out of range: ", value, ", allowed ", least, " to ", most)};
}

}  // namespace

std::string EncodeMetadata(const StreamMetadata& metadata) {
  TAILRACE_CHECK(metadata.id.size() == kIdBytes);
  ByteWriter writer;
  writer.Append(kMagic);
  writer.U32(kVersion);
  writer.Text(metadata.name);
  writer.Append(metadata.id);
  writer.I64(ToUnixMs(metadata.created));
  const StreamOptions& options = metadata.options;
  writer.U32(options.shards);
  writer.I64(options.retention.count());
  writer.U64(options.retention_bytes);
  writer.U64(options.record_bytes_max);
  writer.U64(options.segment_bytes);
  writer.U8(static_cast<uint8_t>(options.durability));
  writer.U32(static_cast<uint32_t>(options.labels.size()));
  for (const auto& [name, value] : options.labels) {
    writer.Text(name);
    writer.Text(value);
  }
  writer.U32(metadata.next_shard);
  writer.U32(static_cast<uint32_t>(metadata.shards.size()));
  for (const ShardMetadata& shard : metadata.shards) {
    writer.U32(shard.id);
    WriteHashKey(writer, shard.range.first);
    WriteHashKey(writer, shard.range.last);
    writer.U32(static_cast<uint32_t>(shard.parents.size()));
    for (const ShardId parent : shard.parents) writer.U32(parent);
    writer.I64(ToUnixMs(shard.created));
    writer.Bool(shard.open);
    writer.I64(ToUnixMs(shard.closed));
    writer.U64(shard.end_sequence);
  }
  writer.U32(Crc32c(writer.bytes()));
  return std::move(writer).Take();
}

Result<StreamMetadata> DecodeMetadata(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view magic, reader.Raw(kMagic.size()));
  if (magic != kMagic) return Error{ErrorCode::kCorruption, "not a stream's metadata"};
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, reader.U32());
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("stream metadata version ", version, ", known ", kVersion)};
  }
  const size_t checked = bytes.size() - std::min(bytes.size(), sizeof(uint32_t));
  ByteReader tail(bytes.substr(checked));
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t checksum, tail.U32());
  if (checksum != Crc32c(bytes.substr(0, checked))) return Error{ErrorCode::kCorruption, "stream metadata: checksum"};

  StreamMetadata metadata;
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view name, reader.Text());
  metadata.name = name;
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view id, reader.Raw(kIdBytes));
  metadata.id = id;
  TAILRACE_ASSIGN_OR_RETURN(metadata.created, ReadTime(reader));
  TAILRACE_ASSIGN_OR_RETURN(metadata.options, ReadOptions(reader));
  TAILRACE_ASSIGN_OR_RETURN(metadata.next_shard, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t shards, reader.U32());
  if (shards > kShardsMax) return Error{ErrorCode::kCorruption, StrCat(shards, " shards, max ", kShardsMax)};
  for (uint32_t i = 0; i < shards; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(ShardMetadata shard, ReadShard(reader));
    metadata.shards.push_back(std::move(shard));
  }
  return metadata;
}

Status CheckOptions(const StreamOptions& options) {
  if (options.shards < 1 || options.shards > kShardsMax) return OutOfRange("shards", options.shards, 1, kShardsMax);
  if (options.retention < Milliseconds(1)) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("retention out of range: ", options.retention.count(), " ms, allowed from 1 ms")};
  }
  if (options.record_bytes_max < 1 || options.record_bytes_max > kRecordBytesLimit) {
    return OutOfRange("record_bytes_max", options.record_bytes_max, 1, kRecordBytesLimit);
  }
  if (options.segment_bytes < kSegmentBytesMin || options.segment_bytes > kSegmentBytesMax) {
    return OutOfRange("segment_bytes", options.segment_bytes, kSegmentBytesMin, kSegmentBytesMax);
  }
  return Ok();
}

}  // namespace tailrace::stream
