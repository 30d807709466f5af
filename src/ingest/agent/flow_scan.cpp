#include <algorithm>

#include "base/hash.h"
#include "base/str.h"
#include "ingest/agent/flow.h"
#include "ingest/agent/tailed_file.h"

// Which files there are, and which of them is which.

namespace tailrace::ingest {
namespace {

constexpr uint64_t kLastLineBytesMax = 1 << 20;
constexpr size_t kSiblingsMax = 10'000;
constexpr size_t kRelatedMax = 64;  // Files that a new one is compared with, the newest ones.
constexpr std::chrono::seconds kNoFileWarning{60};

FileIdentity IdentityOf(const FileInfo& info) { return {info.device, info.inode}; }

// Rotation by copying names the copy after the original: access.log.1, access.log-20260101, access-20260101.log.
// Either may have been renamed since.
bool IsRelatedName(std::string_view original, std::string_view copy) {
  return copy != original && !IsCompressedName(copy) && copy.starts_with(original.substr(0, original.find('.', 1)));
}

}  // namespace

void Flow::Scan(Instant now) {
  scan_wanted_ = false;
  const GlobResult found = FindFiles(environment_.disk, config_.file_pattern, kFilesMax);
  for (const auto& [number, file] : files_) {
    file->seen = false;
    file->unreadable = false;
  }
  // Those that are known first: whether they were truncated decides what an unknown one is.
  std::vector<const FoundFile*> unknown;
  for (const FoundFile& file : found.files) {
    const auto known = by_identity_.find(IdentityOf(file.info));
    if (known == by_identity_.end() || !TakeKnown(*known->second, file, now)) unknown.push_back(&file);
  }
  for (const FoundFile* const file : unknown) {
    const auto known = by_identity_.find(IdentityOf(file->info));
    if (known == by_identity_.end()) {
      TakeUnknown(*file, now);
    } else if (!known->second->seen) {
      TakeKnown(*known->second, *file, now);
    }
  }
  std::erase_if(suspects_, [&](const auto& suspect) {
    return std::none_of(found.files.begin(), found.files.end(),
                        [&](const FoundFile& f) { return IdentityOf(f.info) == suspect.first; });
  });
  if (found.failures.empty()) {
    LocateMissing(now);
    if (first_start_) {
      first_start_ = false;
      environment_.checkpoints.PutFlow(checkpoint_);
      unsynced_registrations_ = true;
    }
  }
  KeepNewestOpen(now);
  SyncRegistrations(now);
  DropOld();
  watch_directories_ = found.directories;
  std::string folder = FixedFolder(config_.file_pattern);
  while (folder != "/" && !Exists(environment_.disk, folder)) folder = FolderOf(folder);
  watch_directories_.push_back(folder);
  CheckWarnings(found, now);
  scan_at_ = now + config_.file_scan_interval;
  for (const auto& [identity, suspect] : suspects_) scan_at_ = std::min(scan_at_, std::max(now, suspect.decide_at));
  // Scans may take a twentieth of the time at most.
  scan_allowed_at_ = std::max(scan_allowed_at_, now + 20 * (environment_.clock.Monotonic() - now));
}

// The newest files are where the next lines will come from: they stay open and are looked at without a scan.
void Flow::KeepNewestOpen(Instant now) {
  std::vector<TailedFile*> newest;
  for (const auto& [number, file] : files_) {
    file->keep_open = false;
    if (file->matched && !file->saved.gone && !file->ended && !file->read.finished) newest.push_back(file.get());
  }
  const auto count = std::min<size_t>(newest.size(), kNewestOpen);
  std::partial_sort(newest.begin(), newest.begin() + static_cast<std::ptrdiff_t>(count), newest.end(),
                    [](const TailedFile* a, const TailedFile* b) {
                      return std::pair(a->saved.modified, a->saved.number) >
                             std::pair(b->saved.modified, b->saved.number);
                    });
  for (TailedFile* const file : std::span(newest).first(count)) {
    file->keep_open = true;
    if (file->handle == nullptr) Open(*file, now);
    if (file->handle != nullptr) active_.insert(file->saved.number);
  }
}

// False: the file only has the identity of one that was followed.
bool Flow::TakeKnown(TailedFile& file, const FoundFile& found, Instant now) {
  if (file.seen) return true;  // A second name for the same file.
  const bool same_state = found.info.size_bytes == file.saved.size_bytes && found.info.modified == file.saved.modified;
  // The number of a removed file is given to new ones.
  const bool other_name = found.path != file.saved.path && file.handle == nullptr;
  const bool reused = other_name && file.modified_known && found.info.modified != file.saved.modified &&
                      found.info.size_bytes <= file.read.offset;
  if ((file.saved.gone && !same_state) || reused) {
    if (!file.batch.empty()) return true;  // Decided when its records are sent.
    Forget(file);
    return false;
  }
  file.seen = true;
  file.matched = true;
  file.deleted = false;
  if (file.saved.gone || file.saved.path != found.path) {
    file.saved.gone = false;
    file.saved.path = found.path;
    Save(file);
  }
  if (found.info.size_bytes < std::max(file.read.offset, file.handle == nullptr ? 0 : file.size_bytes)) {
    Replaced(file, UnreadBytes(file), now);
    return true;
  }
  if (!file.access_checked) CheckAccess(file);
  const bool changed = found.info.modified != file.saved.modified || found.info.size_bytes != file.size_bytes;
  file.unchecked_change |= changed && !file.verified;
  file.saved.modified = found.info.modified;
  file.saved.size_bytes = found.info.size_bytes;
  file.modified_known = found.info.size_bytes == file.read.offset;
  if (found.info.size_bytes > file.size_bytes) {
    ++unnoticed_growths_;
    FileGrew(file, found.info.size_bytes, now);
  } else if (found.info.size_bytes > file.read.offset && file.handle == nullptr && !file.read.finished &&
             file.partial_end != found.info.size_bytes) {
    active_.insert(file.saved.number);
  } else if (changed && file.handle == nullptr && !file.verified && !StillWhatWasRead(file)) {
    Replaced(file, 0, now);
  }
  return true;
}

uint64_t Flow::UnreadBytes(const TailedFile& file) {
  return file.size_bytes > file.read.offset ? file.size_bytes - file.read.offset : 0;
}

// Says at once, and not when the next line is written, that a file may not be read.
void Flow::CheckAccess(TailedFile& file) {
  file.access_checked = true;
  const auto opened = environment_.disk.Open(file.saved.path, OpenMode::kRead);
  if (!opened.ok() && opened.error().code == ErrorCode::kPermissionDenied) WarnUnreadable(file.saved.path);
}

void Flow::TakeUnknown(const FoundFile& found, Instant now) {
  if (first_start_) {
    const bool at_end = config_.initial_position == InitialPosition::kEndOfFile;
    AddFile(found, at_end ? EndPosition(found) : StartPosition(), now);
    return;
  }
  if (DeferAsCopy(found, now)) return;
  AddFile(found, StartPosition(), now);
}

FilePosition Flow::StartPosition() const { return {.headers_left = config_.skip_header_lines}; }

// Behind the last line end, so that a line that is being written is sent whole.
FilePosition Flow::EndPosition(const FoundFile& found) {
  FilePosition position{.offset = found.info.size_bytes};
  const auto file = environment_.disk.Open(found.path, OpenMode::kRead);
  if (!file.ok()) {
    if (file.error().code == ErrorCode::kPermissionDenied) WarnUnreadable(found.path);
    return position;
  }
  const uint64_t length = std::min(found.info.size_bytes, kLastLineBytesMax);
  const auto end = ReadBlock(**file, found.info.size_bytes - length, length);
  if (!end.ok()) return position;
  const size_t newline = end->rfind('\n');
  if (newline != std::string::npos) {
    position.offset = found.info.size_bytes - length + newline + 1;
  } else if (length == found.info.size_bytes) {
    return StartPosition();
  }
  const auto mark = [&](uint64_t offset, uint64_t bytes) {
    const auto block = ReadBlock(**file, offset, bytes);
    return block.ok() ? MarkOf(*block) : BlockMark{};
  };
  const uint64_t marked = std::min(position.offset, BlockMark::kBytesMax);
  position.head = mark(0, marked);
  position.tail = mark(position.offset - marked, marked);
  return position;
}

Flow::TailedFile& Flow::AddFile(const FoundFile& found, const FilePosition& position, Instant now) {
  auto file = std::make_unique<TailedFile>();
  file->saved.number = environment_.checkpoints.NewFileNumber();
  file->saved.flow = checkpoint_.number;
  file->saved.identity = IdentityOf(found.info);
  file->saved.path = found.path;
  file->saved.position = position;
  file->saved.size_bytes = found.info.size_bytes;
  file->saved.modified = found.info.modified;
  file->read = position;
  file->size_bytes = found.info.size_bytes;
  file->seen = file->matched = file->verified = file->access_checked = file->unchecked_change = true;
  file->grown_at = now;
  SetNumber(*file, file->saved.number);
  unsynced_registrations_ = true;
  suspects_.erase(file->saved.identity);
  TailedFile& added = *file;
  by_identity_[added.saved.identity] = &added;
  files_.emplace(added.saved.number, std::move(file));
  active_.insert(added.saved.number);
  Save(added);
  environment_.log.Info("Following a file", {{"flow", config_.id}, {"path", found.path}, {"offset", position.offset}});
  return added;
}

// True: the unknown file is, or may turn out to be, the copy that precedes the truncation of one that is followed.
bool Flow::DeferAsCopy(const FoundFile& found, Instant now) {
  const FileIdentity identity = IdentityOf(found.info);
  if (found.info.size_bytes == 0) return true;  // Nothing to read, and nothing to tell it by.
  TailedFile* copied = nullptr;
  std::vector<TailedFile*> related;
  for (auto it = files_.rbegin(); it != files_.rend() && related.size() < kRelatedMax; ++it) {
    const std::unique_ptr<TailedFile>& file = it->second;
    if (file->saved.gone || file->ended || file->deleted || FolderOf(file->saved.path) != FolderOf(found.path))
      continue;
    // One that is closed and looks as it did was not truncated.
    if (file->handle == nullptr && file->seen && !file->unchecked_change) continue;
    if (IsRelatedName(NameOf(file->saved.path), NameOf(found.path))) related.push_back(file.get());
  }
  const auto copy = related.empty() ? Result<std::unique_ptr<File>>(std::unique_ptr<File>())
                                    : environment_.disk.Open(found.path, OpenMode::kRead);
  for (TailedFile* const file : related) {
    if (!StillWhatWasRead(*file)) {
      Replaced(*file, 0, now);
      if (by_identity_.contains(identity)) return true;  // The copy was found to be this file.
      continue;
    }
    // A copy in the making has the longer name.
    if (NameOf(found.path).size() <= NameOf(file->saved.path).size()) continue;
    if (!copy.ok() || file->handle == nullptr || found.info.size_bytes > file->size_bytes) continue;
    const uint64_t block = std::min(found.info.size_bytes, BlockMark::kBytesMax);
    const auto same = [&](uint64_t offset) {
      const auto ours = ReadBlock(*file->handle, offset, block);
      const auto theirs = ReadBlock(**copy, offset, block);
      return ours.ok() && theirs.ok() && ours->size() == block && *ours == *theirs;
    };
    if (same(0) && same(found.info.size_bytes - block)) copied = file;
  }
  if (copied == nullptr) return false;
  Suspect& suspect = suspects_[identity];
  if (suspect.original == 0 || suspect.size_bytes != found.info.size_bytes) {
    suspect = {copied->saved.number, found.path, found.info.size_bytes, now + kCopyGrace};
  }
  return now < suspect.decide_at;
}

// Opens the file if need be. False: other bytes stand where this file was read.
bool Flow::StillWhatWasRead(TailedFile& file) {
  if (file.handle == nullptr) {
    auto opened = environment_.disk.Open(file.saved.path, OpenMode::kRead);
    if (!opened.ok()) return true;  // The next scan tells.
    const auto info = (*opened)->Info();
    if (!info.ok() || IdentityOf(*info) != file.saved.identity) return true;
    file.handle = std::move(*opened);
    active_.insert(file.saved.number);
  }
  const auto info = file.handle->Info();
  if (!info.ok()) return true;
  file.size_bytes = std::max(file.size_bytes, info->size_bytes);
  file.verified = HoldsWhatWasRead(file, info->size_bytes);
  file.unchecked_change = false;
  return file.verified;
}

// The file's bytes are no longer those that were read: it was truncated, after a copy or not. What stands there now is
// a new file. `unread_bytes` are known to have been there and not been read.
void Flow::Replaced(TailedFile& file, uint64_t unread_bytes, Instant now) {
  const std::string path = file.saved.path;
  const FileIdentity identity = file.saved.identity;
  std::unique_ptr<File> handle = std::move(file.handle);
  by_identity_.erase(identity);
  if (!MoveToCopy(file, now)) {
    if (unread_bytes > 0 && !file.read.finished) {
      Warn("lost", path, StrCat(path, " was truncated with ", unread_bytes, " unread bytes, and no copy was found"));
    }
    environment_.log.Info("A file was truncated", {{"flow", config_.id}, {"path", path}});
    file.ended = true;
    file.saved.gone = true;
    active_.insert(file.saved.number);
    Save(file);
  }
  FoundFile found{.path = path};
  found.info.device = identity.device;
  found.info.inode = identity.inode;
  if (handle != nullptr) {
    const auto info = handle->Info();
    if (info.ok()) found.info = *info;
  }
  TailedFile& fresh = AddFile(found, StartPosition(), now);
  fresh.handle = std::move(handle);
  SyncRegistrations(now);  // So that a crash does not undo what is known now.
}

// Looks for the copy that was made before the truncation, and goes on in it.
bool Flow::MoveToCopy(TailedFile& file, Instant now) {
  const std::string folder = FolderOf(file.saved.path);
  const auto names = environment_.disk.List(folder);
  // After a restart the intent may tell more than the position.
  const bool by_intent = !file.resolved && file.saved.intent.offset > file.read.offset;
  const bool by_first_bytes = !by_intent && file.read.offset == 0;
  if (!names.ok() || (by_first_bytes && file.first_bytes.length == 0)) return false;
  for (const std::string& name : *names) {
    if (!IsRelatedName(NameOf(file.saved.path), name)) continue;
    const std::string path = StrCat(folder == "/" ? "" : folder, "/", name);
    const auto info = environment_.disk.Stat(path);
    if (!info.ok() || info->is_directory || by_identity_.contains(IdentityOf(*info))) continue;
    auto copy = environment_.disk.Open(path, OpenMode::kRead);
    if (!copy.ok()) continue;
    const bool marked = file.read.head.length > 0 && file.read.tail.length > 0;
    const bool whole = by_intent        ? FitsMarks(**copy, info->size_bytes, file.saved.intent)
                       : by_first_bytes ? FitsMarks(**copy, info->size_bytes, 0, file.first_bytes, {})
                                        : marked && FitsMarks(**copy, info->size_bytes, file.read);
    const auto suspect = suspects_.find(IdentityOf(*info));
    const bool was_suspected = suspect != suspects_.end() && suspect->second.original == file.saved.number;
    // A copy may lack what was written, and read, between copying and truncating.
    const bool shorter = marked && !by_intent && info->size_bytes < file.read.offset &&
                         (was_suspected || FitsMarks(**copy, info->size_bytes, file.saved.position));
    if (!whole && !shorter) continue;
    suspects_.erase(IdentityOf(*info));
    file.saved.identity = IdentityOf(*info);
    file.saved.path = path;
    file.handle = std::move(*copy);
    file.size_bytes = file.saved.size_bytes = info->size_bytes;
    file.saved.modified = info->modified;
    file.verified = true;
    file.matched = file.deleted = file.unreadable = false;
    file.partial_end = 0;
    file.grown_at = now;
    if (shorter) {
      file.read.finished = true;
      if (file.batch.empty()) file.saved.position.finished = true;
    }
    by_identity_[file.saved.identity] = &file;
    active_.insert(file.saved.number);
    unsynced_registrations_ = true;
    file.durable = false;
    Save(file);
    environment_.log.Info("A file was copied and truncated; the rest is read from the copy",
                          {{"flow", config_.id}, {"path", path}, {"offset", file.read.offset}});
    return true;
  }
  return false;
}

// Files that the pattern no longer finds: renamed, or removed.
void Flow::LocateMissing(Instant now) {
  std::map<std::string, std::map<FileIdentity, FoundFile>> folders;
  std::vector<TailedFile*> missing;
  for (const auto& [number, file] : files_) {
    if (!file->seen && !file->saved.gone && !file->ended) missing.push_back(file.get());
  }
  for (TailedFile* const file : missing) {
    const std::string folder = FolderOf(file->saved.path);
    auto known = folders.find(folder);
    if (known == folders.end()) {
      known = folders.emplace(folder, std::map<FileIdentity, FoundFile>()).first;
      const auto names = environment_.disk.List(folder);
      if (!names.ok() && names.error().code != ErrorCode::kNotFound) return;
      for (size_t i = 0; names.ok() && i < names->size() && i < kSiblingsMax; ++i) {
        const std::string path = StrCat(folder == "/" ? "" : folder, "/", (*names)[i]);
        const auto info = environment_.disk.Stat(path);
        if (info.ok() && !info->is_directory) known->second.emplace(IdentityOf(*info), FoundFile{path, *info});
      }
    }
    const auto there = known->second.find(file->saved.identity);
    if (there != known->second.end()) {
      // Outside of the pattern, under whatever name; the rules are the same as for the others.
      const bool was_matched = file->matched;
      if (!TakeKnown(*file, there->second, now)) continue;
      file->matched = false;
      if (was_matched) file->rotated_at = now;
    } else if (file->handle != nullptr) {
      if (!file->deleted) file->rotated_at = now;
      file->deleted = true;
      file->matched = false;
    } else if (file->batch.empty()) {
      Vanished(*file, now);
    }
  }
}

void Flow::Vanished(TailedFile& file, Instant /*now*/) {
  if (file.saved.gone) return;
  if (file.size_bytes > file.read.offset && !file.read.finished) {
    Warn("lost", file.saved.path,
         StrCat(file.saved.path, " was removed with ", file.size_bytes - file.read.offset, " unread bytes"));
  }
  file.saved.gone = true;
  active_.erase(file.saved.number);
  Save(file);
}

void Flow::Forget(TailedFile& file) {
  ended_parsed_.bytes += file.parsed.bytes;
  ended_parsed_.lines += file.parsed.lines;
  ended_parsed_.parsed += file.parsed.parsed;
  ended_parsed_.skipped += file.parsed.skipped;
  ended_parsed_.unconverted += file.parsed.unconverted;
  ended_parsed_.truncated += file.parsed.truncated;
  ended_sent_.records += file.sent.records;
  ended_sent_.bytes += file.sent.bytes;
  ended_sent_.duplicates += file.sent.duplicates;
  ended_sent_.refused += file.sent.refused;
  ended_sent_.retries += file.sent.retries;
  const auto owner = by_identity_.find(file.saved.identity);
  if (owner != by_identity_.end() && owner->second == &file) by_identity_.erase(owner);
  const uint64_t number = file.saved.number;
  environment_.checkpoints.RemoveFile(number);
  unflushed_ = true;
  active_.erase(number);
  files_.erase(number);
}

void Flow::DropOld() {
  const Timestamp oldest = environment_.clock.Now() - std::chrono::days(environment_.checkpoint_days);
  std::vector<TailedFile*> old;
  for (const auto& [number, file] : files_) {
    if (file->saved.gone && file->batch.empty() && file->saved.updated < oldest) old.push_back(file.get());
  }
  for (TailedFile* const file : old) Forget(*file);
}

void Flow::CheckWarnings(const GlobResult& found, Instant now) {
  for (const auto& [path, error] : found.failures) {
    if (error.code == ErrorCode::kPermissionDenied) {
      WarnUnreadable(path);
    } else {
      Warn("scan", path, error.message);
    }
  }
  std::vector<std::pair<std::string, std::string>> over;
  for (const auto& [key, warning] : warnings_) {
    const auto& [code, path] = key;
    if (code != "scan" && code != "unreadable") continue;
    const bool listed = std::binary_search(found.directories.begin(), found.directories.end(), path);
    const auto info = environment_.disk.Stat(path);
    const bool gone = !info.ok() && info.error().code == ErrorCode::kNotFound;
    const bool opens = info.ok() && !info->is_directory && environment_.disk.Open(path, OpenMode::kRead).ok();
    if (listed || gone || opens) over.push_back(key);
  }
  for (const auto& [code, path] : over) Unwarn(code, path);
  if (found.cut) {
    Warn("scan", config_.file_pattern,
         StrCat("the pattern matches more than ", kFilesMax, " files; the rest is ignored"));
  }
  if (!found.files.empty() || !found.failures.empty()) {
    no_file_since_.reset();
    Unwarn("no-file", config_.file_pattern);
    return;
  }
  if (!no_file_since_) no_file_since_ = now;
  if (now - *no_file_since_ < kNoFileWarning || warnings_.contains({"no-file", config_.file_pattern})) return;
  const std::string folder = FixedFolder(config_.file_pattern);
  const bool there = Exists(environment_.disk, folder);
  const auto nearby = NearbyLogFolders(environment_.disk, config_.file_pattern, 5);
  Warn("no-file", config_.file_pattern,
       StrCat(there ? StrCat("no file matches ", config_.file_pattern)
                    : StrCat("the folder ", folder, " of ", config_.file_pattern, " does not exist"),
              nearby.empty() ? std::string() : StrCat("; nearest folders with *.log files: ", Join(nearby, ", "))));
}

}  // namespace tailrace::ingest
