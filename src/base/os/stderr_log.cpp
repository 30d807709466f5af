#include "base/os/stderr_log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include "base/str.h"

namespace tailrace {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// The text between the quotes of a JSON string; also what keeps a value on its line in text form.
std::string Escaped(std::string_view raw) {
  const std::string text = RepairUtf8(raw);
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '"':
        escaped += "\\\"";
        break;
      case '\\':
        escaped += "\\\\";
        break;
      case '\n':
        escaped += "\\n";
        break;
      case '\r':
        escaped += "\\r";
        break;
      case '\t':
        escaped += "\\t";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
          escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<uint8_t>(c)));
        } else {
          escaped += c;
        }
    }
  }
  return escaped;
}

std::string TextValue(std::string_view raw) {
  std::string escaped = Escaped(raw);
  const bool plain = !escaped.empty() && escaped == raw && escaped.find(' ') == std::string::npos;
  return plain ? escaped : StrCat('"', escaped, '"');
}

// spdlog serves as the sink: it owns the lock and the write; time and line come from here.
class StderrLog final : public Log {
 public:
  StderrLog(LogLevel level, LogFormat format, const Clock& clock)
      : level_(level),
        format_(format),
        clock_(clock),
        logger_("tailrace", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(spdlog::level::trace);
    logger_.set_pattern("%v");
    logger_.flush_on(spdlog::level::trace);
  }

  void Write(LogLevel level, std::string_view message, Fields fields) override {
    if (level < level_) return;
    const std::string line = FormatLogLine(format_, clock_.Now(), level, message, fields);
    logger_.log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  const LogLevel level_;
  const LogFormat format_;
  const Clock& clock_;
  spdlog::logger logger_;
};

}  // namespace

std::string FormatLogLine(LogFormat format, Timestamp time, LogLevel level, std::string_view message,
                          Log::Fields fields) {
  if (format == LogFormat::kJson) {
    std::string line = StrCat("{\"time\":\"", ToIso8601(time), "\",\"level\":\"", LevelName(level), "\",\"message\":\"",
                              Escaped(message), "\"");
    for (const Log::Field& field : fields) {
      line += StrCat(",\"", Escaped(field.name), "\":\"", Escaped(field.text), "\"");
    }
    line += '}';
    return line;
  }
  std::string line = fmt::format("{} {:<7}  {}", ToIso8601(time), LevelName(level), Escaped(message));
  for (const Log::Field& field : fields) line += StrCat("  ", field.name, "=", TextValue(field.text));
  return line;
}

std::unique_ptr<Log> MakeStderrLog(StderrLogOptions options, const Clock& clock) {
  LogFormat format = options.format;
  if (format == LogFormat::kAutomatic) format = ::isatty(STDERR_FILENO) == 1 ? LogFormat::kText : LogFormat::kJson;
  return std::make_unique<StderrLog>(options.level, format, clock);
}

}  // namespace tailrace
