#include "base/os/process_limits.h"

#include <sys/resource.h>
#include <sys/time.h>

#include "base/check.h"

namespace tailrace {

void SetProcessorAlarm(std::chrono::microseconds time) {
  constexpr int64_t kMicrosecondsPerSecond = 1'000'000;
  itimerval timer{};
  timer.it_value.tv_sec = time.count() / kMicrosecondsPerSecond;
  timer.it_value.tv_usec = time.count() % kMicrosecondsPerSecond;
  TAILRACE_CHECK(::setitimer(ITIMER_PROF, &timer, nullptr) == 0);
}

void LimitMemoryOfThisProcess(uint64_t bytes) {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  TAILRACE_CHECK(::setrlimit(RLIMIT_CORE, &none) == 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const rlimit memory{.rlim_cur = bytes, .rlim_max = bytes};
  TAILRACE_CHECK(::setrlimit(RLIMIT_DATA, &memory) == 0);
#else
  static_cast<void>(bytes);
#endif
}

}  // namespace tailrace
