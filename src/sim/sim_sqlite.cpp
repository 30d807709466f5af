#include "sim/sim_sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/str.h"

namespace tailrace::sim {
namespace {

constexpr int kPathBytesMax = 512;
constexpr int kSectorBytes = 4096;  // As SQLite says of files on Linux.

// The locks that connections hold on one file, and the shared memory of its write-ahead log.
struct Shared {
  int users = 0;
  int readers = 0;
  bool reserved = false;
  bool pending = false;
  bool exclusive = false;
  int memory_users = 0;
  std::vector<std::unique_ptr<char[]>> memory;
  std::array<int, SQLITE_SHM_NLOCK> memory_readers{};
  std::array<bool, SQLITE_SHM_NLOCK> memory_writer{};
};

}  // namespace

struct SimSqlite::State {
  SimDisk& disk;
  const Clock& clock;
  Rng rng;
  uint64_t temporary_files = 0;
  std::map<std::string, Shared> shared;
  sqlite3_vfs vfs{};
};

namespace {

// SQLite makes the memory; `base` comes first, as it knows nothing else of it.
struct SimFile {
  sqlite3_file base;
  SimSqlite::State* state;
  std::unique_ptr<File>* file;
  std::string* path;
  int level;  // SQLITE_LOCK_...
  bool delete_on_close;
  bool name_unsynced;  // Of a new journal: SQLite syncs its directory at the first sync.
  bool has_memory;
  unsigned memory_shared;  // Locks held, one bit each.
  unsigned memory_exclusive;
};

SimFile& Of(sqlite3_file* file) { return *reinterpret_cast<SimFile*>(file); }
Shared& SharedOf(SimFile& file) { return file.state->shared[*file.path]; }

int CodeOf(const Status& status, int otherwise) {
  if (status.ok()) return SQLITE_OK;
  return status.error().code == ErrorCode::kLimitExceeded ? SQLITE_FULL : otherwise;
}

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

int Unlock(sqlite3_file* raw, int level) {
  SimFile& file = Of(raw);
  Shared& shared = SharedOf(file);
  if (file.level <= level) return SQLITE_OK;
  if (file.level >= SQLITE_LOCK_RESERVED) shared.reserved = shared.pending = shared.exclusive = false;
  if (level == SQLITE_LOCK_NONE) --shared.readers;
  file.level = level;
  return SQLITE_OK;
}

int Lock(sqlite3_file* raw, int level) {
  SimFile& file = Of(raw);
  Shared& shared = SharedOf(file);
  if (file.level >= level) return SQLITE_OK;
  const bool owner = file.level >= SQLITE_LOCK_RESERVED;
  if (level == SQLITE_LOCK_SHARED) {
    if (shared.pending || shared.exclusive) return SQLITE_BUSY;
    ++shared.readers;
  } else if (level == SQLITE_LOCK_RESERVED) {
    if (shared.reserved) return SQLITE_BUSY;
    shared.reserved = true;
  } else {
    if (shared.reserved && !owner) return SQLITE_BUSY;
    shared.reserved = shared.pending = true;
    if (shared.readers > 1) {
      file.level = SQLITE_LOCK_PENDING;
      return SQLITE_BUSY;
    }
    shared.exclusive = true;
  }
  file.level = level;
  return SQLITE_OK;
}

int CheckReserved(sqlite3_file* raw, int* result) {
  *result = SharedOf(Of(raw)).reserved ? 1 : 0;
  return SQLITE_OK;
}

int MemoryUnmap(sqlite3_file* raw, int /*remove*/) {
  SimFile& file = Of(raw);
  if (!file.has_memory) return SQLITE_OK;
  file.has_memory = false;
  Shared& shared = SharedOf(file);
  if (--shared.memory_users == 0) shared.memory.clear();
  return SQLITE_OK;
}

int MemoryMap(sqlite3_file* raw, int region, int bytes, int extend, void volatile** memory) {
  SimFile& file = Of(raw);
  Shared& shared = SharedOf(file);
  if (!file.has_memory) {
    file.has_memory = true;
    ++shared.memory_users;
  }
  *memory = nullptr;
  while (shared.memory.size() <= static_cast<size_t>(region)) {
    if (extend == 0) return SQLITE_OK;
    shared.memory.push_back(std::make_unique<char[]>(static_cast<size_t>(bytes)));
  }
  *memory = shared.memory[static_cast<size_t>(region)].get();
  return SQLITE_OK;
}

int MemoryLock(sqlite3_file* raw, int offset, int count, int flags) {
  SimFile& file = Of(raw);
  Shared& shared = SharedOf(file);
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  unsigned& held = exclusive ? file.memory_exclusive : file.memory_shared;
  const auto begin = static_cast<size_t>(offset);
  const size_t end = begin + static_cast<size_t>(count);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (size_t i = begin; i < end; ++i) {
      if ((held & (1U << i)) == 0) continue;
      held &= ~(1U << i);
      if (exclusive) shared.memory_writer[i] = false;
      if (!exclusive) --shared.memory_readers[i];
    }
    return SQLITE_OK;
  }
  for (size_t i = begin; i < end; ++i) {
    if ((held & (1U << i)) != 0) continue;
    if (shared.memory_writer[i] || (exclusive && shared.memory_readers[i] > 0)) return SQLITE_BUSY;
  }
  for (size_t i = begin; i < end; ++i) {
    if ((held & (1U << i)) != 0) continue;
    held |= 1U << i;
    if (exclusive) shared.memory_writer[i] = true;
    if (!exclusive) ++shared.memory_readers[i];
  }
  return SQLITE_OK;
}

void MemoryBarrier(sqlite3_file*) {}

int Close(sqlite3_file* raw) {
  SimFile& file = Of(raw);
  MemoryLock(raw, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
  MemoryLock(raw, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
  MemoryUnmap(raw, 0);
  Unlock(raw, SQLITE_LOCK_NONE);
  if (--SharedOf(file).users == 0) file.state->shared.erase(*file.path);
  delete file.file;
  if (file.delete_on_close) file.state->disk.Remove(*file.path).Ignore("a dead disk keeps it");
  delete file.path;
  return SQLITE_OK;
}

int Read(sqlite3_file* raw, void* into, int bytes, sqlite3_int64 offset) {
  const auto size = static_cast<size_t>(bytes);
  const auto read = (*Of(raw).file)->ReadAt(static_cast<uint64_t>(offset), {static_cast<char*>(into), size});
  if (!read.ok()) return SQLITE_IOERR_READ;
  if (*read == size) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + *read, 0, size - *read);
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* raw, const void* from, int bytes, sqlite3_int64 offset) {
  const std::string_view text(static_cast<const char*>(from), static_cast<size_t>(bytes));
  return CodeOf((*Of(raw).file)->WriteAt(static_cast<uint64_t>(offset), text), SQLITE_IOERR_WRITE);
}

int Truncate(sqlite3_file* raw, sqlite3_int64 size) {
  return CodeOf((*Of(raw).file)->Truncate(static_cast<uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int Sync(sqlite3_file* raw, int /*flags*/) {
  SimFile& file = Of(raw);
  if (const Status synced = (*file.file)->Sync(); !synced.ok()) return SQLITE_IOERR_FSYNC;
  if (!file.name_unsynced) return SQLITE_OK;
  // As on Linux, where SQLite passes over what the directory's sync says.
  file.state->disk.SyncDirectory(DirectoryOf(*file.path)).Ignore("SQLite goes on");
  file.name_unsynced = false;
  return SQLITE_OK;
}

int FileSize(sqlite3_file* raw, sqlite3_int64* size) {
  const auto info = (*Of(raw).file)->Info();
  if (!info.ok()) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(info->size_bytes);
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return kSectorBytes; }
int Characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReserved,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = Characteristics,
    .xShmMap = MemoryMap,
    .xShmLock = MemoryLock,
    .xShmBarrier = MemoryBarrier,
    .xShmUnmap = MemoryUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

SimSqlite::State& StateOf(sqlite3_vfs* vfs) { return *static_cast<SimSqlite::State*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* raw, int flags, int* out_flags) {
  SimSqlite::State& state = StateOf(vfs);
  SimFile& file = Of(raw);
  std::memset(static_cast<void*>(&file), 0, sizeof file);  // No methods: SQLite does not close what failed.
  const std::string path = name == nullptr ? StrCat("/sqlite-temporary-", state.temporary_files++) : std::string(name);
  const bool existed = Exists(state.disk, path);
  const OpenMode mode = (flags & SQLITE_OPEN_READONLY) != 0                    ? OpenMode::kRead
                        : (flags & SQLITE_OPEN_CREATE) != 0 || name == nullptr ? OpenMode::kCreate
                                                                               : OpenMode::kReadWrite;
  auto opened = state.disk.Open(path, mode);
  if (!opened.ok()) return SQLITE_CANTOPEN;
  file.base.pMethods = &kMethods;
  file.state = &state;
  file.file = new std::unique_ptr<File>(std::move(opened).value());
  file.path = new std::string(path);
  file.delete_on_close = name == nullptr || (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  file.name_unsynced =
      !existed && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  ++state.shared[path].users;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  SimDisk& disk = StateOf(vfs).disk;
  const Status removed = disk.Remove(path);
  if (!removed.ok()) {
    return removed.error().code == ErrorCode::kNotFound ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  }
  if (sync_directory == 0) return SQLITE_OK;
  return CodeOf(disk.SyncDirectory(DirectoryOf(path)), SQLITE_IOERR_DIR_FSYNC);
}

int Access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
  const auto info = StateOf(vfs).disk.Stat(path);
  // A file without bytes does not exist for SQLite on Linux either.
  *result = info.ok() && (flags != SQLITE_ACCESS_EXISTS || info->size_bytes > 0) ? 1 : 0;
  return SQLITE_OK;
}

int FullPath(sqlite3_vfs*, const char* path, int bytes, char* out) {
  if (std::strlen(path) >= static_cast<size_t>(bytes)) return SQLITE_CANTOPEN;
  std::strcpy(out, path);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  const std::string random = StateOf(vfs).rng.Bytes(static_cast<size_t>(bytes));
  std::memcpy(out, random.data(), random.size());
  return bytes;
}

int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

int CurrentTime(sqlite3_vfs* vfs, sqlite3_int64* julian_ms) {
  constexpr sqlite3_int64 kUnixEpochJulianMs = 210'866'760'000'000;
  *julian_ms = kUnixEpochJulianMs + ToUnixMs(StateOf(vfs).clock.Now());
  return SQLITE_OK;
}

int LastError(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

SimSqlite::SimSqlite(SimDisk& disk, const Clock& clock, Rng rng) : state_(new State{disk, clock, rng}) {
  state_->vfs = {.iVersion = 2,
                 .szOsFile = sizeof(SimFile),
                 .mxPathname = kPathBytesMax,
                 .zName = "tailrace-simulated",
                 .pAppData = state_.get(),
                 .xOpen = Open,
                 .xDelete = Delete,
                 .xAccess = Access,
                 .xFullPathname = FullPath,
                 .xRandomness = Randomness,
                 .xSleep = Sleep,
                 .xGetLastError = LastError,
                 .xCurrentTimeInt64 = CurrentTime};
  TAILRACE_CHECK(sqlite3_vfs_register(&state_->vfs, 1) == SQLITE_OK);
  sqlite3_randomness(0, nullptr);  // Its generator is seeded anew, from ours.
}

SimSqlite::~SimSqlite() {
  TAILRACE_CHECK(state_->shared.empty());  // A database that is still open would use what goes now.
  sqlite3_vfs_unregister(&state_->vfs);
  TAILRACE_CHECK(sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1) == SQLITE_OK);
  sqlite3_randomness(0, nullptr);
}

}  // namespace tailrace::sim
