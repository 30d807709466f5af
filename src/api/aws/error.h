#pragma once

#include <expected>
#include <string>

#include "base/result.h"

namespace tailrace::api::aws {

// What a client gets instead of a result.
struct AwsError {
  std::string type;  // "ResourceNotFoundException"
  std::string message;
  int status = 400;
};

template <typename T>
using Answer = std::expected<T, AwsError>;

inline std::unexpected<AwsError> Fail(std::string type, std::string message, int status = 400) {
  return std::unexpected(AwsError{std::move(type), std::move(message), status});
}

// A failure of ours, told as the service tells it. Streams that are damaged or full are InternalFailure with the
// reason; what may pass is answered so that clients try again.
AwsError ToAwsError(const Error& error);

}  // namespace tailrace::api::aws

// Returns the expression's AwsError from the enclosing function, if it has one.
#define TAILRACE_AWS_TRY(expression)                                                    \
  do {                                                                                  \
    if (auto tailrace_answer = (expression); !tailrace_answer.has_value()) [[unlikely]] \
      return std::unexpected(std::move(tailrace_answer).error());                       \
  } while (false)

// The same, and binds the value to `declaration`.
#define TAILRACE_AWS_ASSIGN(declaration, ...) \
  TAILRACE_AWS_ASSIGN_INNER(TAILRACE_CONCAT(tailrace_answer_, __LINE__), declaration, __VA_ARGS__)
#define TAILRACE_AWS_ASSIGN_INNER(answer, declaration, ...) \
  auto answer = (__VA_ARGS__);                              \
  if (!answer.has_value()) [[unlikely]]                     \
    return std::unexpected(std::move(answer).error());      \
  declaration = std::move(answer).value()
