// Where named consumers of a stream go on reading.

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"
#include "stream/stream.h"

namespace tailrace::stream {
namespace {

constexpr std::string_view kMagic = "TRCONSUM";
constexpr uint32_t kVersion = 1;
constexpr std::string_view kPrefix = "consumer-";
constexpr std::string_view kSuffix = ".position";
constexpr size_t kNameBytesMax = 128;

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == ':' || c == '/' || c == '-';
}

Status CheckName(const std::string& consumer) {
  if (!consumer.empty() && consumer.size() <= kNameBytesMax &&
      std::all_of(consumer.begin(), consumer.end(), IsNameChar)) {
    return Ok();
  }
  return Error{ErrorCode::kInvalidArgument,
               StrCat("consumer name '", consumer, "': 1 to ", kNameBytesMax, " of [a-zA-Z0-9_.:/-] allowed")};
}

std::string EncodePositions(const std::map<ShardId, Sequence>& positions) {
  ByteWriter writer;
  writer.Append(kMagic);
  writer.U32(kVersion);
  writer.U32(static_cast<uint32_t>(positions.size()));
  for (const auto& [shard, sequence] : positions) {
    writer.U32(shard);
    writer.U64(sequence);
  }
  writer.U32(Crc32c(writer.bytes()));
  return std::move(writer).Take();
}

Result<std::map<ShardId, Sequence>> DecodePositions(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view magic, reader.Raw(kMagic.size()));
  if (magic != kMagic) return Error{ErrorCode::kCorruption, "not a consumer's positions"};
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, reader.U32());
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("consumer positions version ", version, ", known ", kVersion)};
  }
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t count, reader.U32());
  std::map<ShardId, Sequence> positions;
  for (uint32_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const ShardId shard, reader.U32());
    TAILRACE_ASSIGN_OR_RETURN(positions[shard], reader.U64());
  }
  const size_t checked = reader.offset();
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t checksum, reader.U32());
  if (checksum != Crc32c(bytes.substr(0, checked)))
    return Error{ErrorCode::kCorruption, "consumer positions: checksum"};
  return positions;
}

}  // namespace

// '/' and ':' do not belong in file names; hexadecimal keeps distinct names distinct.
std::string Stream::ConsumerPath(const std::string& consumer) const {
  return StrCat(folder_, "/", kPrefix, ToHex(consumer), kSuffix);
}

Status Stream::SaveConsumer(const std::string& consumer, const std::map<ShardId, Sequence>& positions) {
  TAILRACE_TRY(CheckName(consumer));
  const std::lock_guard consumers(consumers_mutex_);
  const std::shared_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  return WriteFileAtomically(environment_.disk, ConsumerPath(consumer), EncodePositions(positions));
}

Result<std::map<ShardId, Sequence>> Stream::LoadConsumer(const std::string& consumer) const {
  TAILRACE_TRY(CheckName(consumer));
  const std::lock_guard consumers(consumers_mutex_);
  const std::shared_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  const std::string path = ConsumerPath(consumer);
  auto bytes = ReadFile(environment_.disk, path);
  if (!bytes.ok()) {
    if (bytes.error().code != ErrorCode::kNotFound) return std::move(bytes).error();
    return Error{ErrorCode::kNotFound, StrCat("stream ", name_, " has no consumer '", consumer, "'")};
  }
  auto positions = DecodePositions(*bytes);
  if (!positions.ok()) return std::move(positions).error().Context(path);
  return positions;
}

Status Stream::DeleteConsumer(const std::string& consumer) {
  TAILRACE_TRY(CheckName(consumer));
  const std::lock_guard consumers(consumers_mutex_);
  const std::shared_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  TAILRACE_TRY(environment_.disk.Remove(ConsumerPath(consumer)));
  return environment_.disk.SyncDirectory(folder_);
}

Result<std::vector<std::string>> Stream::ListConsumers() const {
  const std::shared_lock lock(mutex_);
  TAILRACE_TRY(CheckNotDeleted());
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, environment_.disk.List(folder_));
  std::vector<std::string> consumers;
  for (const std::string& name : names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    std::string consumer;
    const std::string_view text(name);
    if (FromHex(text.substr(kPrefix.size(), text.size() - kPrefix.size() - kSuffix.size()), consumer)) {
      consumers.push_back(std::move(consumer));
    }
  }
  return consumers;
}

}  // namespace tailrace::stream
