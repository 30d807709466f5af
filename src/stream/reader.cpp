#include "stream/reader.h"

#include <algorithm>
#include <cstring>

#include "base/str.h"
#include "stream/frame.h"
#include "stream/frame_scan.h"
#include "stream/shard.h"

namespace tailrace::stream {
namespace {

constexpr size_t kPieceBytes = 256 << 10;

}  // namespace

void RecordBatch::Clear() {
  records_.clear();
  record_bytes_ = 0;
  size_ = 0;
  lost_to_retention_ = 0;
  caught_up_ = false;
  shard_ended_ = false;
}

void RecordBatch::Reserve(size_t bytes) {
  if (bytes <= capacity_) return;
  TAILRACE_CHECK(records_.empty());  // Their views would dangle.
  auto buffer = std::make_unique_for_overwrite<char[]>(bytes);
  if (size_ > 0) std::memcpy(buffer.get(), buffer_.get(), size_);
  buffer_ = std::move(buffer);
  capacity_ = bytes;
}

ShardReader::ShardReader(std::shared_ptr<Shard> shard, Sequence position)
    : shard_(std::move(shard)), position_(position) {}
ShardReader::~ShardReader() = default;
ShardReader::ShardReader(ShardReader&&) noexcept = default;

void ShardReader::Seek(Sequence position) {
  position_ = position;
  segment_.reset();
  file_.reset();
}

bool ShardReader::Wait(std::chrono::milliseconds timeout) { return shard_->WaitReadable(position_, timeout); }

Result<Sequence> ShardReader::FindArrival(Timestamp arrival) const {
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(const Shard::ReadPlan plan, shard_->PlanSearch(arrival));
    if (plan.segment == nullptr) return plan.readable_end;
    const std::string path = shard_->PathOf(plan.segment->id);
    auto file = shard_->disk().Open(path, OpenMode::kRead);
    if (!file.ok()) {
      if (file.error().code == ErrorCode::kNotFound && shard_->oldest_sequence() > plan.segment->base_sequence)
        continue;
      return std::move(file).error();
    }
    Sequence position = 0;
    TAILRACE_ASSIGN_OR_RETURN(
        const ScanEnd end, ScanFrames(**file, {plan.segment->generation, plan.offset, plan.end_offset}, plan.position,
                                      [&](const Frame& frame, uint64_t) {
                                        position = frame.header.first_sequence;
                                        return frame.header.arrival_unix_ms < ToUnixMs(arrival);
                                      }));
    if (end.reason.has_value()) return Error(*end.reason).Context(StrCat(path, " at offset ", end.offset));
    return position;
  }
}

Status ShardReader::Read(const ReadLimits& limits, RecordBatch& batch) {
  batch.Clear();
  while (batch.records_.empty()) {
    uint64_t end_offset = 0;
    TAILRACE_ASSIGN_OR_RETURN(const bool any, OpenPlanned(batch, end_offset));
    if (!any) break;
    TAILRACE_TRY(ReadSegment(limits, end_offset, batch));
  }
  batch.next_sequence_ = position_;
  if (!batch.caught_up_) batch.caught_up_ = position_ >= shard_->next_sequence();
  return Ok();
}

// Finds and opens what comes next; false when there is nothing.
Result<bool> ShardReader::OpenPlanned(RecordBatch& batch, uint64_t& end_offset) {
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(Shard::ReadPlan plan, shard_->PlanRead(position_));
    if (plan.position > position_) {
      batch.lost_to_retention_ += plan.position - position_;
      position_ = plan.position;
    }
    if (plan.segment == nullptr) {
      batch.caught_up_ = true;
      batch.shard_ended_ = plan.ended;
      return false;
    }
    end_offset = plan.end_offset;
    if (plan.segment == segment_) return true;
    auto file = shard_->disk().Open(shard_->PathOf(plan.segment->id), OpenMode::kRead);
    if (!file.ok()) {
      // Retention may have removed it since: then the next plan says so.
      if (file.error().code == ErrorCode::kNotFound && shard_->oldest_sequence() > plan.position) continue;
      return std::move(file).error();
    }
    segment_ = std::move(plan.segment);
    file_ = std::move(file).value();
    offset_ = plan.offset;
    return true;
  }
}

// Errors: kLimitExceeded: more bytes are needed.
Result<Frame> ShardReader::NextFrame(std::string_view bytes, uint64_t end_offset) const {
  auto frame = ParseFrame(bytes, segment_->generation);
  if (frame.ok() || (frame.error().code == ErrorCode::kLimitExceeded && offset_ + bytes.size() < end_offset)) {
    return frame;
  }
  return Error{ErrorCode::kCorruption,
               StrCat(shard_->PathOf(segment_->id), " at offset ", offset_, ": ", frame.error().message)};
}

Status ShardReader::ReadSegment(const ReadLimits& limits, uint64_t end_offset, RecordBatch& batch) {
  // Room for the whole batch, as the buffer may not move once there are views into it.
  const uint64_t readable = end_offset - offset_;
  batch.size_ = 0;
  batch.Reserve(std::min<uint64_t>(readable, limits.bytes_max + kPieceBytes));
  size_t parsed = 0;
  bool full = false;
  while (!full && offset_ < end_offset && batch.records_.size() < limits.records_max) {
    const std::string_view bytes(batch.buffer_.get() + parsed, batch.size_ - parsed);
    const auto frame = NextFrame(bytes, end_offset);
    if (frame.ok()) {
      TAILRACE_TRY(TakeRecords(*frame, limits, batch, full));
      if (full) return Ok();
      offset_ += frame->header.length;
      parsed += frame->header.length;
      continue;
    }
    if (frame.error().code != ErrorCode::kLimitExceeded) return frame.error();
    const size_t needed = std::max(FrameLength(bytes, segment_->generation), kFrameHeaderBytes);
    if (parsed + needed > batch.capacity_) {
      if (!batch.records_.empty()) return Ok();
      batch.Reserve(parsed + std::min<uint64_t>(needed, end_offset - offset_));
    }
    const uint64_t next = offset_ + bytes.size();
    const size_t wanted = std::max(kPieceBytes, needed - std::min(needed, bytes.size()));
    const size_t piece = std::min<uint64_t>({wanted, batch.capacity_ - batch.size_, end_offset - next});
    TAILRACE_ASSIGN_OR_RETURN(const size_t count,
                              file_->ReadAt(next, std::span(batch.buffer_.get() + batch.size_, piece)));
    if (count == 0) {
      return Error{ErrorCode::kCorruption,
                   StrCat(shard_->PathOf(segment_->id), " at offset ", next, ": the file ends too early")};
    }
    batch.size_ += count;
  }
  return Ok();
}

Status ShardReader::TakeRecords(const Frame& frame, const ReadLimits& limits, RecordBatch& batch, bool& full) {
  if (position_ >= frame.end_sequence()) return Ok();
  if (position_ < frame.header.first_sequence) {
    return Error{ErrorCode::kCorruption,
                 StrCat(shard_->PathOf(segment_->id), " at offset ", offset_, ": begins with record ",
                        frame.header.first_sequence, ", expected ", position_)};
  }
  RecordWalk walk(frame);
  RecordView record;
  while (!walk.done()) {
    if (Status status = walk.Next(record); !status.ok()) {
      return std::move(status).error().Context(StrCat(shard_->PathOf(segment_->id), " at offset ", offset_));
    }
    if (record.sequence < position_) continue;
    const size_t bytes = record.data.size() + record.partition_key.size();
    full = batch.records_.size() >= limits.records_max ||
           (!batch.records_.empty() && batch.record_bytes_ + bytes > limits.bytes_max);
    if (full) return Ok();
    batch.records_.push_back(record);
    batch.record_bytes_ += bytes;
    position_ = record.sequence + 1;
  }
  return Ok();
}

}  // namespace tailrace::stream
