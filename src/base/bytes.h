#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tailrace {

// Appends little-endian values to a string: the encoding of every on-disk structure and of operator state.
//
// A deferring writer lets parts be made later, so that a large state can be copied quickly where it lives and be
// written by another thread: Finish gives the same bytes that a plain writer has.
class ByteWriter {
 public:
  using Part = std::function<void(ByteWriter&)>;

  ByteWriter() = default;
  static ByteWriter Deferring() {
    ByteWriter writer;
    writer.deferring_ = true;
    return writer;
  }
  bool deferring() const { return deferring_; }
  // Writes the part here: at once, or in Finish when deferring. The part owns all that it reads.
  void Defer(Part part) {
    if (!deferring_) return part(*this);
    parts_.push_back({bytes_.size(), std::move(part)});
  }
  // All bytes. Once, on any thread.
  std::string Finish() &&;

  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U32(uint32_t value) { Raw(&value, sizeof value); }
  void U64(uint64_t value) { Raw(&value, sizeof value); }
  void I64(int64_t value) { Raw(&value, sizeof value); }
  void F64(double value) { Raw(&value, sizeof value); }
  void Bool(bool value) { U8(value ? 1 : 0); }
  void Text(std::string_view text) {  // Length first, as U32.
    U32(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  void Append(std::string_view raw) { bytes_.append(raw); }

  const std::string& bytes() const { return bytes_; }
  std::string Take() && { return std::move(bytes_); }
  size_t size() const { return bytes_.size(); }

 private:
  void Raw(const void* value, size_t size) { bytes_.append(static_cast<const char*>(value), size); }

  struct Deferred {
    size_t offset;  // In bytes_.
    Part part;
  };
  std::string bytes_;
  bool deferring_ = false;
  std::vector<Deferred> parts_;
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
