#pragma once

#include <optional>

#include "base/clock.h"
#include "sql/plan.h"

namespace tailrace::app {

// How far back in ROWTIME the records lie that a row of the stream can depend on: the windows on the longest way to it,
// one behind the other. Nothing when there is no limit in time: ROWS frames, learning, DISTINCT.
std::optional<Milliseconds> ReachOf(const sql::BoundProgram& program, int stream);

}  // namespace tailrace::app
