#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/disk.h"
#include "stream/frame.h"

namespace tailrace::stream {

struct ScanRange {
  uint64_t generation = 0;
  uint64_t from = 0;  // Offsets in the file.
  uint64_t to = 0;
};

struct ScanEnd {
  uint64_t offset = 0;          // Where the last good frame ends.
  std::optional<Error> reason;  // What is wrong there; nothing at the end of the range or when told to stop.
};

// Reads frames one after the other, numbered on from `expected`, until one is not good. `on_frame` gets each with its
// offset and returns false to stop before it. Errors: those of the disk.
Result<ScanEnd> ScanFrames(File& file, const ScanRange& range, Sequence expected,
                           const std::function<bool(const Frame&, uint64_t offset)>& on_frame);

// Finds good frames anywhere in the range, whatever lies between them.
Status FindFrames(File& file, const ScanRange& range,
                  const std::function<void(const Frame&, uint64_t offset)>& on_frame);

}  // namespace tailrace::stream
