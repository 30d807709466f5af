#include "sql/functions/w3c_log.h"

#include <algorithm>
#include <utility>

#include "base/str.h"

namespace tailrace::sql {
namespace {

// The fixed fields of the IIS log file format; its lines end with a comma.
constexpr std::string_view kIisName = "IIS";

constexpr std::pair<std::string_view, std::string_view> kNamedFormats[] = {
    {"COMMON", "%h %l %u %t \"%r\" %>s %b"},
    {"COMMON WITH VHOST", "%v %h %l %u %t \"%r\" %>s %b"},
    {"NCSA EXTENDED", "%h %l %u %t \"%r\" %>s %b \"%[Referer]i\" \"%[User-agent]i\""},
    {"REFERER", "%[Referer]i ---> %U"},
    {"AGENT", "%[User-agent]i"},
    {kIisName,
     "%h, %u, %[date]n, %[time]n, %[service]n, %v, %A, %[time taken]n, %[bytes received]n, %[bytes sent]n, "
     "%s, %[Windows status]n, %m, %U, %q"},
};

constexpr std::string_view kSpecifiers = "aABbCDefhHilmnopPqrstTuUvVXIO";
// Values that may contain blanks: cookies, environment, file, headers, notes, query, request line, time, path.
constexpr std::string_view kWithBlanks = "CefinoqrtU";

Error Bad(std::string_view format, std::string_view what) {
  return Error{ErrorCode::kInvalidArgument, StrCat("log format '", format, "': ", what)};
}

// Reads a specifier after its %: [!]200,304 < > [name] {name} letter. 0 when it has no end.
char TakeSpecifier(std::string_view format, size_t& at) {
  while (at < format.size() && std::string_view("!0123456789,<>").find(format[at]) != std::string_view::npos) ++at;
  if (at < format.size() && (format[at] == '[' || format[at] == '{')) {
    const size_t end = format.find(format[at] == '[' ? ']' : '}', at);
    if (end == std::string_view::npos) return 0;
    at = end + 1;
  }
  return at < format.size() ? format[at++] : '\0';
}

// Where `literal` begins in `line`; a quote behind a backslash is part of the value.
size_t FindLiteral(std::string_view line, std::string_view literal) {
  size_t at = line.find(literal);
  while (literal.starts_with('"') && at != std::string_view::npos && at > 0 && line[at - 1] == '\\') {
    at = line.find(literal, at + 1);
  }
  return at;
}

}  // namespace

Result<W3cLogFormat> W3cLogFormat::Compile(std::string_view format) {
  std::string_view specifiers = format;
  for (const auto& [name, meaning] : kNamedFormats) {
    if (EqualsIgnoreCase(format, name)) specifiers = meaning;
  }
  W3cLogFormat compiled;
  compiled.trailing_comma_ = EqualsIgnoreCase(format, kIisName);
  const auto literal = [&]() -> std::string& {
    return compiled.fields_.empty() ? compiled.literal_before_ : compiled.fields_.back().literal_after;
  };
  size_t at = 0;
  while (at < specifiers.size()) {
    const char c = specifiers[at++];
    if (c != '%') {
      literal() += c;
      continue;
    }
    const char letter = TakeSpecifier(specifiers, at);
    if (letter == '%') {
      literal() += '%';
      continue;
    }
    if (letter == 0 || kSpecifiers.find(letter) == std::string_view::npos) {
      return Bad(format, StrCat("unknown specifier at byte ", at));
    }
    if (!compiled.fields_.empty() && literal().empty()) return Bad(format, "two specifiers without text between them");
    compiled.fields_.push_back(
        {.blanks = kWithBlanks.find(letter) != std::string_view::npos, .bracketed = letter == 't'});
  }
  if (compiled.fields_.empty()) return Bad(format, "no specifier");
  return compiled;
}

bool W3cLogFormat::TakeValue(const Field& field, std::string_view& line, std::string_view& value) {
  size_t end = line.size();
  if (field.bracketed && line.starts_with('[')) {
    end = line.find(']');
    if (end == std::string_view::npos) return false;
    ++end;
  } else if (!field.literal_after.empty()) {
    end = FindLiteral(line, field.literal_after);
    if (end == std::string_view::npos) return false;
  } else if (!field.blanks) {
    end = std::min(line.find(' '), line.size());
  }
  value = line.substr(0, end);
  if (!field.blanks && value.find(' ') != std::string_view::npos) return false;
  line.remove_prefix(end);
  if (!line.starts_with(field.literal_after)) return false;
  line.remove_prefix(field.literal_after.size());
  return true;
}

bool W3cLogFormat::Match(std::string_view line, std::span<std::string_view> columns) const {
  if (!line.starts_with(literal_before_)) return false;
  line.remove_prefix(literal_before_.size());
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (trailing_comma_ && line.ends_with(',')) line.remove_suffix(1);
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (!TakeValue(fields_[i], line, columns[i])) return false;
  }
  return true;
}

}  // namespace tailrace::sql
