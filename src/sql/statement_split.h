#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sql/diagnostic.h"
#include "sql/lexer.h"

namespace tailrace::sql {

// Tokens [begin, end) are one statement; tokens[end] is its semicolon, or what follows when that is missing.
struct StatementSpan {
  uint32_t begin;
  uint32_t end;
  bool missing_semicolon = false;  // Another CREATE follows directly.
};

struct SplitProgram {
  std::vector<Token> tokens;  // Without semicolons that stood in the middle of a query.
  // Of each token: the open parentheses of its statement before it; its own not counted.
  std::vector<uint32_t> depth;
  std::vector<uint32_t> match;            // Of each '(': its ')', or 0 when it is never closed.
  std::vector<StatementSpan> statements;  // Without empty ones.
  std::vector<Diagnostic> diagnostics;
};

// Cuts a program into statements. A semicolon before a word that only continues a query (WINDOW, WHERE, ...) is
// reported, with its removal as the fix, and taken out. Linear.
SplitProgram SplitStatements(std::vector<Token> tokens, std::string_view text);

// Whether a statement can begin with this word.
bool StartsStatement(const Token& token);

}  // namespace tailrace::sql
