#include "stream/retained.h"

#include <algorithm>

#include "base/str.h"
#include "stream/frame.h"
#include "stream/metadata.h"

namespace tailrace::stream {
namespace {

constexpr size_t kPieceBytes = 1 << 20;  // More than a frame of many records; one large record needs more.

}  // namespace

std::string RetainedShard::PathOf(uint64_t number) const {
  return StrCat(folder_, "/", SegmentId{shard_, number}.FileName());
}

Result<std::vector<uint64_t>> RetainedShard::ListSegments() const {
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, disk_.List(folder_));
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    const auto id = SegmentId::FromFileName(name);
    if (id.has_value() && id->shard == shard_) numbers.push_back(id->number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

// Errors: kNotFound: retention has removed it, or it was not begun yet.
Status RetainedShard::OpenSegment(uint64_t number) {
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(PathOf(number), OpenMode::kRead));
  uint64_t frames_offset = 0;
  const SegmentId id{shard_, number};
  auto header = ReadSegmentHeader(*file, frames_offset);
  // A file that was renamed a moment ago still has the header of its earlier use.
  if (!header.ok() || header->id != id || header->stream_id != stream_id_) {
    return Error{ErrorCode::kNotFound, StrCat(PathOf(number), ": the segment is not begun yet")};
  }
  file_ = std::move(file);
  number_ = number;
  generation_ = id.Generation(stream_id_);
  offset_ = frames_offset;
  bytes_.clear();
  bytes_offset_ = offset_;
  expected_ = header->base_sequence;
  arrival_floor_ = FromUnixMs(header->arrival_floor_unix_ms);
  return Ok();
}

Status RetainedShard::Begin(Timestamp from) {
  constexpr int kTriesMax = 10;
  from_ = from;
  for (int tries = 1;; ++tries) {
    TAILRACE_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, ListSegments());
    uint64_t first = 0;
    bytes_total_ = 0;
    for (const uint64_t number : numbers) {
      const Status opened = OpenSegment(number);
      if (!opened.ok()) {
        if (opened.error().code != ErrorCode::kNotFound) return opened;
        continue;
      }
      if (first == 0) oldest_sequence_ = expected_;
      // All records of earlier segments arrived at or before the floor.
      if (first == 0 || arrival_floor_ < from) {
        first = number;
        bytes_total_ = 0;
      }
      TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file_->Info());
      bytes_total_ += info.size_bytes;
    }
    number_ = 0;
    file_.reset();
    if (first == 0) return Ok();
    const Status opened = OpenSegment(first);
    // Retention may have been faster.
    if (opened.ok() || opened.error().code != ErrorCode::kNotFound || tries == kTriesMax) return opened;
  }
}

// The frame at offset_, when it is whole and good.
Result<bool> RetainedShard::NextFrame() {
  for (bool again = false;; again = true) {
    const std::string_view bytes = std::string_view(bytes_).substr(std::min(bytes_.size(), offset_ - bytes_offset_));
    auto frame = ParseFrame(bytes, generation_);
    if (frame.ok() && frame->header.first_sequence == expected_) {
      expected_ = frame->end_sequence();
      offset_ += frame->header.length;
      bytes_read_ += frame->header.length;
      walk_ = std::make_unique<RecordWalk>(*frame);
      return true;
    }
    if (again) return false;
    // What is in memory may be older than the file, whose end is being written.
    const size_t wanted = std::max(kPieceBytes, FrameLength(bytes, generation_));
    bytes_.resize(std::max(wanted, kFrameHeaderBytes));
    bytes_offset_ = offset_;
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, file_->ReadAt(offset_, bytes_));
    bytes_.resize(count);
    const size_t length = FrameLength(bytes_, generation_);
    if (length <= bytes_.size()) continue;
    bytes_.resize(length);
    TAILRACE_ASSIGN_OR_RETURN(const size_t longer, file_->ReadAt(offset_, bytes_));
    bytes_.resize(longer);
  }
}

// Goes to the segment after the one that is read up; false when there is none.
Result<bool> RetainedShard::NextSegment() {
  const uint64_t ended = number_;
  const Sequence end = expected_;
  const uint64_t end_offset = offset_;
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, ListSegments());
  const auto next = std::ranges::upper_bound(numbers, ended);
  if (next == numbers.end()) return false;
  // Sealed since: what was being written is there now.
  TAILRACE_ASSIGN_OR_RETURN(const bool more, NextFrame());
  if (more) return true;
  const Status opened = OpenSegment(*next);
  if (!opened.ok()) {
    if (opened.error().code == ErrorCode::kNotFound) return false;
    return opened.error();
  }
  if (*next == ended + 1 && expected_ != end) {
    return Error{ErrorCode::kCorruption, StrCat(PathOf(ended), " at offset ", end_offset, ": records ", end, " to ",
                                                expected_, " are not readable")};
  }
  return true;
}

Result<const RecordView*> RetainedShard::Next() {
  while (true) {
    while (walk_ != nullptr && !walk_->done()) {
      TAILRACE_TRY(walk_->Next(record_));
      if (record_.arrival >= from_) return &record_;
    }
    walk_.reset();
    if (number_ == 0) return nullptr;
    TAILRACE_ASSIGN_OR_RETURN(const bool frame, NextFrame());
    if (frame) continue;
    TAILRACE_ASSIGN_OR_RETURN(const bool segment, NextSegment());
    if (!segment) return nullptr;
  }
}

Result<RetainedStream> OpenRetained(Disk& disk, const std::string& streams_folder, const std::string& name) {
  const std::string folder = StrCat(streams_folder, "/", name, ".stream");
  const std::string path = StrCat(folder, "/stream.meta");
  auto bytes = ReadFile(disk, path);
  if (!bytes.ok()) {
    if (bytes.error().code != ErrorCode::kNotFound) return std::move(bytes).error();
    return Error{ErrorCode::kNotFound, StrCat("no stream ", name, " in ", streams_folder)};
  }
  auto metadata = DecodeMetadata(*bytes);
  if (!metadata.ok()) return std::move(metadata).error().Context(path);
  RetainedStream stream{.name = metadata->name};
  for (const ShardMetadata& shard : metadata->shards) {
    stream.shards.push_back({shard.range, std::make_unique<RetainedShard>(disk, folder, metadata->id, shard.id)});
  }
  return stream;
}

}  // namespace tailrace::stream
