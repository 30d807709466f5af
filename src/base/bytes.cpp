#include "base/bytes.h"

#include <cstring>

namespace tailrace {

bool ByteWriter::WriteSome(size_t bytes_max) {
  if (live_ == nullptr) return false;
  while (!live_->parts.empty()) {
    const size_t written = live_->parts.front()->WriteSome(bytes_max);
    live_->written += written;
    if (written == 0) live_->parts.pop_front();
    if (written >= bytes_max) break;
    bytes_max -= written;
  }
  return !live_->parts.empty();
}

std::string ByteWriter::Finish() && {
  if (parts_.empty()) return std::move(bytes_);
  ByteWriter whole;
  whole.Reserve(bytes_.size() + (live_ != nullptr ? live_->written : 0));
  std::move(*this).FinishInto(whole);
  return std::move(whole.bytes_);
}

void ByteWriter::FinishInto(ByteWriter& out) && {
  size_t offset = 0;
  for (Deferred& deferred : parts_) {
    out.Append(std::string_view(bytes_).substr(offset, deferred.offset - offset));
    std::exchange(deferred.part, nullptr)(out);  // What it owned is no longer needed.
    offset = deferred.offset;
  }
  out.Append(std::string_view(bytes_).substr(offset));
}

namespace {

template <typename T>
Result<T> ReadFixed(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view raw, reader.Raw(sizeof(T)));
  T value;
  std::memcpy(&value, raw.data(), sizeof value);
  return value;
}

}  // namespace

Result<std::string_view> ByteReader::Raw(size_t size) {
  if (size > remaining()) {
    return Error{ErrorCode::kCorruption, "bytes end too early: need " + std::to_string(size) + " at offset " +
                                             std::to_string(offset_) + ", have " + std::to_string(remaining())};
  }
  const std::string_view raw = bytes_.substr(offset_, size);
  offset_ += size;
  return raw;
}

Result<uint8_t> ByteReader::U8() { return ReadFixed<uint8_t>(*this); }
Result<uint32_t> ByteReader::U32() { return ReadFixed<uint32_t>(*this); }
Result<uint64_t> ByteReader::U64() { return ReadFixed<uint64_t>(*this); }
Result<int64_t> ByteReader::I64() { return ReadFixed<int64_t>(*this); }
Result<double> ByteReader::F64() { return ReadFixed<double>(*this); }

Result<bool> ByteReader::Bool() {
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t value, U8());
  if (value > 1) return Error{ErrorCode::kCorruption, "a boolean is neither 0 nor 1: " + std::to_string(value)};
  return value == 1;
}

Result<std::string_view> ByteReader::Text() {
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t size, U32());
  return Raw(size);
}

}  // namespace tailrace
