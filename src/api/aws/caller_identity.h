#pragma once

#include <string>

#include "api/aws/service.h"
#include "api/http/message.h"

// The one call of the Security Token Service that is answered: GetCallerIdentity, which the Kinesis Producer Library
// makes when it starts, to know its stream's ARN, and ends without.
// Source  AWS STS API Reference, version 2011-06-15; Query protocol.
namespace tailrace::api::aws {

inline constexpr std::string_view kSecurityTokenService = "sts";

bool AsksForCallerIdentity(const http::Request& request);
std::string CallerIdentityXml(const Identity& identity, std::string_view request_id);
// An error in the Query protocol's form.
std::string QueryErrorXml(const AwsError& error, std::string_view request_id);

}  // namespace tailrace::api::aws
