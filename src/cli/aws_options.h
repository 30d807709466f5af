#pragma once

#include "api/aws/gateway.h"
#include "base/result.h"
#include "cli/verb.h"

namespace tailrace::cli {

// The --aws-... options of `run`. `address` is where the server listens.
// Errors  kInvalidArgument and those of reading the key file, naming the option.
Result<api::aws::GatewayOptions> ReadAwsOptions(const Arguments& arguments, const Context& context,
                                                const std::string& address);

}  // namespace tailrace::cli
