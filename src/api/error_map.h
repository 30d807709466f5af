#pragma once

#include "api/http/message.h"
#include "base/result.h"

namespace tailrace::api {

// The HTTP status of an error code. The one place where they meet.
int HttpStatus(ErrorCode code);

// {"error": {"code": ..., "message": ...}} with the code's status.
http::Response ErrorResponse(const Error& error);

}  // namespace tailrace::api
