#include "base/os/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/check.h"
#include "base/str.h"

namespace tailrace {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Deadline = SteadyClock::time_point;

constexpr size_t kLineBytesMax = 64 << 10;
constexpr std::chrono::milliseconds kWaitStep{2};

int MillisecondsUntil(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1'000'000));
}

void CloseIfOpen(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

struct Pipe {
  int read = -1;
  int write = -1;
};

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error{ErrorCode::kLimitExceeded, StrCat("pipe: ", std::strerror(errno))};
  }
  return Pipe{.read = ends[0], .write = ends[1]};
}

Result<int> Spawn(const std::vector<std::string>& argv, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int number : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) sigaddset(&defaults, number);
  sigset_t blocked;
  sigemptyset(&blocked);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &blocked);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == ENOENT) return Error{ErrorCode::kNotFound, StrCat("program not found: ", argv[0])};
  if (error != 0) return Error{ErrorCode::kPermissionDenied, StrCat("run ", argv[0], ": ", std::strerror(error))};
  return static_cast<int>(pid);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::vector<std::string>& argv) {
  if (argv.empty() || argv[0].empty()) return Error{ErrorCode::kInvalidArgument, "command is empty"};
  TAILRACE_ASSIGN_OR_RETURN(Pipe input, MakePipe());
  auto output = MakePipe();
  if (!output.ok()) {
    ::close(input.read);
    ::close(input.write);
    return std::move(output).error();
  }
  const auto pid = Spawn(argv, input.read, output->write);
  ::close(input.read);
  ::close(output->write);
  if (!pid.ok()) {
    ::close(input.write);
    ::close(output->read);
    return pid.error();
  }
  ::fcntl(input.write, F_SETFL, O_NONBLOCK);
  ::fcntl(output->read, F_SETFL, O_NONBLOCK);
  return std::unique_ptr<ChildProcess>(new ChildProcess(*pid, input.write, output->read));
}

ChildProcess::~ChildProcess() {
  CloseIfOpen(input_);
  CloseIfOpen(output_);
  if (ended_) return;
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

Status ChildProcess::WriteInput(std::string_view text, std::chrono::milliseconds timeout) {
  const Deadline deadline = SteadyClock::now() + timeout;
  while (!text.empty()) {
    if (input_ < 0) return Error{ErrorCode::kUnavailable, "the program's input is closed"};
    const ssize_t written = ::write(input_, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Error{ErrorCode::kUnavailable, "the program reads no more input"};
    pollfd waiting{.fd = input_, .events = POLLOUT, .revents = 0};
    if (::poll(&waiting, 1, MillisecondsUntil(deadline)) == 0) {
      return Error{ErrorCode::kTimeout, StrCat("the program took no input within ", timeout.count(), " ms")};
    }
  }
  return Ok();
}

void ChildProcess::CloseInput() { CloseIfOpen(input_); }

Result<std::string> ChildProcess::ReadLine(std::chrono::milliseconds timeout) {
  const Deadline deadline = SteadyClock::now() + timeout;
  while (true) {
    if (const size_t end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    if (unread_.size() > kLineBytesMax) {
      return Error{ErrorCode::kLimitExceeded, StrCat("output line is longer than ", kLineBytesMax, " bytes")};
    }
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(output_, buffer.data(), buffer.size());
    if (count > 0) {
      unread_.append(buffer.data(), static_cast<size_t>(count));
      continue;
    }
    if (count == 0) {
      if (unread_.empty()) return Error{ErrorCode::kNotFound, "the program's output has ended"};
      return std::exchange(unread_, std::string());
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Error{ErrorCode::kUnavailable, StrCat("read output: ", std::strerror(errno))};
    pollfd waiting{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, MillisecondsUntil(deadline)) == 0) {
      return Error{ErrorCode::kTimeout, StrCat("no output line within ", timeout.count(), " ms")};
    }
  }
}

Result<int> ChildProcess::Wait(std::chrono::milliseconds timeout) {
  const Deadline deadline = SteadyClock::now() + timeout;
  while (!ended_) {
    int status = 0;
    const pid_t found = ::waitpid(pid_, &status, WNOHANG);
    if (found == pid_) {
      ended_ = true;
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (SteadyClock::now() >= deadline) {
      return Error{ErrorCode::kTimeout, StrCat("the program did not end within ", timeout.count(), " ms")};
    }
    std::this_thread::sleep_for(kWaitStep);
  }
  return exit_code_;
}

void ChildProcess::Signal(int signal_number) {
  if (!ended_) ::kill(-pid_, signal_number);
}

Result<CommandResult> RunCommand(const Command& command) {
  const Deadline deadline = SteadyClock::now() + command.timeout;
  const auto left = [&] { return std::chrono::milliseconds(MillisecondsUntil(deadline)); };
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<ChildProcess> child, ChildProcess::Start(command.argv));
  const Status written = child->WriteInput(command.input, left());
  // A program may answer without reading everything it was given.
  if (!written.ok() && written.error().code != ErrorCode::kUnavailable) return written.error();
  child->CloseInput();
  CommandResult result;
  while (true) {
    auto line = child->ReadLine(left());
    if (!line.ok()) {
      if (line.error().code == ErrorCode::kNotFound) break;
      return std::move(line).error().Context(command.argv[0]);
    }
    const uint64_t room = command.output_bytes_max - std::min<uint64_t>(command.output_bytes_max, result.output.size());
    result.output.append(StrCat(*line, "\n").substr(0, room));
  }
  TAILRACE_ASSIGN_OR_RETURN(result.exit_code, child->Wait(left()));
  return result;
}

}  // namespace tailrace
