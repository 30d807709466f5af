#include "sql/parser.h"

#include <algorithm>

#include "sql/parser_rules.h"

namespace tailrace::sql {
namespace {

void SortByPlace(std::vector<Diagnostic>& diagnostics) {
  std::ranges::stable_sort(diagnostics, {}, [](const Diagnostic& diagnostic) { return diagnostic.range.begin; });
}

}  // namespace

ParseResult Parse(std::string_view text, const ParseOptions& options) {
  ParseResult result = ParserRules(text, options).Program();
  SortByPlace(result.diagnostics);
  return result;
}

ParsedExpression ParseExpression(std::string_view text, const ParseOptions& options) {
  ParsedExpression parsed = ParserRules(text, options).SingleExpression();
  SortByPlace(parsed.diagnostics);
  return parsed;
}

}  // namespace tailrace::sql
