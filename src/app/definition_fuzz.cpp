#include "app/definition.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "sim/sim_disk.h"

// Any pair of a tailrace.yaml and its SQL is checked: problems with texts, no crash, no hang. A line "====" parts them.

namespace {

using tailrace::Error;
using tailrace::ErrorCode;
using tailrace::Result;

class NoSources final : public tailrace::app::ValueSource {
 public:
  Result<std::string> Environment(const std::string& name) override { return Error{ErrorCode::kNotFound, name}; }
  Result<std::string> FileText(const std::string& path) override { return Error{ErrorCode::kNotFound, path}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tailrace;
  constexpr size_t kBytesMax = 20'000;
  if (size > kBytesMax) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kLine = "\n====\n";
  const size_t line = input.find(kLine);
  const std::string_view yaml = input.substr(0, line);
  const std::string_view sql = line == std::string_view::npos ? "" : input.substr(line + kLine.size());
  sim::SimDisk disk(Rng(1));
  TAILRACE_CHECK(MakeDirectoriesDurably(disk, "app").ok());
  TAILRACE_CHECK(WriteFileAtomically(disk, "app/tailrace.yaml", yaml).ok());
  TAILRACE_CHECK(WriteFileAtomically(disk, "app/application.sql", sql).ok());
  NoSources sources;
  const auto definition = app::LoadDefinition(disk, "app", sources);
  TAILRACE_CHECK(definition.ok());
  for (const app::ConfigProblem& problem : definition->problems) TAILRACE_CHECK(!problem.message.empty());
  const std::string text = app::FormatProblems(*definition, true);
  TAILRACE_CHECK(definition->ok() || !text.empty());
  return 0;
}
