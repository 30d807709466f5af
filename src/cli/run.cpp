#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/api_server.h"
#include "api/http/development_certificate.h"
#include "app/definition.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/os/allocator.h"
#include "base/os/curl_net.h"
#include "base/os/process.h"
#include "base/os/signals.h"
#include "base/os/stderr_log.h"
#include "base/str.h"
#include "cli/application_sources.h"
#include "cli/aws_options.h"
#include "cli/verbs.h"
#include "sink/delivery/partition_query.h"

namespace tailrace::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopLimit{10'000};
constexpr milliseconds kDrainLimit{5'000};  // For answers that are on their way.
constexpr milliseconds kWatchInterval{500};

constexpr OptionSpec kOptions[] = {
    {"--listen", "ADDRESS:PORT", "Where the page and the API are served; loopback unless told otherwise.",
     "127.0.0.1:8080"},
    {"--data", "FOLDER", "Where streams, tables and positions are kept.", "tailrace-data"},
    {"--no-agent", "", "Do not tail files."},
    {"--table-memory", "MIB",
     "Memory for the tables of all applications: what was read and what is to be written; 8 to 65536.", "32"},
    {"--decode-threads", "N", "Threads that decode the records of each input, 1 to 64.", "1"},
    {"--engine-threads", "N",
     "Threads of each application's SQL: windows and groups are shared out by their keys, 1 to 64.", "1"},
    {"--no-watch", "", "Do not reload applications when their files change; SIGHUP and `tailrace reload` still do."},
    {"--skip-damaged", "",
     "Start without the applications whose files are damaged, instead of not at all; a damaged told time becomes the "
     "present."},
    {"--tls-certificate", "FILE", "Serve HTTPS with this certificate chain, PEM."},
    {"--tls-key", "FILE", "Private key of the certificate, PEM."},
    {"--tls-development", "",
     "Serve HTTPS, beside HTTP, with a certificate made for this machine and kept in FOLDER/tls."},
    {"--aws-keys", "FILE", "Check signatures of AWS clients against this credentials file ([name] with its key)."},
    {"--aws-account", "DIGITS", "Account of streams in AWS names.", "000000000000"},
    {"--aws-region", "REGION", "Region in AWS names when a signature tells none.", "us-east-1"},
    {"--aws-throttle", "", "Refuse what is beyond the rates of the Kinesis service."},
    {"--aws-transition", "MILLISECONDS", "How long streams are CREATING, UPDATING and DELETING.", "0"},
    {"--aws-clock-skew", "MINUTES", "How far a client's clock may be off.", "5"},
    {"--s3-endpoint", "URL",
     "Where buckets are that the Firehose API names, with the keys of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
     "folders below FOLDER/buckets when not given."},
    {"--log", "FORM", "text or json; text on a terminal, else json, when not given."},
    {"--verbose", "", "Log more."},
};
constexpr std::string_view kExamples[] = {
    "tailrace run examples/order-flood",
    "tailrace run --data /tmp/streams  # a Kinesis endpoint: aws --endpoint-url http://127.0.0.1:8080 kinesis "
    "list-streams",
    "tailrace run shop site --data /var/lib/tailrace --listen 127.0.0.1:9090",
};

// "127.0.0.1:8080", "[::1]:8080", "8080".
Result<api::http::ServerOptions> ParseListen(const std::string& text) {
  api::http::ServerOptions options;
  const size_t colon = text.rfind(':');
  const auto port = ParseInt64(colon == std::string::npos ? text : text.substr(colon + 1));
  if (!port.has_value() || *port < 0 || *port > 65'535) {
    return Error{ErrorCode::kInvalidArgument, StrCat("'", text, "' is not ADDRESS:PORT")};
  }
  options.port = static_cast<uint16_t>(*port);
  if (colon != std::string::npos && colon > 0) options.address = text.substr(0, colon);
  if (options.address.starts_with('[') && options.address.ends_with(']')) {
    options.address = options.address.substr(1, options.address.size() - 2);
  }
  return options;
}

// Reads every application; prints all problems of all. Nothing when one has errors.
std::optional<std::vector<app::Definition>> LoadAll(const std::vector<std::string>& paths, const Context& context) {
  ApplicationSources sources(context.disk);
  std::vector<app::Definition> definitions;
  bool good = true;
  for (const std::string& path : paths) {
    auto definition = app::LoadDefinition(context.disk, path, sources);
    if (!definition.ok()) {
      good = false;
      context.PrintError(StrCat("tailrace run: ", definition.error().message, "\n"));
      continue;
    }
    context.PrintError(app::FormatProblems(*definition, true));
    good = good && definition->ok();
    definitions.push_back(std::move(definition).value());
  }
  if (!good) return std::nullopt;
  return definitions;
}

// Until somebody wants the server to end; applications are reloaded meanwhile.
Status WaitForStop(SignalQueue& signals, app::Reloader& reloader, bool watch) {
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(const std::optional<Signal> signal,
                              signals.Wait(watch ? std::optional(kWatchInterval) : std::nullopt));
    if (!signal.has_value()) {
      reloader.ReloadChanged();
    } else if (*signal == Signal::kHangUp) {
      reloader.ReloadAll();
    } else {
      return Ok();
    }
  }
}

Result<size_t> ReadThreads(const Arguments& arguments, const char* option) {
  const auto threads = ParseInt64(arguments.Text(option));
  if (!threads.has_value() || *threads < 1 || *threads > 64) {
    return Error{ErrorCode::kInvalidArgument, StrCat(option, " must be a whole number from 1 to 64")};
  }
  return static_cast<size_t>(*threads);
}

Result<app::RuntimeOptions> ReadRuntimeOptions(const Arguments& arguments) {
  app::RuntimeOptions options{.data_folder = arguments.Text("--data"), .run_agents = !arguments.Has("--no-agent")};
  options.skip_damaged = arguments.Has("--skip-damaged");
  TAILRACE_ASSIGN_OR_RETURN(options.application.decode.threads, ReadThreads(arguments, "--decode-threads"));
  TAILRACE_ASSIGN_OR_RETURN(options.application.engine_threads, ReadThreads(arguments, "--engine-threads"));
  const auto table_memory = ParseInt64(arguments.Text("--table-memory"));
  if (!table_memory.has_value() || *table_memory < 8 || *table_memory > 65'536) {
    return Error{ErrorCode::kInvalidArgument, "--table-memory must be a whole number of MiB from 8 to 65536"};
  }
  options.table_memory_bytes = static_cast<uint64_t>(*table_memory) << 20;
  options.partition_worker = {"/proc/self/exe", std::string(sink::delivery::kPartitionWorkerWord)};
  if (arguments.Has("--s3-endpoint")) {
    options.s3.emplace();
    options.s3->endpoint = arguments.Text("--s3-endpoint");
    if (!options.s3->endpoint.starts_with("http://") && !options.s3->endpoint.starts_with("https://")) {
      return Error{ErrorCode::kInvalidArgument, "--s3-endpoint must be an http or https URL"};
    }
    options.s3->region = arguments.Text("--aws-region");
    options.s3->access_key_id = EnvironmentVariable("AWS_ACCESS_KEY_ID").value_or("");
    options.s3->secret_access_key = Secret(EnvironmentVariable("AWS_SECRET_ACCESS_KEY").value_or(""));
    options.s3->session_token = Secret(EnvironmentVariable("AWS_SESSION_TOKEN").value_or(""));
  }
  return options;
}

Result<api::ApiOptions> ReadApiOptions(const Arguments& arguments, const Context& context) {
  auto listen = ParseListen(arguments.Text("--listen"));
  if (!listen.ok()) return std::move(listen).error().Context("--listen");
  if (arguments.Has("--tls-certificate") != arguments.Has("--tls-key")) {
    return Error{ErrorCode::kInvalidArgument, "--tls-certificate and --tls-key belong together"};
  }
  if (arguments.Has("--tls-certificate") && arguments.Has("--tls-development")) {
    return Error{ErrorCode::kInvalidArgument, "--tls-certificate or --tls-development, not both"};
  }
  api::ApiOptions options{.http = std::move(listen).value()};
  options.http.certificate_file = arguments.Text("--tls-certificate");
  options.http.key_file = arguments.Text("--tls-key");
  TAILRACE_TRY(ReadAwsOptions(arguments, context, options.http.address, options));
  return options;
}

// With --tls-development: makes the certificate when there is none yet.
Status SetUpDevelopmentTls(const Arguments& arguments, const Context& context, api::http::ServerOptions& options) {
  if (!arguments.Has("--tls-development")) return Ok();
  std::vector<std::string> names{HostName()};
  if (options.address != "0.0.0.0" && options.address != "::") names.push_back(options.address);
  TAILRACE_ASSIGN_OR_RETURN(
      const api::http::CertificateFiles files,
      api::http::DevelopmentCertificate(context.disk, arguments.Text("--data") + "/tls", names, context.clock.Now()));
  options.certificate_file = files.certificate;
  options.key_file = files.key;
  options.plain_too = true;
  return Ok();
}

// Ends what still asks other servers when stopping takes longer than `limit`: it is asked again after the next start.
std::jthread EndCallsAfter(milliseconds limit, CurlNet& net) {
  return std::jthread([limit, &net](const std::stop_token& stopped) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stopped, limit, [] { return false; });
    if (!stopped.stop_requested()) net.EndCalls();
  });
}

// The exit code; what is wrong is told.
int AddApplications(app::Runtime& runtime, std::vector<app::Definition> definitions, bool skip_damaged, Log& log,
                    const Context& context) {
  for (app::Definition& definition : definitions) {
    const std::string name = definition.config.name;
    const Status added = runtime.AddApplication(std::move(definition));
    if (!added.ok()) {
      const bool configuration = added.error().code == ErrorCode::kInvalidArgument;
      const bool damaged = added.error().code == ErrorCode::kCorruption;
      if (damaged && skip_damaged) {
        log.Error("application not started: damaged", {{"app", name}, {"error", added.error().message}});
        continue;
      }
      const std::string_view cure =
          damaged ? "; put that file back from a copy or move it away, or start the rest with --skip-damaged" : "";
      return Fail(context, "run", StrCat(name, ": ", added.error().message, cure),
                  configuration ? kExitBadConfiguration : kExitFailed);
    }
  }
  return kExitDone;
}

int Run(const Arguments& arguments, const Context& context) {
  KeepLittleFreedMemory();
  auto read = ReadApiOptions(arguments, context);
  if (!read.ok()) return Fail(context, "run", read.error().message, kExitWrongUse);
  api::ApiOptions options = std::move(read).value();
  const std::string form = arguments.Text("--log");
  if (!form.empty() && form != "text" && form != "json") {
    return Fail(context, "run", StrCat("--log: '", form, "' is not text or json"), kExitWrongUse);
  }
  auto runtime_options = ReadRuntimeOptions(arguments);
  if (!runtime_options.ok()) return Fail(context, "run", runtime_options.error().message, kExitWrongUse);
  // Before any thread is made, so that all inherit the blocked signals.
  auto signals = SignalQueue::Make();
  if (!signals.ok()) return Fail(context, "run", signals.error().message);
  auto definitions = LoadAll(arguments.positional(), context);
  if (!definitions.has_value()) return kExitBadConfiguration;

  const std::unique_ptr<Log> log =
      MakeStderrLog({.level = arguments.Has("--verbose") ? LogLevel::kDebug : LogLevel::kInfo,
                     .format = form == "text"   ? LogFormat::kText
                               : form == "json" ? LogFormat::kJson
                                                : LogFormat::kAutomatic},
                    context.clock);
  MetricsRegistry metrics;
  const auto load = [&context](Disk& disk, const std::string& path) {
    ApplicationSources sources(context.disk);
    return app::LoadDefinition(disk, path, sources);
  };
  CurlNet net;
  auto runtime = app::Runtime::Open(*std::move(runtime_options),
                                    {context.disk, context.clock, net, *log, metrics, RandomSeed(), load});
  if (!runtime.ok()) return Fail(context, "run", runtime.error().message);
  const int added = AddApplications(**runtime, *std::move(definitions), arguments.Has("--skip-damaged"), *log, context);
  if (added != kExitDone) return added;
  const Status certified = SetUpDevelopmentTls(arguments, context, options.http);
  if (!certified.ok()) return Fail(context, "run", certified.error().message);
  auto server = api::ApiServer::Start(options, **runtime, TAILRACE_VERSION);
  if (!server.ok()) return Fail(context, "run", server.error().message);
  (*runtime)->Start();
  const bool tls_only = !options.http.certificate_file.empty() && !options.http.plain_too;
  const std::string scheme = tls_only ? "https" : "http";
  const std::string host = options.http.address.find(':') == std::string::npos ? options.http.address
                                                                               : StrCat("[", options.http.address, "]");
  log->Info("serving",
            {{"url", StrCat(scheme, "://", host, ":", (*server)->port(), "/")}, {"data", arguments.Text("--data")}});
  if (options.http.plain_too) {
    log->Info("HTTPS too, with a certificate of this machine that clients must be told to trust",
              {{"certificate", options.http.certificate_file}});
  }
  if (!options.aws.loopback && !options.aws.authentication.keys.has_value()) {
    log->Warning("AWS requests are refused: beyond loopback they need keys, give --aws-keys FILE",
                 {{"address", options.http.address}});
  }
  const Status stopped = WaitForStop(*signals, (*runtime)->reloader(), !arguments.Has("--no-watch"));
  if (!stopped.ok()) return Fail(context, "run", stopped.error().message);
  log->Info("stopping: reading up, making checkpoints");
  const std::jthread limit = EndCallsAfter(kStopLimit, net);
  (*server)->Stop(kDrainLimit);
  (*runtime)->Stop(kStopLimit);
  log->Info("stopped");
  return kExitDone;
}

}  // namespace

const Verb kRunVerb = {
    .name = "run",
    .summary = "Run applications in the foreground, with streams, agents, API and page",
    .description =
        "Stops on Ctrl-C or SIGTERM after reading up and making checkpoints; a kill loses nothing either.\n"
        "Changed definitions are reloaded while it runs: as a whole, or refused as a whole with the place of\n"
        "each error while the old one goes on.",
    .options = kOptions,
    .positional = {"APP", "Folders with a tailrace.yaml, or the files themselves; none: streams and API alone", 0,
                   10'000},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
