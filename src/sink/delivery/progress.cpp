#include "sink/delivery/progress.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

constexpr std::string_view kMagic = "TRDELIV\n";
constexpr uint32_t kVersion = 1;

void WritePositions(ByteWriter& writer, const Positions& positions) {
  writer.U32(static_cast<uint32_t>(positions.size()));
  for (const auto& [shard, sequence] : positions) {
    writer.U32(shard);
    writer.U64(sequence);
  }
}

Result<Positions> ReadPositions(ByteReader& reader) {
  Positions positions;
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t count, reader.U32());
  for (uint32_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const uint32_t shard, reader.U32());
    TAILRACE_ASSIGN_OR_RETURN(positions[shard], reader.U64());
  }
  return positions;
}

Result<Progress> Parse(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view magic, reader.Raw(kMagic.size()));
  if (magic != kMagic) return Error{ErrorCode::kCorruption, "wrong first bytes"};
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, reader.U32());
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("version ", version, ", this program reads ", kVersion)};
  }
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t size, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t checksum, reader.U32());
  if (size != reader.remaining()) {
    return Error{ErrorCode::kCorruption, StrCat(size, " bytes announced, ", reader.remaining(), " there")};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view body, reader.Raw(size));
  if (Crc32c(body) != checksum) return Error{ErrorCode::kCorruption, "checksum does not match"};
  ByteReader fields(body);
  Progress progress;
  TAILRACE_ASSIGN_OR_RETURN(progress.stream_id, fields.Text());
  TAILRACE_ASSIGN_OR_RETURN(progress.positions, ReadPositions(fields));
  TAILRACE_ASSIGN_OR_RETURN(const bool in_flight, fields.Bool());
  if (in_flight) {
    TAILRACE_ASSIGN_OR_RETURN(progress.in_flight_end, ReadPositions(fields));
    TAILRACE_ASSIGN_OR_RETURN(progress.in_flight_version, fields.U64());
  }
  return progress;
}

}  // namespace

Result<std::optional<Progress>> ReadProgress(Disk& disk, const std::string& path) {
  const auto bytes = ReadFile(disk, path);
  if (!bytes.ok()) {
    if (bytes.error().code == ErrorCode::kNotFound) return std::optional<Progress>();
    return bytes.error();
  }
  auto progress = Parse(*bytes);
  if (!progress.ok()) return std::move(progress).error().Context(path);
  return std::optional<Progress>(std::move(progress).value());
}

Status WriteProgress(Disk& disk, const std::string& path, const Progress& progress) {
  ByteWriter body;
  body.Text(progress.stream_id);
  WritePositions(body, progress.positions);
  body.Bool(progress.in_flight_end.has_value());
  if (progress.in_flight_end.has_value()) {
    WritePositions(body, *progress.in_flight_end);
    body.U64(progress.in_flight_version);
  }
  ByteWriter file;
  file.Append(kMagic);
  file.U32(kVersion);
  file.U32(static_cast<uint32_t>(body.size()));
  file.U32(Crc32c(body.bytes()));
  file.Append(body.bytes());
  return WriteFileAtomically(disk, path, file.bytes());
}

}  // namespace tailrace::sink::delivery
