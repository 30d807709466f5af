#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/disk.h"
#include "base/result.h"

namespace tailrace {

// A value that nobody may read by accident: printing it gives "***". Only `Reveal` gives the text, at the place that
// sends it out.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  std::string ToString() const { return text_.empty() ? "" : "***"; }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

// Where a configuration says that a secret stands.
struct SecretSource {
  enum class Kind : uint8_t { kNone, kInline, kEnvironment, kFile };
  Kind kind = Kind::kNone;
  Secret inline_text;  // kInline only.
  std::string name;    // Environment variable or path.
};

using EnvironmentReader = std::function<std::optional<std::string>(const std::string& name)>;

// The secret itself; of a file, its text without the line end. Empty for kNone.
// Errors  kNotFound: no such variable or file; kInvalidArgument: it is empty. The message names the place alone.
Result<Secret> LoadSecret(const SecretSource& source, Disk& disk, const EnvironmentReader& environment);

}  // namespace tailrace

template <>
struct fmt::formatter<tailrace::Secret> : fmt::formatter<std::string> {
  auto format(const tailrace::Secret& secret, fmt::format_context& context) const {
    return fmt::formatter<std::string>::format(secret.ToString(), context);
  }
};
