#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "api/aws/error.h"
#include "api/aws/keys.h"
#include "api/http/message.h"
#include "base/clock.h"

namespace tailrace::api::aws {

struct AuthenticationRules {
  std::optional<AccessKeys> keys;  // Nothing: signatures must be there and complete, but are not checked.
  std::chrono::milliseconds clock_skew{std::chrono::minutes(5)};
};

// What a signature claims, and has proved if there are keys.
struct Authenticated {
  std::string access_key_id;
  std::string region;
  const AccessKey* key = nullptr;  // Null when keys are not checked.
};

// Checks the Authorization header or the presigned query of a request to the service, with the body as it was received.
// `body_sha256` is needed with keys only.
// Errors  MissingAuthenticationTokenException, IncompleteSignatureException, InvalidSignatureException,
//         UnrecognizedClientException, ExpiredTokenException.
// Source  AWS IAM User Guide, "Signature Version 4 signing process".
Answer<Authenticated> Authenticate(const http::Request& request, std::string_view body_sha256, Timestamp now,
                                   std::string_view signing_name, const AuthenticationRules& rules);

}  // namespace tailrace::api::aws
