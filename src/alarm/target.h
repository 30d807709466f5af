#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/alarm_config.h"
#include "alarm/alarm_store.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/net.h"
#include "base/os/child_process.h"
#include "base/result.h"

namespace tailrace::alarm {

// What came of one attempt.
struct Attempt {
  // kInvalidArgument: the receiver refused this message for good; kPermissionDenied and the rest: worth a retry.
  Status status;
  bool answered = false;  // A failure that the receiver itself told: it concerns this delivery alone.
  std::optional<std::chrono::milliseconds> retry_after;  // The receiver's wish.
};

// What a target needs beside the delivery. Text is the message's, marked when it is late.
struct Outgoing {
  const Delivery& delivery;
  std::string text;
  bool delayed = false;
  Timestamp now{};
};

// A receiver of deliveries. `Deliver` blocks until the receiver has answered; repeating it after a failure or a crash
// is harmless where the receiver can recognise the idempotency key (docs/alarms.md says where).
// Threads  One caller at a time.
class Target {
 public:
  virtual ~Target() = default;
  virtual Attempt Deliver(const Outgoing& outgoing) = 0;
};

struct MonthSummary {
  std::string month;  // "2018-11"
  uint64_t alarms = 0;
  std::optional<double> orders_max;
  bool operator==(const MonthSummary&) const = default;
};

// A target that keeps the table logs_history.
class HistoryTarget : public Target {
 public:
  // Rows and largest number by month, oldest first, at most 1,200 months. Threads: any, beside Deliver.
  virtual Result<std::vector<MonthSummary>> MonthlySummary() = 0;
  // The newest rows first.
  virtual Result<std::vector<HistoryRow>> NewestRows(uint32_t rows_max) = 0;
};

// The world that targets reach into. Borrowed.
struct TargetEnvironment {
  Net& net;
  Disk& disk;
  const Clock& clock;
  std::function<Result<CommandResult>(const Command&)> run_command = RunCommand;
};

// Errors  kInvalidArgument: the configuration makes no target; the message says why. Nothing is contacted.
Result<std::unique_ptr<Target>> MakeTarget(const TargetConfig& config, const TargetEnvironment& environment);
// For targets of which IsHistory holds.
Result<std::unique_ptr<HistoryTarget>> MakeHistoryTarget(const TargetConfig& config);

// Each kind of target, once: for the documentation and `tailrace check`.
struct TargetKindInfo {
  std::string_view name;  // The key in the YAML.
  std::string_view summary;
  std::string_view repeats;  // What a repeated attempt does.
};
const std::vector<TargetKindInfo>& TargetKinds();
// The entry of the configuration's kind.
const TargetKindInfo& KindOf(const TargetConfig& config);

// The JSON object that webhook, file and exec get.
std::string MessageJson(const Outgoing& outgoing);

// What makers of the single kinds share.
Attempt AttemptOf(const Result<HttpResponse>& response);
Result<std::unique_ptr<Target>> MakeWebhookTarget(const TargetConfig& config, const TargetEnvironment& environment);
Result<std::unique_ptr<Target>> MakeSmsTarget(const TargetConfig& config, const TargetEnvironment& environment);
Result<std::unique_ptr<Target>> MakeMailTarget(const TargetConfig& config, const TargetEnvironment& environment);
Result<std::unique_ptr<Target>> MakeSnsTarget(const TargetConfig& config, const TargetEnvironment& environment);
Result<std::unique_ptr<Target>> MakeFileTarget(const TargetConfig& config, const TargetEnvironment& environment);
Result<std::unique_ptr<Target>> MakeExecTarget(const TargetConfig& config, const TargetEnvironment& environment);
Result<std::unique_ptr<HistoryTarget>> MakeSqliteHistory(const TargetConfig& config);
Result<std::unique_ptr<HistoryTarget>> MakeMysqlHistory(const TargetConfig& config);

}  // namespace tailrace::alarm
