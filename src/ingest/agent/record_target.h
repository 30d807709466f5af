#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::ingest {

struct TargetRecord {
  std::string_view partition_key;  // 1 to 32 bytes; of no meaning to delivery streams.
  std::string_view data;
};

// What became of one record.
struct RecordResult {
  enum class Kind : uint8_t {
    kStored,
    kDuplicate,  // The target had the producer's record already.
    kRetry,      // Not taken; worth sending again.
    kRefused,    // Not taken, and never will be.
  };
  Kind kind = Kind::kStored;
  std::string message;  // Why, for kRetry and kRefused.
};

struct TargetLimits {
  uint64_t records_max = 500;
  uint64_t bytes_max = 4 << 20;         // Of all records of a call, with their keys.
  uint64_t record_bytes_max = 1 << 20;  // Data and key; the agent cuts longer ones.
};

// Where the agent's records go.
class RecordTarget {
 public:
  virtual ~RecordTarget() = default;

  virtual TargetLimits limits() const = 0;

  // Takes records; returns one result each, in order, when they are as safe as the target makes them. Blocks.
  // Record i has the number `first_sequence` + i (from 1) of this producer. A target that knows producers drops numbers
  // it has; the agent sends a record again with the same number, key and (but for time stamps) data. An empty producer
  // asks for no such check.
  // Errors: nothing is known to be taken; the agent sends all again.
  // Threads: one call at a time for one producer; calls of different producers may overlap.
  virtual Result<std::vector<RecordResult>> Put(std::string_view producer, uint64_t first_sequence,
                                                std::span<const TargetRecord> records) = 0;

  // The highest number taken from the producer, 0 when there is none; nothing when the target knows no producers.
  virtual Result<std::optional<uint64_t>> LastSequence(std::string_view producer) = 0;
};

}  // namespace tailrace::ingest
