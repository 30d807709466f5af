#include <cstddef>
#include <cstdint>

#include "base/java_regex.h"

// Pattern up to the first zero byte, subject behind it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  const auto regex = tailrace::JavaRegex::Compile(input.substr(0, zero), tailrace::RegexMode::kFind);
  if (!regex.ok()) return 0;
  tailrace::RegexScratch scratch;
  tailrace::RegexGroup groups[4];
  const std::string_view subject = zero == std::string_view::npos ? std::string_view() : input.substr(zero + 1);
  regex->Match(subject, 0, scratch, groups).Ignore("only crashes matter here");
  return 0;
}
