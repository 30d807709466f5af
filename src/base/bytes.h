#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tailrace {

// Appends little-endian values to a string: the encoding of every on-disk structure and of operator state.
//
// A deferring writer lets parts be made later, so that a large state can be written while it is in use: Finish gives
// the same bytes that a plain writer has. A part that another thread may write owns all that it reads. A live part
// reads what goes on changing: the owner of that calls WriteSome, between its other work, until nothing is left.
class ByteWriter {
 public:
  using Part = std::function<void(ByteWriter&)>;
  class LivePart {
   public:
    virtual ~LivePart() = default;
    // Goes on writing for about `bytes_max` bytes; how many it wrote, 0 when nothing is left.
    virtual size_t WriteSome(size_t bytes_max) = 0;
  };

  ByteWriter() = default;
  // Of a queue of records at most `records_at_once` are written at one go.
  static ByteWriter Deferring(size_t records_at_once = kRecordsAtOnce) {
    ByteWriter writer;
    writer.live_ = std::make_shared<Live>();
    writer.live_->records_at_once = records_at_once;
    return writer;
  }
  static constexpr size_t kRecordsAtOnce = 4096;
  size_t records_at_once() const { return live_ != nullptr ? live_->records_at_once : SIZE_MAX; }
  // A writer of the same kind for a part of this one's bytes; its live parts are written by this one's WriteSome.
  ByteWriter Nested() const {
    ByteWriter writer;
    writer.live_ = live_;
    return writer;
  }
  bool deferring() const { return live_ != nullptr; }
  // Writes the part here: at once, or in Finish when deferring.
  void Defer(Part part) {
    if (!deferring()) return part(*this);
    parts_.push_back({bytes_.size(), std::move(part)});
  }
  // Only when deferring. Whoever adds it also defers the part that puts its bytes into place.
  void AddLive(std::shared_ptr<LivePart> part) { live_->parts.push_back(std::move(part)); }
  // Lets live parts write about `bytes_max` bytes; whether something is left. Called until nothing is, before Finish.
  bool WriteSome(size_t bytes_max);
  // What all live parts have written so far.
  size_t live_bytes() const { return live_ != nullptr ? live_->written : 0; }
  size_t parts() const { return parts_.size(); }  // Deferred.
  // All bytes. Once, on any thread.
  std::string Finish() &&;
  // The same, behind those of `out`.
  void FinishInto(ByteWriter& out) &&;

  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U32(uint32_t value) { Raw(&value, sizeof value); }
  void U64(uint64_t value) { Raw(&value, sizeof value); }
  void PatchU64(size_t offset, uint64_t value) { std::memcpy(bytes_.data() + offset, &value, sizeof value); }
  void I64(int64_t value) { Raw(&value, sizeof value); }
  void F64(double value) { Raw(&value, sizeof value); }
  void Bool(bool value) { U8(value ? 1 : 0); }
  void Text(std::string_view text) {  // Length first, as U32.
    U32(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  void Append(std::string_view raw) { bytes_.append(raw); }

  void Reserve(size_t bytes) { bytes_.reserve(bytes); }
  void Clear() { bytes_.clear(); }

  const std::string& bytes() const { return bytes_; }
  std::string Take() && { return std::move(bytes_); }
  size_t size() const { return bytes_.size(); }

 private:
  void Raw(const void* value, size_t size) { bytes_.append(static_cast<const char*>(value), size); }

  struct Deferred {
    size_t offset;  // In bytes_.
    Part part;
  };
  struct Live {
    std::deque<std::shared_ptr<LivePart>> parts;  // In which something is left.
    size_t written = 0;
    size_t records_at_once = kRecordsAtOnce;
  };
  std::string bytes_;
  std::vector<Deferred> parts_;
  std::shared_ptr<Live> live_;  // Null: not deferring.
};

// Reads what ByteWriter wrote, bounds-checked. Errors: kCorruption when the bytes end too early.
// Borrows the bytes; views returned by Text point into them.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  Result<uint8_t> U8();
  Result<uint32_t> U32();
  Result<uint64_t> U64();
  Result<int64_t> I64();
  Result<double> F64();
  Result<bool> Bool();
  Result<std::string_view> Text();
  Result<std::string_view> Raw(size_t size);

  size_t remaining() const { return bytes_.size() - offset_; }
  size_t offset() const { return offset_; }
  bool at_end() const { return remaining() == 0; }

 private:
  std::string_view bytes_;
  size_t offset_ = 0;
};

}  // namespace tailrace
