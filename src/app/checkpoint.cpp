#include "app/checkpoint.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

constexpr std::string_view kMagic = "TRCKPT\r\n";
constexpr uint32_t kVersion = 1;

}  // namespace

Status WriteCheckpoint(Disk& disk, const std::string& path, const Checkpoint& checkpoint) {
  ByteWriter body;
  body.U64(checkpoint.number);
  body.I64(checkpoint.bound_unix_ms);
  body.I64(checkpoint.query_start_unix_ms);
  body.U32(static_cast<uint32_t>(checkpoint.positions.size()));
  for (const auto& [stream, shards] : checkpoint.positions) {
    body.Text(stream);
    body.U32(static_cast<uint32_t>(shards.size()));
    for (const auto& [shard, sequence] : shards) {
      body.U32(shard);
      body.U64(sequence);
    }
  }
  body.U64(checkpoint.job_state.size());

  ByteWriter file;  // The state is large: it is copied once.
  file.Reserve(kMagic.size() + 16 + body.size() + checkpoint.job_state.size());
  file.Append(kMagic);
  file.U32(kVersion);
  file.U64(body.size() + checkpoint.job_state.size());
  file.U32(Crc32c(checkpoint.job_state, Crc32c(body.bytes())));
  file.Append(body.bytes());
  file.Append(checkpoint.job_state);
  return WriteFileAtomically(disk, path, file.bytes());
}

namespace {

Result<Checkpoint> ParseCheckpoint(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view magic, reader.Raw(kMagic.size()));
  if (magic != kMagic) return Error{ErrorCode::kCorruption, "not a checkpoint: wrong first bytes"};
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, reader.U32());
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("checkpoint version ", version, ", this program reads ", kVersion)};
  }
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t size, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t checksum, reader.U32());
  if (size != reader.remaining()) {
    return Error{ErrorCode::kCorruption, StrCat("checkpoint of ", size, " bytes has ", reader.remaining())};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view body, reader.Raw(size));
  if (Crc32c(body) != checksum) return Error{ErrorCode::kCorruption, "checkpoint does not match its checksum"};

  ByteReader fields(body);
  Checkpoint checkpoint;
  TAILRACE_ASSIGN_OR_RETURN(checkpoint.number, fields.U64());
  TAILRACE_ASSIGN_OR_RETURN(checkpoint.bound_unix_ms, fields.I64());
  TAILRACE_ASSIGN_OR_RETURN(checkpoint.query_start_unix_ms, fields.I64());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t streams, fields.U32());
  for (uint32_t i = 0; i < streams; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view name, fields.Text());
    TAILRACE_ASSIGN_OR_RETURN(const uint32_t shards, fields.U32());
    auto& positions = checkpoint.positions[std::string(name)];
    for (uint32_t j = 0; j < shards; ++j) {
      TAILRACE_ASSIGN_OR_RETURN(const uint32_t shard, fields.U32());
      TAILRACE_ASSIGN_OR_RETURN(positions[shard], fields.U64());
    }
  }
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t state_bytes, fields.U64());
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view state, fields.Raw(state_bytes));
  checkpoint.job_state = std::string(state);
  return checkpoint;
}

}  // namespace

Result<std::optional<Checkpoint>> ReadCheckpoint(Disk& disk, const std::string& path) {
  if (!Exists(disk, path)) return std::optional<Checkpoint>();
  TAILRACE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(disk, path));
  auto checkpoint = ParseCheckpoint(bytes);
  if (!checkpoint.ok()) return std::move(checkpoint).error().Context(path);
  return std::optional<Checkpoint>(std::move(checkpoint).value());
}

}  // namespace tailrace::app
