#include "sql/diagnostic.h"

#include <algorithm>
#include <utility>

#include "base/str.h"

namespace tailrace::sql {
namespace {

// The line that holds `offset`, without its end, and where it begins.
struct SourceLine {
  std::string_view text;
  size_t begin;
};

SourceLine LineAt(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  const size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const size_t end = std::min(text.find('\n', offset), text.size());
  std::string_view line = text.substr(begin, end - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {line, begin};
}

bool Overlap(const TextEdit& a, const TextEdit& b) {
  return a.range.begin < b.range.end && b.range.begin < a.range.end;
}

}  // namespace

LineColumn Locate(std::string_view text, uint32_t offset) {
  if (offset == kNoPlace.begin) return {.line = 0, .column = 0};
  const std::string_view before = text.substr(0, offset);
  const auto lines = static_cast<uint32_t>(std::ranges::count(before, '\n'));
  const SourceLine line = LineAt(text, offset);
  // A byte order mark takes no column on any screen.
  std::string_view lead = before.substr(std::min(before.size(), line.begin));
  if (line.begin == 0 && lead.starts_with("\xef\xbb\xbf")) lead.remove_prefix(3);
  return {.line = lines + 1, .column = static_cast<uint32_t>(Utf8Length(lead)) + 1};
}

std::string Format(const Diagnostic& diagnostic, std::string_view file, std::string_view text) {
  const LineColumn place = Locate(text, diagnostic.range.begin);
  std::string line = file.empty() ? "" : StrCat(file, ":");
  if (place.line > 0) line += StrCat(place.line, ":", place.column, ":");
  line +=
      StrCat(line.empty() ? "" : " ", diagnostic.severity == Severity::kWarning ? "warning: " : "", diagnostic.message);
  if (!diagnostic.hint.empty()) line += StrCat("; ", diagnostic.hint);
  return line;
}

std::string FormatWithSource(const Diagnostic& diagnostic, std::string_view file, std::string_view text) {
  if (diagnostic.range.begin == kNoPlace.begin) return Format(diagnostic, file, text);
  const SourceLine line = LineAt(text, diagnostic.range.begin);
  const size_t begin = std::min<size_t>(diagnostic.range.begin - line.begin, line.text.size());
  const size_t end =
      std::min<size_t>(std::max(diagnostic.range.end, diagnostic.range.begin) - line.begin, line.text.size());
  std::string marks;
  for (const char c : line.text.substr(0, begin)) {
    if (c == '\t') {
      marks += c;
    } else if ((static_cast<uint8_t>(c) & 0xc0) != 0x80) {
      marks += ' ';
    }
  }
  const size_t width = std::max<size_t>(1, Utf8Length(line.text.substr(begin, end - begin)));
  return StrCat(Format(diagnostic, file, text), "\n", line.text, "\n", marks, "^", std::string(width - 1, '~'));
}

std::string ApplyFixes(std::string_view text, const std::vector<Diagnostic>& diagnostics) {
  std::vector<TextEdit> accepted;
  for (const Diagnostic& diagnostic : diagnostics) {
    const bool clear = std::ranges::none_of(diagnostic.fixes, [&](const TextEdit& edit) {
      return edit.range.begin > edit.range.end || edit.range.end > text.size() ||
             std::ranges::any_of(accepted, [&](const TextEdit& other) { return Overlap(edit, other); });
    });
    // The edits of one diagnostic belong together.
    if (clear) accepted.insert(accepted.end(), diagnostic.fixes.begin(), diagnostic.fixes.end());
  }
  std::ranges::stable_sort(accepted, {}, [](const TextEdit& edit) {
    return std::pair(edit.range.begin, edit.range.end);  // Insertions before what is replaced at the same place.
  });
  std::string fixed;
  size_t at = 0;
  for (const TextEdit& edit : accepted) {
    if (edit.range.begin < at) continue;
    fixed += text.substr(at, edit.range.begin - at);
    fixed += edit.replacement;
    at = edit.range.end;
  }
  return fixed.append(text.substr(at));
}

}  // namespace tailrace::sql
