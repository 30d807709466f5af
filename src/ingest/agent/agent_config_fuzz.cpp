#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "ingest/agent/agent_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tailrace::ingest;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const LoadedAgentConfig loaded = ParseAgentConfig(text, "agent.json");
  // Whatever was read can be written and read again.
  if (const auto node = ReadJson(text, {.comments = true})) {
    std::string once;
    AppendJsonNode(once, *node, JsonStyle::kCompact);
    const auto again = ReadJson(once);
    TAILRACE_CHECK(again.has_value());
    std::string twice;
    AppendJsonNode(twice, *again, JsonStyle::kCompact);
    TAILRACE_CHECK(once == twice);
  }
  for (const ConfigProblem& problem : loaded.problems) TAILRACE_CHECK(!problem.ToString().empty());
  return 0;
}
