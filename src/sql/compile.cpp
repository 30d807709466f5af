#include "sql/compile.h"

#include <algorithm>

#include "base/str.h"
#include "sql/bind_select.h"
#include "sql/parser.h"

namespace tailrace::sql {
namespace {

constexpr size_t kProgramCharsMax = 102'400;  // The service's limit of application code.

}  // namespace

bool CompileResult::ok() const {
  return std::ranges::none_of(diagnostics, [](const Diagnostic& each) { return each.severity == Severity::kError; });
}

CompileResult Compile(const CompileInput& input) {
  CompileResult result;
  ParseResult parsed = Parse(input.text, {.lenient_interval_precision = input.options.lenient_interval_precision,
                                          .parameters = input.parameters});
  result.diagnostics = std::move(parsed.diagnostics);
  if (const size_t chars = Utf8Length(input.text); chars > kProgramCharsMax) {
    result.diagnostics.push_back(
        {.message = StrCat("the program has ", chars, " characters, at most ", kProgramCharsMax, " are allowed")});
    return result;
  }
  BindState state(input, BuiltinFunctions());
  for (const ast::Identifier& name : parsed.faulty_definitions) state.faulty_names.insert(name.name);
  BindProgram(state, parsed.program);
  const bool complete = result.ok();
  std::ranges::move(state.diagnostics, std::back_inserter(result.diagnostics));
  if (complete && result.ok()) {
    state.diagnostics.clear();
    WarnOfProgram(state, parsed.program);
    std::ranges::move(state.diagnostics, std::back_inserter(result.diagnostics));
  }
  std::ranges::stable_sort(result.diagnostics, {}, [](const Diagnostic& each) { return each.range.begin; });
  result.program = std::move(state.program);
  return result;
}

}  // namespace tailrace::sql
