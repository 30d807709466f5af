#include "alarm/alarm.h"

#include <algorithm>

namespace tailrace::alarm {
namespace {

constexpr const char* kOtherKeys = "(other)";

std::optional<double> Larger(std::optional<double> a, std::optional<double> b) {
  if (!a.has_value() || !b.has_value()) return a.has_value() ? a : b;
  return std::max(*a, *b);
}

}  // namespace

Alarm::Alarm(Rules rules, std::map<std::string, KeyState> keys) : rules_(rules), keys_(std::move(keys)) {
  for (const auto& [key, state] : keys_) (state.firing ? firing_ : quiet_).emplace(state.last_row, key);
}

KeyState& Alarm::StateOf(std::string& key) {
  if (const auto found = keys_.find(key); found != keys_.end()) return found->second;
  if (keys_.size() >= rules_.keys_max) {
    if (quiet_.empty()) {
      key = kOtherKeys;
    } else {
      Forget(std::string(quiet_.begin()->second));  // The one that has been quiet longest.
    }
  }
  return keys_[key];
}

void Alarm::Forget(const std::string& key) {
  const auto found = keys_.find(key);
  quiet_.erase({found->second.last_row, key});
  changed_.insert(key);
  keys_.erase(found);
}

void Alarm::Observe(const AlarmRow& row, std::vector<AlarmEvent>& events) {
  AdvanceTo(row.time, events);
  std::string key = row.key;
  KeyState& state = StateOf(key);
  (state.firing ? firing_ : quiet_).erase({state.last_row, key});
  if (!state.firing) {
    state.firing = true;
    state.fired_at = row.time;
    state.rows = 0;
    state.max.reset();
    events.push_back(
        {.kind = EventKind::kFired, .key = key, .time = row.time, .ordinal = row.ordinal, .value = row.value});
  }
  state.last_row = row.time;
  state.last_ordinal = row.ordinal;
  ++state.rows;
  state.max = Larger(state.max, row.value);
  if (!state.last_message.has_value() || row.time - *state.last_message >= rules_.min_interval) {
    events.push_back({.kind = EventKind::kMessage,
                      .key = key,
                      .time = row.time,
                      .ordinal = row.ordinal,
                      .value = row.value,
                      .rows = state.held_rows,
                      .max = state.held_max,
                      .since = state.last_message});
    state.last_message = row.time;
    state.held_rows = 0;
    state.held_max.reset();
  } else {
    ++state.held_rows;
    state.held_max = Larger(state.held_max, row.value);
  }
  firing_.emplace(state.last_row, key);
  changed_.insert(key);
}

void Alarm::AdvanceTo(Timestamp time, std::vector<AlarmEvent>& events) {
  while (!firing_.empty() && firing_.begin()->first + rules_.resolve_after <= time) {
    auto moved = firing_.extract(firing_.begin());
    const std::string& key = moved.value().second;
    KeyState& state = keys_.at(key);
    state.firing = false;
    events.push_back({.kind = EventKind::kResolved,
                      .key = key,
                      .time = state.last_row + rules_.resolve_after,
                      .ordinal = state.last_ordinal,
                      .rows = state.rows,
                      .max = state.max,
                      .since = state.fired_at});
    changed_.insert(key);
    quiet_.insert(std::move(moved));
  }
  // Forgetting looks only at the longest quiet key, so one that still owes a digest keeps later ones too: they cost
  // memory within keys_max and nothing else.
  while (!quiet_.empty()) {
    const std::string key = quiet_.begin()->second;
    const KeyState& state = keys_.at(key);
    const bool may_tell = !state.last_message.has_value() || *state.last_message + rules_.min_interval <= time;
    if (key.empty() || state.held_rows > 0 || !may_tell) break;
    Forget(key);
  }
}

std::optional<Timestamp> Alarm::NextResolve() const {
  if (firing_.empty()) return std::nullopt;
  return firing_.begin()->first + rules_.resolve_after;
}

}  // namespace tailrace::alarm
