#include "app/told_time.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

constexpr std::string_view kMagic = "TRTOLD\r\n";
constexpr uint32_t kVersion = 1;

Result<Timestamp> Parse(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view magic, reader.Raw(kMagic.size()));
  if (magic != kMagic) return Error{ErrorCode::kCorruption, "not a told time: wrong first bytes"};
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, reader.U32());
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("told time version ", version, ", this program reads ", kVersion)};
  }
  TAILRACE_ASSIGN_OR_RETURN(const int64_t unix_ms, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t checksum, reader.U32());
  if (reader.remaining() > 0 || Crc32c(bytes.substr(0, bytes.size() - sizeof checksum)) != checksum) {
    return Error{ErrorCode::kCorruption, "told time does not match its checksum"};
  }
  return FromUnixMs(unix_ms);
}

}  // namespace

Result<Timestamp> ReadToldTime(Disk& disk, const std::string& path) {
  if (!Exists(disk, path)) return Timestamp{};
  TAILRACE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(disk, path));
  auto time = Parse(bytes);
  if (time.ok()) return *time;
  return std::move(time).error().Context(path).Context(
      "the time up to which outputs were told is unreadable; move it away when the machine's clock was not set back "
      "since");
}

ToldTime::ToldTime(Disk& disk, std::string path, Milliseconds reserve)
    : disk_(disk), path_(std::move(path)), reserve_(reserve) {}

Result<std::unique_ptr<ToldTime>> ToldTime::Open(Disk& disk, std::string path, Milliseconds reserve) {
  std::unique_ptr<ToldTime> opened(new ToldTime(disk, std::move(path), reserve));
  TAILRACE_ASSIGN_OR_RETURN(opened->told_before_, ReadToldTime(disk, opened->path_));
  opened->told_ = opened->stored_ = opened->told_before_;
  return opened;
}

Timestamp ToldTime::told_before() const {
  const std::lock_guard lock(mutex_);
  return told_before_;
}

Status ToldTime::Reach(Timestamp time) {
  const std::lock_guard lock(mutex_);
  if (time > stored_) TAILRACE_TRY(Store(time + reserve_));
  told_ = std::max(told_, time);
  return Ok();
}

Status ToldTime::Adopt(Timestamp time) {
  const std::lock_guard lock(mutex_);
  if (time > stored_) TAILRACE_TRY(Store(time));
  told_ = std::max(told_, time);
  told_before_ = std::max(told_before_, time);
  return Ok();
}

void ToldTime::DropReserve() {
  const std::lock_guard lock(mutex_);
  if (stored_ > told_) Store(told_).Ignore("the reserve stays");
}

Status ToldTime::Store(Timestamp time) {
  ByteWriter file;
  file.Append(kMagic);
  file.U32(kVersion);
  file.I64(ToUnixMs(time));
  file.U32(Crc32c(file.bytes()));
  TAILRACE_TRY(WriteFileAtomically(disk_, path_, file.bytes()));
  stored_ = time;
  return Ok();
}

}  // namespace tailrace::app
