#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace tailrace {

enum class WatchWake : uint8_t { kChanged, kTimeout, kInterrupted };

// Wakes a thread when anything in a set of directories changes: a file was written, made, renamed or removed.
// Changes since the last Wait are not lost; many changes may give one wake-up; a wake-up may be spurious.
//
// Threads  Add, Remove and Wait: one owner. Interrupt: any.
class FileWatch {
 public:
  virtual ~FileWatch() = default;

  // Not recursive. Adding a directory again does nothing. Errors: kNotFound, kPermissionDenied.
  virtual Status Add(const std::string& directory) = 0;
  virtual void Remove(const std::string& directory) = 0;
  // Blocks until a change, Interrupt or the timeout. One Interrupt ends one Wait, the running or the next.
  virtual Result<WatchWake> Wait(std::chrono::milliseconds timeout) = 0;
  virtual void Interrupt() = 0;
};

struct FileWatchOptions {
  bool use_inotify = true;  // Off: only polling.
  // How often directories are looked at that cannot be watched (network file systems, inotify's limits reached).
  std::chrono::milliseconds poll_interval{250};
};

// Source: inotify(7).
Result<std::unique_ptr<FileWatch>> MakeFileWatch(FileWatchOptions options = {});

}  // namespace tailrace
