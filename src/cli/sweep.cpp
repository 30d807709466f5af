#include "cli/sweep.h"

#include <cmath>

#include "base/str.h"

namespace tailrace::cli {
namespace {

constexpr double kStepsByDefault = 20;

// The smallest of 1, 2, 5 times a power of ten that is not below `least`; 1 when all values are whole.
double NiceStep(double least, bool whole) {
  double power = std::pow(10.0, std::floor(std::log10(least)));
  if (whole && least <= 1) return 1;
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

Result<Sweep> ParseSweep(std::string_view text, size_t values_max) {
  const auto fault = [&](std::string_view why) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("'", text, "': ", why, "; write NAME=FROM..TO, NAME=FROM..TO/STEP or NAME=VALUE,VALUE")};
  };
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos || equals + 1 == text.size()) return fault("no NAME=VALUES");
  Sweep sweep{.parameter = std::string(text.substr(0, equals))};
  std::string_view values = text.substr(equals + 1);
  const size_t dots = values.find("..");
  if (dots == std::string_view::npos) {
    for (const std::string_view value : Split(values, ',')) sweep.values.emplace_back(Trim(value));
  } else {
    const size_t slash = values.find('/');
    const std::string_view to_text =
        values.substr(dots + 2, slash == std::string_view::npos ? slash : slash - dots - 2);
    const auto from = ParseDouble(values.substr(0, dots));
    const auto to = ParseDouble(to_text);
    if (!from.has_value() || !to.has_value()) return fault("both ends must be numbers");
    if (*to <= *from) return fault("the second number must be the larger one");
    double step = 0;
    if (slash != std::string_view::npos) {
      step = ParseDouble(values.substr(slash + 1)).value_or(0);
      if (step <= 0) return fault("the step must be a number above 0");
    } else {
      const bool whole = std::trunc(*from) == *from && std::trunc(*to) == *to;
      step = NiceStep((*to - *from) / kStepsByDefault, whole);
    }
    const double count = std::floor((*to - *from) / step * (1 + 1e-12) + 1e-9) + 1;
    if (count > static_cast<double>(values_max)) {
      return fault(StrCat("more than ", values_max, " values"));
    }
    for (int i = 0; i < static_cast<int>(count); ++i) {
      sweep.values.push_back(fmt::format("{:.12g}", *from + i * step));
    }
  }
  if (sweep.values.size() > values_max) return fault(StrCat("more than ", values_max, " values"));
  return sweep;
}

}  // namespace tailrace::cli
