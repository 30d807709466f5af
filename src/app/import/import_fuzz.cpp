#include "app/import/import.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/definition.h"
#include "base/check.h"
#include "sim/sim_disk.h"

// Any document is imported or refused with a message; what comes out can be checked. The first byte says what kind of
// file it is.

namespace {

using tailrace::Error;
using tailrace::ErrorCode;
using tailrace::Result;

class NoSources final : public tailrace::app::ValueSource {
 public:
  Result<std::string> Environment(const std::string& name) override { return Error{ErrorCode::kNotFound, name}; }
  Result<std::string> FileText(const std::string& path) override { return Error{ErrorCode::kNotFound, path}; }
};

constexpr std::string_view kNames[] = {"a.json", "a.yaml", "a.tf", "a.sql"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tailrace;
  constexpr size_t kBytesMax = 20'000;
  if (size == 0 || size > kBytesMax) return 0;
  sim::SimDisk disk(Rng(1));
  const std::string file(kNames[data[0] % std::size(kNames)]);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  TAILRACE_CHECK(WriteFileAtomically(disk, file, text).ok());
  const auto imported = app::Import(disk, {.file = file, .folder = "out", .force = true});
  if (!imported.ok()) {
    TAILRACE_CHECK(!imported.error().message.empty());
    return 0;
  }
  NoSources sources;
  const auto definition = app::LoadDefinition(disk, "out", sources);
  TAILRACE_CHECK(definition.ok());
  app::FormatProblems(*definition, true);
  return 0;
}
