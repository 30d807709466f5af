#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "sql/functions/function.h"

// Turns plain C++ functions into kernels: NULL in, NULL out; a failure becomes the row's error.
//
//   double Half(double x) { return x / 2; }                        Lift<&Half>()
//   RowResult<int64_t> Modulo(int64_t a, int64_t b)                 may fail
//   std::optional<std::string_view> Cut(std::string_view text)      may be NULL
//   std::string Format(const KernelInput& input, int64_t time)      reads what was prepared, or the context
//
// Parameters: int64_t, double, bool, std::string_view, in the order of the arguments. Results: the same and std::string
// (copied), alone or in std::optional or RowResult. A string_view result points into an argument's text.

namespace tailrace::sql {

struct RowFailure {
  const char* name;  // ERROR_NAME
  std::string message;
};
template <typename T>
using RowResult = std::expected<T, RowFailure>;
inline std::unexpected<RowFailure> Fail(const char* name, std::string message) {
  return std::unexpected(RowFailure{name, std::move(message)});
}

namespace lift {

template <typename T>
auto Values(const data::Column& column) {
  if constexpr (std::is_same_v<T, int64_t>) return column.int64s();
  if constexpr (std::is_same_v<T, double>) return column.doubles();
  if constexpr (std::is_same_v<T, bool>) return column.bools();
  if constexpr (std::is_same_v<T, std::string_view>) return column.texts();
}

template <typename R>
struct IsFallible : std::false_type {};
template <typename T>
struct IsFallible<RowResult<T>> : std::true_type {};
template <typename R>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

// A function that neither fails nor touches text may run on the slots of NULL rows too: they are readable, and a loop
// without tests is faster.
template <typename R, typename... Args>
inline constexpr bool kTotal = (std::is_same_v<R, int64_t> || std::is_same_v<R, double> || std::is_same_v<R, bool>) &&
                               (!std::is_same_v<Args, std::string_view> && ...);

template <typename R>
void Store(data::Column& column, uint32_t row, R&& value, RowErrors& errors) {
  using T = std::remove_cvref_t<R>;
  if constexpr (IsFallible<T>::value) {
    if (value.has_value()) return Store(column, row, *std::forward<R>(value), errors);
    errors.Add(row, value.error().name, std::move(value.error().message));
    column.SetNull(row);
  } else if constexpr (IsOptional<T>::value) {
    if (value.has_value()) return Store(column, row, *std::forward<R>(value), errors);
    column.SetNull(row);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    column.mutable_int64s()[row] = value;
  } else if constexpr (std::is_same_v<T, double>) {
    column.mutable_doubles()[row] = value;
  } else if constexpr (std::is_same_v<T, bool>) {
    column.mutable_bools()[row] = value ? 1 : 0;
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    column.mutable_texts()[row] = value;
  } else {
    static_assert(std::is_same_v<T, std::string>);
    column.mutable_texts()[row] = column.arena().Copy(value);
  }
}

template <typename R, typename... Args, typename Function>
data::ColumnPtr Run(const KernelInput& input, Function function) {
  return [&]<size_t... kIndex>(std::index_sequence<kIndex...>) -> data::ColumnPtr {
    auto result = std::make_shared<data::Column>(input.result_type, input.rows);
    data::Validity& validity = result->mutable_validity();
    ((validity = data::Validity::And(validity, input.args[kIndex]->validity(), input.rows)), ...);
    if constexpr ((std::is_same_v<Args, std::string_view> || ...)) {
      (result->AddOwnersOf(*input.args[kIndex]), ...);
    }
    const auto values = std::tuple(Values<Args>(*input.args[kIndex])...);
    const auto call = [&](size_t row) -> R { return function(static_cast<Args>(std::get<kIndex>(values)[row])...); };
    if constexpr (kTotal<R, Args...>) {
      const auto out = [&] {
        if constexpr (std::is_same_v<R, int64_t>) return result->mutable_int64s();
        if constexpr (std::is_same_v<R, double>) return result->mutable_doubles();
        if constexpr (std::is_same_v<R, bool>) return result->mutable_bools();
      }();
      for (size_t row = 0; row < input.rows; ++row) out[row] = call(row);
    } else {
      const data::Validity arguments_valid = validity;
      for (uint32_t row = 0; row < input.rows; ++row) {
        if (arguments_valid.valid(row)) Store(*result, row, call(row), input.errors);
      }
    }
    return result;
  }(std::index_sequence_for<Args...>());
}

template <auto kFunction, typename Signature = decltype(kFunction)>
struct Lifted;
template <auto kFunction, typename R, typename... Args>
struct Lifted<kFunction, R (*)(Args...)> {
  static data::ColumnPtr Kernel(const KernelInput& input) { return Run<R, Args...>(input, kFunction); }
};
template <auto kFunction, typename R, typename... Args>
struct Lifted<kFunction, R (*)(const KernelInput&, Args...)> {
  static data::ColumnPtr Kernel(const KernelInput& input) {
    return Run<R, Args...>(input, [&input](Args... args) -> R { return kFunction(input, args...); });
  }
};

}  // namespace lift

template <auto kFunction>
constexpr Kernel Lift() {
  return &lift::Lifted<kFunction>::Kernel;
}

}  // namespace tailrace::sql
