#include "app/told_time.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

constexpr std::string_view kMagic = "TRTOLD\r\n";
constexpr uint32_t kVersion = 1;
// More times than this nobody foresees at once; those beyond are stored when they are reached.
constexpr size_t kForeseenMax = 10'000;
// Of the reserve, so much must be left after a foreseen time: what is told then is told a little later.
constexpr int kLaterShare = 4;

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
      "the time up to which outputs were told is unreadable; when the machine's clock was not set back since, start "
      "with --skip-damaged, which takes the present for it");
}

ToldTime::ToldTime(Disk& disk, std::string path, Milliseconds reserve)
    : disk_(disk), path_(std::move(path)), reserve_(reserve) {}

Result<std::unique_ptr<ToldTime>> ToldTime::Open(Disk& disk, std::string path, Milliseconds reserve) {
  std::unique_ptr<ToldTime> opened(new ToldTime(disk, std::move(path), reserve));
  TAILRACE_ASSIGN_OR_RETURN(opened->told_before_, ReadToldTime(disk, opened->path_));
  opened->told_ = opened->stored_ = opened->told_before_;
  return opened;
}

ToldTime::~ToldTime() { Stop(); }

void ToldTime::Start(const Clock& clock) {
  TAILRACE_CHECK(!thread_.joinable());
  stopping_ = false;
  thread_ = std::thread([this, &clock] { Run(clock); });
}

void ToldTime::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ToldTime::Run(const Clock& clock) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    news_ = false;
    lock.unlock();
    const std::optional<Timestamp> next = StoreAhead(clock.Now());
    lock.lock();
    const auto awake = [this] { return stopping_ || news_; };
    if (next.has_value()) {
      wake_.wait_for(lock, *next - clock.Now(), awake);
    } else {
      wake_.wait(lock, awake);
    }
  }
}

Timestamp ToldTime::told_before() const {
  const std::lock_guard lock(mutex_);
  return told_before_;
}

void ToldTime::Foresee(Timestamp time) {
  const std::lock_guard lock(mutex_);
  if (reserve_ == Milliseconds(0) || foreseen_.size() >= kForeseenMax) return;
  const bool earliest = foreseen_.empty() || time < *foreseen_.begin();
  foreseen_.insert(time);
  if (!earliest) return;
  news_ = true;
  wake_.notify_one();
}

std::optional<Timestamp> ToldTime::StoreAhead(Timestamp now) {
  const std::lock_guard storing(storing_mutex_);
  std::unique_lock lock(mutex_);
  while (!foreseen_.empty()) {
    const Timestamp foreseen = *foreseen_.begin();
    if (foreseen > now + kAhead) return foreseen - kAhead;
    foreseen_.erase(foreseen_.begin());
    // A window is told a little later than it ends.
    if (foreseen + reserve_ / kLaterShare <= stored_) continue;
    lock.unlock();
    Store(std::max(foreseen, now) + reserve_).Ignore("Reach tries again, and says why not");
    lock.lock();
  }
  return std::nullopt;
}

Status ToldTime::Reach(Timestamp time) {
  if (Covers(time)) return Ok();
  const std::lock_guard storing(storing_mutex_);
  if (Covers(time)) return Ok();  // Somebody has stored it meanwhile.
  TAILRACE_TRY(Store(time + reserve_));
  TAILRACE_CHECK(Covers(time));
  return Ok();
}

bool ToldTime::Covers(Timestamp time) {
  const std::lock_guard lock(mutex_);
  if (time > stored_) return false;
  told_ = std::max(told_, time);
  return true;
}

Status ToldTime::Adopt(Timestamp time) {
  const std::lock_guard storing(storing_mutex_);
  if (!Covers(time)) {
    TAILRACE_TRY(Store(time));
    TAILRACE_CHECK(Covers(time));
  }
  const std::lock_guard lock(mutex_);
  told_before_ = std::max(told_before_, time);
  return Ok();
}

void ToldTime::DropReserve() {
  const std::lock_guard storing(storing_mutex_);
  Timestamp told;
  {
    const std::lock_guard lock(mutex_);
    if (stored_ <= told_) return;
    told = stored_ = told_;  // Who tells more meanwhile waits until this is done, and stores it.
  }
  Store(told).Ignore("the reserve stays");
}

Status ToldTime::Store(Timestamp time) {
  ByteWriter file;
  file.Append(kMagic);
  file.U32(kVersion);
  file.I64(ToUnixMs(time));
  file.U32(Crc32c(file.bytes()));
  TAILRACE_TRY(WriteFileAtomically(disk_, path_, file.bytes()));
  const std::lock_guard lock(mutex_);
  stored_ = time;
  return Ok();
}

}  // namespace tailrace::app
