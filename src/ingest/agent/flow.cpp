#include "ingest/agent/flow.h"

#include <algorithm>

#include "base/hash.h"
#include "base/str.h"
#include "ingest/agent/tailed_file.h"

namespace tailrace::ingest {
namespace {

constexpr std::chrono::milliseconds kPublishInterval{200};
constexpr int kUnnoticedGrowthsMax = 3;

struct SignatureText {
  std::string& text;
  void operator()(const SingleLineOption& o) const { text += StrCat("single:", o.trim, o.escape_new_line); }
  void operator()(const CsvToJsonOption& o) const {
    text += StrCat("csv:", Join(o.field_names, "\n"), "\r", o.delimiter, "\r", static_cast<int>(o.mode),
                   static_cast<int>(o.style));
  }
  void operator()(const LogToJsonOption& o) const {
    text += StrCat("log:", Join(o.field_names, "\n"), "\r", o.match_pattern, "\r", static_cast<int>(o.format),
                   static_cast<int>(o.style));
  }
  void operator()(const AddMetadataOption& o) const {
    text += StrCat("metadata:", o.timestamp, static_cast<int>(o.style));
    AppendJsonNode(text, o.metadata, JsonStyle::kCompact);
  }
  void operator()(const AddEc2MetadataOption& o) const { text += StrCat("ec2:", static_cast<int>(o.style)); }
  void operator()(const AddBracketsOption&) const { text += "brackets"; }
};

void Add(ParseCounters& to, const ParseCounters& from) {
  to.bytes += from.bytes;
  to.lines += from.lines;
  to.parsed += from.parsed;
  to.skipped += from.skipped;
  to.unconverted += from.unconverted;
  to.truncated += from.truncated;
}

void Add(SendCounters& to, const SendCounters& from) {
  to.records += from.records;
  to.bytes += from.bytes;
  to.duplicates += from.duplicates;
  to.refused += from.refused;
  to.retries += from.retries;
}

}  // namespace

uint32_t FlowSignature(const FlowConfig& config) {
  std::string text = StrCat(config.multi_line_start_pattern, "\r", config.file_footer_pattern, "\r",
                            config.truncated_record_terminator, "\r", config.skip_header_lines, "\r",
                            config.buffer_bytes_max, "\r", config.aggregated_record_bytes, "\r",
                            static_cast<int>(config.source_encoding), static_cast<int>(config.partition_key), "\r");
  for (const ProcessingOption& option : config.processing) {
    std::visit(SignatureText{text}, option);
    text += '\r';
  }
  return Crc32c(text);
}

Flow::Flow(const FlowConfig& config, RecordTarget& target, FlowEnvironment environment, Rng rng, RecordParser parser)
    : config_(config),
      target_(target),
      limits_(target.limits()),
      environment_(std::move(environment)),
      rng_(rng),
      parser_(std::move(parser)),
      polled_(environment_.polled) {}

Flow::~Flow() = default;

Result<std::unique_ptr<Flow>> Flow::Make(const FlowConfig& config, RecordTarget& target, FlowEnvironment environment,
                                         Rng rng) {
  TAILRACE_ASSIGN_OR_RETURN(RecordParser parser,
                            RecordParser::Make(config, target.limits(), environment.clock, environment.metadata));
  std::unique_ptr<Flow> flow(new Flow(config, target, std::move(environment), rng, std::move(parser)));
  flow->Restore();
  return flow;
}

void Flow::Restore() {
  checkpoint_ = environment_.checkpoints.FindFlow(config_.id, first_start_);
  const uint32_t signature = FlowSignature(config_);
  const bool other_records = !first_start_ && checkpoint_.signature != signature;
  checkpoint_.signature = signature;
  if (first_start_) {  // Remembered when the first scan has seen which files there are.
    // Left by a process that ended before its first scan did.
    for (const FileCheckpoint& stale : environment_.checkpoints.FilesOf(checkpoint_.number)) {
      environment_.checkpoints.RemoveFile(stale.number);
    }
    return;
  }
  if (other_records) {
    environment_.checkpoints.PutFlow(checkpoint_);
    unsynced_registrations_ = true;
  }
  for (FileCheckpoint& saved : environment_.checkpoints.FilesOf(checkpoint_.number)) {
    auto file = std::make_unique<TailedFile>();
    file->durable = true;
    if (other_records) {
      // Other settings, other records: the old numbers would name something else.
      environment_.checkpoints.RemoveFile(saved.number);
      saved.number = environment_.checkpoints.NewFileNumber();
      saved.position.next_sequence = 1;
      saved.position.forced_end = 0;
      saved.intent = {};
      environment_.checkpoints.PutFile(saved);
      file->durable = false;
    }
    file->size_bytes = saved.size_bytes;
    file->read = saved.position;
    file->saved = std::move(saved);
    SetNumber(*file, file->saved.number);
    file->resolved = other_records;
    TailedFile*& owner = by_identity_[file->saved.identity];
    if (owner == nullptr || owner->saved.gone || !file->saved.gone) owner = file.get();
    files_.emplace(file->saved.number, std::move(file));
  }
}

Flow::Instant Flow::Poll() {
  const Instant now = environment_.clock.Monotonic();
  const bool was_notified = std::exchange(notified_, false);
  scan_wanted_ |= was_notified;
  if (was_notified) unnoticed_growths_ = 0;
  if (now >= scan_at_ || (scan_wanted_ && now >= scan_allowed_at_)) Scan(now);

  bool more = false;
  buffered_bytes_ = 0;
  for (const uint64_t number : active_) buffered_bytes_ += files_.at(number)->batch.bytes();
  const std::vector<uint64_t> numbers(active_.begin(), active_.end());
  for (const uint64_t number : numbers) {
    const auto found = files_.find(number);
    if (found != files_.end()) more |= Advance(*found->second, now);
  }
  // The system did not tell of growth again and again: links to elsewhere, network file systems.
  if (!polled_ && unnoticed_growths_ >= kUnnoticedGrowthsMax) {
    polled_ = true;
    environment_.log.Info("Looking at the files regularly, as their changes are not announced", {{"flow", config_.id}});
  }
  if (unsynced_ && now >= sync_at_) {
    unsynced_registrations_ = true;
    SyncRegistrations(now);
  } else if (unflushed_ && now >= flush_at_) {
    FlushCheckpoints(now);
  }
  const Instant wake = more ? now : NextWake(now);
  if (now - published_at_ >= kPublishInterval || wake - now >= kPublishInterval / 4) {
    published_at_ = now;
    Publish();
  }
  return wake;
}

Flow::Instant Flow::NextWake(Instant now) const {
  Instant wake = scan_at_;
  if (scan_wanted_) wake = std::min(wake, std::max(now, scan_allowed_at_));
  if (unflushed_) wake = std::min(wake, flush_at_);
  if (unsynced_) wake = std::min(wake, sync_at_);
  if (polled_ && !active_.empty()) wake = std::min<Instant>(wake, now + config_.file_poll_interval);
  for (const uint64_t number : active_) {
    const TailedFile& file = *files_.at(number);
    if (!file.batch.empty()) {
      const Instant due = file.sending || hurry_ || file.ended ? now : file.batch_since + config_.buffer_age_max;
      wake = std::min(wake, std::max(due, retry_at_));
    } else if (file.partial_end > file.read.offset) {
      wake = std::min<Instant>(wake, std::max(now, file.partial_since) + kRecordWait);
    }
    if (file.handle != nullptr && !file.keep_open) {
      wake = std::min<Instant>(wake, std::max<Instant>(now + kRecordWait, file.grown_at + kIdleClose));
    }
  }
  return std::max(wake, now);
}

bool Flow::drained() const {
  return std::all_of(active_.begin(), active_.end(), [this](uint64_t number) {
    const TailedFile& file = *files_.at(number);
    return file.batch.empty() && file.read.offset == file.saved.position.offset;
  });
}

FlowStatus Flow::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

void Flow::Save(TailedFile& file) {
  file.saved.updated = environment_.clock.Now();
  environment_.checkpoints.PutFile(file.saved);
  unflushed_ = true;
}

// Positions and numbers that must outlive this process before anything is sent under them.
bool Flow::SyncRegistrations(Instant now) {
  if (!unsynced_registrations_) return true;
  sync_at_ = now + kSyncInterval;
  const auto synced = environment_.checkpoints.Sync();
  if (!synced.ok()) {
    Warn("checkpoint", "", StrCat("nothing is sent, as positions cannot be stored: ", synced.error().message));
    retry_at_ = now + config_.retry_max_backoff;
    return false;
  }
  Unwarn("checkpoint", "");
  unsynced_registrations_ = unflushed_ = unsynced_ = false;
  for (const auto& [number, file] : files_) file->durable = true;
  return true;
}

bool Flow::FlushCheckpoints(Instant now) {
  flush_at_ = now + kFlushInterval;
  const auto flushed = environment_.checkpoints.Flush();
  if (!flushed.ok()) {
    Warn("checkpoint", "", StrCat("nothing is sent, as positions cannot be stored: ", flushed.error().message));
    retry_at_ = now + config_.retry_max_backoff;
    return false;
  }
  if (!unsynced_) sync_at_ = now + kSyncInterval;
  unsynced_ = true;
  unflushed_ = false;
  Unwarn("checkpoint", "");
  return true;
}

void Flow::AddReject(const std::string& path, uint64_t offset, std::string_view reason, std::string_view raw) {
  ++rejected_total_;
  if (rejected_.size() >= FlowStatus::kRejectedMax) rejected_.pop_front();
  rejected_.push_back({.time = environment_.clock.Now(),
                       .path = path,
                       .offset = offset,
                       .reason = std::string(reason),
                       .raw = std::string(raw.substr(0, RejectedLine::kRawBytesMax))});
}

void Flow::Warn(std::string_view code, std::string_view subject, std::string message) {
  const auto key = std::pair(std::string(code), std::string(subject));
  const auto found = warnings_.find(key);
  if (found != warnings_.end()) {
    found->second.message = std::move(message);
    return;
  }
  environment_.log.Warning(message, {{"flow", config_.id}});
  warnings_.emplace(key, AgentWarning{key.first, key.second, std::move(message), environment_.clock.Now()});
}

void Flow::Unwarn(std::string_view code, std::string_view subject) {
  if (warnings_.empty()) return;
  const auto found = warnings_.find(std::pair(std::string(code), std::string(subject)));
  if (found == warnings_.end()) return;
  environment_.log.Info("No longer: " + found->second.message, {{"flow", config_.id}});
  warnings_.erase(found);
}

void Flow::WarnUnreadable(const std::string& path) {
  const std::string user = environment_.user.empty() ? "the agent's user" : StrCat("user '", environment_.user, "'");
  const std::string name = environment_.user.empty() ? "USER" : environment_.user;
  Warn("unreadable", path,
       StrCat(user, " may not read ", path, "; on Debian and Ubuntu add the user to group adm (usermod -aG adm ", name,
              ") and restart the agent, or give the user the right to read the file and to enter its folders"));
}

void Flow::Publish() {
  FlowStatus status;
  status.id = config_.id;
  status.file_pattern = config_.file_pattern;
  status.destination = config_.destination;
  status.parsed = ended_parsed_;
  status.sent = ended_sent_;
  for (const auto& [number, file] : files_) {
    Add(status.parsed, file->parsed);
    Add(status.sent, file->sent);
    if (file->saved.gone) continue;
    ++status.files_total;
    status.buffered_records += file->batch.size();
    const uint64_t sent_offset = file->saved.position.offset;
    const bool done = file->saved.position.finished || file->ended;
    if (!done && file->size_bytes > sent_offset) status.behind_bytes += file->size_bytes - sent_offset;
  }
  // The newest files tell most.
  for (auto it = files_.rbegin(); it != files_.rend() && status.files.size() < FlowStatus::kFilesMax; ++it) {
    const TailedFile& file = *it->second;
    if (file.saved.gone) continue;
    status.files.push_back({.number = file.saved.number,
                            .path = file.saved.path,
                            .state = file.unreadable      ? "unreadable"
                                     : file.ended         ? "ended"
                                     : file.deleted       ? "deleted"
                                     : file.read.finished ? "finished"
                                     : file.matched       ? "reading"
                                                          : "rotated",
                            .size_bytes = file.size_bytes,
                            .sent_offset = file.saved.position.offset,
                            .parsed = file.parsed,
                            .sent = file.sent});
  }
  std::reverse(status.files.begin(), status.files.end());
  constexpr uint64_t kBehindBytesMax = 20 << 20;
  if (status.behind_bytes > kBehindBytesMax) {
    Warn("behind", config_.file_pattern, StrCat("the flow is ", FormatBytes(status.behind_bytes), " behind its files"));
  } else {
    Unwarn("behind", config_.file_pattern);
  }
  status.rejected.assign(rejected_.begin(), rejected_.end());
  status.rejected_total = rejected_total_;
  for (const auto& [key, warning] : warnings_) status.warnings.push_back(warning);
  status.last_sent = last_sent_;
  const std::lock_guard lock(status_mutex_);
  status_ = std::move(status);
}

}  // namespace tailrace::ingest
