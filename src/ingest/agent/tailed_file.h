#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingest/agent/flow.h"

// The inside of Flow, shared by its source files.

namespace tailrace::ingest {

struct Flow::TailedFile {
  FileCheckpoint saved;  // Its position: up to here everything is with the target.
  FilePosition read;     // Up to here everything is in the batch or with the target.
  std::string producer;
  uint64_t key_seed = 0;

  std::unique_ptr<File> handle;
  uint64_t size_bytes = 0;  // As last seen.
  bool verified = false;    // The bytes before the position were found to be the ones that were read.
  bool durable = false;     // The number is on disk: records may be sent under it.
  bool resolved = true;     // What of it the target has is known; not so after a restart.
  bool seen = false;        // By the scan that runs.
  bool matched = false;     // By the pattern; otherwise it was renamed away.
  bool deleted = false;     // No name leads to it any more; read on while it is open.
  bool ended = false;       // Its bytes are gone; only the batch is left to send.
  bool unreadable = false;  // It could not be opened; not tried again before the next scan.
  bool access_checked = false;
  bool unchecked_change = false;  // It is not as it was, and its bytes were not compared with the marks since.
  bool modified_known = false;    // saved.modified is that of the file's last growth.
  bool keep_open = false;         // One of the newest: not closed for lack of news.
  BlockMark first_bytes;          // Of a file of which nothing was read yet.
  Instant grown_at{};             // When it last grew, or was opened.
  Instant rotated_at{};           // When it was found renamed or removed.

  RecordBatch batch;
  std::vector<uint32_t> unsent;  // Indices in the batch; of use when `sending`.
  bool sending = false;          // Some of the batch may be with the target already: nothing is added to it.
  Instant batch_since{};

  uint64_t partial_end = 0;  // Size of the file when the bytes behind the position were found to be no whole record.
  Instant partial_since{};

  ParseCounters parsed;
  SendCounters sent;
};

// A file that appeared and looks like a copy in the making of one that is followed.
struct Flow::Suspect {
  uint64_t original = 0;
  std::string path;
  uint64_t size_bytes = 0;
  Instant decide_at{};
};

inline constexpr std::chrono::seconds kIdleClose{60};    // A handle without news is closed.
inline constexpr std::chrono::seconds kPartialWait{10};  // For the end of a rotated file's last line.
inline constexpr std::chrono::seconds kRecordWait{1};    // For further lines of a record of several lines.
inline constexpr std::chrono::seconds kCopyGrace{3};     // For the truncation that follows a copy.
inline constexpr std::chrono::milliseconds kFlushInterval{100};
inline constexpr std::chrono::seconds kSyncInterval{1};
// Buffers that wait at least so long may wait for a sync of their intent, too.
inline constexpr std::chrono::milliseconds kSyncedIntentAge{100};
inline constexpr size_t kOpenFilesMax = 256;
inline constexpr size_t kNewestOpen = 16;
inline constexpr size_t kFilesMax = 100'000;
inline constexpr uint64_t kBufferedBytesMax = 64 << 20;
inline constexpr uint64_t kReadBytes = 256 << 10;
inline constexpr uint64_t kFillBytesMax = 8 << 20;  // Of one file in one Poll, so that all files have their turn.

// Bytes [offset, offset + length) of the file, fewer at its end.
Result<std::string> ReadBlock(File& file, uint64_t offset, size_t length);
// The file holds the bytes that the marks were made of.
bool FitsMarks(File& file, uint64_t size_bytes, uint64_t offset, const BlockMark& head, const BlockMark& tail);
inline bool FitsMarks(File& file, uint64_t size_bytes, const FilePosition& position) {
  return FitsMarks(file, size_bytes, position.offset, position.head, position.tail);
}
inline bool FitsMarks(File& file, uint64_t size_bytes, const SendIntent& intent) {
  return FitsMarks(file, size_bytes, intent.offset, intent.head, intent.tail);
}

}  // namespace tailrace::ingest
