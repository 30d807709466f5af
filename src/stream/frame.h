#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "stream/types.h"

namespace tailrace::stream {

// A frame is what a segment consists of: some records that arrived in the same millisecond, under one checksum.
// docs/stream-format.md describes its bytes.
inline constexpr size_t kFrameHeaderBytes = 56;
inline constexpr size_t kFrameAlignment = 8;
inline constexpr size_t kFrameBytesSoftMax = 64 << 10;  // A frame takes no further record beyond it.
// Header, one record of the largest size with the longest key and producer, padding.
inline constexpr size_t kFrameBytesMax = kFrameBytesSoftMax + kRecordBytesLimit + 4096;

struct FrameHeader {
  uint32_t checksum = 0;    // CRC-32C of everything after it.
  uint32_t length = 0;      // Of the whole frame, a multiple of kFrameAlignment.
  uint64_t generation = 0;  // Of the segment's use: bytes of an earlier use of the same file have another one.
  Sequence first_sequence = 0;
  int64_t arrival_unix_ms = 0;
  uint32_t records = 0;
  uint32_t synced_before = 0;  // Offset in the segment: all before it was on disk when this frame was written.
  uint64_t producer_last = 0;  // The producer's number of the last record; 0 without a producer.
  uint32_t producer_bytes = 0;
  uint32_t reserved = 0;
};
static_assert(sizeof(FrameHeader) == kFrameHeaderBytes);

// A checked frame. Views point into the bytes it was parsed from.
struct Frame {
  FrameHeader header;
  std::string_view producer;
  std::string_view body;  // The records and the padding.

  Sequence end_sequence() const { return header.first_sequence + header.records; }
};

// Reads the frame at the beginning of `bytes`; more bytes may follow.
// Errors: kLimitExceeded: the bytes end before the frame (its `length` says how many it needs, when the header is
// there). kCorruption: anything that is wrong.
Result<Frame> ParseFrame(std::string_view bytes, uint64_t generation);

// The length that a frame's first bytes claim; 0 when they are too few or the claim or the generation is wrong.
size_t FrameLength(std::string_view bytes, uint64_t generation);

// Walks a frame's records. Every step is bounds-checked, as the checksum may be someone else's work.
class RecordWalk {
 public:
  explicit RecordWalk(const Frame& frame);
  bool done() const { return left_ == 0; }
  // Errors: kCorruption: sizes beyond the frame.
  Status Next(RecordView& record);

 private:
  std::string_view rest_;
  uint32_t left_;
  Sequence sequence_;
  Timestamp arrival_;
};

// Bytes that are appended to and given back, without initialising what it grows by.
class ByteBuffer {
 public:
  char* Extend(size_t bytes) {
    if (size_ + bytes > capacity_) Grow(size_ + bytes);
    char* const begin = data_.get() + size_;
    size_ += bytes;
    return begin;
  }
  void Clear() { size_ = 0; }
  void Free() {
    data_.reset();
    size_ = capacity_ = 0;
  }
  char* data() { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  void Grow(size_t bytes);

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// Writes frames one after the other into a buffer.
class FrameWriter {
 public:
  explicit FrameWriter(ByteBuffer& buffer) : buffer_(buffer) {}

  // Begins a frame at the buffer's end, which must be aligned.
  void Begin(Sequence first_sequence, int64_t arrival_unix_ms, std::string_view producer);
  void Add(const RecordInput& record);
  void SetProducerLast(uint64_t number) { header_.producer_last = number; }
  // Pads the frame. Its generation and checksum are given by SealFrame later.
  void End();

  void Abandon() { open_ = false; }  // Before its buffer is cleared.

  bool open() const { return open_; }
  size_t frame_bytes() const { return buffer_.size() - begin_; }
  int64_t arrival_unix_ms() const { return header_.arrival_unix_ms; }
  bool has_producer() const { return header_.producer_bytes > 0; }

 private:
  ByteBuffer& buffer_;
  FrameHeader header_;
  size_t begin_ = 0;
  bool open_ = false;
};

// What a record takes in a frame.
size_t StoredBytes(const RecordInput& record);

// Gives a frame that FrameWriter ended its place in a segment, and the checksum. Returns its length.
size_t SealFrame(char* frame, uint64_t generation, uint32_t synced_before);

}  // namespace tailrace::stream
