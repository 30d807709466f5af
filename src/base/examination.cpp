#include "base/examination.h"

#include <algorithm>
#include <utility>

namespace tailrace {

void Examination::Begin(std::string dependency) {
  dependency_ = std::move(dependency);
  failed_ = false;
}

bool Examination::Step(std::string_view step, std::string_view cure, const Check& check) {
  if (failed_) return false;
  const std::chrono::nanoseconds begin = clock_.Monotonic();
  auto found = check();
  ExaminedStep entry{.dependency = dependency_, .step = std::string(step), .good = found.ok()};
  entry.took = clock_.Monotonic() - begin;
  if (found.ok()) {
    entry.detail = std::move(found).value();
  } else {
    entry.detail = found.error().message;
    entry.cure = cure;
    failed_ = true;
  }
  steps_.push_back(std::move(entry));
  return !failed_;
}

void Examination::SawClock(std::string_view whose, std::chrono::milliseconds ahead) {
  if (seen_clock_.has_value() && std::chrono::abs(seen_clock_->ahead) <= std::chrono::abs(ahead)) return;
  seen_clock_ = SeenClock{std::string(whose), ahead};
}

bool Examination::good() const { return std::ranges::all_of(steps_, &ExaminedStep::good); }

}  // namespace tailrace
