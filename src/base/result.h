#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace tailrace {

// Every expected failure has one of these codes. `api/error_map.cpp` maps each to HTTP and AWS names.
enum class ErrorCode : uint8_t {
  kInvalidArgument,     // The caller's value or text is wrong; repeating it cannot help.
  kNotFound,            // The named thing does not exist.
  kAlreadyExists,       // The named thing exists and must not.
  kPermissionDenied,    // The operating system or a peer refused access.
  kFailedPrecondition,  // Right request, wrong moment or state.
  kLimitExceeded,       // A declared limit; the message names it.
  kUnavailable,         // A peer or resource is away for now; worth a retry.
  kTimeout,             // No answer in the given time; worth a retry.
  kCorruption,          // Stored bytes are damaged.
  kUnsupported,         // Understood, and not offered.
  kCancelled,           // Shut down while waiting.
  kInternal,            // A library or the system failed in a way nothing above describes.
};

// The code's name without the `k`, for logs and tests: "InvalidArgument".
std::string_view ErrorCodeName(ErrorCode code);

// An expected failure. The message says what failed, then the values, then the limit.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // Puts "where: " in front of the message.
  Error Context(std::string_view where) &&;
  // "InvalidArgument: message".
  std::string ToString() const;
};

// A value or an Error.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::move(value)) {}                       // NOLINT: implicit by design
  Result(Error error) : state_(std::unexpected(std::move(error))) {}  // NOLINT: implicit by design
  template <typename U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result<T>>)
  Result(U&& value) : state_(std::in_place, std::forward<U>(value)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.has_value(); }
  T& value() & {
    TAILRACE_CHECK(ok());
    return *state_;
  }
  const T& value() const& {
    TAILRACE_CHECK(ok());
    return *state_;
  }
  T&& value() && {
    TAILRACE_CHECK(ok());
    return std::move(*state_);
  }
  const Error& error() const& {
    TAILRACE_CHECK(!ok());
    return state_.error();
  }
  Error&& error() && {
    TAILRACE_CHECK(!ok());
    return std::move(state_.error());
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // The value, or `other` when there is none.
  T value_or(T other) && { return ok() ? std::move(*state_) : std::move(other); }
  // Drops a failure on purpose; `why` is for the reader.
  void Ignore(std::string_view /*why*/) const {}

 private:
  std::expected<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return !error_.has_value(); }
  void value() const { TAILRACE_CHECK(ok()); }
  const Error& error() const& {
    TAILRACE_CHECK(!ok());
    return *error_;
  }
  Error&& error() && {
    TAILRACE_CHECK(!ok());
    return std::move(*error_);
  }
  void Ignore(std::string_view /*why*/) const {}

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

inline Status Ok() { return {}; }

}  // namespace tailrace

#define TAILRACE_CONCAT_INNER(a, b) a##b
#define TAILRACE_CONCAT(a, b) TAILRACE_CONCAT_INNER(a, b)

// Returns the expression's Error from the enclosing function, if it has one.
#define TAILRACE_TRY(expression)                                                 \
  do {                                                                           \
    if (auto tailrace_status = (expression); !tailrace_status.ok()) [[unlikely]] \
      return std::move(tailrace_status).error();                                 \
  } while (false)

// The same, and binds the value to `declaration`.
#define TAILRACE_ASSIGN_OR_RETURN(declaration, ...) \
  TAILRACE_ASSIGN_OR_RETURN_INNER(TAILRACE_CONCAT(tailrace_result_, __LINE__), declaration, __VA_ARGS__)
#define TAILRACE_ASSIGN_OR_RETURN_INNER(result, declaration, ...) \
  auto result = (__VA_ARGS__);                                    \
  if (!result.ok()) [[unlikely]]                                  \
    return std::move(result).error();                             \
  declaration = std::move(result).value()
