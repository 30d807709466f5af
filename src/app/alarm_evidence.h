#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alarm/alarm_store.h"
#include "alarm/evidence.h"
#include "app/definition.h"
#include "base/disk.h"
#include "base/result.h"
#include "stream/stream.h"

namespace tailrace::app {

// SHA-256 of the SQL and of the parameters' values, in hexadecimal.
std::string ProgramHash(const Definition& definition);

// What a row of the in-application stream at `time` rests on, from the streams as they are now. All that arrived up to
// `time` must be readable. Errors: kNotFound: a stream; those of reading.
using FindInputStream = std::function<Result<std::shared_ptr<stream::Stream>>(const InputConfig&)>;
Result<alarm::Evidence> GatherEvidence(const Definition& definition, int stream, const FindInputStream& find_stream,
                                       Timestamp time);

// What comes of computing an event's row again from the records that the data folder still has.
struct Recomputed {
  enum class Outcome : uint8_t {
    kSame,        // The same row comes out.
    kDifferent,   // Another, or none.
    kIncomplete,  // Records are past retention.
    kNothing,     // There is no row to compute.
  };
  Outcome outcome = Outcome::kNothing;
  uint64_t records = 0;           // Read for it.
  uint64_t records_gone = 0;      // Of the evidence.
  std::vector<std::string> rows;  // What came out at the event's time, as JSON; the same row first.
  std::string note;               // What a reader must know besides; may be empty.
};
inline constexpr uint64_t kRecomputedRecordsMax = 1'000'000;

// Reads the data folder's files alone. `stream`: that drives the alarm. Errors: kLimitExceeded: more than
// kRecomputedRecordsMax records; those of reading and of the engine.
Result<Recomputed> Recompute(const Definition& definition, int stream, const alarm::AlarmEvent& event,
                             const alarm::Evidence& evidence, Disk& disk, const std::string& data_folder,
                             int64_t query_start_unix_ms);

}  // namespace tailrace::app
