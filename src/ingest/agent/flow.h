#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/rng.h"
#include "ingest/agent/agent_config.h"
#include "ingest/agent/agent_status.h"
#include "ingest/agent/checkpoint_log.h"
#include "ingest/agent/glob.h"
#include "ingest/agent/record_parser.h"
#include "ingest/agent/record_target.h"

namespace tailrace::ingest {

// What a flow borrows; all of it outlives the flow.
struct FlowEnvironment {
  Disk& disk;
  const Clock& clock;
  Log& log;
  CheckpointLog& checkpoints;
  Ec2MetadataSource* metadata = nullptr;
  std::string user;             // Whom the agent runs as, for the message about files it may not read.
  int64_t checkpoint_days = 7;  // How long the position in a vanished file is kept.
  bool polled = true;           // Nobody calls NotifyChanged: look at the files every minTimeBetweenFilePollsMillis.
};

// Tails the files of one flow and sends their records. Passive: Poll does what is due and says when to be called again.
//
// Every file has a number, and its records are numbered from 1 within it; the pair is the same whenever the record is
// read, so that the target recognises what is sent again. Files are followed by device and inode; a file that was
// copied and truncated goes on in its copy under its number, and what stands in its place is a new file.
//
// Order    Of the lines within a file. A file's position never passes a record that was not taken.
// State    At most 64 MiB of records, 256 open files and one read buffer.
// Errors   Everything that fails is tried again and shown as a warning; nothing is dropped without being counted.
// Threads  Poll and WatchDirectories: one owner. status: any.
class Flow {
 public:
  using Instant = std::chrono::nanoseconds;  // Of the monotonic clock.

  // `config` and `target` are borrowed. Errors: kInvalidArgument: a pattern of the configuration.
  static Result<std::unique_ptr<Flow>> Make(const FlowConfig& config, RecordTarget& target, FlowEnvironment environment,
                                            Rng rng);
  ~Flow();

  // Scans, reads and sends what is due. Returns when to call again at the latest.
  Instant Poll();
  // Something changed in the watched directories. Call it before the next Poll.
  void NotifyChanged() { notified_ = true; }
  // Sends at the next Poll what waits for its age (at shutdown).
  void HurryUp() { hurry_ = true; }
  // All that was read is with the target.
  bool drained() const;

  const std::vector<std::string>& WatchDirectories() const { return watch_directories_; }
  FlowStatus status() const;
  const FlowConfig& config() const { return config_; }

 private:
  struct TailedFile;
  struct Suspect;
  Flow(const FlowConfig& config, RecordTarget& target, FlowEnvironment environment, Rng rng, RecordParser parser);

  void Restore();

  // flow_scan.cpp: which files there are.
  void Scan(Instant now);
  bool TakeKnown(TailedFile& file, const FoundFile& found, Instant now);
  void TakeUnknown(const FoundFile& found, Instant now);
  void LocateMissing(Instant now);
  void KeepNewestOpen(Instant now);
  bool DeferAsCopy(const FoundFile& found, Instant now);
  void CheckWarnings(const GlobResult& found, Instant now);
  TailedFile& AddFile(const FoundFile& found, const FilePosition& position, Instant now);
  FilePosition StartPosition() const;
  FilePosition EndPosition(const FoundFile& found);
  void Replaced(TailedFile& file, uint64_t unread_bytes, Instant now);
  static uint64_t UnreadBytes(const TailedFile& file);
  void CheckAccess(TailedFile& file);
  bool MoveToCopy(TailedFile& file, Instant now);
  bool StillWhatWasRead(TailedFile& file);
  void Forget(TailedFile& file);
  void Vanished(TailedFile& file, Instant now);
  void DropOld();
  void FileGrew(TailedFile& file, uint64_t size_bytes, Instant now);

  // flow_read.cpp: bytes to records to target.
  bool Advance(TailedFile& file, Instant now);
  bool Open(TailedFile& file, Instant now);
  bool Fill(TailedFile& file, Instant now);
  enum class Block : uint8_t { kTaken, kPartial, kFull, kEmpty, kReplaced, kFailed };
  Block TakeBlock(TailedFile& file, uint64_t& wanted_bytes, Instant now);
  void CloseSome();
  void ForceIdleRecord(TailedFile& file, Instant now);
  bool Due(const TailedFile& file, Instant now) const;
  void Send(TailedFile& file, Instant now);
  bool SendRun(TailedFile& file);
  void SendFailed(const Error& error);
  void Acknowledge(TailedFile& file);
  void CloseIdle(TailedFile& file, Instant now);
  bool SyncRegistrations(Instant now);
  bool FlushCheckpoints(Instant now);
  bool StoreIntent(TailedFile& file, Instant now);
  void NoteHead(TailedFile& file);
  bool HoldsWhatWasRead(TailedFile& file, uint64_t size_bytes);
  bool Resolve(TailedFile& file);
  void Renumber(TailedFile& file);
  void SetNumber(TailedFile& file, uint64_t number);
  Instant NextWake(Instant now) const;

  void Save(TailedFile& file);
  void AddReject(const std::string& path, uint64_t offset, std::string_view reason, std::string_view raw);
  void Warn(std::string_view code, std::string_view subject, std::string message);
  void Unwarn(std::string_view code, std::string_view subject);
  void WarnUnreadable(const std::string& path);
  void Publish();

  const FlowConfig& config_;
  RecordTarget& target_;
  const TargetLimits limits_;
  const FlowEnvironment environment_;
  Rng rng_;
  RecordParser parser_;
  FlowCheckpoint checkpoint_;
  bool first_start_ = false;  // Nothing of this flow was ever remembered.

  std::map<uint64_t, std::unique_ptr<TailedFile>> files_;
  std::map<FileIdentity, TailedFile*> by_identity_;
  std::set<uint64_t> active_;  // Files with a handle or something to send.
  std::map<FileIdentity, Suspect> suspects_;
  std::vector<std::string> watch_directories_;
  std::string buffer_;
  std::vector<TargetRecord> records_;  // Scratch of SendRun.

  bool notified_ = true;
  bool scan_wanted_ = true;
  bool polled_ = true;
  bool hurry_ = false;
  int unnoticed_growths_ = 0;
  Instant scan_at_{};          // Next regular scan.
  Instant scan_allowed_at_{};  // Earliest scan after a notification.
  Instant flush_at_{};
  Instant sync_at_{};
  bool unsynced_ = false;  // Something was flushed and not synced.
  bool unsynced_registrations_ = false;
  bool unflushed_ = false;
  Instant retry_at_{};
  uint32_t failures_ = 0;
  std::optional<Instant> no_file_since_;
  Instant published_at_{};
  uint64_t buffered_bytes_ = 0;

  ParseCounters ended_parsed_;  // Of files that are forgotten.
  SendCounters ended_sent_;
  std::deque<RejectedLine> rejected_;
  uint64_t rejected_total_ = 0;
  std::map<std::pair<std::string, std::string>, AgentWarning> warnings_;
  std::optional<Timestamp> last_sent_;
  mutable std::mutex status_mutex_;  // Guards status_.
  FlowStatus status_;
};

// Checksum of the settings that decide which records a file's bytes give.
uint32_t FlowSignature(const FlowConfig& config);

}  // namespace tailrace::ingest
