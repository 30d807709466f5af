#include "cli/progress_line.h"

#include <fmt/format.h>

#include <string>

namespace tailrace::cli {
namespace {

constexpr std::chrono::milliseconds kFirst{500};
constexpr std::chrono::milliseconds kInterval{200};
constexpr std::string_view kWipe = "\r\033[K";

}  // namespace

ProgressLine::ProgressLine(const Context& context, bool shown)
    : context_(context), shown_(shown), begun_(context.clock.Monotonic()), next_(begun_ + kFirst) {}

ProgressLine::~ProgressLine() { Wipe(); }

void ProgressLine::Wipe() {
  if (drawn_) context_.PrintError(kWipe);
  drawn_ = false;
}

void ProgressLine::Show(double share, uint64_t count, std::string_view unit, std::string_view detail) {
  const std::chrono::nanoseconds now = context_.clock.Monotonic();
  if (!shown_ || now < next_) return;
  next_ = now + kInterval;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  std::string text(kWipe);
  if (share > 0) text += fmt::format("{:3.0f} %  ", share * 100);
  text += fmt::format("{:.0f} {}/s", static_cast<double>(count) / seconds, unit);
  if (!detail.empty()) text += fmt::format("  {}", detail);
  if (share > 0) text += fmt::format("  {:.0f} s left", seconds / share - seconds);
  context_.PrintError(text);
  drawn_ = true;
}

}  // namespace tailrace::cli
