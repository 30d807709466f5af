#include <algorithm>
#include <csignal>

#include "base/hash.h"
#include "base/os/child_process.h"
#include "base/str.h"
#include "sink/delivery/partition_query.h"

namespace tailrace::sink::delivery {
namespace {

constexpr Milliseconds kStopLook{100};       // How often a waiting query looks whether it is to stop.
constexpr Milliseconds kAnswerTime{60'000};  // Processor time is the limit; this is for a process that is held up.
constexpr Milliseconds kEndTime{5'000};      // For a worker that has closed its output to be gone.
constexpr size_t kMessageCharsMax = 1'000;
constexpr std::string_view kOk = "ok";
constexpr std::string_view kError = "error";

// Why a worker ended.
Error EndError(int exit_code) {
  const auto limit = [](std::string_view what) {
    return Error{ErrorCode::kLimitExceeded, StrCat("jq: the program ", what, " for this record")};
  };
  if (exit_code == 128 + SIGPROF) {
    return limit(StrCat("needs more than ", kPartitionProcessorTime.count(), " ms of processor time"));
  }
  if (exit_code == kPartitionMemoryExitCode) {
    return limit(StrCat("needs more than ", kPartitionMemoryBytes >> 20, " MiB of memory"));
  }
  const bool fault = exit_code == 128 + SIGSEGV || exit_code == 128 + SIGABRT || exit_code == 128 + SIGBUS;
  if (fault) return limit(StrCat("makes jq fail (signal ", exit_code - 128, ")"));
  // Somebody else's doing; the record may be tried again.
  return Error{ErrorCode::kUnavailable, StrCat("the process that runs jq has ended, exit code ", exit_code)};
}

}  // namespace

class WorkerQuery::Worker {
 public:
  explicit Worker(std::unique_ptr<ChildProcess> child) : child_(std::move(child)) {}

  // The line that the worker answers. After an error the worker is of no more use.
  Result<std::string> Ask(const std::string& text, const std::function<bool()>& stopping) {
    const Status written = child_->WriteInput(text, kAnswerTime);
    if (!written.ok()) return WhyEnded();
    for (Milliseconds waited{0}; waited < kAnswerTime; waited += kStopLook) {
      auto line = child_->ReadLine(kStopLook);
      if (line.ok()) return line;
      if (line.error().code != ErrorCode::kTimeout) return WhyEnded();
      if (stopping && stopping()) return Error{ErrorCode::kCancelled, "the delivery stream stops"};
    }
    return Error{ErrorCode::kLimitExceeded,
                 StrCat("jq: no answer for this record within ", kAnswerTime.count(), " ms")};
  }

 private:
  Error WhyEnded() {
    const auto exit_code = child_->Wait(kEndTime);
    if (exit_code.ok()) return EndError(*exit_code);
    return Error{ErrorCode::kUnavailable, StrCat("the process that runs jq: ", exit_code.error().message)};
  }

  const std::unique_ptr<ChildProcess> child_;
};

WorkerQuery::WorkerQuery(std::vector<std::string> command, std::string program, std::function<bool()> stopping)
    : command_(std::move(command)), program_(std::move(program)), stopping_(std::move(stopping)) {}

WorkerQuery::~WorkerQuery() = default;

Status WorkerQuery::StartWorker() {
  auto child = ChildProcess::Start(command_);
  if (!child.ok()) return Error{ErrorCode::kUnavailable, std::move(child).error().message};
  worker_ = std::make_unique<Worker>(std::move(child).value());
  auto started = Ask(program_);
  if (!started.ok()) {
    if (started.error().code == ErrorCode::kCancelled) return started.error();
    return Error{ErrorCode::kUnavailable, StrCat("the process that runs jq: ", started.error().message)};
  }
  const auto compiled = DecodePartitionAnswer(*started);
  if (!compiled.ok()) worker_.reset();
  return compiled.ok() ? Ok() : Status(Error{ErrorCode::kUnavailable, compiled.error().message});
}

Result<std::string> WorkerQuery::Ask(std::string_view text) {
  auto line = worker_->Ask(EncodePartitionText(text), stopping_);
  if (!line.ok()) worker_.reset();
  return line;
}

Result<PartitionKeys> WorkerQuery::Run(std::string_view json) {
  if (worker_ == nullptr) TAILRACE_TRY(StartWorker());
  TAILRACE_ASSIGN_OR_RETURN(const std::string line, Ask(json));
  return DecodePartitionAnswer(line);
}

std::string EncodePartitionText(std::string_view text) { return StrCat(text.size(), "\n", text); }

std::string EncodePartitionAnswer(const Result<PartitionKeys>& keys) {
  // jq's messages may hold the whole record.
  if (!keys.ok()) return StrCat(kError, " ", ToHex(Utf8Prefix(keys.error().message, kMessageCharsMax)), "\n");
  std::string line(kOk);
  for (const auto& [name, value] : *keys) line += StrCat(" ", ToHex(name), " ", ToHex(value));
  return line + "\n";
}

Result<PartitionKeys> DecodePartitionAnswer(std::string_view line) {
  const std::vector<std::string_view> words = Split(line, ' ');
  std::vector<std::string> texts;
  bool good = true;
  for (size_t i = 1; i < words.size(); ++i) good = FromHex(words[i], texts.emplace_back()) && good;
  if (good && words[0] == kError && texts.size() == 1) return Error{ErrorCode::kInvalidArgument, texts[0]};
  if (!good || words[0] != kOk || texts.size() % 2 != 0) {
    return Error{ErrorCode::kInternal, "the process that runs jq gave no answer that can be read"};
  }
  PartitionKeys keys;
  for (size_t i = 0; i < texts.size(); i += 2) keys.emplace_back(std::move(texts[i]), std::move(texts[i + 1]));
  return keys;
}

}  // namespace tailrace::sink::delivery
