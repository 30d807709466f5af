#include "base/os/signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/os/os_error.h"

namespace tailrace {

Result<SignalQueue> SignalQueue::Make() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  if (const int failure = ::pthread_sigmask(SIG_BLOCK, &signals, nullptr); failure != 0) {
    return OsError(failure, "block", "signals");
  }
  std::signal(SIGPIPE, SIG_IGN);
  FileDescriptor fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return OsError(errno, "open", "signalfd");
  return SignalQueue(std::move(fd));
}

Result<std::optional<Signal>> SignalQueue::Wait(std::optional<std::chrono::milliseconds> timeout) {
  pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  const int ready = ::poll(&waiting, 1, timeout.has_value() ? static_cast<int>(timeout->count()) : -1);
  if (ready < 0 && errno != EINTR) return OsError(errno, "wait for", "signals");
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::optional<Signal>();
  switch (info.ssi_signo) {
    case SIGTERM:
      return std::optional(Signal::kTerminate);
    case SIGINT:
      return std::optional(Signal::kInterrupt);
    default:
      return std::optional(Signal::kHangUp);
  }
}

}  // namespace tailrace
