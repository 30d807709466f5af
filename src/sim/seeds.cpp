#include "sim/seeds.h"

#include <numeric>

#include "base/check.h"
#include "base/os/process.h"
#include "base/str.h"

namespace tailrace::sim {
namespace {

std::optional<uint64_t> NumberFrom(const char* variable) {
  const auto text = EnvironmentVariable(variable);
  if (!text.has_value()) return std::nullopt;
  const auto number = ParseInt64(*text);
  TAILRACE_CHECK(number.has_value() && *number >= 0);  // Whoever runs the tests mistyped it.
  return static_cast<uint64_t>(*number);
}

}  // namespace

std::vector<uint64_t> Seeds(uint64_t count) {
  if (const auto seed = NumberFrom("TAILRACE_SEED")) return {*seed};
  std::vector<uint64_t> seeds(NumberFrom("TAILRACE_SEEDS").value_or(count));
  std::iota(seeds.begin(), seeds.end(), 0);
  return seeds;
}

}  // namespace tailrace::sim
