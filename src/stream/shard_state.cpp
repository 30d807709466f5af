// The shard's side that readers, retention and resharding see.

#include <algorithm>

#include "base/str.h"
#include "stream/shard.h"

namespace tailrace::stream {

Status Shard::Begin(Producers producers) {
  {
    const std::lock_guard lock(mutex_);
    durable_producers_ = producers;
    producers_ = std::move(producers);
  }
  return Roll();
}

Result<Sequence> Shard::Close() {
  std::unique_lock lock(mutex_);
  TAILRACE_TRY(CheckOpen());
  closed_ = true;
  while (writing_ || !queue_.empty()) {
    if (writing_) {
      append_condition_.wait(lock);
    } else {
      Lead(lock);
    }
  }
  if (broken_.has_value()) {
    closed_ = false;
    return *broken_;
  }
  return durable_end_;
}

void Shard::Reopen() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
}

void Shard::MarkEnded() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    ended_ = true;
    readable_condition_.notify_all();
  }
  context_.listeners->Notify();
}

void Shard::MarkDeleted() {
  {
    const std::lock_guard lock(mutex_);
    deleted_ = true;
    readable_condition_.notify_all();
  }
  context_.listeners->Notify();
}

uint64_t Shard::ProducerLast(std::string_view producer) const {
  const std::lock_guard lock(mutex_);
  return durable_producers_.Last(producer);
}

Producers Shard::producers() const {
  const std::lock_guard lock(mutex_);
  return durable_producers_;
}

Sequence Shard::oldest_sequence() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? durable_end_ : segments_.front()->base_sequence;
}

Sequence Shard::next_sequence() const {
  const std::lock_guard lock(mutex_);
  return durable_end_;
}

uint64_t Shard::stored_bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->end_offset - segment->frames_offset;
  return bytes;
}

Result<Shard::ReadPlan> Shard::PlanRead(Sequence position) const {
  const std::lock_guard lock(mutex_);
  if (deleted_) return Error{ErrorCode::kNotFound, StrCat("stream ", context_.stream_name, " was deleted")};
  ReadPlan plan{.position = position, .readable_end = durable_end_};
  if (!segments_.empty()) plan.position = std::max(position, segments_.front()->base_sequence);
  if (segments_.empty() || plan.position >= durable_end_) {
    if (segments_.empty()) plan.position = std::max(position, durable_end_);
    plan.ended = ended_ && plan.position >= durable_end_;
    return plan;
  }
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), plan.position,
      [](Sequence sequence, const std::shared_ptr<Segment>& segment) { return sequence < segment->base_sequence; });
  plan.segment = *std::prev(after);
  plan.offset = plan.segment->PlaceBefore(plan.position).offset;
  plan.end_offset = plan.segment->end_offset;
  return plan;
}

Result<Shard::ReadPlan> Shard::PlanSearch(Timestamp arrival) const {
  const std::lock_guard lock(mutex_);
  if (deleted_) return Error{ErrorCode::kNotFound, StrCat("stream ", context_.stream_name, " was deleted")};
  ReadPlan plan{.position = durable_end_, .readable_end = durable_end_};
  for (const auto& segment : segments_) {
    if (segment->empty() || segment->last_arrival_unix_ms < ToUnixMs(arrival)) continue;
    plan.segment = segment;
    plan.position = segment->PlaceBefore(arrival).first_sequence;
    plan.offset = segment->PlaceBefore(arrival).offset;
    plan.end_offset = segment->end_offset;
    return plan;
  }
  return plan;
}

bool Shard::WaitReadable(Sequence position, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return readable_condition_.wait_for(lock, timeout, [&] { return durable_end_ > position || ended_ || deleted_; });
}

Status Shard::RollExpired(Timestamp cutoff, std::optional<Timestamp> seal) {
  std::unique_lock lock(mutex_);
  if (writing_ || closed_ || broken_.has_value() || !queue_.empty() || segments_.empty()) return Ok();
  const Segment& newest = *segments_.back();
  if (newest.empty() || newest.last_arrival_unix_ms >= ToUnixMs(cutoff)) return Ok();
  if (seal.has_value() && newest.last_arrival_unix_ms > ToUnixMs(*seal)) return Ok();
  writing_ = true;  // As a leader would.
  lock.unlock();
  Status status = Roll();
  lock.lock();
  writing_ = false;
  append_condition_.notify_all();
  if (writer_wanted_) writer_condition_.notify_one();
  return status;
}

Status Shard::Trim(Timestamp cutoff, std::optional<Timestamp> seal, uint64_t bytes_max, size_t spares_enough) {
  TAILRACE_TRY(RollExpired(cutoff, seal));
  uint64_t bytes = stored_bytes();
  bool any = false;
  while (true) {
    std::shared_ptr<Segment> segment;
    {
      const std::lock_guard lock(mutex_);
      // The newest is written to, unless the shard has ended.
      if (segments_.empty() || (segments_.size() == 1 && !ended_)) break;
      const Segment& oldest = *segments_.front();
      const bool too_many = bytes_max > 0 && bytes > bytes_max && segments_.size() > 1;
      if (oldest.last_arrival_unix_ms >= ToUnixMs(cutoff) && !too_many) break;
      if (seal.has_value() && oldest.last_arrival_unix_ms > ToUnixMs(*seal)) break;
      segment = segments_.front();
      segments_.erase(segments_.begin());
      if (segments_.empty()) active_ = {};
    }
    bytes -= segment->end_offset - segment->frames_offset;
    if (Status removed = RemoveFiles(segment, spares_enough); !removed.ok()) {
      const std::lock_guard lock(mutex_);
      segments_.insert(segments_.begin(), segment);
      return removed;
    }
    any = true;
    context_.counters.trimmed_records.Add(segment->end_sequence - segment->base_sequence);
  }
  return any ? context_.disk.SyncDirectory(context_.folder) : Ok();
}

Status Shard::RemoveFiles(const std::shared_ptr<Segment>& segment, size_t spares_enough) {
  const std::string index_path = context_.folder + "/" + segment->id.IndexName();
  if (Exists(context_.disk, index_path)) TAILRACE_TRY(context_.disk.Remove(index_path));
  const std::string path = PathOf(segment->id);
  // A file that a reader still holds is not written to again. Nobody new can come to hold it.
  if (segment.use_count() > 1) return context_.disk.Remove(path);
  return context_.spares->Give(path, spares_enough);
}

Status Shard::Prepare() {
  while (true) {
    std::shared_ptr<Segment> segment;
    std::string index;
    {
      const std::lock_guard lock(mutex_);
      const auto sealed_end = segments_.empty() ? segments_.end() : std::prev(segments_.end());
      const auto found = std::find_if(segments_.begin(), sealed_end, [](const auto& s) { return !s->index_stored; });
      if (found == sealed_end) break;
      segment = *found;
      index = EncodeIndex(*segment);
    }
    TAILRACE_TRY(WriteFileAtomically(context_.disk, context_.folder + "/" + segment->id.IndexName(), index));
    const std::lock_guard lock(mutex_);
    segment->index_stored = true;
  }
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    wanted = !closed_ && !segments_.empty() && segments_.back()->end_offset > context_.segment_bytes / 2;
  }
  if (wanted && context_.spares->empty()) return context_.spares->Make(context_.segment_bytes);
  return Ok();
}

}  // namespace tailrace::stream
