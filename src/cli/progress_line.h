#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "cli/verb.h"

namespace tailrace::cli {

// One line on standard error that tells how far long work is: share, rate and time left. Shown after the first half
// second, at most five times a second, and wiped when destroyed. Nothing at all when not `shown`.
class ProgressLine {
 public:
  ProgressLine(const Context& context, bool shown);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `share` from 0 to 1; 0 when it is not known. `count` of `unit` so far, `detail` where the work is:
  // "12 %  340000 rows/s  at 2018-11-01 01:00  5 s left".
  void Show(double share, uint64_t count, std::string_view unit, std::string_view detail = "");
  void Wipe();

 private:
  const Context& context_;
  const bool shown_;
  const std::chrono::nanoseconds begun_;
  std::chrono::nanoseconds next_;
  bool drawn_ = false;
};

}  // namespace tailrace::cli
