#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/import/imported.h"
#include "base/disk.h"
#include "base/result.h"

// Applications of the old service as applications of Tailrace.
namespace tailrace::app {

struct ImportRequest {
  // A CloudFormation template (JSON or YAML), an application's description (JSON), a Terraform file (.tf) or a SQL
  // program (.sql).
  std::string file;
  std::string folder;  // Empty: named as the application, in the working directory.
  // Chooses among several applications of the file; names the application when there is one.
  std::string name;
  std::vector<std::pair<std::string, std::string>> parameters;  // Of a template, or variables of a Terraform file.
  bool force = false;                                           // Write into a folder that is not empty.
};

struct ImportResult {
  std::string folder;
  std::vector<ImportNote> notes;  // The lines of REPORT.md.
};

// Reads the file and writes tailrace.yaml, application.sql, REPORT.md and a file for every reference table.
// Errors  kNotFound: no such file. kAlreadyExists: the folder is not empty. kInvalidArgument: "file:line:column:
// message"
//         for what cannot be read, "file: path: message", a line each, for what makes no application.
Result<ImportResult> Import(Disk& disk, const ImportRequest& request);

}  // namespace tailrace::app
