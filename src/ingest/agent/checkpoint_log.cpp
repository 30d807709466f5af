#include "ingest/agent/checkpoint_log.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"
#include "ingest/agent/glob.h"

namespace tailrace::ingest {
namespace {

constexpr std::string_view kMagic = "TRAGENT\n";
constexpr uint32_t kVersion = 1;
constexpr uint64_t kRewriteBytesMin = 1 << 20;
constexpr uint32_t kEntryBytesMax = 64 << 10;

enum class EntryKind : uint8_t { kFlow = 1, kFile = 2, kRemovedFile = 3, kNextNumber = 4 };

void AppendEntry(std::string& to, std::string_view payload) {
  ByteWriter frame;
  frame.U32(static_cast<uint32_t>(payload.size()));
  frame.U32(Crc32c(payload));
  to += frame.bytes();
  to += payload;
}

void WriteMark(ByteWriter& writer, const BlockMark& mark) {
  writer.U32(mark.length);
  writer.U32(mark.crc);
}

Result<BlockMark> ReadMark(ByteReader& reader) {
  BlockMark mark;
  TAILRACE_ASSIGN_OR_RETURN(mark.length, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(mark.crc, reader.U32());
  return mark;
}

std::string EncodeFlow(const FlowCheckpoint& flow) {
  ByteWriter writer;
  writer.U8(static_cast<uint8_t>(EntryKind::kFlow));
  writer.U32(flow.number);
  writer.Text(flow.id);
  writer.U32(flow.signature);
  return std::move(writer).Take();
}

std::string EncodeFile(const FileCheckpoint& file) {
  ByteWriter writer;
  writer.U8(static_cast<uint8_t>(EntryKind::kFile));
  writer.U64(file.number);
  writer.U32(file.flow);
  writer.U64(file.identity.device);
  writer.U64(file.identity.inode);
  writer.Text(file.path);
  writer.U64(file.position.offset);
  writer.U64(file.position.next_sequence);
  writer.U64(file.position.headers_left);
  writer.Bool(file.position.discarding);
  writer.Bool(file.position.finished);
  writer.U64(file.position.forced_end);
  WriteMark(writer, file.position.head);
  WriteMark(writer, file.position.tail);
  writer.U64(file.intent.offset);
  writer.U64(file.intent.next_sequence);
  WriteMark(writer, file.intent.head);
  WriteMark(writer, file.intent.tail);
  writer.U64(file.size_bytes);
  writer.I64(ToUnixMs(file.modified));
  writer.Bool(file.gone);
  writer.I64(ToUnixMs(file.updated));
  return std::move(writer).Take();
}

std::string EncodeNumber(EntryKind kind, uint64_t number) {
  ByteWriter writer;
  writer.U8(static_cast<uint8_t>(kind));
  writer.U64(number);
  return std::move(writer).Take();
}

Result<FlowCheckpoint> DecodeFlow(ByteReader& reader) {
  FlowCheckpoint flow;
  TAILRACE_ASSIGN_OR_RETURN(flow.number, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view id, reader.Text());
  flow.id = std::string(id);
  TAILRACE_ASSIGN_OR_RETURN(flow.signature, reader.U32());
  return flow;
}

Result<FileCheckpoint> DecodeFile(ByteReader& reader) {
  FileCheckpoint file;
  FilePosition& position = file.position;
  TAILRACE_ASSIGN_OR_RETURN(file.number, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(file.flow, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(file.identity.device, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(file.identity.inode, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view path, reader.Text());
  file.path = std::string(path);
  TAILRACE_ASSIGN_OR_RETURN(position.offset, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(position.next_sequence, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(position.headers_left, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(position.discarding, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(position.finished, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(position.forced_end, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(position.head, ReadMark(reader));
  TAILRACE_ASSIGN_OR_RETURN(position.tail, ReadMark(reader));
  TAILRACE_ASSIGN_OR_RETURN(file.intent.offset, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(file.intent.next_sequence, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(file.intent.head, ReadMark(reader));
  TAILRACE_ASSIGN_OR_RETURN(file.intent.tail, ReadMark(reader));
  TAILRACE_ASSIGN_OR_RETURN(file.size_bytes, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const int64_t modified, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(file.gone, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(const int64_t updated, reader.I64());
  file.modified = FromUnixMs(modified);
  file.updated = FromUnixMs(updated);
  return file;
}

// Made with all that leads to it, so that a power failure leaves it there.
Status MakeDurableFolder(Disk& disk, std::string folder) {
  if (Exists(disk, folder)) return Ok();
  TAILRACE_TRY(disk.MakeDirectories(folder));
  while (folder != "/") {
    folder = FolderOf(folder);
    TAILRACE_TRY(disk.SyncDirectory(folder));
  }
  return Ok();
}

// The next entry's payload; nothing when the bytes end, or are damaged, here.
std::optional<std::string_view> NextEntry(ByteReader& reader) {
  const auto length = reader.U32();
  const auto crc = reader.U32();
  // No entry is empty; zeros that a power failure left would look like one.
  if (!length.ok() || !crc.ok() || *length == 0 || *length > kEntryBytesMax) return std::nullopt;
  const auto payload = reader.Raw(*length);
  if (!payload.ok() || Crc32c(*payload) != *crc) return std::nullopt;
  return *payload;
}

}  // namespace

Result<std::unique_ptr<CheckpointLog>> CheckpointLog::Open(Disk& disk, std::string path, Rng& rng) {
  std::unique_ptr<CheckpointLog> log(new CheckpointLog(disk, std::move(path)));
  TAILRACE_TRY(MakeDurableFolder(disk, FolderOf(log->path_)));
  if (Exists(disk, log->path_)) {
    if (auto loaded = log->Load(); !loaded.ok()) return std::move(loaded).error().Context(log->path_);
  }
  if (log->instance_id_ == 0) log->instance_id_ = rng.Next() | 1;
  TAILRACE_TRY(log->Rewrite());
  return log;
}

Status CheckpointLog::Load() {
  TAILRACE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(disk_, path_));
  // An empty file is one whose writer died before anything was in it.
  if (bytes.empty()) return Ok();
  if (!bytes.starts_with(kMagic)) return Error{ErrorCode::kCorruption, "not an agent's checkpoint file"};
  ByteReader reader(std::string_view(bytes).substr(kMagic.size()));
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, reader.U32());
  if (version > kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("version ", version, ", this program reads up to ", kVersion)};
  }
  TAILRACE_ASSIGN_OR_RETURN(instance_id_, reader.U64());
  while (!reader.at_end()) {
    const size_t begin = reader.offset();
    const auto payload = NextEntry(reader);
    if (!payload) {
      cut_bytes_ = bytes.size() - kMagic.size() - begin;
      break;
    }
    ByteReader entry(*payload);
    TAILRACE_ASSIGN_OR_RETURN(const uint8_t kind, entry.U8());
    switch (static_cast<EntryKind>(kind)) {
      case EntryKind::kFlow: {
        TAILRACE_ASSIGN_OR_RETURN(FlowCheckpoint flow, DecodeFlow(entry));
        next_flow_number_ = std::max(next_flow_number_, flow.number + 1);
        flows_[flow.id] = std::move(flow);
        break;
      }
      case EntryKind::kFile: {
        TAILRACE_ASSIGN_OR_RETURN(FileCheckpoint file, DecodeFile(entry));
        next_file_number_ = std::max(next_file_number_, file.number + 1);
        files_[file.number] = std::move(file);
        break;
      }
      case EntryKind::kRemovedFile: {
        TAILRACE_ASSIGN_OR_RETURN(const uint64_t number, entry.U64());
        next_file_number_ = std::max(next_file_number_, number + 1);
        files_.erase(number);
        break;
      }
      case EntryKind::kNextNumber: {
        TAILRACE_ASSIGN_OR_RETURN(const uint64_t number, entry.U64());
        next_file_number_ = std::max(next_file_number_, number);
        break;
      }
      default:
        return Error{ErrorCode::kCorruption, StrCat("entry of unknown kind ", kind, " at byte ", begin)};
    }
  }
  return Ok();
}

std::string CheckpointLog::Snapshot() const {
  ByteWriter header;
  header.Append(kMagic);
  header.U32(kVersion);
  header.U64(instance_id_);
  std::string bytes = std::move(header).Take();
  AppendEntry(bytes, EncodeNumber(EntryKind::kNextNumber, next_file_number_));
  for (const auto& [id, flow] : flows_) AppendEntry(bytes, EncodeFlow(flow));
  for (const auto& [number, file] : files_) AppendEntry(bytes, EncodeFile(file));
  return bytes;
}

Status CheckpointLog::Rewrite() {
  file_.reset();
  const std::string bytes = Snapshot();
  TAILRACE_TRY(WriteFileAtomically(disk_, path_, bytes));
  TAILRACE_ASSIGN_OR_RETURN(file_, disk_.Open(path_, OpenMode::kReadWrite));
  file_bytes_ = snapshot_bytes_ = bytes.size();
  dirty_files_.clear();
  dirty_flows_.clear();
  unsynced_ = false;
  return Ok();
}

FlowCheckpoint CheckpointLog::FindFlow(const std::string& id, bool& is_new) {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(id);
  is_new = found == flows_.end();
  if (!is_new) return found->second;
  return {.number = next_flow_number_++, .id = id};
}

void CheckpointLog::PutFlow(const FlowCheckpoint& flow) {
  const std::lock_guard lock(mutex_);
  flows_[flow.id] = flow;
  dirty_flows_.insert(flow.id);
}

std::vector<FileCheckpoint> CheckpointLog::FilesOf(uint32_t flow) const {
  const std::lock_guard lock(mutex_);
  std::vector<FileCheckpoint> files;
  for (const auto& [number, file] : files_) {
    if (file.flow == flow) files.push_back(file);
  }
  return files;
}

uint64_t CheckpointLog::NewFileNumber() {
  const std::lock_guard lock(mutex_);
  return next_file_number_++;
}

void CheckpointLog::PutFile(const FileCheckpoint& file) {
  const std::lock_guard lock(mutex_);
  files_[file.number] = file;
  dirty_files_.insert(file.number);
}

void CheckpointLog::RemoveFile(uint64_t number) {
  const std::lock_guard lock(mutex_);
  files_.erase(number);
  dirty_files_.insert(number);
}

Status CheckpointLog::FlushLocked() {
  if (file_ == nullptr || file_bytes_ > kRewriteBytesMin + 4 * snapshot_bytes_) return Rewrite();
  if (dirty_files_.empty() && dirty_flows_.empty()) return Ok();
  std::string bytes;
  for (const std::string& id : dirty_flows_) AppendEntry(bytes, EncodeFlow(flows_.at(id)));
  for (const uint64_t number : dirty_files_) {
    const auto found = files_.find(number);
    AppendEntry(bytes,
                found != files_.end() ? EncodeFile(found->second) : EncodeNumber(EntryKind::kRemovedFile, number));
  }
  if (auto written = file_->WriteAt(file_bytes_, bytes); !written.ok()) {
    file_.reset();  // Its end is unknown now: the next attempt writes it anew.
    return written;
  }
  file_bytes_ += bytes.size();
  dirty_files_.clear();
  dirty_flows_.clear();
  unsynced_ = true;
  return Ok();
}

Status CheckpointLog::Flush() {
  const std::lock_guard lock(mutex_);
  return FlushLocked();
}

Status CheckpointLog::Sync() {
  const std::lock_guard lock(mutex_);
  TAILRACE_TRY(FlushLocked());
  if (!unsynced_) return Ok();
  if (auto synced = file_->Sync(); !synced.ok()) {
    file_.reset();
    return synced;
  }
  unsynced_ = false;
  return Ok();
}

}  // namespace tailrace::ingest
