#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::engine {

// A block of a SQL test file that did not give what it expects, or could not be run.
struct SqlTestFailure {
  size_t line = 0;            // Of the block's head.
  size_t separator_line = 0;  // Of its "----"; 0: it has none.
  size_t end_line = 0;        // Of its last line.
  std::string message;        // "emitted D", or what went wrong.
  bool compares = false;      // The rows below were compared.
  std::vector<std::string> expected;
  std::vector<std::string> found;
};

// "file:line: message"; compared rows follow with their columns aligned, missing ones marked "-", others "+", with the
// lines of the file. Ends with a line end.
std::string FormatSqlTestFailure(std::string_view file, const SqlTestFailure& failure);

// The file's text with the found rows in place of those expected. Failures that do not compare are left alone.
std::string UpdateSqlTest(std::string_view text, const std::vector<SqlTestFailure>& failures);

}  // namespace tailrace::engine
