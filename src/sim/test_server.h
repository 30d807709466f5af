#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/os/child_process.h"
#include "base/str.h"

namespace tailrace::sim {

// A real server, run by one of the scripts in tests/support, on a free loopback port. The script ends it when this
// object goes, and also when the test is killed, since its input ends then.
class TestServer {
 public:
  // The script's name and its arguments.
  explicit TestServer(std::vector<std::string> arguments) {
    arguments[0] = StrCat(TAILRACE_SOURCE_DIR "/tests/support/", arguments[0]);
    auto started = ChildProcess::Start(arguments);
    if (!started.ok()) return;
    process_ = *std::move(started);
    TakeReadiness();
  }
  ~TestServer() {
    if (process_ == nullptr) return;
    process_->CloseInput();
    process_->Wait(kPatience).Ignore("its group is killed then");
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  bool ready() const { return !port_.empty(); }
  // Why the test must be skipped; empty when the server's package is installed.
  const std::string& skip() const { return skip_; }
  const std::string& port() const { return port_; }
  std::string Url(std::string_view path) const { return StrCat("http://127.0.0.1:", port_, path); }
  // The next line the script prints; empty when none comes.
  std::string Next() { return process_->ReadLine(kPatience).value_or(""); }
  // Gives the script a line and takes its answer.
  std::string Tell(std::string_view line) {
    process_->WriteInput(StrCat(line, "\n"), kPatience).Ignore("the answer tells");
    return Next();
  }

 private:
  static constexpr std::chrono::seconds kPatience{60};

  void TakeReadiness() {
    const std::string line = Next();
    if (line.starts_with("ready ")) port_ = line.substr(6);
    if (line.starts_with("skip")) skip_ = line;
  }

  std::unique_ptr<ChildProcess> process_;
  std::string port_;
  std::string skip_;
};

}  // namespace tailrace::sim
