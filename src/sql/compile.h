#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "sql/compile_options.h"
#include "sql/diagnostic.h"
#include "sql/parameter.h"
#include "sql/plan.h"

namespace tailrace::sql {

struct DeclaredStream {
  std::string name;
  data::Schema schema;
};  // Names as if quoted.
struct DeclaredTable {
  std::string name;
  data::Schema schema;
};

struct CompileInput {
  std::string_view text;
  std::vector<DeclaredStream> inputs;
  std::vector<DeclaredTable> tables;
  CompileOptions options;
  std::vector<Parameter> parameters;
};

struct CompileResult {
  BoundProgram program;                 // Complete only when there is no error among the diagnostics.
  std::vector<Diagnostic> diagnostics;  // All of them, in order of place.
  bool ok() const;
};

// Text to bound program: parse, bind, check. Pure: no I/O, no clock. Never crashes or hangs, whatever the text.
CompileResult Compile(const CompileInput& input);

// The operator graph as text: one line an operator with window, keys, state growth and emission rule.
std::string Explain(const BoundProgram& program);

}  // namespace tailrace::sql
