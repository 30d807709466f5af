#include "sql/functions/similar_pattern.h"

#include <vector>

#include "base/str.h"

namespace tailrace::sql {
namespace {

bool IsAlphanumeric(std::string_view character) {
  if (character.size() != 1) return true;  // Beyond ASCII nothing is special.
  const char c = character.front();
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string Literal(std::string_view character) {
  return IsAlphanumeric(character) ? std::string(character) : StrCat("\\", character);
}

// Reads a pattern character by character, escapes resolved.
class Translator {
 public:
  Translator(std::string_view pattern, std::string_view escape) : pattern_(pattern), rest_(pattern), escape_(escape) {}

  Result<std::string> Translate() {
    if (!escape_.empty() && Utf8Length(escape_) != 1) return Bad("ESCAPE must be one character");
    std::string regex;
    while (!rest_.empty()) {
      TAILRACE_ASSIGN_OR_RETURN(const Character next, Take());
      if (next.escaped) {
        regex += Literal(next.text);
      } else if (next.text == "_") {
        regex += "(?s:.)";
      } else if (next.text == "%") {
        regex += "(?s:.*)";
      } else if (next.text == "(") {
        regex += "(?:";
      } else if (next.text == "[") {
        TAILRACE_TRY(TranslateBrackets(regex));
      } else if (next.text == "{") {
        TAILRACE_TRY(TranslateRepetition(regex));
      } else if (std::string_view("|)*+?").find(next.text) != std::string_view::npos) {
        regex += next.text;
      } else {
        regex += Literal(next.text);
      }
    }
    return regex;
  }

 private:
  struct Character {
    std::string_view text;
    bool escaped;
  };

  Error Bad(std::string_view what) const {
    return Error{ErrorCode::kInvalidArgument, StrCat("SIMILAR TO pattern '", pattern_, "': ", what)};
  }

  Result<Character> Take() {
    std::string_view text = Utf8Prefix(rest_, 1);
    rest_.remove_prefix(text.size());
    if (escape_.empty() || text != escape_) return Character{text, false};
    if (rest_.empty()) return Bad("ends with its escape character");
    text = Utf8Prefix(rest_, 1);
    rest_.remove_prefix(text.size());
    return Character{text, true};
  }

  // {n}, {n,} or {n,m}, after the opening brace.
  Status TranslateRepetition(std::string& regex) {
    const size_t end = rest_.find('}');
    if (end == std::string_view::npos) return Bad("{ without }");
    const std::string_view counts = rest_.substr(0, end);
    if (counts.empty() || counts.front() == ',' || counts.find_first_not_of("0123456789,") != std::string_view::npos) {
      return Bad("between { and } stand one or two numbers");
    }
    regex += StrCat("{", counts, "}");
    rest_.remove_prefix(end + 1);
    return Ok();
  }

  // [seq], [^seq] or [seq^seq], after the opening bracket.
  Status TranslateBrackets(std::string& regex) {
    std::string members;
    std::string excluded;
    bool in_excluded = false;
    bool closed = false;
    while (!rest_.empty() && !closed) {
      if (rest_.starts_with("[:")) {
        TAILRACE_TRY(TranslateNamedClass(in_excluded ? excluded : members));
        continue;
      }
      TAILRACE_ASSIGN_OR_RETURN(const Character next, Take());
      std::string& target = in_excluded ? excluded : members;
      if (next.escaped) {
        target += Literal(next.text);
      } else if (next.text == "]") {
        closed = true;
      } else if (next.text == "^" && !in_excluded) {
        in_excluded = true;
      } else if (next.text == "(" || next.text == ")" || next.text == "[") {
        return Bad("parentheses and brackets cannot stand inside brackets");
      } else {
        target += next.text == "-" ? "-" : Literal(next.text);
      }
    }
    if (!closed) return Bad("[ without ]");
    if (members.empty() && excluded.empty()) return Bad("empty brackets");
    if (!excluded.empty() && !members.empty()) regex += StrCat("(?![", excluded, "])");
    regex += members.empty() ? StrCat("[^", excluded, "]") : StrCat("[", members, "]");
    return Ok();
  }

  // [:ALPHA:] and the other names of the SQL standard.
  Status TranslateNamedClass(std::string& target) {
    static constexpr std::pair<std::string_view, std::string_view> kClasses[] = {
        {"ALPHA", "\\p{Alpha}"}, {"UPPER", "\\p{Upper}"}, {"LOWER", "\\p{Lower}"},     {"DIGIT", "\\p{Digit}"},
        {"ALNUM", "\\p{Alnum}"}, {"SPACE", " "},          {"WHITESPACE", "\\p{Space}"}};
    constexpr size_t kOpeningBytes = 2;
    const size_t end = rest_.find(":]", kOpeningBytes);
    const std::string_view name = rest_.substr(kOpeningBytes, end - kOpeningBytes);
    for (const auto& [sql_name, java] : kClasses) {
      if (end == std::string_view::npos || !EqualsIgnoreCase(name, sql_name)) continue;
      target += java;
      rest_.remove_prefix(end + 2);
      return Ok();
    }
    return Bad(StrCat("unknown class ", Utf8Prefix(rest_, 20)));
  }

  std::string_view pattern_;
  std::string_view rest_;
  std::string_view escape_;
};

}  // namespace

Result<std::string> SimilarToJavaRegex(std::string_view pattern, std::string_view escape) {
  return Translator(pattern, escape).Translate();
}

}  // namespace tailrace::sql
