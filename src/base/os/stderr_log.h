#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace tailrace {

enum class LogFormat : uint8_t { kAutomatic, kText, kJson };

struct StderrLogOptions {
  LogLevel level = LogLevel::kInfo;          // Lesser lines are dropped.
  LogFormat format = LogFormat::kAutomatic;  // Text on a terminal, else JSON lines.
};

// Writes to standard error, one line a call. `clock` is borrowed. Threads: any.
std::unique_ptr<Log> MakeStderrLog(StderrLogOptions options, const Clock& clock);

// The line itself, without its end. Text: "2018-11-01T01:00:00.000Z warning  message  name=value". JSON: an object with
// time, level, message and the fields. No value can break the line.
std::string FormatLogLine(LogFormat format, Timestamp time, LogLevel level, std::string_view message,
                          Log::Fields fields);

}  // namespace tailrace
