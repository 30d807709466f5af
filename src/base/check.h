#pragma once

#include <string_view>

namespace tailrace {

// Prints the failed condition with its place to standard error and aborts. For bugs in our own code only.
[[noreturn]] void CheckFailed(std::string_view condition, const char* file, int line);

}  // namespace tailrace

// Stays on in release builds. A user's input or configuration never gets here.
#define TAILRACE_CHECK(condition)                              \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::tailrace::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
