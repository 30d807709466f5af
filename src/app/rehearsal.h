#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "alarm/alarm.h"
#include "app/definition.h"
#include "app/parallel_decoder.h"
#include "app/record_source.h"
#include "base/clock.h"
#include "base/result.h"

namespace tailrace::app {

struct RehearsalOptions {
  int64_t query_start_unix_ms = 0;  // What CURRENT_TIMESTAMP gives; 0: the first record's arrival.
  Timestamp from{};                 // What is told begins here; earlier records only bring about the state.
  std::optional<Timestamp> to;      // The last moment, included; later records are left out. None: the last record.
  DecodeOptions decode;             // Changes nothing of what comes out.
};

// What an alarm would have done, and whom it would have told.
struct RehearsedEvent {
  std::string alarm;
  alarm::AlarmEvent event;
  std::vector<std::string> targets;  // Told; empty for what nobody is told of.
  std::string subject;
  std::string text;
};

struct RehearsedAlarm {
  std::string alarm;
  uint64_t rows = 0;
  uint64_t fired = 0;
  uint64_t told = 0;
  uint64_t held_back = 0;  // Rows that nobody was told of.
  uint64_t resolved = 0;
  bool firing = false;       // At the end.
  Milliseconds in_alarm{0};  // Summed over keys.
};

struct RehearsalResult {
  std::vector<RehearsedEvent> events;  // By time, then alarm, then as they happened.
  uint64_t events_left_out = 0;        // Beyond kRehearsedEventsMax.
  std::vector<RehearsedAlarm> alarms;  // In the order of the definition.
};
inline constexpr size_t kRehearsedEventsMax = 100'000;
inline constexpr size_t kRehearsalVariantsMax = 101;

struct RehearsalProgress {
  uint64_t records = 0;
  double share = 0;  // 0 to 1.
  Timestamp time{};  // Where the replay stands.
};

struct RehearsalRun {
  std::vector<RehearsalResult> results;  // One a variant.
  uint64_t records = 0;
  uint64_t decode_errors = 0;
  Timestamp begin{};  // Arrival of the first record.
  Timestamp end{};    // Where time ended.
};

// Runs past records through the SQL and the alarms of an application, in virtual time and at full speed. Nothing is
// sent, nothing written. Same records, same definition: the same events that the running application had.
//
// `variants` are the definition with different values of its parameters; all see the records in one pass. Their inputs
// must be the same. `progress` is called now and then; false ends the run with kUnavailable.
// Errors   kInvalidArgument: inputs that differ; those of the source and of the engine.
Result<RehearsalRun> Rehearse(const std::vector<Definition>& variants, RecordSource& source,
                              const RehearsalOptions& options,
                              const std::function<bool(const RehearsalProgress&)>& progress);

}  // namespace tailrace::app
