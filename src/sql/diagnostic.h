#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::sql {

// Bytes [begin, end) of the program text.
struct SourceRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// Of a fault that does not lie in the text, but in what was declared beside it.
inline constexpr SourceRange kNoPlace = {.begin = UINT32_MAX, .end = UINT32_MAX};

// Line and column, both from 1; columns count code points. Both 0 for kNoPlace.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};
LineColumn Locate(std::string_view text, uint32_t offset);

enum class Severity : uint8_t { kError, kWarning };

// A change of the text that would cure the fault: `range` is replaced by `replacement`.
struct TextEdit {
  SourceRange range;
  std::string replacement;
};

struct Diagnostic {
  Severity severity = Severity::kError;
  SourceRange range;
  std::string message;          // "window FIFTEEN_SECOND_SLIDING_WINDOW not defined"
  std::string hint;             // "did you mean TEN_SECOND_SLIDING_WINDOW?"; may be empty.
  std::vector<TextEdit> fixes;  // Applied together by `check --fix`; empty when nothing certain can be offered.
};

// "file:line:column: message; hint", one line. Warnings say "warning: " before the message.
std::string Format(const Diagnostic& diagnostic, std::string_view file, std::string_view text);
// The same, then the source line and a line of ^~~~ under the range.
std::string FormatWithSource(const Diagnostic& diagnostic, std::string_view file, std::string_view text);

// The text with all fixes applied; overlapping fixes after the first are left out.
std::string ApplyFixes(std::string_view text, const std::vector<Diagnostic>& diagnostics);

}  // namespace tailrace::sql
