#include "api/error_map.h"

#include "data/text.h"

namespace tailrace::api {

int HttpStatus(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
      return 409;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kFailedPrecondition:
      return 409;
    case ErrorCode::kLimitExceeded:
      return 429;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kTimeout:
      return 503;
    case ErrorCode::kCorruption:
      return 500;
    case ErrorCode::kUnsupported:
      return 501;
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

http::Response ErrorResponse(const Error& error) {
  std::string body = "{\"error\":{\"code\":";
  data::AppendJsonString(body, ErrorCodeName(error.code));
  body += ",\"message\":";
  data::AppendJsonString(body, error.message);
  body += "}}\n";
  return http::Response::Json(HttpStatus(error.code), std::move(body));
}

}  // namespace tailrace::api
