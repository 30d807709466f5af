#pragma once

#include "api/api_server.h"
#include "base/result.h"
#include "cli/verb.h"

namespace tailrace::cli {

// The --aws-... options of `run`. `address` is where the server listens.
// Errors  kInvalidArgument and those of reading the key file, naming the option.
Status ReadAwsOptions(const Arguments& arguments, const Context& context, const std::string& address,
                      api::ApiOptions& options);

}  // namespace tailrace::cli
