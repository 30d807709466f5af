#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace {

// A running program of ours: its standard input and output are pipes, its standard error is shared.
// It leads its own process group, which is killed when the object goes. One owner thread.
class ChildProcess {
 public:
  // `argv[0]` is searched in PATH. Errors: kNotFound: no such program.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& argv);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Writes as much as the pipe takes within the time. Errors: kTimeout; kUnavailable: the program reads no more.
  Status WriteInput(std::string_view text, std::chrono::milliseconds timeout);
  void CloseInput();
  // One line of output without its end. Errors: kTimeout; kNotFound: the output has ended; kLimitExceeded: over 64 KiB.
  Result<std::string> ReadLine(std::chrono::milliseconds timeout);
  // Waits for the end and gives the exit code, 128 + n after signal n. Errors: kTimeout.
  Result<int> Wait(std::chrono::milliseconds timeout);
  void Signal(int signal_number);

 private:
  ChildProcess(int pid, int input, int output) : pid_(pid), input_(input), output_(output) {}

  const int pid_;
  int input_;
  int output_;
  std::string unread_;
  bool ended_ = false;
  int exit_code_ = 0;
};

struct CommandResult {
  int exit_code = 0;
  std::string output;  // Standard output, cut at the limit.
};

struct Command {
  std::vector<std::string> argv;
  std::string input;
  std::chrono::milliseconds timeout{10'000};
  uint64_t output_bytes_max = 64 << 10;
};

// Runs a program to its end. Blocks. Errors: kNotFound: no such program; kTimeout: it was killed.
Result<CommandResult> RunCommand(const Command& command);

}  // namespace tailrace
