#include "cli/partition_worker.h"

#include <array>
#include <cstdio>
#include <optional>

#include "base/os/process.h"
#include "base/os/process_limits.h"
#include "base/str.h"
#include "cli/verb.h"
#include "sink/delivery/partition_query.h"

namespace tailrace::cli {
namespace {

namespace delivery = sink::delivery;

constexpr int64_t kTextBytesMax = 64 << 20;

// Texts as EncodePartitionText writes them.
class Texts {
 public:
  // Nothing when the input has ended, or is no such text.
  std::optional<std::string> Next() {
    size_t end = std::string::npos;
    while ((end = unread_.find('\n')) == std::string::npos) {
      if (!ReadMore()) return std::nullopt;
    }
    const auto size = ParseInt64(unread_.substr(0, end));
    if (!size.has_value() || *size < 0 || *size > kTextBytesMax) return std::nullopt;
    unread_.erase(0, end + 1);
    while (unread_.size() < static_cast<size_t>(*size)) {
      if (!ReadMore()) return std::nullopt;
    }
    std::string text = unread_.substr(0, static_cast<size_t>(*size));
    unread_.erase(0, static_cast<size_t>(*size));
    return text;
  }

 private:
  bool ReadMore() {
    const auto count = ReadStandardInput(buffer_);
    if (!count.ok() || *count == 0) return false;
    unread_.append(buffer_.data(), *count);
    return true;
  }

  std::array<char, 64 << 10> buffer_;
  std::string unread_;
};

bool Answer(const Result<delivery::PartitionKeys>& keys) {
  const std::string line = delivery::EncodePartitionAnswer(keys);
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0;
}

}  // namespace

int RunPartitionWorker() {
  LimitMemoryOfThisProcess(delivery::kPartitionMemoryBytes);
  Texts texts;
  const auto program = texts.Next();
  if (!program.has_value()) return kExitWrongUse;
  const auto query = delivery::PartitionQuery::Compile(*program);
  if (!Answer(query.ok() ? Result<delivery::PartitionKeys>(delivery::PartitionKeys()) : query.error())) {
    return kExitFailed;
  }
  if (!query.ok()) return kExitWrongUse;
  while (const auto text = texts.Next()) {
    SetProcessorAlarm(delivery::kPartitionProcessorTime);
    const auto keys = (*query)->Run(*text);
    SetProcessorAlarm(std::chrono::microseconds(0));
    if (!Answer(keys)) return kExitFailed;
  }
  return kExitDone;
}

}  // namespace tailrace::cli
