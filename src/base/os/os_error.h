#pragma once

#include <string_view>

#include "base/result.h"

namespace tailrace {

// The Error for a failed system call: "operation path: text of errno_value (errno n)".
// Errors: kNotFound, kAlreadyExists, kPermissionDenied, kLimitExceeded (space, quota, descriptors, memory),
// kInvalidArgument (names and kinds of file), kUnavailable (worth a retry), else kInternal.
Error OsError(int errno_value, std::string_view operation, std::string_view path);

}  // namespace tailrace
