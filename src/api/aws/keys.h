#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace tailrace::api::aws {

struct AccessKey {
  std::string principal;  // Name of the section: who has the key.
  Secret secret;
  std::string account;  // aws_account_id of the section; empty: the server's.
};

// The keys that requests may be signed with, by access key id.
using AccessKeys = std::map<std::string, AccessKey, std::less<>>;

// Reads the ordinary credentials file of the AWS tools: sections [name] with aws_access_key_id,
// aws_secret_access_key and, if wanted, aws_account_id.
// Errors  kInvalidArgument, with the line; messages never hold a secret.
Result<AccessKeys> ParseAccessKeys(std::string_view text);

}  // namespace tailrace::api::aws
