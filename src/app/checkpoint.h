#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/record_merge.h"
#include "base/disk.h"
#include "base/result.h"

namespace tailrace::app {

// Everything an application needs to go on where it was: docs/checkpoint-format.md.
struct Checkpoint {
  uint64_t number = 0;        // Counts from 1.
  int64_t bound_unix_ms = 0;  // Time had been advanced to here.
  int64_t query_start_unix_ms = 0;
  InputPositions positions;
  std::string job_state;  // engine::Job::Save
};

// Whole or not at all; the previous one is replaced.
Status WriteCheckpoint(Disk& disk, const std::string& path, const Checkpoint& checkpoint);
// Nothing when there is none yet. Errors: kCorruption, kUnsupported (written by a later version).
Result<std::optional<Checkpoint>> ReadCheckpoint(Disk& disk, const std::string& path);

}  // namespace tailrace::app
