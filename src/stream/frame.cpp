#include "stream/frame.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::stream {
namespace {

constexpr size_t kBufferBytesMin = 4096;  // Most shards are quiet, and there may be thousands.

// Before each record: its data's size and its key's.
struct RecordHeader {
  uint32_t data_bytes;
  uint16_t key_bytes;
};
constexpr size_t kRecordHeaderBytes = 6;
constexpr size_t kChecksumBytes = sizeof(uint32_t);

size_t Padded(size_t bytes) { return (bytes + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment; }

bool LengthIsPossible(uint32_t length) {
  return length >= kFrameHeaderBytes && length <= kFrameBytesMax && length % kFrameAlignment == 0;
}

}  // namespace

size_t FrameLength(std::string_view bytes, uint64_t generation) {
  if (bytes.size() < kFrameHeaderBytes) return 0;
  FrameHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header.generation == generation && LengthIsPossible(header.length) ? header.length : 0;
}

Result<Frame> ParseFrame(std::string_view bytes, uint64_t generation) {
  if (bytes.size() < kFrameHeaderBytes) return Error{ErrorCode::kLimitExceeded, "frame: header is cut off"};
  Frame frame;
  std::memcpy(&frame.header, bytes.data(), sizeof frame.header);
  const FrameHeader& header = frame.header;
  if (header.generation != generation) {
    return Error{ErrorCode::kCorruption,
                 StrCat("frame: generation ", header.generation, ", the segment has ", generation)};
  }
  if (!LengthIsPossible(header.length)) {
    return Error{ErrorCode::kCorruption, StrCat("frame: impossible length ", header.length)};
  }
  if (bytes.size() < header.length) return Error{ErrorCode::kLimitExceeded, "frame: body is cut off"};
  bytes = bytes.substr(0, header.length);
  if (const uint32_t checksum = Crc32c(bytes.substr(kChecksumBytes)); checksum != header.checksum) {
    return Error{ErrorCode::kCorruption, StrCat("frame: checksum ", checksum, ", stored ", header.checksum)};
  }
  const size_t body_bytes = header.length - kFrameHeaderBytes;
  if (header.producer_bytes > std::min(kProducerIdBytesMax, body_bytes)) {
    return Error{ErrorCode::kCorruption, StrCat("frame: producer of ", header.producer_bytes, " bytes")};
  }
  if (header.records == 0 || header.records > body_bytes / kRecordHeaderBytes) {
    return Error{ErrorCode::kCorruption, StrCat("frame: ", header.records, " records in ", body_bytes, " bytes")};
  }
  frame.producer = bytes.substr(kFrameHeaderBytes, header.producer_bytes);
  frame.body = bytes.substr(kFrameHeaderBytes + header.producer_bytes);
  return frame;
}

RecordWalk::RecordWalk(const Frame& frame)
    : rest_(frame.body),
      left_(frame.header.records),
      sequence_(frame.header.first_sequence),
      arrival_(FromUnixMs(frame.header.arrival_unix_ms)) {}

Status RecordWalk::Next(RecordView& record) {
  RecordHeader header{};
  if (rest_.size() >= kRecordHeaderBytes) std::memcpy(&header, rest_.data(), kRecordHeaderBytes);
  const uint64_t needed = kRecordHeaderBytes + uint64_t{header.key_bytes} + header.data_bytes;
  if (rest_.size() < needed) {
    return Error{ErrorCode::kCorruption,
                 StrCat("frame: record ", sequence_, " of ", needed, " bytes in ", rest_.size())};
  }
  record.partition_key = rest_.substr(kRecordHeaderBytes, header.key_bytes);
  record.data = rest_.substr(kRecordHeaderBytes + header.key_bytes, header.data_bytes);
  record.arrival = arrival_;
  record.sequence = sequence_++;
  rest_.remove_prefix(needed);
  --left_;
  return Ok();
}

void ByteBuffer::Grow(size_t bytes) {
  const size_t capacity = std::max({bytes, capacity_ * 2, kBufferBytesMin});
  auto data = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

void FrameWriter::Begin(Sequence first_sequence, int64_t arrival_unix_ms, std::string_view producer) {
  TAILRACE_CHECK(!open_ && buffer_.size() % kFrameAlignment == 0);
  begin_ = buffer_.size();
  header_ = FrameHeader{.first_sequence = first_sequence,
                        .arrival_unix_ms = arrival_unix_ms,
                        .producer_bytes = static_cast<uint32_t>(producer.size())};
  char* const bytes = buffer_.Extend(kFrameHeaderBytes + producer.size());
  std::copy_n(producer.data(), producer.size(), bytes + kFrameHeaderBytes);  // Unlike memcpy it takes null and 0.
  open_ = true;
}

size_t StoredBytes(const RecordInput& record) {
  return kRecordHeaderBytes + record.partition_key.size() + record.data.size();
}

void FrameWriter::Add(const RecordInput& record) {
  const RecordHeader header{static_cast<uint32_t>(record.data.size()),
                            static_cast<uint16_t>(record.partition_key.size())};
  char* bytes = buffer_.Extend(StoredBytes(record));
  std::memcpy(bytes, &header, kRecordHeaderBytes);
  bytes += kRecordHeaderBytes;
  bytes = std::copy_n(record.partition_key.data(), record.partition_key.size(), bytes);
  std::copy_n(record.data.data(), record.data.size(), bytes);
  ++header_.records;
}

void FrameWriter::End() {
  TAILRACE_CHECK(open_ && header_.records > 0);
  const size_t unpadded = frame_bytes();
  const size_t length = Padded(unpadded);
  std::fill_n(buffer_.Extend(length - unpadded), length - unpadded, '\0');
  header_.length = static_cast<uint32_t>(length);
  std::memcpy(buffer_.data() + begin_, &header_, sizeof header_);
  open_ = false;
}

size_t SealFrame(char* frame, uint64_t generation, uint32_t synced_before) {
  FrameHeader header;
  std::memcpy(&header, frame, sizeof header);
  header.generation = generation;
  header.synced_before = synced_before;
  std::memcpy(frame, &header, sizeof header);
  const uint32_t checksum = Crc32c({frame + kChecksumBytes, header.length - kChecksumBytes});
  std::memcpy(frame, &checksum, sizeof checksum);
  return header.length;
}

}  // namespace tailrace::stream
