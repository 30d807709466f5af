#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace tailrace::api::aws {

struct AccessKey {
  std::string principal;  // Name of the section: who has the key.
  Secret secret;
  std::string account;               // aws_account_id of the section; empty: the server's.
  Secret session_token;              // Of temporary keys: requests must carry it. Empty: they may carry any.
  std::optional<Timestamp> expires;  // Of temporary keys.
};

// The keys that requests may be signed with, by access key id.
using AccessKeys = std::map<std::string, AccessKey, std::less<>>;

// Reads the ordinary credentials file of the AWS tools: sections [name] with aws_access_key_id,
// aws_secret_access_key and, if wanted, aws_account_id, aws_session_token and aws_session_expiration
// (2026-11-25T18:00:00Z).
// Errors  kInvalidArgument, with the line; messages never hold a secret.
Result<AccessKeys> ParseAccessKeys(std::string_view text);

}  // namespace tailrace::api::aws
