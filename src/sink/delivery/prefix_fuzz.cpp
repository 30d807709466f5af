#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sink/delivery/prefix.h"

// Any text as a prefix: parsed or refused; what is parsed can be evaluated, within its limit.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace delivery = tailrace::sink::delivery;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const delivery::PartitionKeys keys = {{"a", "1"}, {"b", "../x"}};
  for (const auto use : {delivery::PrefixExpression::Use::kData, delivery::PrefixExpression::Use::kErrors}) {
    const auto parsed = delivery::PrefixExpression::Parse(text, use);
    if (!parsed.ok()) continue;
    const auto prefix = parsed->Evaluate({.time = tailrace::FromUnixMs(static_cast<int64_t>(size) * 987'654'321),
                                          .zone = size % 2 == 0 ? "UTC" : "Europe/Berlin",
                                          .error_type = "processing-failed",
                                          .partition = &keys,
                                          .random = [] { return std::string("ABCDEFGHIJK"); }});
    if (prefix.ok()) TAILRACE_CHECK(prefix->size() <= 512);
  }
  return 0;
}
