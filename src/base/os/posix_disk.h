#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/disk.h"

namespace tailrace {

// The machine's file system. New files get mode 0666 and new directories 0777, less the process's creation mask.
// Threads: any.
class PosixDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status MakeDirectories(const std::string& path) override;
  Status Remove(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status SyncDirectory(const std::string& path) override;
};

}  // namespace tailrace
