#include "base/os/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/os/file_descriptor.h"
#include "base/os/os_error.h"

namespace tailrace {
namespace {

constexpr mode_t kFileMode = 0666;
constexpr mode_t kDirectoryMode = 0777;
constexpr uint64_t kWriteOutBytes = 4 << 20;
constexpr uint64_t kWriteOutAlignment = 64 << 10;

FileInfo InfoOf(const struct stat& status) {
  FileInfo info;
  info.size_bytes = static_cast<uint64_t>(status.st_size);
  info.modified = FromUnixMs(int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000);
  info.device = status.st_dev;
  info.inode = status.st_ino;
  info.is_directory = S_ISDIR(status.st_mode);
  return info;
}

int FlagsOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  TAILRACE_CHECK(false);
}

// Opens again when a signal interrupted the call; errno is set when the result is negative.
int OpenDescriptor(const std::string& path, int flags) {
  while (true) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

class PosixFile final : public File {
 public:
  PosixFile(FileDescriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
    size_t done = 0;
    while (done < into.size()) {
      const ssize_t count =
          ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (count == 0) break;
      if (count > 0) {
        done += static_cast<size_t>(count);
      } else if (errno != EINTR) {
        return OsError(errno, "read", path_);
      }
    }
    return done;
  }

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count >= 0) {
        bytes.remove_prefix(static_cast<size_t>(count));
        NoteWritten(offset, offset + static_cast<uint64_t>(count));
        offset += static_cast<uint64_t>(count);
      } else if (errno != EINTR) {
        return OsError(errno, "write", path_);
      }
    }
    return Ok();
  }

  Status Sync() override {
    // Never repeated after a failure: the kernel reports a lost write once and then calls the page clean.
    if (::fdatasync(fd_.get()) != 0) return OsError(errno, "sync", path_);
    written_out_ = written_end_;
    return Ok();
  }

  Status Truncate(uint64_t size_bytes) override {
    while (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) {
      if (errno != EINTR) return OsError(errno, "truncate", path_);
    }
    return Ok();
  }

  Result<FileInfo> Info() override {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0) return OsError(errno, "stat", path_);
    return InfoOf(status);
  }

 private:
  // Has the system begin to write out what was written one behind the other, so that the disk works meanwhile and a
  // sync of a large file finds little to wait for. Whole pages only: the last one is still being filled. Only a sync
  // says whether it came to the disk.
  void NoteWritten(uint64_t begin, uint64_t end) {
    if (begin != written_end_) written_out_ = begin;
    written_end_ = end;
    if (end - written_out_ < kWriteOutBytes) return;
    const uint64_t whole = end / kWriteOutAlignment * kWriteOutAlignment;
    ::sync_file_range(fd_.get(), static_cast<off_t>(written_out_), static_cast<off_t>(whole - written_out_),
                      SYNC_FILE_RANGE_WRITE);
    written_out_ = whole;
  }

  const FileDescriptor fd_;
  const std::string path_;
  uint64_t written_out_ = 0;  // The bytes from here to written_end_ were written one behind the other.
  uint64_t written_end_ = 0;
};

}  // namespace

Result<std::unique_ptr<File>> PosixDisk::Open(const std::string& path, OpenMode mode) {
  FileDescriptor fd(OpenDescriptor(path, FlagsOf(mode)));
  if (!fd.valid()) return OsError(errno, "open", path);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd), path));
}

Result<FileInfo> PosixDisk::Stat(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return OsError(errno, "stat", path);
  return InfoOf(status);
}

Result<std::vector<std::string>> PosixDisk::List(const std::string& directory) {
  DIR* const handle = ::opendir(directory.c_str());
  if (handle == nullptr) return OsError(errno, "list", directory);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(handle)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int failure = errno;
  ::closedir(handle);
  if (failure != 0) return OsError(failure, "list", directory);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixDisk::MakeDirectories(const std::string& path) {
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string prefix = path.substr(0, end);
    if (::mkdir(prefix.c_str(), kDirectoryMode) == 0 || errno == EISDIR) continue;
    const int failure = errno;
    struct stat status{};
    if (::stat(prefix.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
    return OsError(failure, "make directory", prefix);
  }
  return Ok();
}

Status PosixDisk::Remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return OsError(errno, "remove", path);
  return Ok();
}

Status PosixDisk::Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return OsError(errno, "rename", from + " to " + to);
  return Ok();
}

Status PosixDisk::SyncDirectory(const std::string& path) {
  const FileDescriptor fd(OpenDescriptor(path, O_RDONLY | O_DIRECTORY));
  if (!fd.valid()) return OsError(errno, "open directory", path);
  if (::fsync(fd.get()) != 0) return OsError(errno, "sync directory", path);
  return Ok();
}

}  // namespace tailrace
