#include "cli/verb.h"

#include <cstdio>

#include "base/str.h"

namespace tailrace::cli {

std::string Arguments::Text(std::string_view option) const {
  const auto found = values_.find(std::string(option));
  return found == values_.end() || found->second.empty() ? "" : found->second.back();
}

std::vector<std::string> Arguments::List(std::string_view option) const {
  const auto found = values_.find(std::string(option));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

bool Context::Print(std::string_view text) const {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
}

void Context::PrintError(std::string_view text) const {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int Fail(const Context& context, std::string_view verb, std::string_view message, int exit_code) {
  context.PrintError(StrCat("tailrace ", verb, ": ", message, "\n"));
  return exit_code;
}

}  // namespace tailrace::cli
