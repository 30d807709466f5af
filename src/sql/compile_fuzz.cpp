#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sql/compile_for_test.h"

// Any text compiles or is refused with messages: no crash, no hang; and what compiles can be explained.

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tailrace::sql::CompileResult result = tailrace::sql::CompileForTest(text);
  for (const tailrace::sql::Diagnostic& each : result.diagnostics) {
    TAILRACE_CHECK(!each.message.empty());
    TAILRACE_CHECK(each.range.begin <= each.range.end);
    TAILRACE_CHECK(each.range.end <= size || each.range.begin == tailrace::sql::kNoPlace.begin);
    TAILRACE_CHECK(!tailrace::sql::FormatWithSource(each, "file", text).empty());
  }
  if (result.ok()) TAILRACE_CHECK(result.program.pumps.empty() || !Explain(result.program).empty());
  return 0;
}
