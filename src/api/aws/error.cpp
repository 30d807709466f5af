#include "api/aws/error.h"

namespace tailrace::api::aws {

AwsError ToAwsError(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return {"InvalidArgumentException", error.message};
    case ErrorCode::kNotFound:
      return {"ResourceNotFoundException", error.message};
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
      return {"ResourceInUseException", error.message};
    case ErrorCode::kPermissionDenied:
      return {"AccessDeniedException", error.message};
    case ErrorCode::kLimitExceeded:
      return {"LimitExceededException", error.message};
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
      return {"ServiceUnavailable", error.message, 503};
    case ErrorCode::kUnsupported:
      return {"UnsupportedOperationException", error.message};
    case ErrorCode::kCorruption:
    case ErrorCode::kInternal:
      return {"InternalFailure", error.message, 500};
  }
  return {"InternalFailure", error.message, 500};
}

}  // namespace tailrace::api::aws
