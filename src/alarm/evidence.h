#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tailrace::alarm {

// A record that an alarm's event may rest on.
struct EvidenceRecord {
  std::string stream;
  uint32_t shard = 0;
  uint64_t sequence = 0;
  Timestamp arrival{};
  std::string data;  // Its beginning, as valid UTF-8.
  bool cut = false;

  bool operator==(const EvidenceRecord&) const = default;
};

// Records of one shard, both included.
struct EvidenceRange {
  std::string stream;
  uint32_t shard = 0;
  uint64_t first = 0;
  uint64_t last = 0;

  bool operator==(const EvidenceRange&) const = default;
};

// What an event rests on: so that it can be shown, and computed again while the records are there.
struct Evidence {
  std::string program;  // SHA-256 of the SQL with its parameters, in hexadecimal.
  Timestamp from{};     // Records that arrived after this ...
  Timestamp to{};       // ... and up to this.
  bool bounded = true;  // False: the SQL looks back without a limit in time, and `from` is where the records began.
  std::vector<EvidenceRange> ranges;    // By stream, then shard; shards without such records are left out.
  std::vector<EvidenceRecord> records;  // The newest of them, oldest first.
  std::string row_json;                 // The alarm row; empty when the event has none.

  bool operator==(const Evidence&) const = default;
};
inline constexpr size_t kEvidenceRecordsMax = 10;
inline constexpr size_t kEvidenceDataBytesMax = 512;
inline constexpr size_t kEvidenceRangesMax = 256;

// As the alarms' database keeps it. Errors of the latter: kCorruption.
std::string EvidenceToJson(const Evidence& evidence);
Result<Evidence> EvidenceFromJson(const std::string& text);

}  // namespace tailrace::alarm
