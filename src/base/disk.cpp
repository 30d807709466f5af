#include "base/disk.h"

#include <algorithm>

namespace tailrace {

bool Exists(Disk& disk, const std::string& path) { return disk.Stat(path).ok(); }

Result<std::string> ReadFile(Disk& disk, const std::string& path) {
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk.Open(path, OpenMode::kRead));
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
  std::string bytes(info.size_bytes, '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, file->ReadAt(done, std::span(bytes).subspan(done)));
    if (count == 0) break;  // The file became shorter meanwhile.
    done += count;
  }
  bytes.resize(done);
  return bytes;
}

Status MakeDirectoriesDurably(Disk& disk, const std::string& path) {
  TAILRACE_TRY(disk.MakeDirectories(path));
  // Also those that were there: a process that was killed may have made them and not synced.
  for (size_t begin = path.find_first_not_of('/'); begin < path.size();) {
    const Status synced = disk.SyncDirectory(begin == 0 ? "." : path.substr(0, begin));
    // What others own and we may not even read is theirs to keep.
    if (!synced.ok() && synced.error().code != ErrorCode::kPermissionDenied) return synced;
    begin = path.find_first_not_of('/', std::min(path.find('/', begin), path.size()));
  }
  return Ok();
}

Status WriteFileAtomically(Disk& disk, const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  {
    TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk.Open(temporary, OpenMode::kCreate));
    TAILRACE_TRY(file->Truncate(0));
    TAILRACE_TRY(file->WriteAt(0, bytes));
    TAILRACE_TRY(file->Sync());
  }
  TAILRACE_TRY(disk.Rename(temporary, path));
  const size_t slash = path.rfind('/');
  return disk.SyncDirectory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

}  // namespace tailrace
