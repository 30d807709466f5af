#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/sigv4.h"

// A header, date or query from outside never crashes the verifier; what parses has every part.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto authorization = tailrace::sigv4::ParseAuthorization(text);
  if (authorization.ok()) TAILRACE_CHECK(!authorization->access_key_id.empty() && !authorization->signature.empty());
  tailrace::sigv4::ParseAmzDate(text).Ignore("only a crash counts");
  const size_t half = size / 2;
  tailrace::sigv4::CanonicalRequest({.method = "GET", .path = text.substr(0, half), .query = text.substr(half)});
  TAILRACE_CHECK(tailrace::sigv4::UriDecode(tailrace::sigv4::UriEncode(text, false)) == text);
  return 0;
}
