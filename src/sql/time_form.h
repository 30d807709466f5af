#pragma once

#include <cstdint>
#include <span>

#include "sql/expr.h"
#include "sql/plan.h"

namespace tailrace::sql {

// How a value follows from ROWTIME, as far as it is known in closed form: it decides when a window over the value ends.
//
//   kStep      value = (S(ROWTIME) + offset_ms) / divisor, where S(t) is the greatest origin_ms + k * step_ms <= t.
//              ROWTIME itself is step 1, origin 0, offset 0, divisor 1.
//   kCalendar  changes at the beginning of every `months` months since 1970-01.
//   kPure      some function of ROWTIME alone; can be evaluated for any time.
//   kNone      nothing is known.
// Time in ms since 1970-01-01 UTC.
struct TimeForm {
  enum class Kind : uint8_t { kNone, kStep, kCalendar, kPure };
  Kind kind = Kind::kNone;
  int64_t step_ms = 1;
  int64_t origin_ms = 0;
  int64_t offset_ms = 0;
  int64_t divisor = 1;
  int months = 0;
  bool value_known = true;   // kStep: false when only the times of change hold, not the value.
  bool at_boundary = false;  // Rows come only at the instant of a change: results of a window over the value.
  bool operator==(const TimeForm&) const = default;

  static TimeForm Rowtime() { return {.kind = Kind::kStep}; }
};

// `columns`: forms of the input's columns by index.
TimeForm TimeFormOf(const BoundExpr& expr, std::span<const TimeForm> columns);

// The form, relative to the new ROWTIME, of a window key that has become a column of the window's output, whose ROWTIME
// is the end of the window.
TimeForm AfterWindow(const TimeForm& key);

// When a window over `key` ends. `key` is monotonic.
WindowEnd WindowEndOf(const BoundExpr& key, const TimeForm& form);

// When rows that are sorted by `key` first may go. Differs from WindowEndOf for results of a window: they all have the
// same ROWTIME.
WindowEnd SortEndOf(const BoundExpr& key, const TimeForm& form);

}  // namespace tailrace::sql
