#include "stream/frame_scan.h"

#include <algorithm>
#include <cstring>

#include "base/str.h"

namespace tailrace::stream {
namespace {

constexpr uint64_t kWindowBytes = 1 << 20;
constexpr size_t kGenerationOffset = 8;  // In a frame's header.

// A piece of a file in memory.
class Window {
 public:
  explicit Window(File& file) : file_(file) {}

  // The bytes from `offset` to `end`, or as many as the file has and a window holds; at least `least` if it has them.
  Result<std::string_view> At(uint64_t offset, uint64_t end, uint64_t least) {
    least = std::min(least, end - offset);
    if (offset < begin_ || offset + least > begin_ + bytes_.size()) {
      bytes_.resize(std::min(std::max(kWindowBytes, least), end - offset));
      begin_ = offset;
      TAILRACE_ASSIGN_OR_RETURN(const size_t count, file_.ReadAt(offset, bytes_));
      bytes_.resize(count);
    }
    return std::string_view(bytes_).substr(offset - begin_);
  }

 private:
  File& file_;
  uint64_t begin_ = 0;
  std::string bytes_;
};

}  // namespace

Result<ScanEnd> ScanFrames(File& file, const ScanRange& range, Sequence expected,
                           const std::function<bool(const Frame&, uint64_t offset)>& on_frame) {
  Window window(file);
  ScanEnd end{.offset = range.from};
  while (end.offset < range.to) {
    TAILRACE_ASSIGN_OR_RETURN(std::string_view bytes, window.At(end.offset, range.to, kFrameHeaderBytes));
    if (const size_t length = FrameLength(bytes, range.generation); length > bytes.size()) {
      TAILRACE_ASSIGN_OR_RETURN(bytes, window.At(end.offset, range.to, length));
    }
    auto frame = ParseFrame(bytes, range.generation);
    if (!frame.ok()) {
      end.reason = std::move(frame).error();
      return end;
    }
    if (frame->header.first_sequence != expected) {
      end.reason = Error{ErrorCode::kCorruption,
                         StrCat("frame: begins with record ", frame->header.first_sequence, ", expected ", expected)};
      return end;
    }
    if (!on_frame(*frame, end.offset)) return end;
    expected = frame->end_sequence();
    end.offset += frame->header.length;
  }
  return end;
}

Status FindFrames(File& file, const ScanRange& range,
                  const std::function<void(const Frame&, uint64_t offset)>& on_frame) {
  Window window(file);
  Window whole(file);
  uint64_t offset = range.from;
  while (offset + kFrameHeaderBytes <= range.to) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view bytes, window.At(offset, range.to, kFrameHeaderBytes));
    if (bytes.size() < kFrameHeaderBytes) return Ok();
    // Most of it is zeros or frames of an earlier use: pass over them in one loop.
    size_t skip = 0;
    uint64_t generation = 0;
    for (; skip + kFrameHeaderBytes <= bytes.size(); skip += kFrameAlignment) {
      std::memcpy(&generation, bytes.data() + skip + kGenerationOffset, sizeof generation);
      if (generation == range.generation) break;
    }
    offset += skip;
    if (skip + kFrameHeaderBytes > bytes.size()) continue;
    const size_t length = FrameLength(bytes.substr(skip), range.generation);
    if (length > 0) {
      TAILRACE_ASSIGN_OR_RETURN(const std::string_view candidate, whole.At(offset, range.to, length));
      if (const auto frame = ParseFrame(candidate, range.generation); frame.ok()) {
        on_frame(*frame, offset);
        offset += length;
        continue;
      }
    }
    offset += kFrameAlignment;
  }
  return Ok();
}

}  // namespace tailrace::stream
