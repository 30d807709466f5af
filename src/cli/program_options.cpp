#include "cli/program_options.h"

#include "base/str.h"

namespace tailrace::cli {

Result<app::ProgramFiles> ReadProgramOptions(const Arguments& arguments) {
  app::ProgramFiles files{.sql_file = arguments.Text("--sql"), .inputs_file = arguments.Text("--inputs")};
  for (const std::string& text : arguments.List("--table")) {
    TAILRACE_ASSIGN_OR_RETURN(app::NamedFile table, app::ParseNamedFile(text));
    files.tables.push_back(std::move(table));
  }
  for (const std::string& name : arguments.List("--option")) {
    if (sql::SetCompileOption(files.options, name)) continue;
    return Error{ErrorCode::kInvalidArgument, StrCat("unknown --option '", name, "'; see --help")};
  }
  return files;
}

}  // namespace tailrace::cli
