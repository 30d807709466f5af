#include "sql/functions/date_format.h"

#include "base/check.h"

// The first line is a format, the rest a text. An instant that was read is written, and read again in full, unchanged.

using tailrace::sql::DateFormat;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  const auto format = DateFormat::Compile(input.substr(0, end));
  if (!format.ok() || end == std::string_view::npos) return 0;
  constexpr int64_t kNowUnixMs = 1'717'200'000'000;
  const auto unix_ms = format->Parse(input.substr(end + 1), kNowUnixMs);
  if (!unix_ms) return 0;
  constexpr int64_t kYear9999UnixMs = 253'402'300'799'999;
  if (*unix_ms < 0 || *unix_ms > kYear9999UnixMs) return 0;
  format->Format(*unix_ms);
  const DateFormat full = DateFormat::Compile("yyyy-MM-dd'T'HH:mm:ss.SSSXXX EEE DDD").value();
  TAILRACE_CHECK(full.Parse(full.Format(*unix_ms), kNowUnixMs) == unix_ms);
  return 0;
}
