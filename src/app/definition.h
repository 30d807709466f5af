#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/disk.h"
#include "base/result.h"
#include "sql/compile.h"

namespace tailrace::app {

// An application as its folder describes it: configuration read, SQL compiled, everything checked against each other.
struct Definition {
  ApplicationConfig config;
  std::string sql_text;
  std::shared_ptr<const sql::BoundProgram> program;  // Null when there are errors.
  // Reference tables, in the order of program->tables. Rows of objects (s3) are not read here: those of the file that
  // stands in for them, or none.
  std::vector<data::Batch> tables;
  std::vector<std::string> table_versions;  // ReferenceContent::version of each.

  std::vector<ConfigProblem> problems;           // Of the YAML, and of what refers to the SQL.
  std::vector<sql::Diagnostic> sql_diagnostics;  // Of the SQL file.
  bool ok() const;
};

// `path`: the folder, or its tailrace.yaml. `parameters`: values instead of the file's. All errors at once. Fails only
// when there is no definition file: kNotFound.
Result<Definition> LoadDefinition(Disk& disk, const std::string& path, ValueSource& sources,
                                  const ParameterValues& parameters = {});

// Every problem, one line each, "file:line:column: message"; with the source line under SQL errors when `with_source`.
std::string FormatProblems(const Definition& definition, bool with_source);

// A path from a definition file: relative ones begin at the application's folder.
std::string ResolvePath(const std::string& folder, const std::string& path);

}  // namespace tailrace::app
