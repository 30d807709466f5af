#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/diagnostic.h"
#include "sql/parameter.h"

namespace tailrace::sql {

enum class TokenKind : uint8_t {
  kWord,         // Keyword or unquoted name.
  kQuotedName,   // "..."
  kString,       // '...', u&'...'
  kBinary,       // X'...'
  kInteger,      // 12
  kDecimal,      // 0.5
  kApproximate,  // 1e2
  kSymbol,       // ( ) , ; . * / + - = <> != < <= > >= || { }
  kUnknown,      // Nothing of the dialect; `text` says what is wrong with it.
  kEnd,          // After the last token.
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  SourceRange range;
  // Words: in upper case. Quoted names, strings: their content. Binary: its bytes. Numbers, symbols: as written.
  std::string text;
  bool from_parameter = false;  // The value of the parameter that stands in the text.

  bool IsWord(std::string_view word) const { return kind == TokenKind::kWord && text == word; }
  bool IsSymbol(std::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
};

struct LexedText {
  std::vector<Token> tokens;  // The last one is kEnd.
  // The text has an open quote: the tokens stop before the first place where it may be missing.
  bool cut_short = false;
  std::vector<Diagnostic> diagnostics;
};

// Cuts a program into tokens. Takes what real files hold: byte order mark, CRLF, -- // and /* */ comments, typographic
// dashes and quotes (with a diagnostic and its fix), lines of stars or equal signs between statements (with a warning).
// Linear in the text's length. A parameter (":threshold") gives the tokens of its value.
LexedText Lex(std::string_view text, std::span<const Parameter> parameters = {});

}  // namespace tailrace::sql
