#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ingest/formats/byte_scan.h"

namespace tailrace::ingest {

// Fields of an access log line. kMethod, kPath, kQuery and kProtocol are parts of kRequest.
enum class LogField : uint8_t {
  kHost,
  kIdent,
  kAuthuser,
  kDatetime,
  kRequest,
  kMethod,
  kPath,
  kQuery,
  kProtocol,
  kResponse,
  kBytes,
  kReferer,
  kAgent,
};
inline constexpr size_t kLogFields = 13;

// The field of this name, or of one of its usual other names ("status", "size", "referrer" ...), case ignored.
std::optional<LogField> FindLogField(std::string_view name);

// A line cut into its fields, as written: escapes still in, the datetime without its brackets. "-" stands as it is.
using LogLine = std::array<std::string_view, kLogFields>;

// Cuts a line in Apache's common format, or the combined one, which adds referer and agent. Text that follows the last
// field is ignored. False when the line is not of the form.
// Source  Apache HTTP Server 2.4, mod_log_config, "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\"".
struct LogLineForm {
  bool combined = true;
  bool request_parts = true;  // Whether method, path, query and protocol are wanted.
};
bool SplitLogLine(std::string_view line, LogLineForm form, LogLine& fields);
// The same, quicker, for a plain line of the usual look, whose quotes are known. False: SplitLogLine must look at it.
bool SplitPlainLogLine(std::string_view line, const LineQuotes& quotes, LogLineForm form, LogLine& fields);

// "27/Oct/2000:09:27:09 -0400" as ms since 1970-01-01 UTC; without an offset it is UTC.
std::optional<int64_t> ParseLogTime(std::string_view text);

// The same for many lines, of which most have the same minute as the one before. Threads: one owner.
class LogTimeParser {
 public:
  std::optional<int64_t> Parse(std::string_view text);

 private:
  static constexpr size_t kMinuteChars = 18;  // "27/Oct/2000:09:27:"
  static constexpr size_t kTextChars = 26;    // With seconds and offset.

  char last_[kTextChars] = {};       // The last text of the usual form ...
  int64_t last_minute_unix_ms_ = 0;  // ... and what its minute began with.
};

}  // namespace tailrace::ingest
