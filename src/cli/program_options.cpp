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
    if (name == "tsdiff_documented_sign") {
      files.options.eval.tsdiff_documented_sign = true;
    } else if (name == "current_timestamp_per_row") {
      files.options.eval.current_timestamp_per_row = true;
    } else if (name == "lenient_interval_precision") {
      files.options.lenient_interval_precision = true;
    } else if (name == "concat_accepts_numbers") {
      files.options.concat_accepts_numbers = true;
    } else {
      return Error{ErrorCode::kInvalidArgument, StrCat("unknown --option '", name, "'; see --help")};
    }
  }
  return files;
}

}  // namespace tailrace::cli
