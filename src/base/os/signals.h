#pragma once

#include <chrono>
#include <optional>

#include "base/os/file_descriptor.h"
#include "base/result.h"

namespace tailrace {

enum class Signal : uint8_t {
  kTerminate,  // SIGTERM: stop cleanly.
  kInterrupt,  // SIGINT: Ctrl-C.
  kHangUp,     // SIGHUP: reload.
};

// Turns SIGTERM, SIGINT and SIGHUP into a readable descriptor; SIGPIPE is ignored from then on.
//
// Threads  Made in main() before any other thread, so that every thread inherits the blocked signals. Wait: one thread.
// Source   signalfd(2).
class SignalQueue {
 public:
  static Result<SignalQueue> Make();

  // Blocks until a signal is there; nothing after `timeout`, or for ever without one.
  Result<std::optional<Signal>> Wait(std::optional<std::chrono::milliseconds> timeout);

  // Readable when a signal waits: for an event loop, which then calls Wait with zero.
  int fd() const { return fd_.get(); }

 private:
  explicit SignalQueue(FileDescriptor fd) : fd_(std::move(fd)) {}

  FileDescriptor fd_;
};

}  // namespace tailrace
