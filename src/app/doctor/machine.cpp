#include <algorithm>
#include <array>

#include "app/doctor/doctor.h"
#include "base/os/file_watch.h"
#include "base/os/probe.h"
#include "base/os/process.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

constexpr uint64_t kFreeBytesMin = 64 << 20;
constexpr uint64_t kOpenFilesMin = 1024;
constexpr uint64_t kWatchesMin = 128;
constexpr size_t kSyncs = 9;
constexpr std::chrono::milliseconds kSyncMax{100};
constexpr const char* kProbeFile = "/.tailrace-doctor";

std::string FolderAbove(const std::string& path) {
  const size_t slash =
      path.find_last_not_of('/') == std::string::npos ? 0 : path.rfind('/', path.find_last_not_of('/'));
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string NearestFolder(Disk& disk, std::string folder) {
  while (!Exists(disk, folder) && folder != "." && folder != "/") folder = FolderAbove(folder);
  return folder;
}

// Output: the middle of some synced writes.
Result<std::chrono::nanoseconds> MeasureSync(Disk& disk, const Clock& clock, const std::string& folder) {
  const std::string path = folder + kProbeFile;
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk.Open(path, OpenMode::kCreate));
  std::vector<std::chrono::nanoseconds> times;
  Status status;
  for (size_t i = 0; i < kSyncs && status.ok(); ++i) {
    const auto begin = clock.Monotonic();
    status = file->WriteAt(i * 4096, std::string(4096, 'x'));
    if (status.ok()) status = file->Sync();
    times.push_back(clock.Monotonic() - begin);
  }
  TAILRACE_TRY(disk.Remove(path));
  TAILRACE_TRY(status);
  std::ranges::sort(times);
  return times[times.size() / 2];
}

}  // namespace

Result<std::string> CheckFolderWritable(Disk& disk, const std::string& folder) {
  const std::string nearest = NearestFolder(disk, folder);
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk.Stat(nearest));
  if (!info.is_directory) return Error{ErrorCode::kFailedPrecondition, StrCat(nearest, " is no folder")};
  const std::string path = nearest + kProbeFile;
  {
    TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk.Open(path, OpenMode::kCreate));
    const Status written = file->WriteAt(0, "x");
    if (!written.ok()) {
      disk.Remove(path).Ignore("the write has failed already");
      return written.error();
    }
  }
  TAILRACE_TRY(disk.Remove(path));
  return nearest == folder ? StrCat(folder, " can be written") : StrCat(folder, " can be made in ", nearest);
}

void ExamineMachine(const DoctorOptions& options, const DoctorEnvironment& environment, Examination& examination) {
  Disk& disk = environment.disk;
  const std::string nearest = NearestFolder(disk, options.data_folder);
  examination.Begin("data folder");
  examination.Step("space", "Free space on the disk, or name a folder on another disk with --data.",
                   [&]() -> Result<std::string> {
                     TAILRACE_ASSIGN_OR_RETURN(const uint64_t free, FreeDiskBytes(nearest));
                     if (free < kFreeBytesMin) {
                       return Error{ErrorCode::kLimitExceeded,
                                    StrCat("disk full: ", FormatBytes(free), " free for ", options.data_folder,
                                           ", at least ", FormatBytes(kFreeBytesMin), " are needed")};
                     }
                     return StrCat(FormatBytes(free), " free");
                   });
  examination.Step("write", "Give the folder to the user that runs tailrace, or mount its disk for writing.",
                   [&] { return CheckFolderWritable(disk, options.data_folder); });
  examination.Step("sync", "Use a disk that answers syncs sooner, or durability: relaxed for the streams.",
                   [&]() -> Result<std::string> {
                     TAILRACE_ASSIGN_OR_RETURN(const auto time, MeasureSync(disk, examination.clock(), nearest));
                     const double ms = std::chrono::duration<double, std::milli>(time).count();
                     if (time > kSyncMax) {
                       return Error{
                           ErrorCode::kLimitExceeded,
                           fmt::format("a synced write takes {:.0f} ms, more than {} ms", ms, kSyncMax.count())};
                     }
                     return fmt::format("a synced write takes {:.2f} ms", ms);
                   });
  if (Exists(disk, options.data_folder + "/LOCK")) {
    examination.Step("lock", "Let the program's user read and write the file LOCK.", [&]() -> Result<std::string> {
      const auto lock = FolderLock::Acquire(options.data_folder);
      if (lock.ok()) return std::string("no program has the folder now");
      if (lock.error().code == ErrorCode::kFailedPrecondition) return lock.error().message;
      return lock.error();
    });
  }

  examination.Begin("limits");
  examination.Step("descriptors", "Raise it: ulimit -n 20000, or LimitNOFILE=20000 in the unit.",
                   []() -> Result<std::string> {
                     const uint64_t limit = OpenFilesLimit();
                     if (limit < kOpenFilesMin) {
                       return Error{ErrorCode::kLimitExceeded,
                                    StrCat(limit, " open files are allowed, at least ", kOpenFilesMin, " are needed")};
                     }
                     return StrCat(limit, " open files allowed");
                   });
  examination.Step("watches", "Raise it: sysctl fs.inotify.max_user_watches=65536 fs.inotify.max_user_instances=512.",
                   [&]() -> Result<std::string> {
                     const uint64_t limit = WatchedDirectoriesLimit();
                     TAILRACE_ASSIGN_OR_RETURN(const auto watch, MakeFileWatch());
                     const auto info = environment.disk.Stat(nearest);  // What is no folder is told above.
                     if (info.ok() && info->is_directory) TAILRACE_TRY(watch->Add(nearest));
                     if (limit > 0 && limit < kWatchesMin) {
                       return Error{ErrorCode::kLimitExceeded, StrCat(limit, " watched folders are allowed")};
                     }
                     return StrCat(limit, " watched folders allowed");
                   });

  if (options.listen_address.empty()) return;
  examination.Begin("page and API");
  examination.Step(
      "listen", "Stop the other program, or choose another address with --listen.", [&]() -> Result<std::string> {
        const std::string address = StrCat(options.listen_address, ":", options.listen_port);
        const Status free = CanListen(options.listen_address, options.listen_port);
        if (free.ok()) return address + " is free";
        if (free.error().code == ErrorCode::kAlreadyExists) {
          const auto answer =
              environment.net.Http({.url = StrCat("http://", address, "/readyz"), .timeout = options.timeout});
          if (answer.ok() && answer->status == 200) return StrCat("a server answers on ", address, "/readyz");
        }
        return free.error();
      });
}

void ExamineClock(Examination& examination) {
  constexpr std::chrono::seconds kApartMax{60};
  examination.Begin("clock");
  examination.Step("time", "Set this machine's clock, or the other one's: let chrony or systemd-timesyncd keep them.",
                   [&]() -> Result<std::string> {
                     const auto& seen = examination.seen_clock();
                     if (!seen.has_value()) return std::string("nobody was there to compare with");
                     const double apart = std::chrono::duration<double>(std::chrono::abs(seen->ahead)).count();
                     const std::string text =
                         fmt::format("this machine is {:.1f} s {} {}", apart,
                                     seen->ahead > std::chrono::milliseconds(0) ? "behind" : "before", seen->whose);
                     if (std::chrono::abs(seen->ahead) > kApartMax) return Error{ErrorCode::kFailedPrecondition, text};
                     return text;
                   });
}

}  // namespace tailrace::app
