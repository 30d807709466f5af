#include <algorithm>

#include "base/hash.h"
#include "base/str.h"
#include "ingest/agent/flow.h"
#include "ingest/agent/tailed_file.h"

namespace tailrace::ingest {

Result<std::string> ReadBlock(File& file, uint64_t offset, size_t length) {
  std::string bytes(length, '\0');
  size_t done = 0;
  while (done < length) {
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, file.ReadAt(offset + done, std::span(bytes).subspan(done)));
    if (count == 0) break;
    done += count;
  }
  bytes.resize(done);
  return bytes;
}

bool FitsMarks(File& file, uint64_t size_bytes, uint64_t offset, const BlockMark& head, const BlockMark& tail) {
  if (size_bytes < offset) return false;
  const auto fits = [&](uint64_t begin, const BlockMark& mark) {
    if (mark.length == 0) return true;
    const auto block = ReadBlock(file, begin, mark.length);
    return block.ok() && block->size() == mark.length && Crc32c(*block) == mark.crc;
  };
  return fits(0, head) && fits(offset - tail.length, tail);
}

void Flow::FileGrew(TailedFile& file, uint64_t size_bytes, Instant now) {
  file.size_bytes = size_bytes;
  file.modified_known = false;
  file.grown_at = now;
  active_.insert(file.saved.number);
}

// One file's turn. True: there is more to do at once.
bool Flow::Advance(TailedFile& file, Instant now) {
  if (file.handle != nullptr && !file.ended) {
    const auto info = file.handle->Info();
    if (info.ok() && info->size_bytes < file.size_bytes) {
      Replaced(file, UnreadBytes(file), now);
      return true;
    }
    if (info.ok() && info->size_bytes > file.size_bytes) {
      ++unnoticed_growths_;  // Set back when a notification comes.
      FileGrew(file, info->size_bytes, now);
    }
    NoteHead(file);
  }
  bool more = false;
  const bool unread = file.size_bytes > file.read.offset && !file.read.finished && !file.ended;
  if (unread && (file.handle != nullptr || Open(file, now)) && (file.resolved || now >= retry_at_) && Resolve(file)) {
    more = Fill(file, now);
  }
  if (file.ended && file.batch.empty()) {
    Forget(file);
    return more;
  }
  ForceIdleRecord(file, now);
  if (file.batch.empty() && !file.sending && file.read.offset != file.saved.position.offset) Acknowledge(file);
  if (Due(file, now)) Send(file, now);
  if (file.ended && file.batch.empty()) {
    Forget(file);
    return more;
  }
  CloseIdle(file, now);
  return more && now >= retry_at_;
}

bool Flow::Open(TailedFile& file, Instant now) {
  if (file.unreadable) return false;  // Until the next scan.
  CloseSome();
  auto opened = environment_.disk.Open(file.saved.path, OpenMode::kRead);
  const auto info = opened.ok() ? (*opened)->Info() : Result<FileInfo>(opened.error());
  if (!info.ok() || FileIdentity{info->device, info->inode} != file.saved.identity) {
    file.unreadable = true;
    if (!info.ok() && info.error().code == ErrorCode::kPermissionDenied) {
      WarnUnreadable(file.saved.path);
    } else {
      scan_wanted_ = true;  // Renamed or removed a moment ago: a scan tells where it is.
      scan_allowed_at_ = std::max<Instant>(scan_allowed_at_, now + config_.file_poll_interval);
    }
    return false;
  }
  Unwarn("unreadable", file.saved.path);
  file.handle = std::move(*opened);
  file.size_bytes = info->size_bytes;
  file.grown_at = now;
  if (!file.verified && !HoldsWhatWasRead(file, info->size_bytes)) {
    Replaced(file, 0, now);
    return false;
  }
  file.verified = true;
  file.unchecked_change = false;
  NoteHead(file);
  return true;
}

// Remembers how a file begins of which nothing was read yet, so that a copy of it can be told.
void Flow::NoteHead(TailedFile& file) {
  const uint64_t length = std::min(file.size_bytes, BlockMark::kBytesMax);
  if (file.read.offset > 0 || file.handle == nullptr || file.first_bytes.length >= length) return;
  const auto block = ReadBlock(*file.handle, 0, length);
  if (block.ok()) file.first_bytes = MarkOf(*block);
}

// Whether the open file holds the bytes before the position and, after a restart, those that may have been sent.
bool Flow::HoldsWhatWasRead(TailedFile& file, uint64_t size_bytes) {
  if (!FitsMarks(*file.handle, size_bytes, file.read)) return false;
  const SendIntent& intent = file.saved.intent;
  if (file.resolved || intent.offset <= file.read.offset || FitsMarks(*file.handle, size_bytes, intent)) return true;
  // What was sent is gone. Far into the file its beginning is still the same file, whose end a power failure took.
  if (file.read.offset <= 2 * BlockMark::kBytesMax) return false;
  Renumber(file);
  return true;
}

// Asks the target what it has of a file that this process did not send. Records whose bytes cannot be checked any more
// are sent again under a new number: rather twice than not at all.
bool Flow::Resolve(TailedFile& file) {
  if (file.resolved) return true;
  const auto last = target_.LastSequence(file.producer);
  if (!last.ok()) {
    SendFailed(last.error());
    return false;
  }
  const bool beyond = last->has_value() && **last >= file.read.next_sequence;
  const SendIntent& intent = file.saved.intent;
  const bool checked = intent.offset > file.read.offset && intent.next_sequence > last->value_or(0);
  file.resolved = true;
  if (beyond && !checked) Renumber(file);
  return true;
}

// Gives the rest of the file a number that the target does not know.
void Flow::Renumber(TailedFile& file) {
  environment_.log.Warning("Some lines may be sent again: after a failure it is not known which were",
                           {{"flow", config_.id}, {"path", file.saved.path}});
  const uint64_t old_number = file.saved.number;
  environment_.checkpoints.RemoveFile(old_number);
  auto node = files_.extract(old_number);
  active_.erase(old_number);
  file.saved.position.next_sequence = 1;
  file.saved.intent = {};
  file.read = file.saved.position;
  SetNumber(file, environment_.checkpoints.NewFileNumber());
  node.key() = file.saved.number;
  files_.insert(std::move(node));
  active_.insert(file.saved.number);
  file.durable = false;
  file.resolved = true;
  unsynced_registrations_ = true;
  Save(file);
}

void Flow::SetNumber(TailedFile& file, uint64_t number) {
  file.saved.number = number;
  file.producer = StrCat(fmt::format("{:016x}", environment_.checkpoints.instance_id()), "-", number);
  file.key_seed = static_cast<uint64_t>(Crc32c(file.producer)) << 32 | Crc32c(config_.id);
}

// Keeps the number of open files within its limit: the one longest without news goes first.
void Flow::CloseSome() {
  if (active_.size() < kOpenFilesMax) return;
  TailedFile* oldest = nullptr;
  for (const uint64_t number : active_) {
    TailedFile& file = *files_.at(number);
    const bool idle = file.handle != nullptr && file.batch.empty() && !file.deleted && !file.keep_open &&
                      (file.read.offset >= file.size_bytes || file.partial_end == file.size_bytes);
    if (idle && (oldest == nullptr || file.grown_at < oldest->grown_at)) oldest = &file;
  }
  if (oldest == nullptr) return;
  oldest->handle.reset();
  oldest->batch.Free();
  oldest->verified = false;
  active_.erase(oldest->saved.number);
}

// Reads until the batch is full or the file is at its end. True: there is more to read.
bool Flow::Fill(TailedFile& file, Instant now) {
  uint64_t taken = 0;
  uint64_t wanted = kReadBytes;
  const uint64_t batch_before = file.batch.bytes();
  Block block = Block::kTaken;
  while (block == Block::kTaken && taken < kFillBytesMax) {
    if (file.sending || buffered_bytes_ + file.batch.bytes() - batch_before > kBufferedBytesMax) {
      block = Block::kFull;
      break;
    }
    if (file.read.finished || file.read.offset >= file.size_bytes || file.partial_end == file.size_bytes) {
      block = Block::kEmpty;
      break;
    }
    const uint64_t before = file.read.offset;
    block = TakeBlock(file, wanted, now);
    if (block == Block::kReplaced) return true;  // The file is not what it was; begin anew.
    taken += file.read.offset - before;
  }
  buffered_bytes_ += file.batch.bytes() - batch_before;
  return block == Block::kTaken || (block == Block::kFull && !file.sending);
}

Flow::Block Flow::TakeBlock(TailedFile& file, uint64_t& wanted_bytes, Instant now) {
  FilePosition& read = file.read;
  const uint64_t before = read.offset;
  const size_t overlap = read.tail.length;
  const size_t capacity = overlap + wanted_bytes;
  if (buffer_.size() < capacity) buffer_.resize(capacity);
  const auto got = file.handle->ReadAt(before - overlap, std::span(buffer_).first(capacity));
  if (!got.ok()) {
    Warn("reading", file.saved.path, got.error().message);
    return Block::kFailed;
  }
  // The same bytes must stand before the position as when they were read; else the file was cut and written anew.
  const std::string_view block(buffer_.data(), *got);
  if (block.size() < overlap || Crc32c(block.substr(0, overlap)) != read.tail.crc) {
    Replaced(file, 0, now);
    return Block::kReplaced;
  }
  const std::string_view data = block.substr(overlap);
  if (data.empty()) return Block::kEmpty;
  if (file.batch.empty()) {
    file.batch.Begin(read.next_sequence);
    file.batch_since = now;
  }
  const auto outcome = parser_.Parse(data, file.key_seed, read, file.batch, file.parsed,
                                     [&](uint64_t offset, std::string_view reason, std::string_view raw) {
                                       AddReject(file.saved.path, offset, reason, raw);
                                     });
  if (outcome.consumed > 0) {
    const size_t end = overlap + outcome.consumed;
    const size_t tail = std::min<size_t>(end, BlockMark::kBytesMax);
    read.tail = {static_cast<uint32_t>(tail), Crc32c(block.substr(end - tail, tail))};
    if (read.head.length < BlockMark::kBytesMax && before == overlap) {
      const size_t head = std::min<size_t>(end, BlockMark::kBytesMax);
      read.head = {static_cast<uint32_t>(head), Crc32c(block.substr(0, head))};
    }
  }
  if (outcome.full) return Block::kFull;
  if (outcome.consumed == data.size()) return Block::kTaken;
  const bool cut_short = data.size() == wanted_bytes;
  if (cut_short && outcome.consumed > 0) return Block::kTaken;
  if (cut_short && wanted_bytes < parser_.record_bytes_max()) {
    wanted_bytes = std::min<uint64_t>(wanted_bytes * 4, parser_.record_bytes_max());
    return Block::kTaken;
  }
  // The file ends within a record.
  file.partial_end = before + data.size();
  file.size_bytes = std::max(file.size_bytes, file.partial_end);
  file.partial_since = now;
  return Block::kPartial;
}

// Ends the last record of a file when nothing can be expected to complete it. Where it ends is stored first, so that
// a second reading ends it there, too.
void Flow::ForceIdleRecord(TailedFile& file, Instant now) {
  const bool partial = file.handle != nullptr && file.partial_end == file.size_bytes &&
                       file.partial_end > file.read.offset && file.read.forced_end == 0 && !file.read.finished;
  if (!partial || !file.batch.empty() || file.read.offset != file.saved.position.offset) return;
  const bool rotated = file.deleted || !file.matched;
  const bool newer = std::any_of(files_.upper_bound(file.saved.number), files_.end(), [&](const auto& other) {
    return other.second->matched && other.second->saved.modified > file.saved.modified;
  });
  const bool final = rotated ? now - std::max(file.partial_since, file.rotated_at) >= kPartialWait
                             : newer && now - file.grown_at >= kIdleClose;
  const bool waited =
      parser_.waits_for_more() && now - file.partial_since >= std::max<Instant>(kRecordWait, config_.buffer_age_max);
  if (!final && !waited) return;
  const uint64_t length_max = std::min<uint64_t>(file.size_bytes - file.read.offset, parser_.record_bytes_max());
  const auto data = ReadBlock(*file.handle, file.read.offset, length_max);
  if (!data.ok() || data->empty()) return;
  const size_t length = parser_.ForcedLength(*data, final);
  if (length == 0) return;
  file.read.forced_end = file.saved.position.forced_end = file.read.offset + length;
  Save(file);
  unsynced_registrations_ = true;
  file.durable = false;
  file.partial_end = 0;
  Fill(file, now);
}

bool Flow::Due(const TailedFile& file, Instant now) const {
  if (file.batch.empty() || now < retry_at_) return false;
  if (file.sending || hurry_ || file.ended) return true;
  return file.batch.size() >= std::min(config_.buffer_records_max, limits_.records_max) ||
         file.batch.bytes() >= std::min(config_.buffer_bytes_max, limits_.bytes_max) ||
         now - file.batch_since >= config_.buffer_age_max;
}

void Flow::Send(TailedFile& file, Instant now) {
  if (!file.sending && !StoreIntent(file, now)) return;
  if (!file.sending) {
    file.unsent.resize(file.batch.size());
    for (uint32_t i = 0; i < file.unsent.size(); ++i) file.unsent[i] = i;
    file.sending = true;
  }
  while (!file.unsent.empty()) {
    if (!SendRun(file)) return;
  }
  Acknowledge(file);
}

// Says in the checkpoint what is about to be sent, with marks of the bytes it was made of.
bool Flow::StoreIntent(TailedFile& file, Instant now) {
  file.saved.intent = {.offset = file.read.offset,
                       .next_sequence = file.read.next_sequence,
                       .head = file.read.head,
                       .tail = file.read.tail};
  Save(file);
  const bool sync = !file.durable || config_.buffer_age_max >= kSyncedIntentAge;
  if (sync) unsynced_registrations_ = true;
  return sync ? SyncRegistrations(now) : FlushCheckpoints(now);
}

// Sends the first unsent records that follow each other without a gap. False: some have to be sent again, and nothing
// may go before them, as a target takes a producer's numbers in their order only.
bool Flow::SendRun(TailedFile& file) {
  const RecordBatch& batch = file.batch;
  records_.clear();
  uint64_t bytes = 0;
  size_t count = 0;
  while (count < file.unsent.size() && file.unsent[count] == file.unsent[0] + count && count < limits_.records_max) {
    const TargetRecord record = batch.record(file.unsent[count]);
    bytes += record.data.size() + record.partition_key.size();
    if (count > 0 && bytes > limits_.bytes_max) break;
    records_.push_back(record);
    ++count;
  }
  const uint64_t first_sequence = batch.first_sequence() + file.unsent[0];
  const std::string_view producer = parser_.aggregates() ? std::string_view() : std::string_view(file.producer);
  const auto results = target_.Put(producer, first_sequence, records_);
  if (!results.ok()) {
    file.sent.retries += count;
    SendFailed(results.error());
    return false;
  }
  TAILRACE_CHECK(results->size() == count);
  std::vector<uint32_t> again;
  const Error* retry_error = nullptr;
  Error error;
  for (size_t i = 0; i < count; ++i) {
    const RecordResult& result = (*results)[i];
    switch (result.kind) {
      case RecordResult::Kind::kStored:
        ++file.sent.records;
        file.sent.bytes += records_[i].data.size();
        break;
      case RecordResult::Kind::kDuplicate:
        ++file.sent.duplicates;
        break;
      case RecordResult::Kind::kRefused:
        ++file.sent.refused;
        AddReject(file.saved.path, file.saved.position.offset, StrCat("refused: ", result.message), records_[i].data);
        break;
      case RecordResult::Kind::kRetry:
        again.push_back(file.unsent[i]);
        error = Error{ErrorCode::kUnavailable, result.message};
        retry_error = &error;
        break;
    }
  }
  again.insert(again.end(), file.unsent.begin() + static_cast<std::ptrdiff_t>(count), file.unsent.end());
  const bool all_taken = retry_error == nullptr;
  if (!all_taken) file.sent.retries += again.size() - (file.unsent.size() - count);
  if (again.size() < file.unsent.size()) last_sent_ = environment_.clock.Now();
  file.unsent = std::move(again);
  if (!all_taken) {
    SendFailed(*retry_error);
    return false;
  }
  failures_ = 0;
  retry_at_ = {};
  Unwarn("sending", config_.destination);
  return true;
}

void Flow::SendFailed(const Error& error) {
  Warn("sending", config_.destination,
       StrCat("cannot send to ", config_.destination, ", trying again: ", error.message));
  const auto initial = std::chrono::duration_cast<Instant>(config_.retry_initial_backoff);
  const auto longest = std::chrono::duration_cast<Instant>(config_.retry_max_backoff);
  Instant wait = longest;
  if (failures_ < 20) wait = std::min(longest, initial * (int64_t{1} << failures_));
  ++failures_;
  const double spread = 0.7 + 0.6 * rng_.Uniform();
  // Counted from now on: the call that failed may have lasted long.
  retry_at_ =
      environment_.clock.Monotonic() + Instant(static_cast<int64_t>(static_cast<double>(wait.count()) * spread));
}

void Flow::Acknowledge(TailedFile& file) {
  file.saved.position = file.read;
  file.saved.size_bytes = std::max(file.size_bytes, file.read.offset);
  file.batch.Clear();
  file.unsent.clear();
  file.sending = false;
  if (!file.ended) Save(file);
}

void Flow::CloseIdle(TailedFile& file, Instant now) {
  if (!file.batch.empty() || file.sending) return;
  const bool at_end = file.read.finished || file.read.offset >= file.size_bytes || file.partial_end == file.size_bytes;
  if (file.handle == nullptr) {
    if (at_end || file.unreadable) active_.erase(file.saved.number);
    return;
  }
  if (!at_end || file.keep_open || now - std::max(file.grown_at, file.rotated_at) < kIdleClose) return;
  file.handle.reset();
  file.verified = false;
  file.batch.Free();
  active_.erase(file.saved.number);
  if (file.deleted) Vanished(file, now);
}

}  // namespace tailrace::ingest
