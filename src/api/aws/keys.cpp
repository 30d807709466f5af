#include "api/aws/keys.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::api::aws {
namespace {

struct Section {
  std::string name;
  size_t line = 0;
  std::string id;
  std::string secret;
  std::string account;
};

Error AtLine(size_t line, std::string_view what) {
  return Error{ErrorCode::kInvalidArgument, StrCat("line ", line, ": ", what)};
}

Status Keep(const Section& section, AccessKeys& keys) {
  if (section.name.empty() && section.id.empty() && section.secret.empty()) return Ok();
  if (section.id.empty() || section.secret.empty()) {
    return AtLine(section.line, StrCat("[", section.name, "] needs aws_access_key_id and aws_secret_access_key"));
  }
  if (keys.contains(section.id)) {
    return AtLine(section.line, StrCat("[", section.name, "] has the access key id of another section"));
  }
  keys.emplace(section.id, AccessKey{section.name, Secret(section.secret), section.account});
  return Ok();
}

bool IsAccount(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<AccessKeys> ParseAccessKeys(std::string_view text) {
  AccessKeys keys;
  Section section;
  size_t number = 0;
  for (const std::string_view raw : Split(text, '\n')) {
    ++number;
    const std::string_view line = Trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      if (!line.ends_with(']') || line.size() < 3) return AtLine(number, "a section is written [name]");
      TAILRACE_TRY(Keep(section, keys));
      section = {.name = std::string(Trim(line.substr(1, line.size() - 2))), .line = number};
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || section.name.empty()) {
      return AtLine(number, "expected [name], then aws_access_key_id = ... and aws_secret_access_key = ...");
    }
    const std::string_view name = Trim(line.substr(0, equals));
    const std::string value(Trim(line.substr(equals + 1)));
    if (name == "aws_access_key_id") {
      section.id = value;
    } else if (name == "aws_secret_access_key") {
      section.secret = value;
    } else if (name == "aws_account_id") {
      if (!IsAccount(value)) return AtLine(number, "aws_account_id is not twelve digits");
      section.account = value;
    }  // Others (region, output ...) are for other tools.
  }
  TAILRACE_TRY(Keep(section, keys));
  if (keys.empty()) return Error{ErrorCode::kInvalidArgument, "no section with a key"};
  return keys;
}

}  // namespace tailrace::api::aws
