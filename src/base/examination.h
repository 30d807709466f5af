#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tailrace {

// One step of looking at a dependency, and how it went.
struct ExaminedStep {
  std::string dependency;  // "target history (mysql)"
  std::string step;        // "login"
  bool good = true;
  std::string detail;  // What was found, or what failed.
  std::string cure;    // One sentence; when it failed.
  std::chrono::nanoseconds took{};
};

// A list of dependencies, each looked at step by step until one fails: what comes after would fail for the same reason.
//
// Threads  One owner.
class Examination {
 public:
  using Check = std::function<Result<std::string>()>;  // Output: what was found.

  explicit Examination(const Clock& clock) : clock_(clock) {}

  void Begin(std::string dependency);
  // Whether the step went well; false without looking when an earlier one of the dependency failed.
  bool Step(std::string_view step, std::string_view cure, const Check& check);

  // How far the clock of somebody else is from this machine's; the nearest counts, for answers take time.
  void SawClock(std::string_view whose, std::chrono::milliseconds ahead);
  struct SeenClock {
    std::string whose;
    std::chrono::milliseconds ahead;
  };
  const std::optional<SeenClock>& seen_clock() const { return seen_clock_; }
  const Clock& clock() const { return clock_; }

  const std::vector<ExaminedStep>& steps() const { return steps_; }
  bool good() const;

 private:
  const Clock& clock_;
  std::string dependency_;
  bool failed_ = false;
  std::vector<ExaminedStep> steps_;
  std::optional<SeenClock> seen_clock_;
};

}  // namespace tailrace
