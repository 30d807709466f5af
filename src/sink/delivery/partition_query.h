#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sink/delivery/prefix.h"

namespace tailrace::sink::delivery {

// A jq program that gives an object of texts.
//
// Threads  One owner.
class PartitionQuery {
 public:
  // One that runs in this process, without limits: for checks, and for the process that WorkerQuery starts.
  // Errors  kInvalidArgument: the program does not compile; the message is jq's.
  static Result<std::unique_ptr<PartitionQuery>> Compile(const std::string& program);
  virtual ~PartitionQuery() = default;
  // Errors  kInvalidArgument: not JSON, the program fails, or its result is no object of texts. kLimitExceeded: it
  // needs too much for this record. Others: it could not run at all.
  virtual Result<PartitionKeys> Run(std::string_view json) = 0;
};

// The program's name for itself, started as a partition worker.
inline constexpr std::string_view kPartitionWorkerWord = "partition-worker";
inline constexpr Milliseconds kPartitionProcessorTime{1'000};  // Of one record.
inline constexpr uint64_t kPartitionMemoryBytes = 256 << 20;
inline constexpr int kPartitionMemoryExitCode = 3;

// A query in a process of its own, as libjq knows no limits: `def f: f; f` runs for ever, `[range(infinite)]` takes all
// memory, and a failed assertion ends the process. The worker limits itself to kPartitionProcessorTime a record and to
// kPartitionMemoryBytes; when it has ended, the record gets an error and the next one a new worker.
//
// Wire     To the worker: the program, then record after record, each as EncodePartitionText. From it: one line a
//          text, EncodePartitionAnswer.
// Threads  One owner; `stopping` is called from it while a record runs. Null: never.
class WorkerQuery final : public PartitionQuery {
 public:
  // `command` starts a worker. Run gives kCancelled once `stopping` says true.
  WorkerQuery(std::vector<std::string> command, std::string program, std::function<bool()> stopping);
  ~WorkerQuery() override;
  Result<PartitionKeys> Run(std::string_view json) override;

 private:
  class Worker;
  Status StartWorker();
  Result<std::string> Ask(std::string_view text);

  const std::vector<std::string> command_;
  const std::string program_;
  const std::function<bool()> stopping_;
  std::unique_ptr<Worker> worker_;  // Null until it is needed.
};

std::string EncodePartitionText(std::string_view text);  // "5\nhello"
// "ok", then each name and value in hex; or "error" and the message in hex.
std::string EncodePartitionAnswer(const Result<PartitionKeys>& keys);
// Errors  The one that was answered. kInternal: the line is none.
Result<PartitionKeys> DecodePartitionAnswer(std::string_view line);

}  // namespace tailrace::sink::delivery
