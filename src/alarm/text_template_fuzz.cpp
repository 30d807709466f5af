#include "alarm/text_template.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"

// Any text parses or is refused; rendering every name as nothing leaves no more than the text had.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto parsed = tailrace::alarm::TextTemplate::Parse(text);
  if (!parsed.ok()) return 0;
  const std::string rendered = parsed->Render([](const std::string&) { return std::string(); });
  TAILRACE_CHECK(rendered.size() <= text.size());
  return 0;
}
