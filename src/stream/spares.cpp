#include "stream/spares.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::stream {
namespace {

constexpr std::string_view kPrefix = "spare-";
constexpr std::string_view kUnfinished = ".tmp";
constexpr uint64_t kZeroPieceBytes = 256 << 10;

}  // namespace

Status FillWithZeros(File& file, uint64_t from, uint64_t to) {
  const std::string zeros(std::min(kZeroPieceBytes, to - std::min(from, to)), '\0');
  while (from < to) {
    const uint64_t count = std::min<uint64_t>(zeros.size(), to - from);
    TAILRACE_TRY(file.WriteAt(from, std::string_view(zeros).substr(0, count)));
    from += count;
  }
  return Ok();
}

Status Spares::Recover() {
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, disk_.List(folder_));
  const std::lock_guard lock(mutex_);
  for (const std::string& name : names) {
    if (!name.starts_with(kPrefix)) continue;
    const auto number = ParseInt64(std::string_view(name).substr(kPrefix.size()));
    if (number.has_value()) {
      next_number_ = std::max(next_number_, static_cast<uint64_t>(*number) + 1);
      paths_.push_back(folder_ + "/" + name);
    } else if (name.ends_with(kUnfinished)) {
      TAILRACE_TRY(disk_.Remove(folder_ + "/" + name));
    }
  }
  return Ok();
}

std::string Spares::NextPath() { return StrCat(folder_, "/", kPrefix, next_number_++); }

Result<bool> Spares::Take(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (paths_.empty()) return false;
  TAILRACE_TRY(disk_.Rename(paths_.back(), path));
  paths_.pop_back();
  return true;
}

Status Spares::Give(const std::string& path, size_t enough) {
  const std::lock_guard lock(mutex_);
  if (paths_.size() >= enough) return disk_.Remove(path);
  const std::string spare = NextPath();
  TAILRACE_TRY(disk_.Rename(path, spare));
  paths_.push_back(spare);
  return Ok();
}

Status Spares::Make(uint64_t bytes) {
  std::string path;
  {
    const std::lock_guard lock(mutex_);
    path = NextPath();
  }
  const std::string unfinished = StrCat(path, kUnfinished);
  Status written = [&]() -> Status {
    TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk_.Open(unfinished, OpenMode::kCreate));
    TAILRACE_TRY(FillWithZeros(*file, 0, bytes));
    return file->Sync();
  }();
  if (written.ok()) written = disk_.Rename(unfinished, path);
  if (!written.ok()) {
    disk_.Remove(unfinished).Ignore("the first failure is reported; leftovers go at the next start");
    return written;
  }
  const std::lock_guard lock(mutex_);
  paths_.push_back(std::move(path));
  return Ok();
}

bool Spares::empty() const {
  const std::lock_guard lock(mutex_);
  return paths_.empty();
}

}  // namespace tailrace::stream
