#pragma once

#include <gtest/gtest.h>

#include "base/result.h"

namespace tailrace::sim {

template <typename T>
testing::AssertionResult IsOk(const Result<T>& result) {
  if (result.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().ToString();
}

}  // namespace tailrace::sim

// Stops (ASSERT) or fails (EXPECT) the test with the error's text.
#define TAILRACE_ASSERT_OK(expression) ASSERT_TRUE(::tailrace::sim::IsOk(expression))
#define TAILRACE_EXPECT_OK(expression) EXPECT_TRUE(::tailrace::sim::IsOk(expression))

#define TAILRACE_ASSERT_OK_AND_ASSIGN(declaration, ...) \
  TAILRACE_ASSERT_OK_AND_ASSIGN_INNER(TAILRACE_CONCAT(tailrace_result_, __LINE__), declaration, __VA_ARGS__)
#define TAILRACE_ASSERT_OK_AND_ASSIGN_INNER(result, declaration, ...) \
  auto result = (__VA_ARGS__);                                        \
  TAILRACE_ASSERT_OK(result);                                         \
  declaration = std::move(result).value()
