#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/os/file_descriptor.h"
#include "base/result.h"

namespace tailrace {

// The variable's value; nothing when it is not set. Threads: any, as nothing here sets variables.
std::optional<std::string> EnvironmentVariable(const std::string& name);

std::string HostName();  // "localhost" when the system tells none.
uint64_t ProcessId();
std::string UserName();  // Of the effective user; its number when it has no name.
// A seed for Rng from the system's entropy.
uint64_t RandomSeed();
// Secret-grade random bytes from the system: session keys, salts.
std::string RandomBytes(size_t count);

// Sets the permission bits that new files and directories do not get (umask); returns the previous ones.
uint32_t SetFileCreationMask(uint32_t mask);

// Fills the span with what standard input has, waiting for at least a byte; 0 at its end. Errors: kInternal.
Result<size_t> ReadStandardInput(std::span<char> into);

// Descriptor 0 to 2: whether a person is at the other end, and how wide the terminal is.
bool IsTerminal(int fd);
std::optional<uint32_t> TerminalColumns(int fd);

struct ProcessUsage {
  std::chrono::nanoseconds cpu{};  // User and system time of the whole process.
  uint64_t resident_bytes = 0;     // Now; 0 when the system does not tell.
};
ProcessUsage UsageOfThisProcess();

// Holds a data folder for this process alone, until destroyed or the process ends in whatever way.
class FolderLock {
 public:
  // Locks `folder`/LOCK, which is created when missing and holds the owner's process id.
  // Errors: kFailedPrecondition: another process holds it; the message names its id. Those of Disk::Open.
  static Result<FolderLock> Acquire(const std::string& folder);
  // The same with a lock file of any name, for what is not a folder; `subject` is for the message.
  static Result<FolderLock> AcquireFile(const std::string& path, const std::string& subject);

 private:
  explicit FolderLock(FileDescriptor fd) : fd_(std::move(fd)) {}

  FileDescriptor fd_;
};

}  // namespace tailrace
