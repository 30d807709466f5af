#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"
#include "base/rng.h"

namespace tailrace::ingest {

// Which file it is, whatever it is called.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  auto operator<=>(const FileIdentity&) const = default;
};

// Checksum of a few bytes of a file, by which it is recognised again.
struct BlockMark {
  static constexpr uint64_t kBytesMax = 256;
  uint32_t length = 0;
  uint32_t crc = 0;
  bool operator==(const BlockMark&) const = default;
};

// How far a file has been read: always at a record's end.
struct FilePosition {
  uint64_t offset = 0;
  uint64_t next_sequence = 1;  // Number of the next record that is sent from this file.
  uint64_t headers_left = 0;   // Lines still to skip.
  bool discarding = false;     // Within a record whose beginning was already too long.
  bool finished = false;       // The footer was seen.
  uint64_t forced_end = 0;     // When not 0: the record that begins at `offset` ends here, whatever follows.
  BlockMark head;              // The first bytes of the file, at most `offset` of them.
  BlockMark tail;              // The last bytes before `offset`.
};

// How far a file was read for what is about to be sent. Records beyond the position may be with the target already;
// the marks tell whether the bytes that they were made of are still there.
struct SendIntent {
  uint64_t offset = 0;
  uint64_t next_sequence = 1;
  BlockMark head;
  BlockMark tail;
};

// What is remembered of one file. Its number names its producer and is never used for another file.
struct FileCheckpoint {
  uint64_t number = 0;
  uint32_t flow = 0;
  FileIdentity identity;
  std::string path;
  FilePosition position;
  SendIntent intent;        // Of use when it lies beyond the position.
  uint64_t size_bytes = 0;  // As last seen.
  Timestamp modified{};
  bool gone = false;  // No longer there; kept for its time to live in case it comes back.
  Timestamp updated{};
};

struct FlowCheckpoint {
  uint32_t number = 0;
  std::string id;
  uint32_t signature = 0;  // Of the settings that decide what records a file gives.
};

// The agent's memory: positions by file, in one file on disk. Newer entries replace older ones; what a crash left half
// written at the end is cut off, which moves positions back and never forward.
//
// State    Some 150 bytes a file. The file is rewritten when it has grown to several times what it must hold.
// Threads  Any.
// Source   Format: docs/agent.md, "The checkpoint file".
class CheckpointLog {
 public:
  // Opens or makes the file and its folder. `rng` gives a new file its instance id.
  // Errors: those of Disk; kCorruption: the file is something else; kUnsupported: written by a later version.
  static Result<std::unique_ptr<CheckpointLog>> Open(Disk& disk, std::string path, Rng& rng);

  // Distinguishes this file's producers from those of every other.
  uint64_t instance_id() const { return instance_id_; }
  // Bytes at the end that were damaged when it was opened.
  uint64_t cut_bytes() const { return cut_bytes_; }

  // The flow's entry. `is_new`: there was none, and there will be none before PutFlow.
  FlowCheckpoint FindFlow(const std::string& id, bool& is_new);
  void PutFlow(const FlowCheckpoint& flow);
  std::vector<FileCheckpoint> FilesOf(uint32_t flow) const;
  uint64_t NewFileNumber();
  void PutFile(const FileCheckpoint& file);
  void RemoveFile(uint64_t number);

  // Writes what changed; a process crash no longer loses it.
  Status Flush();
  // The same, and a power failure neither.
  Status Sync();

 private:
  CheckpointLog(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  Status Load();
  Status Rewrite();
  Status FlushLocked();
  std::string Snapshot() const;

  Disk& disk_;
  const std::string path_;
  mutable std::mutex mutex_;  // Guards everything below.
  uint64_t instance_id_ = 0;
  uint64_t cut_bytes_ = 0;
  uint64_t next_file_number_ = 1;
  uint32_t next_flow_number_ = 1;
  std::map<std::string, FlowCheckpoint> flows_;
  std::map<uint64_t, FileCheckpoint> files_;
  std::set<uint64_t> dirty_files_;  // Also removed ones.
  std::set<std::string> dirty_flows_;
  std::unique_ptr<File> file_;
  uint64_t file_bytes_ = 0;
  uint64_t snapshot_bytes_ = 0;
  bool unsynced_ = false;
};

}  // namespace tailrace::ingest
