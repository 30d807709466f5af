#include "base/os/os_error.h"

#include <cerrno>
#include <system_error>

#include "base/str.h"

namespace tailrace {
namespace {

ErrorCode CodeOf(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorCode::kLimitExceeded;
    case EINVAL:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return ErrorCode::kInvalidArgument;
    case ENOTEMPTY:
    case EBUSY:
    case EXDEV:
      return ErrorCode::kFailedPrecondition;
    case EAGAIN:
    case EINTR:
    case ETXTBSY:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

Error OsError(int errno_value, std::string_view operation, std::string_view path) {
  return Error{CodeOf(errno_value), StrCat(operation, " ", path, ": ", std::generic_category().message(errno_value),
                                           " (errno ", errno_value, ")")};
}

}  // namespace tailrace
