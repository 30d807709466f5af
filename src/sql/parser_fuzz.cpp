#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sql/parser.h"

// Goal    No text crashes or hangs the parser; every place it names lies in the text; the program that its fixes make
//         can be parsed as well, and expressions stay shallow enough for recursion.
// Run     parser_fuzz -dict=tests/corpus/parser_fuzz.dict tests/corpus/parser_fuzz

namespace tailrace::sql {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckPlaces(std::string_view text, const std::vector<Diagnostic>& diagnostics) {
  Require(diagnostics.size() <= kDiagnosticsMax);
  for (const Diagnostic& diagnostic : diagnostics) {
    Require(diagnostic.range.begin <= diagnostic.range.end && diagnostic.range.end <= text.size());
    Require(!diagnostic.message.empty());
    for (const TextEdit& fix : diagnostic.fixes) {
      Require(fix.range.begin <= fix.range.end && fix.range.end <= text.size());
    }
  }
}

void CheckStatements(std::string_view text, const ParseResult& result) {
  for (const ast::Statement& statement : result.program.statements) {
    Require(statement.range.begin < statement.range.end && statement.range.end <= text.size());
  }
}

void Run(std::string_view text) {
  const ParseResult result = Parse(text);
  CheckPlaces(text, result.diagnostics);
  CheckStatements(text, result);
  for (const Diagnostic& diagnostic : result.diagnostics) FormatWithSource(diagnostic, "fuzz.sql", text);

  const std::string fixed = ApplyFixes(text, result.diagnostics);
  const ParseResult again = Parse(fixed, {.lenient_interval_precision = true});
  CheckPlaces(fixed, again.diagnostics);

  const ParsedExpression expression = ParseExpression(text);
  CheckPlaces(text, expression.diagnostics);
  if (expression.expr != nullptr) Require(expression.expr->depth <= kNestingMax);
}

}  // namespace
}  // namespace tailrace::sql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailrace::sql::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
