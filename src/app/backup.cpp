#include "app/backup.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "alarm/sqlite.h"
#include "base/hash.h"
#include "base/metrics.h"
#include "base/str.h"
#include "stream/store.h"
#include "table/table_store.h"

namespace tailrace::app {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
constexpr int kTries = 10;
constexpr const char* kList = "/BACKUP";
constexpr std::string_view kFirstLine = "tailrace backup 1";

struct ListedFile {
  std::string path;  // Below the folder.
  uint64_t bytes = 0;
  uint32_t checksum = 0;
};

std::string FolderAbove(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Paths of all files below `folder`, sorted. What goes away meanwhile is left out.
Status Walk(Disk& disk, const std::string& folder, const std::string& below, std::vector<std::string>& paths) {
  const auto names = disk.List(below.empty() ? folder : StrCat(folder, "/", below));
  if (!names.ok()) return names.error().code == ErrorCode::kNotFound ? Ok() : Status(names.error());
  for (const std::string& name : *names) {
    const std::string path = below.empty() ? name : StrCat(below, "/", name);
    const auto info = disk.Stat(StrCat(folder, "/", path));
    if (!info.ok()) continue;
    if (info->is_directory) {
      TAILRACE_TRY(Walk(disk, folder, path, paths));
    } else {
      paths.push_back(path);
    }
  }
  return Ok();
}

// Reads a file in pieces, from its beginning on.
Status ReadPieces(Disk& disk, const std::string& path, const std::function<Status(std::string_view)>& take) {
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk.Open(path, OpenMode::kRead));
  std::string piece(kPieceBytes, '\0');
  for (uint64_t offset = 0;;) {
    TAILRACE_ASSIGN_OR_RETURN(const size_t read, file->ReadAt(offset, piece));
    if (read == 0) return Ok();
    TAILRACE_TRY(take(std::string_view(piece).substr(0, read)));
    offset += read;
  }
}

// Output: bytes and checksum of what was copied.
Result<ListedFile> CopyFile(Disk& disk, const std::string& from, const std::string& to) {
  TAILRACE_TRY(disk.MakeDirectories(FolderAbove(to)));
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> copy, disk.Open(to, OpenMode::kCreate));
  TAILRACE_TRY(copy->Truncate(0));
  ListedFile copied;
  TAILRACE_TRY(ReadPieces(disk, from, [&](std::string_view piece) -> Status {
    TAILRACE_TRY(copy->WriteAt(copied.bytes, piece));
    copied.bytes += piece.size();
    copied.checksum = Crc32c(piece, copied.checksum);
    return Ok();
  }));
  TAILRACE_TRY(copy->Sync());
  return copied;
}

std::string FormatList(const std::vector<ListedFile>& files, Timestamp made) {
  std::string text = StrCat(kFirstLine, "\nmade ", ToIso8601(made), "\n");
  for (const ListedFile& file : files) text += fmt::format("{:08x} {} {}\n", file.checksum, file.bytes, file.path);
  return text + fmt::format("crc32c {:08x}\n", Crc32c(text));
}

Result<std::vector<ListedFile>> ParseList(const std::string& text) {
  const Error damaged{ErrorCode::kCorruption, "the backup's list of files is damaged"};
  const size_t end = text.rfind("crc32c ");
  if (end == std::string::npos || text.substr(end) != fmt::format("crc32c {:08x}\n", Crc32c(text.substr(0, end)))) {
    return damaged;
  }
  const std::vector<std::string_view> lines = Split(std::string_view(text).substr(0, end), '\n');
  if (lines[0] != kFirstLine) {
    return Error{ErrorCode::kUnsupported, StrCat("'", lines[0], "' is no backup of this version, ", kFirstLine)};
  }
  std::vector<ListedFile> files;
  for (size_t i = 2; i + 1 < lines.size(); ++i) {
    const size_t first = lines[i].find(' ');
    const size_t second = first == std::string_view::npos ? first : lines[i].find(' ', first + 1);
    std::string checksum;
    if (second == std::string_view::npos || !FromHex(lines[i].substr(0, first), checksum) || checksum.size() != 4) {
      return damaged;
    }
    ListedFile file{.path = std::string(lines[i].substr(second + 1))};
    for (const char byte : checksum) file.checksum = (file.checksum << 8) | static_cast<uint8_t>(byte);
    file.bytes = static_cast<uint64_t>(ParseInt64(lines[i].substr(first + 1, second - first - 1)).value_or(-1));
    // Nothing is written outside the folder, whoever made the list.
    for (const std::string_view part : Split(file.path, '/')) {
      if (part.empty() || part == "." || part == "..") return damaged;
    }
    files.push_back(std::move(file));
  }
  return files;
}

class Backup {
 public:
  Backup(const std::string& from, const std::string& to, const BackupEnvironment& environment)
      : from_(from), to_(to), environment_(environment), disk_(environment.disk) {}

  Result<BackupSummary> Run() {
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk_.Stat(from_));
    if (!info.is_directory || !Exists(disk_, from_ + "/streams")) {
      return Error{ErrorCode::kNotFound, StrCat(from_, " is no data folder")};
    }
    if (Exists(disk_, to_)) return Error{ErrorCode::kAlreadyExists, StrCat(to_, " is there already")};
    TAILRACE_TRY(MakeDirectoriesDurably(disk_, to_));
    TAILRACE_TRY(CopyFiles());
    TAILRACE_TRY(Again("tables", [this] { return CopyTables(); }));
    std::vector<std::string> streams;
    TAILRACE_ASSIGN_OR_RETURN(streams, disk_.List(from_ + "/streams"));
    for (const std::string& stream : streams) {
      TAILRACE_TRY(Again("streams/" + stream, [&] { return CopyStream(stream); }));
    }
    return WriteList();
  }

 private:
  // What the program itself writes as single files.
  Status CopyFiles() {
    std::vector<std::string> paths;
    TAILRACE_TRY(Walk(disk_, from_, "", paths));
    std::vector<std::string> databases;
    std::vector<std::string> files;
    for (std::string& path : paths) {
      if (path == "LOCK" || path.starts_with("streams/") || path.starts_with("tables/")) continue;
      if (path.ends_with("-wal") || path.ends_with("-shm")) continue;
      (path.ends_with(".sqlite") ? databases : files).push_back(std::move(path));
    }
    // Checkpoints first. A position file says how much of a file counts: it must not be newer than the file.
    const auto rank = [](const std::string& path) {
      return path.ends_with("/checkpoint") ? 0 : path.ends_with(".position") ? 1 : 2;
    };
    std::ranges::stable_sort(files, {}, rank);
    for (const std::string& path : files) {
      const auto copied = CopyFile(disk_, StrCat(from_, "/", path), StrCat(to_, "/", path));
      if (!copied.ok() && copied.error().code != ErrorCode::kNotFound) return copied.error();  // Gone meanwhile.
    }
    for (const std::string& path : databases) TAILRACE_TRY(CopyDatabase(path));
    return Ok();
  }

  // A snapshot, whoever writes meanwhile.
  Status CopyDatabase(const std::string& path) {
    TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<alarm::Sqlite> database,
                              alarm::Sqlite::Open(StrCat(from_, "/", path), alarm::Sqlite::Mode::kReadOnly));
    const std::string copy = StrCat(to_, "/", path);
    TAILRACE_TRY(disk_.MakeDirectories(FolderAbove(copy)));
    TAILRACE_ASSIGN_OR_RETURN(alarm::SqliteStatement vacuum, database->Prepare("VACUUM INTO ?1"));
    TAILRACE_TRY(vacuum.Bind(copy).Run());
    TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk_.Open(copy, OpenMode::kReadWrite));
    return file->Sync();
  }

  Status Again(const std::string& what, const std::function<Status()>& copy) {
    Status status;
    for (int i = 0; i < kTries; ++i) {
      status = copy();
      if (status.ok()) return status;
      environment_.log.Debug("copied again", {{"what", what}, {"reason", status.error().message}});
    }
    return Error(status.error()).Context(StrCat(from_, "/", what, " could not be copied in ", kTries, " tries"));
  }

  // What a flush or a compaction changes. While it stays the same, the files that it names stay as well.
  Result<std::string> TablesState() const {
    const std::string folder = from_ + "/tables";
    TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, disk_.List(folder));
    std::string state;
    for (const std::string& name : names) {
      if (!name.ends_with(".log") && !name.starts_with("MANIFEST")) continue;
      TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk_.Stat(StrCat(folder, "/", name)));
      state += name.ends_with(".log") ? name + "\n" : StrCat(name, " ", info.size_bytes, "\n");
    }
    return state;
  }

  Status CopyTables() {
    if (!Exists(disk_, from_ + "/tables")) return Ok();
    TAILRACE_TRY(RemoveAll("tables"));
    TAILRACE_ASSIGN_OR_RETURN(const std::string before, TablesState());
    TAILRACE_TRY(CopyAll("tables", "LOCK"));
    TAILRACE_ASSIGN_OR_RETURN(const std::string after, TablesState());
    if (before != after) return Error{ErrorCode::kUnavailable, "the tables were being rewritten"};
    TAILRACE_TRY(table::TableStore::Open(to_ + "/tables", environment_.clock));
    return Ok();
  }

  // Segments are copied from their beginning on, so only what is appended meanwhile can be torn: opening cuts it off.
  // A segment that was used again under the copy shows as damage, and the stream is copied again.
  Status CopyStream(const std::string& name) {
    TAILRACE_TRY(RemoveAll("streams"));
    TAILRACE_TRY(RemoveAll("stream-check"));
    TAILRACE_TRY(CopyAll("streams/" + name, ""));
    // Opened apart from the others, which are good already.
    TAILRACE_TRY(disk_.MakeDirectories(to_ + "/stream-check"));
    TAILRACE_TRY(disk_.Rename(StrCat(to_, "/streams/", name), StrCat(to_, "/stream-check/", name)));
    {
      MetricsRegistry metrics;
      NullLog log;
      TAILRACE_ASSIGN_OR_RETURN(
          const auto store, stream::StreamStore::Open({disk_, environment_.clock, log, metrics}, to_ + "/stream-check",
                                                      Rng(1), {.maintain_in_background = false}));
      for (const stream::StreamDescription& stream : store->List()) {
        if (stream.damage.has_value()) return *stream.damage;
      }
    }
    TAILRACE_TRY(disk_.MakeDirectories(to_ + "/good-streams"));
    return disk_.Rename(StrCat(to_, "/stream-check/", name), StrCat(to_, "/good-streams/", name));
  }

  Status CopyAll(const std::string& below, std::string_view but) {
    std::vector<std::string> paths;
    TAILRACE_TRY(disk_.MakeDirectories(StrCat(to_, "/", below)));
    TAILRACE_TRY(Walk(disk_, from_, below, paths));
    for (const std::string& path : paths) {
      if (!but.empty() && path.ends_with(StrCat("/", but))) continue;
      TAILRACE_TRY(CopyFile(disk_, StrCat(from_, "/", path), StrCat(to_, "/", path)));
    }
    return Ok();
  }

  // Of an earlier try. Below the backup alone.
  Status RemoveAll(const std::string& below) {
    const std::string folder = StrCat(to_, "/", below);
    const auto names = disk_.List(folder);
    if (!names.ok()) return Ok();
    for (const std::string& name : *names) {
      const std::string path = StrCat(below, "/", name);
      TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk_.Stat(StrCat(to_, "/", path)));
      if (info.is_directory) {
        TAILRACE_TRY(RemoveAll(path));
      } else {
        TAILRACE_TRY(disk_.Remove(StrCat(to_, "/", path)));
      }
    }
    return disk_.Remove(folder);
  }

  // The last thing: without it the folder is no backup.
  Result<BackupSummary> WriteList() {
    TAILRACE_TRY(RemoveAll("streams"));
    TAILRACE_TRY(RemoveAll("stream-check"));
    if (Exists(disk_, to_ + "/good-streams")) TAILRACE_TRY(disk_.Rename(to_ + "/good-streams", to_ + "/streams"));
    std::vector<std::string> paths;
    TAILRACE_TRY(Walk(disk_, to_, "", paths));
    BackupSummary summary;
    std::vector<ListedFile> files;
    for (const std::string& path : paths) {
      if (path.find('\n') != std::string::npos) {
        return Error{ErrorCode::kUnsupported, StrCat("a file's name has a line break: ", path)};
      }
      ListedFile file{.path = path};
      TAILRACE_TRY(ReadPieces(disk_, StrCat(to_, "/", path), [&](std::string_view piece) -> Status {
        file.bytes += piece.size();
        file.checksum = Crc32c(piece, file.checksum);
        return Ok();
      }));
      summary.bytes += file.bytes;
      files.push_back(std::move(file));
    }
    summary.files = files.size();
    TAILRACE_TRY(WriteFileAtomically(disk_, to_ + kList, FormatList(files, environment_.clock.Now())));
    return summary;
  }

  const std::string& from_;
  const std::string& to_;
  const BackupEnvironment& environment_;
  Disk& disk_;
};

}  // namespace

Result<BackupSummary> MakeBackup(const std::string& data_folder, const std::string& target,
                                 const BackupEnvironment& environment) {
  return Backup(data_folder, target, environment).Run();
}

Result<BackupSummary> RestoreBackup(const std::string& backup, const std::string& data_folder,
                                    const BackupEnvironment& environment) {
  Disk& disk = environment.disk;
  const auto text = ReadFile(disk, backup + kList);
  if (!text.ok()) {
    return Error{text.error().code, StrCat(backup, " is no complete backup: ", text.error().message)};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<ListedFile> files, ParseList(*text));
  if (Exists(disk, data_folder)) {
    TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.List(data_folder));
    if (!names.empty()) {
      return Error{ErrorCode::kAlreadyExists,
                   StrCat(data_folder, " is not empty; move it away, or name another folder")};
    }
    TAILRACE_TRY(disk.Remove(data_folder));
  }
  const std::string partial = data_folder + ".restoring";
  if (Exists(disk, partial)) {
    return Error{ErrorCode::kAlreadyExists, StrCat(partial, " is there, of a restore that was broken off; remove it")};
  }
  TAILRACE_TRY(MakeDirectoriesDurably(disk, partial));
  BackupSummary summary;
  for (const ListedFile& file : files) {
    TAILRACE_ASSIGN_OR_RETURN(const ListedFile copied,
                              CopyFile(disk, StrCat(backup, "/", file.path), StrCat(partial, "/", file.path)));
    if (copied.bytes != file.bytes || copied.checksum != file.checksum) {
      return Error{ErrorCode::kCorruption,
                   StrCat(backup, "/", file.path, " is not as it was written: ", copied.bytes, " bytes, listed ",
                          file.bytes, copied.bytes == file.bytes ? ", another checksum" : "")};
    }
    TAILRACE_TRY(disk.SyncDirectory(FolderAbove(StrCat(partial, "/", file.path))));
    ++summary.files;
    summary.bytes += file.bytes;
  }
  TAILRACE_TRY(disk.Rename(partial, data_folder));
  TAILRACE_TRY(disk.SyncDirectory(FolderAbove(data_folder)));
  return summary;
}

}  // namespace tailrace::app
