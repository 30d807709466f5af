#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "data/ports.h"

namespace tailrace::alarm {

// One row of the in-application stream that drives an alarm.
struct AlarmRow {
  Timestamp time{};  // ROWTIME.
  data::Ordinal ordinal = 0;
  std::string key;
  std::optional<double> value;
};

enum class EventKind : uint8_t {
  kFired,     // The first row after quiet.
  kMessage,   // A row that people are told about.
  kResolved,  // No row for the whole resolve_after.
};

struct AlarmEvent {
  EventKind kind = EventKind::kFired;
  std::string key;
  Timestamp time{};           // Of the row; kResolved: when the quiet period was over.
  data::Ordinal ordinal = 0;  // Of the row; kResolved: of the last row.
  std::optional<double> value;
  uint64_t rows = 0;          // kMessage: rows held back since the last message. kResolved: rows of the whole alarm.
  std::optional<double> max;  // The largest value among those rows.
  std::optional<Timestamp> since;  // kMessage: the last message. kResolved: when it fired.
};

// What is known about one key.
struct KeyState {
  bool firing = false;
  Timestamp fired_at{};
  Timestamp last_row{};
  data::Ordinal last_ordinal = 0;
  uint64_t rows = 0;  // Since it fired.
  std::optional<double> max;
  std::optional<Timestamp> last_message;
  uint64_t held_rows = 0;  // Since the last message.
  std::optional<double> held_max;

  bool operator==(const KeyState&) const = default;
};

// Decides, row by row, what an alarm does: fire, tell, hold back, resolve.
//
// A row fires a quiet key. It is told when the key's last message is at least min_interval old, else held back and
// counted for the next message. A key without a row for resolve_after is over.
//
// Time     ROWTIME alone, so a replay of the rows gives the same events.
// State    One KeyState a key; keys over `keys_max` share "(other)". A key that is over and owes no digest is
//          forgotten.
// Threads  One owner.
class Alarm {
 public:
  struct Rules {
    std::chrono::milliseconds min_interval;
    std::chrono::milliseconds resolve_after;
    uint64_t keys_max;
  };

  explicit Alarm(Rules rules, std::map<std::string, KeyState> keys = {});

  // Rows come in ROWTIME order. Appends to `events`.
  void Observe(const AlarmRow& row, std::vector<AlarmEvent>& events);
  // No row before `time` will come any more.
  void AdvanceTo(Timestamp time, std::vector<AlarmEvent>& events);
  // When AdvanceTo will have something to do.
  std::optional<Timestamp> NextResolve() const;

  const std::map<std::string, KeyState>& keys() const { return keys_; }
  // Keys whose state changed or went since the last call.
  std::set<std::string> TakeChanged() { return std::exchange(changed_, {}); }

 private:
  using ByLastRow = std::set<std::pair<Timestamp, std::string>>;

  KeyState& StateOf(std::string& key);
  void Forget(const std::string& key);

  const Rules rules_;
  std::map<std::string, KeyState> keys_;
  ByLastRow firing_;
  ByLastRow quiet_;
  std::set<std::string> changed_;
};

}  // namespace tailrace::alarm
