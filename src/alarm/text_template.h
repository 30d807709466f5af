#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::alarm {

// How a value is made safe for the text around it.
enum class Escape : uint8_t { kNone, kJsonString, kPercent };

// The escape that bodies of this content type need.
Escape EscapeFor(std::string_view content_type);
std::string Escaped(std::string_view value, Escape escape);

// A text with ${NAME} in it. "$${" stands for "${" itself.
class TextTemplate {
 public:
  TextTemplate() = default;

  // Errors  kInvalidArgument: a "${" without "}", or an empty name.
  static Result<TextTemplate> Parse(std::string_view text);

  // Gives the value of a name; the template has been checked against the names that exist.
  using Lookup = std::function<std::string(const std::string& name)>;
  std::string Render(const Lookup& lookup, Escape escape = Escape::kNone) const;

  bool empty() const { return pieces_.empty(); }
  std::vector<std::string> Names() const;

 private:
  struct Piece {
    std::string text;  // Literal, or the name.
    bool is_name;
  };
  std::vector<Piece> pieces_;
};

}  // namespace tailrace::alarm
