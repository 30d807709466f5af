#include "sql/lexer.h"

#include <algorithm>
#include <optional>

#include "base/str.h"
#include "sql/parser.h"

namespace tailrace::sql {
namespace {

constexpr size_t kIdentifierCharsMax = 128;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::optional<uint32_t> HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// White space outside ASCII: no-break, zero-width and typographic blanks, byte order marks.
size_t WideSpaceLength(std::string_view rest) {
  for (const std::string_view space : {"\xc2\xa0", "\xef\xbb\xbf", "\xe3\x80\x80"}) {
    if (rest.starts_with(space)) return space.size();
  }
  if (rest.size() < 3 || !rest.starts_with("\xe2\x80")) return 0;
  const auto last = static_cast<uint8_t>(rest[2]);
  return last <= 0x8b || last == 0xa8 || last == 0xa9 || last == 0xaf ? 3 : 0;
}

// En dash, em dash, minus sign.
bool IsTypographicDash(std::string_view rest) {
  return rest.starts_with("\xe2\x80\x93") || rest.starts_with("\xe2\x80\x94") || rest.starts_with("\xe2\x88\x92");
}
size_t DashLength(std::string_view rest) {
  if (rest.starts_with('-')) return 1;
  return IsTypographicDash(rest) ? 3 : 0;
}

bool IsTypographicSingleQuote(std::string_view rest) {
  return rest.starts_with("\xe2\x80\x98") || rest.starts_with("\xe2\x80\x99");
}
bool IsTypographicDoubleQuote(std::string_view rest) {
  return rest.starts_with("\xe2\x80\x9c") || rest.starts_with("\xe2\x80\x9d");
}

// A letter outside ASCII. Everything from U+00C0 on, except the block of punctuation and symbols U+2000 to U+2FFF.
bool IsWideLetter(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0xc3 && byte != 0xe2;
}

void AppendUtf8(std::string& text, uint32_t point) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | (point >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

class Lexer {
 public:
  Lexer(std::string_view text, std::span<const Parameter> parameters) : text_(text), parameters_(parameters) {}

  LexedText Run() {
    if (text_.size() > kProgramBytesMax) {
      Report({0, 0}, StrCat("the program is too long: ", FormatBytes(text_.size()), ", at most ",
                            FormatBytes(kProgramBytesMax)));
      lexed_.cut_short = true;
      text_ = {};
    } else if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff")) {
      Report({0, 2}, "the text is UTF-16", "save it as UTF-8");
      lexed_.cut_short = true;
      text_ = {};
    }
    CheckUtf8();
    while (SkipBlanks()) LexToken();
    if (lexed_.cut_short) CutAtOpenQuote();
    const auto end = static_cast<uint32_t>(text_.size());
    lexed_.tokens.push_back({.kind = TokenKind::kEnd, .range = {end, end}});
    return std::move(lexed_);
  }

 private:
  std::string_view Rest(size_t ahead = 0) const { return text_.substr(std::min(text_.size(), at_ + ahead)); }
  char Char(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  static SourceRange Range(size_t begin, size_t end) {
    return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
  }

  void Report(SourceRange range, std::string message, std::string hint = {}, std::vector<TextEdit> fixes = {},
              Severity severity = Severity::kError) {
    if (lexed_.diagnostics.size() >= kDiagnosticsMax) return;
    lexed_.diagnostics.push_back({severity, range, std::move(message), std::move(hint), std::move(fixes)});
  }

  void Push(TokenKind kind, size_t begin, std::string content) {
    lexed_.tokens.push_back({kind, Range(begin, at_), std::move(content)});
  }
  void PushUnknown(size_t begin, std::string fault) { Push(TokenKind::kUnknown, begin, std::move(fault)); }

  // Only the first fault is reported: one wrong encoding makes many.
  void CheckUtf8() {
    if (IsValidUtf8(text_)) return;
    size_t begin = 0;
    for (const std::string_view line : Split(text_, '\n')) {
      if (!IsValidUtf8(line)) {
        std::string_view rest = line;
        while (IsValidUtf8(Utf8Prefix(rest, 1))) rest.remove_prefix(Utf8Prefix(rest, 1).size());
        const size_t at = begin + line.size() - rest.size();
        Report(Range(at, at + 1), "the text is not valid UTF-8", "save it as UTF-8");
        return;
      }
      begin += line.size() + 1;
    }
  }

  bool AtStatementStart() const { return lexed_.tokens.empty() || lexed_.tokens.back().IsSymbol(";"); }

  void SkipLine() {
    const size_t end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end;
  }

  // Skips white space and comments; false at the end.
  bool SkipBlanks() {
    while (at_ < text_.size()) {
      if (text_[at_] == '\n') {
        ++at_;
        first_of_line_ = at_;
      } else if (IsSpace(text_[at_])) {
        first_of_line_ += first_of_line_ == at_ ? 1 : 0;
        ++at_;
      } else if (const size_t length = WideSpaceLength(Rest())) {
        first_of_line_ += first_of_line_ == at_ ? length : 0;
        at_ += length;
      } else if (!SkipComment() && !SkipBanner()) {
        return true;
      }
    }
    return false;
  }

  bool SkipComment() {
    if (Rest().starts_with("--") || Rest().starts_with("//")) {
      SkipLine();
      return true;
    }
    if (Rest().starts_with("/*")) {
      SkipBlockComment();
      return true;
    }
    const size_t first = DashLength(Rest());
    const size_t second = first == 0 ? 0 : DashLength(Rest(first));
    if (second == 0) return false;
    const SourceRange range = Range(at_, at_ + first + second);
    Report(range, "typographic dashes begin this comment", "write --", {{range, "--"}}, Severity::kWarning);
    SkipLine();
    return true;
  }

  void SkipBlockComment() {
    const size_t begin = at_;
    const size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) {
      Report(Range(begin, begin + 2), "comment is never closed", "the rest of the text is taken as comment", {},
             Severity::kWarning);
      at_ = text_.size();
      return;
    }
    if (text_.substr(begin, end - begin).find('\n') != std::string_view::npos) first_of_line_ = end + 2;
    at_ = end + 2;
  }

  // Between statements, a line that begins with such a character is decoration or a console's prompt, never SQL.
  bool SkipBanner() {
    if (!AtStatementStart() || at_ != first_of_line_ || !std::string_view("*=#+~>|").contains(text_[at_])) {
      return false;
    }
    const size_t begin = at_;
    SkipLine();
    Report(Range(begin, at_), "this line is not SQL and is skipped", "begin comments with --", {}, Severity::kWarning);
    return true;
  }

  void LexToken() {
    const char c = Char();
    if (c == '\'') return LexString(at_, 1);
    if (c == '"') return LexQuotedName(1, "\"");
    if ((c == 'u' || c == 'U') && Char(1) == '&' && Char(2) == '\'') return LexUnicodeString();
    if ((c == 'x' || c == 'X') && Char(1) == '\'') return LexBinary();
    if (IsDigit(c) || (c == '.' && IsDigit(Char(1)))) return LexNumber();
    if (IsAsciiLetter(c) || IsWideLetter(c)) return LexWord();
    if (c == '`') return LexForeignQuotedName("`", "`", "a name is quoted with \"");
    if (IsTypographicDoubleQuote(Rest())) return LexTypographicName();
    if (IsTypographicSingleQuote(Rest())) return LexTypographicString();
    if (IsTypographicDash(Rest())) return LexTypographicMinus();
    if (AtParameter()) return LexParameter();
    LexSymbol();
  }

  void LexWord() {
    const size_t begin = at_;
    while (IsAsciiLetter(Char()) || IsDigit(Char()) || IsWideLetter(Char()) ||
           (static_cast<uint8_t>(Char()) >= 0x80 && InsideWideLetter(begin))) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (Utf8Length(word) > kIdentifierCharsMax) {
      return PushUnknown(begin, StrCat("name of ", Utf8Length(word), " characters, at most ", kIdentifierCharsMax));
    }
    Push(TokenKind::kWord, begin, AsciiUpper(word));
  }

  // Whether the byte at hand continues a letter of several bytes that began in this word.
  bool InsideWideLetter(size_t begin) const {
    size_t lead = at_;
    while (lead > begin && at_ - lead < 3 && (static_cast<uint8_t>(text_[lead]) & 0xc0) == 0x80) --lead;
    return lead != at_ && IsWideLetter(text_[lead]) && (static_cast<uint8_t>(text_[at_]) & 0xc0) == 0x80;
  }

  // The content from `at_` on up to the closing quote, which is passed; nothing when it is missing.
  std::optional<std::string> TakeQuoted(char quote) {
    std::string content;
    while (true) {
      const size_t end = text_.find(quote, at_);
      if (end == std::string_view::npos) return std::nullopt;
      content += text_.substr(at_, end - at_);
      at_ = end + 1;
      if (Char() != quote) return content;
      content += quote;
      ++at_;
    }
  }

  // Remembers the first literal that runs over a line's end: when quotes do not pair up, one is missing about there.
  void NoteLines(size_t begin) {
    if (text_.substr(begin, at_ - begin).find('\n') == std::string_view::npos) return;
    if (!first_long_string_) first_long_string_ = begin;
  }

  void LexString(size_t begin, size_t prefix) {
    at_ += prefix;
    std::optional<std::string> content = TakeQuoted('\'');
    if (!content) return OpenString(begin, prefix);
    NoteLines(begin);
    Push(TokenKind::kString, begin, *std::move(content));
  }

  void OpenString(size_t begin, size_t prefix) {
    std::string hint;
    if (first_long_string_) {
      const LineColumn place = Locate(text_, *first_long_string_);
      hint = StrCat("the one at line ", place.line, ", column ", place.column,
                    " runs over the end of its line; perhaps its quote is missing");
    }
    Report(Range(begin, begin + prefix), "character literal is never closed", std::move(hint));
    lexed_.cut_short = true;
    if (!first_long_string_) first_long_string_ = begin;
    at_ = text_.size();
  }

  void CutAtOpenQuote() {
    if (!first_long_string_) return;
    std::erase_if(lexed_.tokens, [&](const Token& token) { return token.range.begin >= *first_long_string_; });
  }

  void LexUnicodeString() {
    const size_t begin = at_;
    at_ += 3;
    const std::optional<std::string> raw = TakeQuoted('\'');
    if (!raw) return OpenString(begin, 3);
    NoteLines(begin);
    const char escape = TakeUescape();
    if (escape == '\0') return PushUnknown(begin, "UESCAPE needs one character in quotes, no hexadecimal digit");
    std::optional<std::string> content = Unescape(*raw, escape);
    if (!content) {
      return PushUnknown(begin, StrCat("bad escape in a Unicode literal; ", escape, "XXXX, ", escape, "+XXXXXX or ",
                                       escape, escape, " may follow '", escape, "'"));
    }
    Push(TokenKind::kString, begin, *std::move(content));
  }

  // The escape character of a Unicode literal; zero when the clause is faulty.
  char TakeUescape() {
    const size_t literal_end = at_;
    const size_t literal_line = first_of_line_;
    SkipBlanks();
    if (!EqualsIgnoreCase(Rest().substr(0, 7), "UESCAPE")) {
      at_ = literal_end;
      first_of_line_ = literal_line;
      return '\\';
    }
    at_ += 7;
    SkipBlanks();
    const char escape = Char(1);
    if (Char() != '\'' || Char(2) != '\'' || HexDigit(escape) || escape == '+' || escape == '\'') return '\0';
    at_ += 3;
    return escape;
  }

  static std::optional<std::string> Unescape(std::string_view raw, char escape) {
    std::string content;
    while (!raw.empty()) {
      const char c = raw.front();
      raw.remove_prefix(1);
      if (c != escape) {
        content += c;
        continue;
      }
      if (raw.starts_with(escape)) {
        content += escape;
        raw.remove_prefix(1);
        continue;
      }
      const size_t sign = raw.starts_with('+') ? 1 : 0;
      const size_t digits = sign == 1 ? 6 : 4;
      if (raw.size() < sign + digits) return std::nullopt;
      uint32_t point = 0;
      for (size_t i = sign; i < sign + digits; ++i) {
        const auto digit = HexDigit(raw[i]);
        if (!digit) return std::nullopt;
        point = point * 16 + *digit;
      }
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return std::nullopt;
      AppendUtf8(content, point);
      raw.remove_prefix(sign + digits);
    }
    return content;
  }

  void LexBinary() {
    const size_t begin = at_;
    at_ += 2;
    const std::optional<std::string> digits = TakeQuoted('\'');
    if (!digits) return OpenString(begin, 2);
    std::string bytes;
    for (size_t i = 0; i + 1 < digits->size(); i += 2) {
      const auto high = HexDigit((*digits)[i]);
      const auto low = HexDigit((*digits)[i + 1]);
      if (!high || !low) return PushUnknown(begin, "binary literal holds something else than hexadecimal digits");
      bytes += static_cast<char>(*high * 16 + *low);
    }
    if (digits->size() % 2 == 1) return PushUnknown(begin, "binary literal has an odd number of hexadecimal digits");
    Push(TokenKind::kBinary, begin, std::move(bytes));
  }

  void LexQuotedName(size_t prefix, std::string_view close) {
    const size_t begin = at_;
    at_ += prefix;
    std::string name;
    while (true) {
      if (at_ >= text_.size() || static_cast<uint8_t>(text_[at_]) < 0x20) return OpenName(begin, prefix);
      if (Rest().starts_with(close)) {
        at_ += close.size();
        if (close != "\"" || Char() != '"') break;
      }
      name += text_[at_++];
    }
    const size_t length = Utf8Length(name);
    if (length == 0 || length > kIdentifierCharsMax) {
      return PushUnknown(begin, StrCat("name of ", length, " characters, allowed 1 to ", kIdentifierCharsMax));
    }
    Push(TokenKind::kQuotedName, begin, std::move(name));
  }

  void OpenName(size_t begin, size_t prefix) {
    at_ = std::max(at_, begin + prefix);
    PushUnknown(begin, "the quoted name is not closed in its line");
  }

  void LexForeignQuotedName(std::string_view open, std::string_view close, std::string_view message) {
    const size_t begin = at_;
    LexQuotedName(open.size(), close);
    const Token& token = lexed_.tokens.back();
    if (token.kind != TokenKind::kQuotedName) return;
    Report(token.range, std::string(message), StrCat("write \"", token.text, "\""),
           {{Range(begin, begin + open.size()), "\""}, {Range(at_ - close.size(), at_), "\""}});
  }

  void LexTypographicName() {
    // Opening and closing marks are taken in any mixture, a plain one included.
    const size_t line_end = std::min(text_.find('\n', at_), text_.size());
    constexpr size_t kNameBytesMax = 4 * kIdentifierCharsMax;
    const std::string_view line =
        text_.substr(at_ + 3, std::min(line_end - std::min(line_end, at_ + 3), kNameBytesMax));
    std::string_view close = "\"";
    size_t nearest = line.find(close);
    for (const std::string_view mark : {"\xe2\x80\x9c", "\xe2\x80\x9d"}) {
      if (line.find(mark) >= nearest) continue;
      nearest = line.find(mark);
      close = mark;
    }
    LexForeignQuotedName("\xe2\x80\x9c", close, "typographic quotation marks");
  }

  void LexTypographicString() {
    const size_t begin = at_;
    const std::string_view line = text_.substr(at_, std::min(text_.find('\n', at_), text_.size()) - at_);
    size_t end = 3;
    while (end < line.size() && line[end] != '\'' && !IsTypographicSingleQuote(line.substr(end))) ++end;
    const size_t close = end >= line.size() ? 0 : (line[end] == '\'' ? 1 : 3);
    if (close == 0) {
      at_ += 3;
      return PushUnknown(begin, "typographic quotation mark; text is quoted with '");
    }
    at_ += end + close;
    Report(Range(begin, at_), "typographic quotation marks", "text is quoted with '",
           {{Range(begin, begin + 3), "'"}, {Range(at_ - close, at_), "'"}});
    Push(TokenKind::kString, begin, std::string(line.substr(3, end - 3)));
  }

  void LexTypographicMinus() {
    const size_t begin = at_;
    at_ += 3;
    Report(Range(begin, at_), "typographic dash", "write -", {{Range(begin, at_), "-"}});
    Push(TokenKind::kSymbol, begin, "-");
  }

  void TakeDigits() {
    while (IsDigit(Char())) ++at_;
  }

  void LexNumber() {
    const size_t begin = at_;
    TokenKind kind = TokenKind::kInteger;
    TakeDigits();
    if (Char() == '.') {
      kind = TokenKind::kDecimal;
      ++at_;
      TakeDigits();
    }
    if (Char() == 'e' || Char() == 'E') {
      const size_t sign = Char(1) == '+' || Char(1) == '-' ? 1 : 0;
      if (IsDigit(Char(1 + sign))) {
        kind = TokenKind::kApproximate;
        at_ += 1 + sign;
        TakeDigits();
      }
    }
    if (!IsAsciiLetter(Char())) return Push(kind, begin, std::string(text_.substr(begin, at_ - begin)));
    while (IsAsciiLetter(Char()) || IsDigit(Char())) ++at_;
    const std::string_view word = text_.substr(begin, std::min<size_t>(at_ - begin, kIdentifierCharsMax));
    PushUnknown(begin, StrCat("a name cannot begin with a digit: ", word, "; quote it: \"", word, "\""));
  }

  void LexSymbol() {
    const size_t begin = at_;
    for (const std::string_view symbol : {"<>", "!=", "<=", ">=", "||"}) {
      if (!Rest().starts_with(symbol)) continue;
      at_ += symbol.size();
      return Push(TokenKind::kSymbol, begin, std::string(symbol));
    }
    if (Rest().starts_with("==")) {
      at_ += 2;
      Report(Range(begin, at_), "== is no operator of SQL", "write =", {{Range(begin, at_), "="}});
      return Push(TokenKind::kSymbol, begin, "=");
    }
    if (Char() != '\0' && std::string_view("(),;.*/+-=<>{}").contains(Char())) {
      at_ += 1;
      return Push(TokenKind::kSymbol, begin, std::string(1, text_[begin]));
    }
    at_ += Utf8Prefix(Rest(), 1).size();
    PushUnknown(begin, UnknownCharacter(begin));
  }

  // ":name". Not behind another colon: x::type is a cast of another dialect.
  bool AtParameter() const { return Char() == ':' && IsAsciiLetter(Char(1)) && (at_ == 0 || text_[at_ - 1] != ':'); }

  void LexParameter() {
    const size_t begin = at_++;
    while (IsAsciiLetter(Char()) || IsDigit(Char())) ++at_;
    const std::string_view name = text_.substr(begin + 1, at_ - begin - 1);
    const auto found =
        std::ranges::find_if(parameters_, [&](const Parameter& each) { return EqualsIgnoreCase(each.name, name); });
    if (found == parameters_.end()) return PushUnknown(begin, UnknownParameter(name));
    std::string_view text = found->text;
    TokenKind kind = TokenKind::kString;
    if (found->number) {
      if (text.starts_with('-')) {
        Push(TokenKind::kSymbol, begin, "-");
        text.remove_prefix(1);
      }
      kind = text.find_first_of("eE") != std::string_view::npos ? TokenKind::kApproximate
             : text.contains('.')                               ? TokenKind::kDecimal
                                                                : TokenKind::kInteger;
    }
    Push(kind, begin, std::string(text));
    lexed_.tokens.back().from_parameter = true;
  }

  std::string UnknownParameter(std::string_view name) const {
    std::vector<std::string> names;
    for (const Parameter& each : parameters_) names.push_back(each.name);
    const auto nearest = NearestName(name, names);
    return StrCat("there is no parameter ", name,
                  nearest.has_value() ? StrCat("; did you mean :", *nearest, "?")
                                      : "; parameters stand under parameters: in the application's file");
  }

  std::string UnknownCharacter(size_t begin) const {
    const std::string_view character = text_.substr(begin, at_ - begin);
    if (character == "%") return "% is no operator; write MOD(a, b)";
    if (character == ":") return "':' is no operator; write CAST(x AS type) for x::type";
    if (character == "&") return "'&' is no operator; write AND";
    if (character == "^") return "'^' is no operator; write POWER(a, b)";
    if (character == "#") return "'#' begins no comment; write --";
    const auto byte = static_cast<uint8_t>(character.front());
    if (byte < 0x20 || byte == 0x7f || !IsValidUtf8(character)) {
      return fmt::format("unexpected byte 0x{:02x}", byte);
    }
    return StrCat("unexpected character '", character, "'");
  }

  std::string_view text_;
  const std::span<const Parameter> parameters_;
  size_t at_ = 0;
  size_t first_of_line_ = 0;  // The first place in the line at hand that is no white space, as far as it is read.
  std::optional<size_t> first_long_string_;
  LexedText lexed_;
};

}  // namespace

LexedText Lex(std::string_view text, std::span<const Parameter> parameters) { return Lexer(text, parameters).Run(); }

}  // namespace tailrace::sql
