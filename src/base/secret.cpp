#include "base/secret.h"

#include "base/str.h"

namespace tailrace {
namespace {

std::string WithoutLineEnd(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

Result<Secret> LoadSecret(const SecretSource& source, Disk& disk, const EnvironmentReader& environment) {
  switch (source.kind) {
    case SecretSource::Kind::kNone:
      return Secret();
    case SecretSource::Kind::kInline:
      return source.inline_text;
    case SecretSource::Kind::kEnvironment: {
      std::optional<std::string> text = environment(source.name);
      if (!text.has_value()) {
        return Error{ErrorCode::kNotFound, StrCat("environment variable ", source.name, " is not set")};
      }
      if (text->empty()) {
        return Error{ErrorCode::kInvalidArgument, StrCat("environment variable ", source.name, " is empty")};
      }
      return Secret(*std::move(text));
    }
    case SecretSource::Kind::kFile: {
      TAILRACE_ASSIGN_OR_RETURN(std::string text, ReadFile(disk, source.name));
      text = WithoutLineEnd(std::move(text));
      if (text.empty()) return Error{ErrorCode::kInvalidArgument, StrCat("secret file ", source.name, " is empty")};
      return Secret(std::move(text));
    }
  }
  return Secret();
}

}  // namespace tailrace
