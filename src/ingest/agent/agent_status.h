#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ingest/agent/record_parser.h"

namespace tailrace::ingest {

// A line that was not sent, or not as its settings ask, with its bytes.
struct RejectedLine {
  Timestamp time{};
  std::string path;
  uint64_t offset = 0;  // Of the line, or of the batch it was in.
  std::string reason;
  std::string raw;  // At most kRawBytesMax of it.
  static constexpr size_t kRawBytesMax = 1024;
};

// Something that someone should look at, and what to do. There while it lasts.
struct AgentWarning {
  std::string code;     // "unreadable", "no-file", "behind", "sending", "checkpoint", "lost", "scan".
  std::string subject;  // The path or pattern.
  std::string message;
  Timestamp since{};
};

struct SendCounters {
  uint64_t records = 0;
  uint64_t bytes = 0;
  uint64_t duplicates = 0;  // Records the target had already; not in `records`.
  uint64_t refused = 0;     // Will never be taken; kept in the list of rejected lines.
  uint64_t retries = 0;     // Records sent again.
};

struct FileStatus {
  uint64_t number = 0;
  std::string path;
  std::string state;  // "reading", "rotated", "deleted", "ended", "finished", "unreadable".
  uint64_t size_bytes = 0;
  uint64_t sent_offset = 0;  // Everything before it is with the target.
  ParseCounters parsed;
  SendCounters sent;
};

struct FlowStatus {
  std::string id;
  std::string file_pattern;
  std::string destination;
  ParseCounters parsed;
  SendCounters sent;
  uint64_t behind_bytes = 0;  // In the files and not yet with the target.
  uint64_t buffered_records = 0;
  uint64_t files_total = 0;
  std::vector<FileStatus> files;  // Those that are open or moved lately; at most kFilesMax.
  static constexpr size_t kFilesMax = 200;
  std::vector<RejectedLine> rejected;  // The newest, oldest first.
  uint64_t rejected_total = 0;
  static constexpr size_t kRejectedMax = 100;
  std::vector<AgentWarning> warnings;  // By code and subject.
  std::optional<Timestamp> last_sent;
};

struct AgentStatus {
  Timestamp started{};
  Timestamp now{};
  std::vector<FlowStatus> flows;
};

// One JSON object; bytes that are not UTF-8 are replaced.
std::string ToJson(const AgentStatus& status);
// For a terminal.
std::string ToTable(const AgentStatus& status);

}  // namespace tailrace::ingest
