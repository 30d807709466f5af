#include "cli/application_sources.h"

#include "base/os/process.h"
#include "base/str.h"

namespace tailrace::cli {

Result<std::string> ApplicationSources::Environment(const std::string& name) {
  auto value = EnvironmentVariable(name);
  if (!value.has_value()) {
    return Error{ErrorCode::kNotFound, StrCat("environment variable ", name, " is not set")};
  }
  return std::move(*value);
}

Result<std::string> ApplicationSources::FileText(const std::string& path) {
  TAILRACE_ASSIGN_OR_RETURN(std::string text, ReadFile(disk_, path));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace tailrace::cli
