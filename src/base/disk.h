#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tailrace {

// What `Disk::Stat` tells. `device` and `inode` name the file whatever it is called (log rotation).
struct FileInfo {
  uint64_t size_bytes = 0;
  Timestamp modified{};
  uint64_t device = 0;
  uint64_t inode = 0;
  bool is_directory = false;
};

// An open file. One owner thread, except ReadAt, which is safe beside writes to other ranges.
class File {
 public:
  virtual ~File() = default;
  // Reads up to `into.size()` bytes at `offset`; fewer only at the end of the file.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> into) = 0;
  virtual Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // Makes all written bytes (and the size) durable. After an error the file's content is unknown: reopen and recover.
  virtual Status Sync() = 0;
  virtual Status Truncate(uint64_t size_bytes) = 0;
  virtual Result<FileInfo> Info() = 0;
};

enum class OpenMode : uint8_t {
  kRead,       // Must exist.
  kReadWrite,  // Must exist.
  kCreate,     // Created when missing, kept when there; read and write.
  kCreateNew,  // Fails with kAlreadyExists when there.
};

// The file system. Errors: kNotFound, kAlreadyExists, kPermissionDenied, kLimitExceeded (disk full, out of
// descriptors), kInternal; the message names the path.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  // Names (not paths) in the directory, sorted.
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;
  virtual Status MakeDirectories(const std::string& path) = 0;
  virtual Status Remove(const std::string& path) = 0;  // A file or an empty directory; missing is kNotFound.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;  // Replaces `to`.
  virtual Status SyncDirectory(const std::string& path) = 0;  // Makes creates, renames and removes in it durable.
};

bool Exists(Disk& disk, const std::string& path);
Result<std::string> ReadFile(Disk& disk, const std::string& path);
// MakeDirectories, and makes the names of all directories on the path durable.
Status MakeDirectoriesDurably(Disk& disk, const std::string& path);
// Writes `path` whole or not at all: temporary file, sync, rename, sync of the directory.
Status WriteFileAtomically(Disk& disk, const std::string& path, std::string_view bytes);

}  // namespace tailrace
