#include "base/os/process.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/os/os_error.h"
#include "base/str.h"

namespace tailrace {
namespace {

void FillRandom(void* into, size_t size) {
  auto* bytes = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t count = ::getrandom(bytes, size, 0);
    if (count < 0) {
      TAILRACE_CHECK(errno == EINTR);  // Nothing else can go wrong with a valid buffer.
      continue;
    }
    bytes += count;
    size -= static_cast<size_t>(count);
  }
}

std::chrono::nanoseconds DurationOf(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

std::optional<std::string> EnvironmentVariable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

uint64_t ProcessId() { return static_cast<uint64_t>(::getpid()); }

std::string UserName() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return StrCat(::geteuid());
}

uint64_t RandomSeed() {
  uint64_t seed = 0;
  FillRandom(&seed, sizeof seed);
  return seed;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  FillRandom(bytes.data(), count);
  return bytes;
}

uint32_t SetFileCreationMask(uint32_t mask) { return ::umask(mask); }

Result<size_t> ReadStandardInput(std::span<char> into) {
  while (true) {
    const ssize_t count = ::read(0, into.data(), into.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) return Error{ErrorCode::kInternal, StrCat("standard input: ", std::strerror(errno))};
  }
}

bool IsTerminal(int fd) { return ::isatty(fd) == 1; }

std::optional<uint32_t> TerminalColumns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

ProcessUsage UsageOfThisProcess() {
  ProcessUsage usage;
  struct rusage times{};
  if (::getrusage(RUSAGE_SELF, &times) == 0) usage.cpu = DurationOf(times.ru_utime) + DurationOf(times.ru_stime);
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    unsigned long long total_pages = 0;
    unsigned long long resident_pages = 0;
    if (std::fscanf(file, "%llu %llu", &total_pages, &resident_pages) == 2) {
      usage.resident_bytes = resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    std::fclose(file);
  }
  return usage;
}

Result<FolderLock> FolderLock::Acquire(const std::string& folder) {
  return AcquireFile(folder + "/LOCK", StrCat("folder ", folder));
}

Result<FolderLock> FolderLock::AcquireFile(const std::string& path, const std::string& subject) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd.valid()) return OsError(errno, "open", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return OsError(errno, "lock", path);
    std::array<char, 32> owner{};
    const ssize_t count = ::pread(fd.get(), owner.data(), owner.size(), 0);
    const std::string_view text(owner.data(), count > 0 ? static_cast<size_t>(count) : 0);
    return Error{ErrorCode::kFailedPrecondition, StrCat(subject, " is in use by process ", Trim(text))};
  }
  const std::string owner = StrCat(ProcessId(), "\n");
  // The number is only information for the message above; the lock holds without it.
  if (::ftruncate(fd.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(fd.get(), owner.data(), owner.size(), 0);
  }
  return FolderLock(std::move(fd));
}

}  // namespace tailrace
