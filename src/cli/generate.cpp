#include <algorithm>
#include <cstdio>
#include <functional>
#include <thread>

#include "app/yaml_reader.h"
#include "base/os/process.h"
#include "base/os/signals.h"
#include "base/str.h"
#include "cli/verbs.h"
#include "ingest/generate/access_logs.h"
#include "ingest/generate/orders.h"

namespace tailrace::cli {
namespace {

using std::chrono::milliseconds;
using Lines = std::function<std::string(uint64_t first, uint64_t count, Timestamp time)>;

constexpr milliseconds kTick{10};  // Lines due within it are written at once.

// Where lines go: a file of a folder, or standard output.
class LineWriter {
 public:
  LineWriter(const Context& context, std::string folder, std::string name)
      : context_(context), path_(folder.empty() ? "" : StrCat(folder, "/", name)) {}

  Status Open(const std::string& folder) {
    if (path_.empty()) return Ok();
    TAILRACE_TRY(context_.disk.MakeDirectories(folder));
    TAILRACE_ASSIGN_OR_RETURN(file_, context_.disk.Open(path_, OpenMode::kCreate));
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file_->Info());
    offset_ = info.size_bytes;
    return Ok();
  }

  Status Write(std::string_view lines) {
    if (file_ == nullptr) {
      if (!context_.Print(lines)) return Error{ErrorCode::kUnavailable, "nobody reads standard output"};
      std::fflush(stdout);
      return Ok();
    }
    TAILRACE_TRY(file_->WriteAt(offset_, lines));
    offset_ += lines.size();
    return Ok();
  }

  const std::string& path() const { return path_; }

 private:
  const Context& context_;
  const std::string path_;
  std::unique_ptr<File> file_;
  uint64_t offset_ = 0;
};

struct Plan {
  std::optional<double> rate;  // Lines a second; nothing: all at once.
  uint64_t count = 0;          // 0: as long as `span` says.
  milliseconds span{0};
};

Result<Plan> ReadPlan(const Arguments& arguments) {
  Plan plan;
  if (arguments.Has("--rate")) {
    plan.rate = ParseDouble(arguments.Text("--rate"));
    if (!plan.rate.has_value() || *plan.rate <= 0 || *plan.rate > 1e6) {
      return Error{ErrorCode::kInvalidArgument, "--rate must be a number above 0, at most 1000000"};
    }
  }
  if (arguments.Has("--count")) {
    const auto count = ParseInt64(arguments.Text("--count"));
    if (!count.has_value() || *count < 1) return Error{ErrorCode::kInvalidArgument, "--count must be a whole number"};
    plan.count = static_cast<uint64_t>(*count);
  }
  if (arguments.Has("--for")) {
    const auto span = app::ParseDuration(arguments.Text("--for"));
    if (!span.has_value()) return Error{ErrorCode::kInvalidArgument, "--for must be a duration such as 90s or 3m"};
    if (!plan.rate.has_value()) return Error{ErrorCode::kInvalidArgument, "--for needs --rate"};
    plan.span = *span;
  }
  if (!plan.rate.has_value() && plan.count == 0) plan.count = 100;
  return plan;
}

// Lines that a plan makes in all; 0: without end.
uint64_t TotalOf(const Plan& plan) {
  uint64_t total = plan.count;
  if (plan.span.count() > 0) {
    const auto of_span = static_cast<uint64_t>(*plan.rate * static_cast<double>(plan.span.count()) / 1000 + 0.5);
    total = total == 0 ? of_span : std::min(total, of_span);
  }
  return total;
}

Status WriteAll(const Plan& plan, uint64_t first, const Lines& lines, LineWriter& writer, const Context& context,
                uint64_t& written) {
  const uint64_t total = TotalOf(plan);
  if (!plan.rate.has_value()) {
    TAILRACE_TRY(writer.Write(lines(first, total, context.clock.Now())));
    written = total;
    return Ok();
  }
  TAILRACE_ASSIGN_OR_RETURN(SignalQueue signals, SignalQueue::Make());
  const auto start = context.clock.Monotonic();
  while (total == 0 || written < total) {
    uint64_t due = ingest::LinesDue(context.clock.Monotonic() - start, *plan.rate);
    if (total > 0) due = std::min(due, total);
    if (due > written) {
      TAILRACE_TRY(writer.Write(lines(first + written, due - written, context.clock.Now())));
      written = due;
      continue;
    }
    TAILRACE_ASSIGN_OR_RETURN(const auto signal, signals.Wait(kTick));
    if (signal.has_value()) break;
  }
  return Ok();
}

int Generate(const Arguments& arguments, const Context& context, std::string_view verb, const std::string& file_name,
             const Lines& lines) {
  const auto plan = ReadPlan(arguments);
  if (!plan.ok()) return Fail(context, verb, plan.error().message, kExitWrongUse);
  const auto first = ParseInt64(arguments.Text("--first"));
  if (!first.has_value() || *first < 0) return Fail(context, verb, "--first must be a whole number", kExitWrongUse);
  const std::string folder = arguments.Text("--folder");
  LineWriter writer(context, folder, file_name);
  const Status opened = writer.Open(folder);
  if (!opened.ok()) return Fail(context, verb, opened.error().message);
  uint64_t written = 0;
  const Status status = WriteAll(*plan, static_cast<uint64_t>(*first), lines, writer, context, written);
  if (!status.ok()) return Fail(context, verb, status.error().message);
  if (!folder.empty()) context.Print(StrCat(written, " lines written to ", writer.path(), "\n"));
  return kExitDone;
}

Result<uint64_t> ReadSeed(const Arguments& arguments) {
  const auto seed = ParseInt64(arguments.Text("--seed"));
  if (!seed.has_value() || *seed < 0) return Error{ErrorCode::kInvalidArgument, "--seed must be a whole number"};
  return static_cast<uint64_t>(*seed);
}

int RunOrders(const Arguments& arguments, const Context& context) {
  const auto seed = ReadSeed(arguments);
  if (!seed.ok()) return Fail(context, "generate orders", seed.error().message, kExitWrongUse);
  const auto without = ParseDouble(arguments.Text("--without-customer"));
  if (!without.has_value() || *without < 0 || *without > 1) {
    return Fail(context, "generate orders", "--without-customer must be a share from 0 to 1", kExitWrongUse);
  }
  const ingest::OrderGenerator generator(
      {.seed = *seed, .without_customer = *without, .latin1 = arguments.Has("--latin1")});
  return Generate(arguments, context, "generate orders", ingest::BurstFileName(context.clock.Now()),
                  [&](uint64_t first, uint64_t count, Timestamp time) { return generator.Lines(first, count, time); });
}

int RunAccess(const Arguments& arguments, const Context& context) {
  const auto seed = ReadSeed(arguments);
  if (!seed.ok()) return Fail(context, "generate access", seed.error().message, kExitWrongUse);
  const std::string form = arguments.Text("--format");
  ingest::AccessLogOptions options{.seed = *seed};
  if (form == "combined") {
    options.format = ingest::AccessLogFormat::kCombined;
  } else if (form == "common") {
    options.format = ingest::AccessLogFormat::kCommon;
  } else if (form == "json") {
    options.format = ingest::AccessLogFormat::kJson;
  } else {
    return Fail(context, "generate access", StrCat("--format: '", form, "' is not combined, common or json"),
                kExitWrongUse);
  }
  const auto clients = ParseInt64(arguments.Text("--clients"));
  if (!clients.has_value() || *clients < 1 || *clients > 10'000'000) {
    return Fail(context, "generate access", "--clients must be a whole number up to 10000000", kExitWrongUse);
  }
  options.clients = static_cast<uint32_t>(*clients);
  const ingest::AccessLogGenerator generator(options);
  return Generate(arguments, context, "generate access", "access.log",
                  [&](uint64_t first, uint64_t count, Timestamp time) { return generator.Lines(first, count, time); });
}

constexpr OptionSpec kCountOption = {"--count", "N", "Lines to make; 100 when neither --rate nor --count is given."};
constexpr OptionSpec kRateOption = {"--rate", "N", "Lines a second; all at once when not given."};
constexpr OptionSpec kForOption = {"--for", "DURATION", "With --rate: how long, such as 90s or 3m; else until Ctrl-C."};
constexpr OptionSpec kSeedOption = {"--seed", "N", "The same seed makes the same lines.", "1"};
constexpr OptionSpec kFirstOption = {"--first", "N", "Number of the first line: goes on where another run ended.", "0"};
constexpr OptionSpec kOrderOptions[] = {
    {"--folder", "FOLDER", "Write into a new file YYYYMMDD-HHMMSS.log there; else to standard output."},
    kCountOption,
    kRateOption,
    kForOption,
    kSeedOption,
    kFirstOption,
    {"--without-customer", "SHARE", "Share of invoices without a customer.", "0.25"},
    {"--latin1", "", "Some descriptions have bytes that are not UTF-8."},
};
constexpr OptionSpec kAccessOptions[] = {
    {"--folder", "FOLDER", "Append to access.log there; else to standard output."},
    {"--format", "FORM", "combined, common or json.", "combined"},
    {"--clients", "N", "How many client addresses there are.", "20000"},
    kCountOption,
    kRateOption,
    kForOption,
    kSeedOption,
    kFirstOption,
};
constexpr std::string_view kOrderExamples[] = {"tailrace generate orders --folder logs",
                                               "tailrace generate orders --folder logs --rate 10 --for 3m"};
constexpr std::string_view kAccessExamples[] = {"tailrace generate access --count 1000 > access.log",
                                                "tailrace generate access --format json --folder logs --rate 50"};

}  // namespace

const Verb kGenerateOrdersVerb = {.name = "generate orders",
                                  .summary = "Make an online shop's order log: CSV, seeded, in bursts or at a rate",
                                  .options = kOrderOptions,
                                  .positional = {},
                                  .examples = kOrderExamples,
                                  .run = RunOrders};
const Verb kGenerateAccessVerb = {.name = "generate access",
                                  .summary = "Make a web server's access log, seeded, in bursts or at a rate",
                                  .options = kAccessOptions,
                                  .positional = {},
                                  .examples = kAccessExamples,
                                  .run = RunAccess};

}  // namespace tailrace::cli
