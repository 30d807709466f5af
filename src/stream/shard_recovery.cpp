// How a shard finds its records after a start. docs/stream-format.md says why each step is right.

#include <algorithm>

#include "base/str.h"
#include "stream/frame_scan.h"
#include "stream/shard.h"

namespace tailrace::stream {
namespace {

Error Damage(const std::string& path, uint64_t offset, std::string_view reason) {
  return Error{ErrorCode::kCorruption, StrCat(path, " at offset ", offset, ": ", reason)};
}

}  // namespace

Status Shard::Recover(std::vector<uint64_t> segment_numbers, std::optional<Sequence> closed_end) {
  std::sort(segment_numbers.begin(), segment_numbers.end());
  for (size_t i = 1; i < segment_numbers.size(); ++i) {
    if (segment_numbers[i] == segment_numbers[i - 1] + 1) continue;
    return Damage(PathOf({id_, segment_numbers[i - 1] + 1}), 0, "the segment is missing");
  }
  if (!segment_numbers.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(const bool dropped, DropIfNotBegun({id_, segment_numbers.back()}));
    if (dropped) segment_numbers.pop_back();
  }
  if (segment_numbers.empty()) {
    durable_end_ = closed_end.value_or(0);
  } else {
    TAILRACE_TRY(RecoverNewest({id_, segment_numbers.back()}, closed_end));
    for (size_t i = segment_numbers.size() - 1; i > 0; --i) {
      TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<Segment> segment,
                                OpenSealed({id_, segment_numbers[i - 1]}, segments_.front()->base_sequence));
      segments_.insert(segments_.begin(), std::move(segment));
    }
  }
  closed_ = closed_end.has_value();
  ended_ = closed_;
  next_sequence_ = durable_end_;
  producers_ = durable_producers_;
  // Behind, not at: whoever has read these records has passed their time.
  if (last_arrival_unix_ms_ > 0) context_.arrivals->RaiseFloor(last_arrival_unix_ms_ + 1);
  return Ok();
}

// A crash while the newest segment was begun leaves a file without a header of its own. Frames come only after the
// header is on disk: when there is one, the header was damaged later.
Result<bool> Shard::DropIfNotBegun(SegmentId id) {
  const std::string path = PathOf(id);
  bool frames = false;
  std::string reason = "the header is of another segment";
  {
    TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, context_.disk.Open(path, OpenMode::kRead));
    uint64_t frames_offset = 0;
    const auto header = ReadSegmentHeader(*file, frames_offset);
    if (header.ok() && header->id == id && header->stream_id == context_.stream_id) return false;
    if (!header.ok()) {
      if (header.error().code != ErrorCode::kCorruption) return Error(header.error()).Context(path);
      reason = header.error().message;
    }
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
    TAILRACE_TRY(
        FindFrames(*file, {GenerationOf(id), 0, info.size_bytes}, [&](const Frame&, uint64_t) { frames = true; }));
  }
  if (frames) return Damage(path, 0, reason);
  TAILRACE_TRY(context_.disk.Remove(path));
  TAILRACE_TRY(context_.disk.SyncDirectory(context_.folder));
  return true;
}

Status Shard::RecoverNewest(SegmentId id, std::optional<Sequence> closed_end) {
  const std::string path = PathOf(id);
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, context_.disk.Open(path, OpenMode::kReadWrite));
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
  uint64_t frames_offset = 0;
  TAILRACE_ASSIGN_OR_RETURN(SegmentHeader header, ReadSegmentHeader(*file, frames_offset));
  auto segment = std::make_shared<Segment>(id, GenerationOf(id), header.base_sequence, frames_offset);
  durable_producers_ = std::move(header.producers);
  last_arrival_unix_ms_ = header.arrival_floor_unix_ms;
  uint64_t synced_before = frames_offset;
  TAILRACE_TRY(ScanFrames(*file, {GenerationOf(id), frames_offset, info.size_bytes}, header.base_sequence,
                          [&](const Frame& frame, uint64_t offset) {
                            if (closed_end.has_value() && frame.end_sequence() > *closed_end) return false;
                            segment->AddFrame(frame.header, offset);
                            last_arrival_unix_ms_ = frame.header.arrival_unix_ms;
                            synced_before = frame.header.synced_before;
                            if (!frame.producer.empty()) {
                              durable_producers_.Set(frame.producer, frame.header.producer_last,
                                                     frame.header.arrival_unix_ms);
                            }
                            return true;
                          }));
  durable_end_ = segment->end_sequence;
  if (closed_end.has_value()) {
    if (durable_end_ != *closed_end) {
      return Damage(path, segment->end_offset, StrCat("ends before record ", durable_end_, ", expected ", *closed_end));
    }
  } else {
    TAILRACE_TRY(CutTornTail(*file, *segment, info.size_bytes));
    // What a killed process had written and not synced is about to become readable: first it must be on disk.
    if (context_.durability == Durability::kSynced) {
      TAILRACE_TRY(Harden(*file, 0, frames_offset));
      TAILRACE_TRY(Harden(*file, std::min<uint64_t>(synced_before, segment->end_offset), segment->end_offset));
      synced_before = segment->end_offset;
    }
  }
  active_ = Active{.segment = segment,
                   .file = std::move(file),
                   .file_bytes = std::max(info.size_bytes, segment->end_offset),
                   .write_offset = segment->end_offset,
                   .synced_offset = synced_before};
  last_number_ = id.number;
  segments_.push_back(std::move(segment));
  return Ok();
}

// What follows the last good frame is the remains of the last write, which nobody was told of, unless a good frame
// further on says that the place was on disk before: then it is damage.
Status Shard::CutTornTail(File& file, Segment& segment, uint64_t file_bytes) {
  const uint64_t good_end = segment.end_offset;
  const ScanRange rest{segment.generation, good_end, std::max(file_bytes, good_end)};
  uint64_t torn_end = good_end;
  uint64_t synced_before = 0;
  TAILRACE_TRY(FindFrames(file, rest, [&](const Frame& frame, uint64_t offset) {
    torn_end = offset + frame.header.length;
    synced_before = std::max<uint64_t>(synced_before, frame.header.synced_before);
  }));
  if (synced_before > good_end) {
    return Damage(PathOf(segment.id), good_end, StrCat("no good frame here, though records after it are stored"));
  }
  std::string head(kFrameHeaderBytes, '\0');
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, file.ReadAt(good_end, head));
  const size_t claimed = FrameLength(std::string_view(head).substr(0, count), segment.generation);
  const uint64_t torn_bytes = std::max<uint64_t>(torn_end - good_end, claimed);
  if (torn_bytes == 0) return Ok();
  context_.counters.torn_bytes.Add(torn_bytes);
  context_.log.Warning("Cut off the remains of an append that a crash interrupted",
                       {{"file", PathOf(segment.id)}, {"offset", good_end}, {"bytes", torn_bytes}});
  // Good frames among the remains would later look like the continuation of new ones.
  TAILRACE_TRY(FillWithZeros(file, good_end, torn_end));
  return file.Sync();
}

Status Shard::Harden(File& file, uint64_t from, uint64_t to) {
  if (from >= to) return Ok();
  // Written again, not only synced: after a failed sync the system takes lost pages for clean.
  std::string piece;
  while (from < to) {
    // A file that ends within the header's padding gets the rest of it.
    piece.assign(std::min<uint64_t>(1 << 20, to - from), '\0');
    TAILRACE_TRY(file.ReadAt(from, piece));
    TAILRACE_TRY(file.WriteAt(from, piece));
    from += piece.size();
  }
  return file.Sync();
}

Result<std::shared_ptr<Segment>> Shard::OpenSealed(SegmentId id, Sequence expected_end) {
  const std::string path = PathOf(id);
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, context_.disk.Open(path, OpenMode::kRead));
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
  if (const auto bytes = ReadFile(context_.disk, context_.folder + "/" + id.IndexName()); bytes.ok()) {
    auto segment = DecodeIndex(*bytes, id, GenerationOf(id));
    if (segment.ok() && (*segment)->end_sequence == expected_end && (*segment)->end_offset <= info.size_bytes) {
      return segment;
    }
  }
  uint64_t frames_offset = 0;
  auto header = ReadSegmentHeader(*file, frames_offset);
  if (!header.ok()) return std::move(header).error().Context(StrCat(path, " at offset 0"));
  if (header->id != id || header->stream_id != context_.stream_id) {
    return Damage(path, 0, "the header is of another segment");
  }
  auto segment = std::make_shared<Segment>(id, GenerationOf(id), header->base_sequence, frames_offset);
  TAILRACE_ASSIGN_OR_RETURN(const ScanEnd end,
                            ScanFrames(*file, {GenerationOf(id), frames_offset, info.size_bytes}, header->base_sequence,
                                       [&](const Frame& frame, uint64_t offset) {
                                         if (frame.end_sequence() > expected_end) return false;
                                         segment->AddFrame(frame.header, offset);
                                         return true;
                                       }));
  if (segment->end_sequence != expected_end) {
    return Damage(path, end.offset,
                  StrCat(end.reason.has_value() ? end.reason->message : "the file ends", "; record ",
                         segment->end_sequence, " to ", expected_end, " are missing"));
  }
  return segment;
}

}  // namespace tailrace::stream
