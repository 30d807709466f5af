#include "stream/shard.h"

#include <algorithm>
#include <cstring>

#include "base/str.h"

namespace tailrace::stream {
namespace {

// What may wait for one shard's disk. An append that is larger than it still goes in, alone.
constexpr size_t kQueueBytesMax = 8 << 20;

FrameHeader HeaderAt(const ByteBuffer& bytes, size_t offset) {
  FrameHeader header;
  std::memcpy(&header, bytes.view().data() + offset, sizeof header);
  return header;
}

}  // namespace

void AppendGroup::Clear() {
  spare.AfterUse(bytes.size(), bytes.capacity()) ? bytes.Free() : bytes.Clear();
  frames.clear();
  producers.clear();
}

Shard::Shard(ShardContext context, ShardId id) : context_(std::move(context)), id_(id) {}

Shard::~Shard() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    writer_condition_.notify_all();
    append_condition_.wait(lock, [&] { return !writing_; });
    if (!queue_.empty()) Lead(lock);
  }
  if (writer_.joinable()) writer_.join();
}

Status Shard::CheckOpen() const {
  if (deleted_) return Error{ErrorCode::kNotFound, StrCat("stream ", context_.stream_name, " was deleted")};
  if (broken_.has_value()) return *broken_;
  if (closed_) {
    return Error{ErrorCode::kFailedPrecondition, StrCat("stream ", context_.stream_name, " shard ", id_, " is closed")};
  }
  return Ok();
}

Status Shard::Enqueue(std::span<const RecordInput> records, std::span<const uint32_t> which,
                      const std::optional<ProducerInput>& producer, std::span<RecordPlace> places, Ticket& ticket,
                      Done done) {
  std::unique_lock lock(mutex_);
  while (queue_.bytes.size() >= kQueueBytesMax) {
    TAILRACE_TRY(CheckOpen());
    if (done) {
      return Error{ErrorCode::kUnavailable,
                   StrCat("stream ", context_.stream_name, " shard ", id_, ": ", queue_.bytes.size(),
                          " bytes wait for the disk, max ", kQueueBytesMax)};
    }
    if (writing_) {
      append_condition_.wait(lock);
    } else {
      Lead(lock);
    }
  }
  TAILRACE_TRY(CheckOpen());
  AddFrames(records, which, producer, places);
  ticket.end_sequence = next_sequence_;
  if (durable_end_ == next_sequence_) {  // Only duplicates, all on disk.
    ticket.done = true;
    lock.unlock();
    if (done) done(Ok());
    return Ok();
  }
  if (!done) {
    waiters_.push_back({.ticket = &ticket, .end_sequence = next_sequence_});
    return Ok();
  }
  waiters_.push_back({.done = std::move(done), .end_sequence = next_sequence_});
  StartWriter();
  return Ok();
}

void Shard::AddFrames(std::span<const RecordInput> records, std::span<const uint32_t> which,
                      const std::optional<ProducerInput>& producer, std::span<RecordPlace> places) {
  const size_t count = which.empty() ? records.size() : which.size();
  const auto index_of = [&](size_t i) { return which.empty() ? i : size_t{which[i]}; };
  size_t append_bytes = 0;
  for (size_t i = 0; i < count; ++i) append_bytes += StoredBytes(records[index_of(i)]);

  const std::string_view producer_id = producer.has_value() ? producer->id : std::string_view();
  uint64_t producer_last = producer.has_value() ? producers_.Last(producer_id) : 0;
  uint64_t duplicates = 0;
  int64_t arrival = 0;
  bool begun = false;
  for (size_t i = 0; i < count; ++i) {
    const size_t index = index_of(i);
    if (producer.has_value()) {
      const uint64_t number = producer->SequenceOf(index);
      if (number <= producer_last) {
        places[index] = {.shard = id_, .sequence = next_sequence_ == 0 ? 0 : next_sequence_ - 1, .duplicate = true};
        ++duplicates;
        continue;
      }
      producer_last = number;
    }
    if (!begun) arrival = context_.arrivals->Take(id_);
    if (!begun || frame_writer_.frame_bytes() >= kFrameBytesSoftMax) {
      NextFrame(append_bytes, arrival, producer_id, !begun);
      begun = true;
    }
    frame_writer_.Add(records[index]);
    if (producer.has_value()) frame_writer_.SetProducerLast(producer_last);
    places[index] = {.shard = id_, .sequence = next_sequence_++, .arrival = FromUnixMs(arrival)};
  }
  if (begun && producer.has_value()) {
    producers_.Set(producer_id, producer_last, arrival);
    queue_.producers.push_back({next_sequence_, std::string(producer_id), producer_last, arrival});
  }
  if (duplicates > 0) context_.counters.duplicates.Add(duplicates);
}

void Shard::NextFrame(size_t append_bytes, int64_t arrival_unix_ms, std::string_view producer, bool begins_append) {
  // Small appends of the same millisecond share a frame; a larger one gets its own, to stay in one segment.
  const bool shares = begins_append && frame_writer_.open() && !frame_writer_.has_producer() && producer.empty() &&
                      frame_writer_.arrival_unix_ms() == arrival_unix_ms &&
                      frame_writer_.frame_bytes() + append_bytes <= kFrameBytesSoftMax;
  if (shares) return;
  if (frame_writer_.open()) frame_writer_.End();
  if (queue_.empty()) queue_.first_arrival_unix_ms = arrival_unix_ms;
  queue_.frames.push_back({.offset = queue_.bytes.size(), .begins_append = begins_append});
  frame_writer_.Begin(next_sequence_, arrival_unix_ms, producer);
}

Status Shard::Wait(Ticket& ticket) {
  std::unique_lock lock(mutex_);
  while (!ticket.done) {
    if (writing_) {
      append_condition_.wait(lock);
    } else {
      Lead(lock);
    }
  }
  if (ticket.failure.has_value()) return *ticket.failure;
  return Ok();
}

void Shard::Kick() {
  const std::lock_guard lock(mutex_);
  if (!queue_.empty()) StartWriter();
}

void Shard::StartWriter() {
  writer_wanted_ = true;
  if (!writer_.joinable()) writer_ = std::thread([this] { RunWriter(); });
  if (!writing_) writer_condition_.notify_one();
}

void Shard::RunWriter() {
  std::unique_lock lock(mutex_);
  while (true) {
    writer_condition_.wait(lock, [&] { return stopping_ || (writer_wanted_ && !writing_ && !queue_.empty()); });
    if (stopping_) return;  // The destructor does what is left.
    Lead(lock);
  }
}

void Shard::Lead(std::unique_lock<std::mutex>& lock) {
  TAILRACE_CHECK(!writing_ && !queue_.empty());
  writing_ = true;
  writer_wanted_ = false;
  if (frame_writer_.open()) frame_writer_.End();
  std::swap(queue_, writing_group_);
  lock.unlock();
  const Status status = WriteGroup();
  if (status.ok()) context_.listeners->Notify();
  std::optional<int64_t> remains_unix_ms;
  if (!status.ok() && !ClearRemains()) remains_unix_ms = writing_group_.first_arrival_unix_ms;
  lock.lock();
  writing_group_.Clear();
  Complete(lock, status, remains_unix_ms);
}

// Takes off the disk what a failed write may have left there, so that nobody finds it after a restart. When even that
// fails, nobody may take the time of those records for complete.
bool Shard::ClearRemains() {
  if (active_.file == nullptr || active_.scrub_end <= active_.write_offset) return true;
  if (!FillWithZeros(*active_.file, active_.write_offset, active_.scrub_end).ok()) return false;
  if (!active_.file->Sync().ok()) return false;
  active_.scrub_end = 0;
  return true;
}

void Shard::Complete(std::unique_lock<std::mutex>& lock, const Status& status, std::optional<int64_t> remains_unix_ms) {
  if (!status.ok()) {
    // What queued behind the failed write was numbered after it: it fails along, and the numbers are given anew.
    frame_writer_.Abandon();
    queue_.Clear();
    next_sequence_ = durable_end_;
    producers_ = durable_producers_;
    context_.arrivals->Settle(id_, remains_unix_ms);
  }
  std::vector<std::pair<Done, bool>> calls;
  std::erase_if(waiters_, [&](Waiter& waiter) {
    const bool stored = waiter.end_sequence <= durable_end_;
    if (!stored && status.ok()) return false;
    if (waiter.ticket != nullptr) {
      if (!stored) waiter.ticket->failure = status.error();
      waiter.ticket->done = true;
    } else {
      calls.emplace_back(std::move(waiter.done), stored);
    }
    return true;
  });
  writing_ = false;
  append_condition_.notify_all();
  if (writer_wanted_) writer_condition_.notify_one();
  if (calls.empty()) return;
  lock.unlock();
  for (const auto& [done, stored] : calls) done(stored ? Ok() : status);
  lock.lock();
}

size_t Shard::PartBytes(size_t first, size_t end) const {
  const auto& frames = writing_group_.frames;
  return (end < frames.size() ? frames[end].offset : writing_group_.bytes.size()) - frames[first].offset;
}

// As many whole appends from frame `first` on as fit, at least one.
size_t Shard::PartEnd(size_t first, uint64_t room) const {
  const auto& frames = writing_group_.frames;
  size_t end = first;
  while (end < frames.size()) {
    size_t next = end + 1;
    while (next < frames.size() && !frames[next].begins_append) ++next;
    if (end > first && PartBytes(first, next) > room) break;
    end = next;
  }
  return end;
}

uint64_t Shard::Room() const {
  if (active_.file == nullptr) return 0;
  return context_.segment_bytes - std::min(context_.segment_bytes, active_.write_offset);
}

Status Shard::WriteGroup() {
  for (size_t first = 0; first < writing_group_.frames.size();) {
    size_t end = PartEnd(first, Room());
    const bool unused = active_.file != nullptr && active_.write_offset == active_.segment->frames_offset;
    if (must_roll_ || (PartBytes(first, end) > Room() && !unused)) {
      TAILRACE_TRY(Roll());
      end = PartEnd(first, Room());
    }
    TAILRACE_TRY(WritePart(first, end));
    PublishPart(first, end);
    first = end;
  }
  return Ok();
}

Status Shard::WritePart(size_t first, size_t end) {
  const size_t size = PartBytes(first, end);
  TAILRACE_TRY(Scrub());
  TAILRACE_TRY(MakeRoom(active_.write_offset + size));
  char* const bytes = writing_group_.bytes.data() + writing_group_.frames[first].offset;
  const bool synced = context_.durability == Durability::kSynced;
  const auto synced_before = static_cast<uint32_t>(synced ? active_.write_offset : active_.synced_offset);
  for (size_t offset = 0; offset < size;) {
    offset += SealFrame(bytes + offset, active_.segment->generation, synced_before);
  }
  const Status written = active_.file->WriteAt(active_.write_offset, {bytes, size});
  active_.file_bytes = std::max(active_.file_bytes, active_.write_offset + size);
  if (!written.ok()) {
    active_.scrub_end = std::max(active_.scrub_end, active_.write_offset + size);
    return written;
  }
  active_.write_offset += size;
  if (synced) {
    if (Status status = SyncActive(); !status.ok()) {
      active_.write_offset -= size;
      active_.scrub_end = std::max(active_.scrub_end, active_.write_offset + size);
      return status;
    }
  }
  return Ok();
}

Status Shard::SyncActive() {
  Status status = active_.file->Sync();
  context_.counters.syncs.Add(1);
  if (status.ok()) {
    active_.synced_offset = active_.write_offset;
    return status;
  }
  // The system may have thrown the pages away and will not say so again: only reading the file anew tells.
  const std::lock_guard lock(mutex_);
  broken_ = Error{ErrorCode::kFailedPrecondition,
                  StrCat("stream ", context_.stream_name, " shard ", id_,
                         " refuses records until it is opened again, as a sync failed: ", status.error().message)};
  context_.log.Error("A sync failed; the shard refuses records until it is opened again",
                     {{"stream", context_.stream_name}, {"shard", id_}, {"error", status.error().message}});
  return status;
}

Status Shard::MakeRoom(uint64_t end_offset) {
  if (end_offset <= active_.file_bytes) return Ok();
  constexpr uint64_t kLeastBytes = 1 << 20;
  // Doubling: a quiet stream stays small, a busy one soon has the whole segment written through.
  const uint64_t wanted = std::min(std::max(active_.file_bytes * 2, kLeastBytes), context_.segment_bytes);
  const uint64_t target = std::max(end_offset, wanted);
  TAILRACE_TRY(FillWithZeros(*active_.file, active_.file_bytes, target));
  active_.file_bytes = target;
  return Ok();
}

Status Shard::Scrub() {
  if (active_.scrub_end <= active_.write_offset) return Ok();
  // Else a later crash could take the failed write's frames for the continuation of what is written now.
  TAILRACE_TRY(FillWithZeros(*active_.file, active_.write_offset, active_.scrub_end));
  TAILRACE_TRY(SyncActive());
  active_.scrub_end = 0;
  return Ok();
}

Status Shard::Roll() {
  if (active_.file != nullptr && active_.synced_offset < active_.write_offset) TAILRACE_TRY(SyncActive());
  must_roll_ = true;
  SegmentHeader header{.stream_id = context_.stream_id, .id = {.shard = id_, .number = last_number_ + 1}};
  {
    const std::lock_guard lock(mutex_);
    header.base_sequence = durable_end_;
    header.arrival_floor_unix_ms = last_arrival_unix_ms_;
    header.producers = durable_producers_;
  }
  const std::string path = PathOf(header.id);
  TAILRACE_TRY(context_.spares->Take(path));
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, context_.disk.Open(path, OpenMode::kCreate));
  const std::string bytes = EncodeSegmentHeader(header);
  TAILRACE_TRY(file->WriteAt(0, bytes));
  TAILRACE_TRY(file->Sync());
  TAILRACE_TRY(context_.disk.SyncDirectory(context_.folder));
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
  auto segment = std::make_shared<Segment>(header.id, GenerationOf(header.id), header.base_sequence, bytes.size());
  active_ = Active{.segment = segment,
                   .file = std::move(file),
                   .file_bytes = info.size_bytes,
                   .write_offset = bytes.size(),
                   .synced_offset = bytes.size()};
  last_number_ = header.id.number;
  must_roll_ = false;
  const std::lock_guard lock(mutex_);
  segments_.push_back(std::move(segment));
  return Ok();
}

void Shard::PublishPart(size_t first, size_t end) {
  const size_t size = PartBytes(first, end);
  const uint64_t part_offset = active_.write_offset - size;
  const size_t part_begin = writing_group_.frames[first].offset;
  {
    const std::lock_guard lock(mutex_);
    const Sequence begin_sequence = durable_end_;
    for (size_t i = first; i < end; ++i) {
      const size_t offset = writing_group_.frames[i].offset;
      const FrameHeader header = HeaderAt(writing_group_.bytes, offset);
      active_.segment->AddFrame(header, part_offset + (offset - part_begin));
      durable_end_ = header.first_sequence + header.records;
      last_arrival_unix_ms_ = header.arrival_unix_ms;
    }
    for (const auto& update : writing_group_.producers) {
      if (update.end_sequence <= begin_sequence || update.end_sequence > durable_end_) continue;
      durable_producers_.Set(update.producer, update.last, update.arrival_unix_ms);
    }
    std::optional<int64_t> under_way;
    if (end < writing_group_.frames.size()) {
      under_way = HeaderAt(writing_group_.bytes, writing_group_.frames[end].offset).arrival_unix_ms;
    } else if (!queue_.empty()) {
      under_way = queue_.first_arrival_unix_ms;
    }
    context_.arrivals->Settle(id_, under_way);
    context_.counters.records.Add(durable_end_ - begin_sequence);
    readable_condition_.notify_all();
  }
  context_.counters.bytes.Add(size);
  if (!active_.asked_for_spare && active_.write_offset > context_.segment_bytes / 2 && context_.spares->empty()) {
    active_.asked_for_spare = true;
    context_.wants_maintenance();
  }
}

}  // namespace tailrace::stream
