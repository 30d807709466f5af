#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tailrace {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

// One structured line at a time: a fixed sentence and named values. Values are never secrets.
// Threads: any.
class Log {
 public:
  struct Field {
    Field(std::string_view name, std::string_view text) : name(name), text(text) {}
    Field(std::string_view name, const char* text) : name(name), text(text) {}
    Field(std::string_view name, const std::string& text) : name(name), text(text) {}
    template <typename Number>
      requires std::is_arithmetic_v<Number>
    Field(std::string_view name, Number number) : name(name), text(std::to_string(number)) {}
    std::string name;
    std::string text;
  };
  using Fields = std::initializer_list<Field>;

  virtual ~Log() = default;
  virtual void Write(LogLevel level, std::string_view message, Fields fields) = 0;

  void Debug(std::string_view message, Fields fields = {}) { Write(LogLevel::kDebug, message, fields); }
  void Info(std::string_view message, Fields fields = {}) { Write(LogLevel::kInfo, message, fields); }
  void Warning(std::string_view message, Fields fields = {}) { Write(LogLevel::kWarning, message, fields); }
  void Error(std::string_view message, Fields fields = {}) { Write(LogLevel::kError, message, fields); }
};

// Drops everything; for tests and one-off commands.
class NullLog final : public Log {
 public:
  void Write(LogLevel, std::string_view, Fields) override {}
};

}  // namespace tailrace
