#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/os/curl_net.h"
#include "base/os/process.h"
#include "base/os/signals.h"
#include "base/os/stderr_log.h"
#include "base/str.h"
#include "cli/verbs.h"
#include "ingest/agent/agent_runner.h"
#include "ingest/agent/service_target.h"

namespace tailrace::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstStatus{1'000};
constexpr milliseconds kStatusInterval{5'000};
// Beyond shutdownTimeoutMillis, for a call that is under way.
constexpr milliseconds kStopSlack{2'000};

constexpr OptionSpec kOptions[] = {
    {"--check", "", "Test files, endpoints, keys and destinations, say what is wrong, and end."},
    {"--status", "", "Print what the agent that runs with this file does, and end."},
    {"--json", "", "With --status: print JSON."},
    {"--flows", "FOLDER", "Every file in it adds its flows; else the folder agent.d beside FILE."},
    {"--checkpoint", "FILE", "Where positions are kept; else checkpointFile of FILE with .tailrace behind it."},
    {"--log", "FORM", "text or json; text on a terminal, else json, when not given."},
    {"--verbose", "", "Log more."},
};
constexpr std::string_view kExamples[] = {
    "tailrace agent /etc/aws-kinesis/agent.json",
    "tailrace agent agent.json --check",
    "tailrace agent agent.json --status",
    "AWS_CA_BUNDLE=ca.pem tailrace agent agent.json --checkpoint /var/lib/tailrace-agent/positions",
};

// What the agent's file and the options say.
struct Setup {
  ingest::AgentConfig config;
  std::string checkpoint_path;
  std::string status_path() const { return checkpoint_path + ".status"; }  // With .json, or .txt for people.
};

// Prints all problems. Nothing when there are errors.
std::optional<Setup> Load(const Arguments& arguments, const Context& context) {
  const std::string& path = arguments.positional()[0];
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string flows = arguments.Has("--flows") ? arguments.Text("--flows") : folder + "agent.d";
  ingest::LoadedAgentConfig loaded = ingest::LoadAgentConfig(context.disk, path, flows);
  for (const ingest::ConfigProblem& problem : loaded.problems) context.PrintError(problem.ToString() + "\n");
  if (!loaded.ok()) return std::nullopt;
  Setup setup{.config = std::move(loaded.config), .checkpoint_path = arguments.Text("--checkpoint")};
  if (setup.checkpoint_path.empty()) setup.checkpoint_path = setup.config.checkpoint_file + ".tailrace";
  return setup;
}

// Trusts the certificates of AWS_CA_BUNDLE, as the service's own tools do.
std::unique_ptr<Net> MakeNet() {
  CurlNetOptions options;
  options.ca_file = EnvironmentVariable("AWS_CA_BUNDLE").value_or("");
  return std::make_unique<CurlNet>(std::move(options));
}

Result<std::unique_ptr<ingest::ServiceTarget>> MakeTarget(const Setup& setup, const ingest::FlowConfig& flow, Net& net,
                                                          const Context& context) {
  const ingest::AgentConfig& config = setup.config;
  TAILRACE_ASSIGN_OR_RETURN(ingest::ServiceEndpoint endpoint,
                            ingest::FindServiceEndpoint(config, flow.destination_kind, &EnvironmentVariable));
  std::string user_agent = config.user_agent_override;
  if (user_agent.empty() && !config.user_agent.empty()) user_agent = StrCat("tailrace ", config.user_agent);
  return std::make_unique<ingest::ServiceTarget>(
      ingest::ServiceTargetOptions{
          .kind = flow.destination_kind,
          .destination = flow.destination,
          .endpoint = std::move(endpoint),
          .user_agent = std::move(user_agent),
          .timeout = config.socket_timeout.count() > 0 ? config.socket_timeout : Milliseconds(50'000)},
      [&config, &disk = context.disk] { return ingest::FindAgentCredentials(config, disk, &EnvironmentVariable); }, net,
      context.clock);
}

int Check(const Setup& setup, const Context& context) {
  bool good = true;
  const auto say = [&](const Status& status, const std::string& subject, const std::string& detail) {
    good = good && status.ok();
    context.Print(status.ok() ? StrCat("ok    ", subject, ": ", detail, "\n")
                              : StrCat("FAIL  ", subject, ": ", status.error().message, "\n"));
  };
  const auto keys = ingest::FindAgentCredentials(setup.config, context.disk, &EnvironmentVariable);
  say(keys.ok() ? Ok() : Status(keys.error()), "keys", keys.ok() ? StrCat("from ", keys->source) : "");
  const std::unique_ptr<Net> net = MakeNet();
  for (const ingest::FlowConfig& flow : setup.config.flows) {
    const ingest::GlobResult found = ingest::FindFiles(context.disk, flow.file_pattern, 1'000);
    for (const auto& [path, error] : found.failures) say(error, path, "");
    size_t readable = 0;
    for (const ingest::FoundFile& file : found.files) {
      const auto opened = context.disk.Open(file.path, OpenMode::kRead);
      readable += opened.ok() ? 1 : 0;
      if (!opened.ok()) say(opened.error(), file.path, "");
    }
    say(Ok(), flow.file_pattern,
        found.files.empty() ? "no file yet; it is sent from its beginning when it appears"
                            : StrCat(readable, " of ", found.files.size(), " files can be read"));
    auto target = MakeTarget(setup, flow, *net, context);
    const Status reached = target.ok() ? (*target)->Check() : Status(target.error());
    if (!reached.ok() && reached.error().code == ErrorCode::kPermissionDenied) {
      say(Ok(), flow.id, StrCat("reached, and not allowed to look: ", reached.error().message));
    } else {
      say(reached, flow.id, "the destination is there");
    }
  }
  return good ? kExitDone : kExitFailed;
}

int PrintStatus(const Setup& setup, bool json, const Context& context) {
  const std::string path = setup.status_path() + (json ? ".json" : ".txt");
  const auto text = ReadFile(context.disk, path);
  if (!text.ok()) {
    const bool missing = text.error().code == ErrorCode::kNotFound;
    return Fail(context, "agent",
                missing ? StrCat("no agent has run with ", setup.checkpoint_path) : text.error().message);
  }
  context.Print(json ? *text + "\n" : *text);
  const auto lock = FolderLock::AcquireFile(setup.checkpoint_path + ".lock", "");
  if (lock.ok()) {
    context.PrintError("tailrace agent: not running; this is the last that was known\n");
    return kExitFailed;
  }
  return kExitDone;
}

void WriteStatus(const Setup& setup, const ingest::Agent& agent, Log& log, const Context& context) {
  const ingest::AgentStatus status = agent.status();
  const std::string now = StrCat("at ", ToIso8601(status.now), ": ");
  const Status json = WriteFileAtomically(context.disk, setup.status_path() + ".json", ToJson(status));
  const Status text = WriteFileAtomically(context.disk, setup.status_path() + ".txt", now + ToTable(status));
  for (const Status& written : {json, text}) {
    if (!written.ok()) log.Warning("status not written", {{"error", written.error().message}});
  }
}

LogLevel LevelOf(const Arguments& arguments, const ingest::AgentConfig& config) {
  const std::string level = AsciiUpper(config.log_level);
  if (arguments.Has("--verbose") || level == "DEBUG" || level == "TRACE" || level == "ALL") return LogLevel::kDebug;
  if (level == "WARN" || level == "WARNING") return LogLevel::kWarning;
  return level == "ERROR" || level == "FATAL" ? LogLevel::kError : LogLevel::kInfo;
}

// Sends what was read. A call that hangs must not hold the process for longer than the file allows: what it carries is
// sent again by the next process, as after a kill.
void Stop(const Setup& setup, ingest::AgentRunner& runner, Log& log) {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  std::thread watchdog([&] {
    std::unique_lock lock(mutex);
    if (changed.wait_for(lock, setup.config.shutdown_timeout + kStopSlack, [&] { return stopped; })) return;
    log.Warning("stopped while a call was under way; its records are sent again after the next start");
    std::_Exit(kExitDone);
  });
  runner.Stop();
  {
    const std::lock_guard lock(mutex);
    stopped = true;
  }
  changed.notify_all();
  watchdog.join();
}

int RunAgent(const Setup& setup, const Arguments& arguments, const Context& context) {
  auto signals = SignalQueue::Make();
  if (!signals.ok()) return Fail(context, "agent", signals.error().message);
  const std::string form = arguments.Text("--log");
  if (!form.empty() && form != "text" && form != "json") {
    return Fail(context, "agent", StrCat("--log: '", form, "' is not text or json"), kExitWrongUse);
  }
  const std::unique_ptr<Log> log = MakeStderrLog({.level = LevelOf(arguments, setup.config),
                                                  .format = form == "text"   ? LogFormat::kText
                                                            : form == "json" ? LogFormat::kJson
                                                                             : LogFormat::kAutomatic},
                                                 context.clock);
  const auto keys = ingest::FindAgentCredentials(setup.config, context.disk, &EnvironmentVariable);
  if (!keys.ok()) return Fail(context, "agent", keys.error().message, kExitBadConfiguration);
  const std::string folder = ingest::FolderOf(setup.checkpoint_path);
  Status made = folder.empty() ? Ok() : context.disk.MakeDirectories(folder);
  if (!made.ok()) {
    return Fail(
        context, "agent",
        StrCat("positions cannot be kept in ", folder, " (checkpointFile, --checkpoint): ", made.error().message));
  }
  const auto lock = FolderLock::AcquireFile(setup.checkpoint_path + ".lock", StrCat(setup.checkpoint_path));
  if (!lock.ok()) return Fail(context, "agent", lock.error().message);

  const std::unique_ptr<Net> net = MakeNet();
  std::vector<std::unique_ptr<ingest::ServiceTarget>> targets;
  const auto find_target = [&](const ingest::FlowConfig& flow) -> Result<ingest::RecordTarget*> {
    TAILRACE_ASSIGN_OR_RETURN(targets.emplace_back(), MakeTarget(setup, flow, *net, context));
    return static_cast<ingest::RecordTarget*>(targets.back().get());
  };
  auto agent =
      ingest::Agent::Make(setup.config, {.checkpoint_path = setup.checkpoint_path, .user = UserName(), .polled = false},
                          {.disk = context.disk, .clock = context.clock, .log = *log}, find_target, Rng(RandomSeed()));
  if (!agent.ok()) {
    const bool configuration = agent.error().code == ErrorCode::kInvalidArgument;
    return Fail(context, "agent", agent.error().message, configuration ? kExitBadConfiguration : kExitFailed);
  }
  ingest::AgentRunner runner(**agent, context.clock, *log);
  const Status started = runner.Start();
  if (!started.ok()) return Fail(context, "agent", started.error().message);
  log->Info("tailing",
            {{"flows", setup.config.flows.size()}, {"positions", setup.checkpoint_path}, {"keys", keys->source}});
  milliseconds wait = kFirstStatus;
  while (true) {
    const auto signal = signals->Wait(wait);
    if (!signal.ok()) return Fail(context, "agent", signal.error().message);
    wait = kStatusInterval;
    WriteStatus(setup, **agent, *log, context);
    if (signal->has_value() && **signal != Signal::kHangUp) break;
  }
  log->Info("stopping: sending what was read");
  Stop(setup, runner, *log);
  WriteStatus(setup, **agent, *log, context);
  log->Info("stopped");
  return kExitDone;
}

int Run(const Arguments& arguments, const Context& context) {
  const std::optional<Setup> setup = Load(arguments, context);
  if (!setup.has_value()) return kExitBadConfiguration;
  if (arguments.Has("--status")) return PrintStatus(*setup, arguments.Has("--json"), context);
  if (arguments.Has("--check")) return Check(*setup, context);
  return RunAgent(*setup, arguments, context);
}

}  // namespace

const Verb kAgentVerb = {
    .name = "agent",
    .summary = "Tail log files and send their lines to a Kinesis or Firehose endpoint, as an agent.json says",
    .description =
        "FILE is the Kinesis Agent's own agent.json. Endpoints: kinesis.endpoint and firehose.endpoint, else the\n"
        "service's own. Keys: awsAccessKeyId and awsSecretAccessKey of FILE, else AWS_ACCESS_KEY_ID and its fellows,\n"
        "else ~/.aws/credentials. Lines count as sent when the endpoint said so; after a kill, what was under way is\n"
        "sent again. Stops on Ctrl-C or SIGTERM after sending what was read, within shutdownTimeoutMillis.",
    .options = kOptions,
    .positional = {"FILE", "The agent.json", 1, 1},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
