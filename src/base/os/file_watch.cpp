#include "base/os/file_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "base/os/file_descriptor.h"
#include "base/os/os_error.h"
#include "base/os/posix_disk.h"

namespace tailrace {
namespace {

constexpr uint32_t kWatchedEvents = IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB |
                                    IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// What polling compares: (name, inode, size, time of change) of the directory itself and, sorted, of what is in it.
using Listing = std::vector<std::tuple<std::string, uint64_t, uint64_t, Timestamp>>;

Listing ListingOf(const std::string& directory) {
  PosixDisk disk;
  Listing listing;
  auto names = disk.List(directory);
  const auto self = disk.Stat(directory);
  if (!names.ok() || !self.ok()) return listing;  // Gone or closed to us.
  listing.emplace_back(".", self->inode, 0, self->modified);
  for (std::string& name : *names) {
    const auto info = disk.Stat(directory + "/" + name);
    if (info.ok()) listing.emplace_back(std::move(name), info->inode, info->size_bytes, info->modified);
  }
  return listing;
}

// Whether other machines can change the files without our kernel seeing it. Source: statfs(2).
bool IsRemote(const std::string& directory) {
  struct statfs status{};
  if (::statfs(directory.c_str(), &status) != 0) return false;
  constexpr std::array<uint64_t, 5> kRemoteTypes = {0x6969 /* NFS */, 0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */,
                                                    0x65735546 /* FUSE */, 0x01021997 /* 9p */};
  const auto type = static_cast<uint64_t>(status.f_type) & 0xffffffffU;
  return std::find(kRemoteTypes.begin(), kRemoteTypes.end(), type) != kRemoteTypes.end();
}

class PosixFileWatch final : public FileWatch {
 public:
  PosixFileWatch(FileDescriptor inotify, FileDescriptor interrupt, std::chrono::milliseconds poll_interval)
      : inotify_(std::move(inotify)), interrupt_(std::move(interrupt)), poll_interval_(poll_interval) {}

  Status Add(const std::string& directory) override {
    if (watches_.contains(directory)) return Ok();
    struct stat status{};
    if (::stat(directory.c_str(), &status) != 0) return OsError(errno, "watch", directory);
    if (!S_ISDIR(status.st_mode)) return OsError(ENOTDIR, "watch", directory);
    Watch watch;
    if (inotify_.valid() && !IsRemote(directory)) {
      watch.descriptor = ::inotify_add_watch(inotify_.get(), directory.c_str(), kWatchedEvents);
      if (watch.descriptor < 0 && errno == EACCES) return OsError(errno, "watch", directory);
    }
    if (watch.descriptor < 0) watch.listing = ListingOf(directory);
    watches_.emplace(directory, std::move(watch));
    return Ok();
  }

  void Remove(const std::string& directory) override {
    const auto found = watches_.find(directory);
    if (found == watches_.end()) return;
    const int descriptor = found->second.descriptor;
    watches_.erase(found);
    // Two spellings of one directory share a descriptor, which stays as long as either is watched.
    const bool shared = std::any_of(watches_.begin(), watches_.end(),
                                    [&](const auto& entry) { return entry.second.descriptor == descriptor; });
    if (descriptor >= 0 && !shared) ::inotify_rm_watch(inotify_.get(), descriptor);
  }

  Result<WatchWake> Wait(std::chrono::milliseconds timeout) override {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      if (PollChanged()) return WatchWake::kChanged;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      const auto pause = std::max(std::chrono::milliseconds(0), polls() ? std::min(left, poll_interval_) : left);
      std::array<pollfd, 2> waiting{{{interrupt_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), static_cast<int>(pause.count())) < 0 && errno != EINTR) {
        return OsError(errno, "wait for changes of", "directories");
      }
      if ((waiting[0].revents & POLLIN) != 0) {
        uint64_t count = 0;
        if (::read(interrupt_.get(), &count, sizeof count) > 0) return WatchWake::kInterrupted;
      }
      if ((waiting[1].revents & POLLIN) != 0 && DrainEvents()) return WatchWake::kChanged;
      if (std::chrono::steady_clock::now() >= deadline) {
        return PollChanged() ? WatchWake::kChanged : WatchWake::kTimeout;
      }
    }
  }

  void Interrupt() override {
    const uint64_t one = 1;
    // Fails only when the counter is full, and then Wait wakes anyway.
    [[maybe_unused]] const ssize_t written = ::write(interrupt_.get(), &one, sizeof one);
  }

 private:
  struct Watch {
    int descriptor = -1;             // Of inotify; -1: polled.
    std::optional<Listing> listing;  // Of the last look, when polled.
  };

  bool polls() const {
    return std::any_of(watches_.begin(), watches_.end(), [](const auto& entry) { return entry.second.descriptor < 0; });
  }

  bool PollChanged() {
    bool changed = false;
    for (auto& [directory, watch] : watches_) {
      if (watch.descriptor >= 0) continue;
      Listing now = ListingOf(directory);
      changed |= now != watch.listing;
      watch.listing = std::move(now);
    }
    return changed;
  }

  // Reads all events away; true when there was one.
  bool DrainEvents() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    bool any = false;
    while (true) {
      const ssize_t count = ::read(inotify_.get(), buffer.data(), buffer.size());
      if (count <= 0) return any;
      any = true;
      for (ssize_t offset = 0; offset < count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + offset);
        if ((event->mask & IN_IGNORED) != 0) ForgetDescriptor(event->wd);
        offset += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
  }

  // The directory was removed, so the kernel ended its watch: it is polled from now on and noticed when it is back.
  void ForgetDescriptor(int descriptor) {
    for (auto& [directory, watch] : watches_) {
      if (watch.descriptor != descriptor) continue;
      watch.descriptor = -1;
      watch.listing = Listing();
    }
  }

  const FileDescriptor inotify_;  // None: everything is polled.
  const FileDescriptor interrupt_;
  const std::chrono::milliseconds poll_interval_;
  std::map<std::string, Watch> watches_;
};

}  // namespace

Result<std::unique_ptr<FileWatch>> MakeFileWatch(FileWatchOptions options) {
  FileDescriptor inotify;
  if (options.use_inotify) inotify = FileDescriptor(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  FileDescriptor interrupt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!interrupt.valid()) return OsError(errno, "open", "eventfd");
  return std::unique_ptr<FileWatch>(
      std::make_unique<PosixFileWatch>(std::move(inotify), std::move(interrupt), options.poll_interval));
}

}  // namespace tailrace
