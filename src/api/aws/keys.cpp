#include "api/aws/keys.h"

#include <algorithm>

#include "base/sigv4.h"
#include "base/str.h"

namespace tailrace::api::aws {
namespace {

struct Section {
  std::string name;
  size_t line = 0;
  std::string id;
  std::string secret;
  std::string account;
  std::string session_token;
  std::optional<Timestamp> expires;
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
  keys.emplace(section.id, AccessKey{section.name, Secret(section.secret), section.account,
                                     Secret(section.session_token), section.expires});
  return Ok();
}

bool IsAccount(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "2026-11-25T18:00:00Z"; other forms are none.
std::optional<Timestamp> ParseMoment(std::string_view text) {
  std::string basic;
  for (const char c : text) {
    if (c != '-' && c != ':') basic += c;
  }
  const auto moment = sigv4::ParseAmzDate(basic);
  if (!moment.ok()) return std::nullopt;
  return *moment;
}

// Errors  The value's form; without the line.
Status Take(std::string_view name, std::string value, Section& section) {
  if (name == "aws_access_key_id") {
    section.id = std::move(value);
  } else if (name == "aws_secret_access_key") {
    section.secret = std::move(value);
  } else if (name == "aws_session_token") {
    section.session_token = std::move(value);
  } else if (name == "aws_account_id") {
    if (!IsAccount(value)) return Error{ErrorCode::kInvalidArgument, "aws_account_id is not twelve digits"};
    section.account = std::move(value);
  } else if (name == "aws_session_expiration") {
    section.expires = ParseMoment(value);
    if (!section.expires.has_value()) {
      return Error{ErrorCode::kInvalidArgument,
                   "aws_session_expiration is not a time in UTC such as 2026-11-25T18:00:00Z"};
    }
  }  // Others (region, output ...) are for other tools.
  return Ok();
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
    const Status taken = Take(name, std::string(Trim(line.substr(equals + 1))), section);
    if (!taken.ok()) return AtLine(number, taken.error().message);
  }
  TAILRACE_TRY(Keep(section, keys));
  if (keys.empty()) return Error{ErrorCode::kInvalidArgument, "no section with a key"};
  return keys;
}

}  // namespace tailrace::api::aws
