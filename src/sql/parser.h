#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sql/ast.h"
#include "sql/diagnostic.h"
#include "sql/parameter.h"

namespace tailrace::sql {

inline constexpr size_t kProgramBytesMax = 1 << 20;
inline constexpr int kNestingMax = 200;         // Levels of one expression or query, parentheses included.
inline constexpr size_t kDiagnosticsMax = 100;  // The rest of the program is not read after that many.

struct ParseOptions {
  // Takes INTERVAL '120' MINUTE as MINUTE(3) instead of refusing it.
  bool lenient_interval_precision = false;
  std::span<const Parameter> parameters;  // Borrowed.
};

struct ParseResult {
  // The statements that parsed. Faulty ones are left out, except those whose cure is certain: they stand here as their
  // fixes would make them, so that the binder can find the errors behind the first one.
  ast::Program program;
  // What the CREATE statements that were left out would have made. The binder need not complain that these are missing.
  std::vector<ast::Identifier> faulty_definitions;
  std::vector<Diagnostic> diagnostics;  // In order of place.
};

// Reads a whole program. Goes on after a faulty statement, so all errors come at once. Never fails otherwise: any
// bytes, any length up to `kProgramBytesMax`, any nesting up to `kNestingMax`.
// Source  docs/sql-dialect.md, sections 1, 3, 4 and appendix C.
ParseResult Parse(std::string_view text, const ParseOptions& options = {});

// One expression, for tests and function examples.
struct ParsedExpression {
  ast::ExprPtr expr;  // Null when there are diagnostics.
  std::vector<Diagnostic> diagnostics;
};
ParsedExpression ParseExpression(std::string_view text, const ParseOptions& options = {});

}  // namespace tailrace::sql
