#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::cli {

// The values that one parameter takes in turn.
struct Sweep {
  std::string parameter;
  std::vector<std::string> values;
};

// "threshold=20..60", "threshold=20..60/10" (steps of 10), "quiet=30s,60s,5m". Without a step, steps of 1, 2 or 5 times
// a power of ten that give at most 21 values. Errors: kInvalidArgument.
Result<Sweep> ParseSweep(std::string_view text, size_t values_max);

}  // namespace tailrace::cli
