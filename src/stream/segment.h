#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/disk.h"
#include "stream/frame.h"
#include "stream/producers.h"
#include "stream/types.h"

namespace tailrace::stream {

// Names a segment among all segments of a stream.
struct SegmentId {
  ShardId shard = 0;
  uint64_t number = 0;  // Counts a shard's segments from 1.

  // What its frames carry. Recycled files move between the shards of a stream, so the shard is part of it; the
  // stream's random id keeps anybody from sending records that look like frames.
  uint64_t Generation(std::string_view stream_id) const;
  // "shard-000000000002.00000000000000000017.segment" and the same with ".index".
  std::string FileName() const;
  std::string IndexName() const;
  static std::optional<SegmentId> FromFileName(std::string_view name);

  friend auto operator<=>(const SegmentId&, const SegmentId&) = default;
};

// What stands at the beginning of a segment file, before its frames.
struct SegmentHeader {
  std::string stream_id;  // 16 bytes.
  SegmentId id;
  Sequence base_sequence = 0;
  int64_t arrival_floor_unix_ms = 0;  // Of the newest record before this segment.
  Producers producers;                // As they were before this segment.
};

// Frames begin behind the header at a multiple of this, so that no torn frame can hurt the header.
inline constexpr size_t kSegmentHeaderAlignment = 4096;

std::string EncodeSegmentHeader(const SegmentHeader& header);  // Padded: frames follow at once.
// `frames_offset` receives where the frames begin. Errors: kCorruption, kUnsupported (a later version).
Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes, uint64_t& frames_offset);
// Reads and decodes the header of a file.
Result<SegmentHeader> ReadSegmentHeader(File& file, uint64_t& frames_offset);

// One place in a segment from where reading can begin: a frame.
struct IndexEntry {
  Sequence first_sequence = 0;
  int64_t arrival_unix_ms = 0;
  uint64_t offset = 0;
};
inline constexpr uint64_t kIndexIntervalBytes = 64 << 10;

// A segment as its shard knows it. All but the constants is guarded by the shard's lock.
class Segment {
 public:
  Segment(SegmentId id, uint64_t generation, Sequence base_sequence, uint64_t frames_offset)
      : id(id),
        generation(generation),
        base_sequence(base_sequence),
        frames_offset(frames_offset),
        end_sequence(base_sequence),
        end_offset(frames_offset) {}

  // Takes note of a readable frame.
  void AddFrame(const FrameHeader& header, uint64_t offset);
  // The last place at or before the record. `sequence` lies in the segment, which is not empty.
  const IndexEntry& PlaceBefore(Sequence sequence) const;
  // The last place from where no record that arrived at or after the time is missed.
  const IndexEntry& PlaceBefore(Timestamp arrival) const;

  bool empty() const { return end_sequence == base_sequence; }

  const SegmentId id;
  const uint64_t generation;
  const Sequence base_sequence;
  const uint64_t frames_offset;
  Sequence end_sequence;
  uint64_t end_offset;  // Of the readable bytes.
  int64_t first_arrival_unix_ms = 0;
  int64_t last_arrival_unix_ms = 0;
  std::vector<IndexEntry> index;
  bool index_stored = false;
};

// The index file of a sealed segment, which saves reading it at start. Derived: when it is missing or damaged, the
// segment is read instead.
std::string EncodeIndex(const Segment& segment);
Result<std::shared_ptr<Segment>> DecodeIndex(std::string_view bytes, SegmentId id, uint64_t generation);

}  // namespace tailrace::stream
