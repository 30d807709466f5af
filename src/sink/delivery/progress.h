#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "sink/delivery/span.h"

namespace tailrace::sink::delivery {

// How far a delivery stream has delivered; docs/data-folder.md describes the file.
struct Progress {
  std::string stream_id;  // Of the stream the positions belong to.
  Positions positions;    // Everything before is delivered.
  // The span that is being delivered, noted before any of it goes out: after a crash the same span goes out again.
  std::optional<Positions> in_flight_end;
  uint64_t in_flight_version = 0;  // Of the definition it goes out by.
  bool operator==(const Progress&) const = default;
};

// Errors: kCorruption, kUnsupported. Nothing when there is no file yet.
Result<std::optional<Progress>> ReadProgress(Disk& disk, const std::string& path);
Status WriteProgress(Disk& disk, const std::string& path, const Progress& progress);

}  // namespace tailrace::sink::delivery
