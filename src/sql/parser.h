#pragma once

#include <string_view>
#include <vector>

#include "sql/ast.h"
#include "sql/diagnostic.h"

namespace tailrace::sql {

struct ParseResult {
  ast::Program program;  // The statements that parsed; faulty ones are left out.
  std::vector<Diagnostic> diagnostics;
};

// Reads a whole program. Goes on after a faulty statement, so all errors come at once. Never fails otherwise: any
// bytes, any length up to `kProgramBytesMax`, any nesting up to `kNestingMax`.
// Source  docs/sql-dialect.md, sections 1, 3, 4 and appendix C.
ParseResult Parse(std::string_view text);

// One expression, for tests and function examples.
struct ParsedExpression {
  ast::ExprPtr expr;  // Null when there are diagnostics.
  std::vector<Diagnostic> diagnostics;
};
ParsedExpression ParseExpression(std::string_view text);

inline constexpr size_t kProgramBytesMax = 1 << 20;
inline constexpr int kNestingMax = 200;

}  // namespace tailrace::sql
