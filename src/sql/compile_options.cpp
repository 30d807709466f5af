#include "sql/compile_options.h"

namespace tailrace::sql {

bool SetCompileOption(CompileOptions& options, std::string_view text) {
  const size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  for (const CompileOptionSpec& spec : kCompileOptionSpecs) {
    if (spec.name != name) continue;
    bool value = !spec.standard;
    if (equals != std::string_view::npos) {
      const std::string_view word = text.substr(equals + 1);
      if (word != "true" && word != "false") return false;
      value = word == "true";
    }
    spec.field(options) = value;
    return true;
  }
  return false;
}

}  // namespace tailrace::sql
