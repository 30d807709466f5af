#include <algorithm>

#include "app/doctor/doctor.h"
#include "base/str.h"
#include "cli/application_sources.h"
#include "cli/verbs.h"
#include "data/text.h"

namespace tailrace::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {"--data", "FOLDER", "The data folder that 'tailrace run' is given.", "tailrace-data"},
    {"--listen", "ADDRESS:PORT", "The address that 'tailrace run' is given.", "127.0.0.1:8080"},
    {"--timeout", "SECONDS", "How long one step may take.", "3"},
    {"--json", "", "Print JSON, one object a step."},
};
constexpr std::string_view kExamples[] = {
    "tailrace doctor examples/order-flood",
    "tailrace doctor shop site --data /var/lib/tailrace --json",
};

// Sets address and port of `options`.
Status ParseAddress(const std::string& text, app::DoctorOptions& options) {
  const size_t colon = text.rfind(':');
  const auto port = ParseInt64(colon == std::string::npos ? text : text.substr(colon + 1));
  if (!port.has_value() || *port < 0 || *port > 65'535) {
    return Error{ErrorCode::kInvalidArgument, StrCat("'", text, "' is not ADDRESS:PORT")};
  }
  options.listen_port = static_cast<uint16_t>(*port);
  options.listen_address = colon == std::string::npos || colon == 0 ? "127.0.0.1" : text.substr(0, colon);
  if (options.listen_address.starts_with('[') && options.listen_address.ends_with(']')) {
    options.listen_address = options.listen_address.substr(1, options.listen_address.size() - 2);
  }
  return Ok();
}

std::string Json(const ExaminedStep& step) {
  std::string line = "{\"dependency\":";
  data::AppendJsonString(line, step.dependency);
  line += ",\"step\":";
  data::AppendJsonString(line, step.step);
  line += StrCat(",\"state\":\"", step.good ? "ok" : "failed", "\",\"detail\":");
  data::AppendJsonString(line, step.detail);
  line += ",\"cure\":";
  data::AppendJsonString(line, step.cure);
  return line + fmt::format(",\"ms\":{:.3f}}}\n", std::chrono::duration<double, std::milli>(step.took).count());
}

void Print(const std::vector<ExaminedStep>& steps, const Context& context) {
  size_t dependency_width = 0;
  size_t step_width = 0;
  for (const ExaminedStep& step : steps) {
    dependency_width = std::max(dependency_width, Utf8Length(step.dependency));
    step_width = std::max(step_width, step.step.size());
  }
  std::string_view last;
  for (const ExaminedStep& step : steps) {
    const std::string_view shown = step.dependency == last ? std::string_view() : std::string_view(step.dependency);
    last = step.dependency;
    context.Print(StrCat(step.good ? "ok      " : "FAILED  ", shown,
                         std::string(dependency_width - Utf8Length(shown) + 2, ' '), step.step,
                         std::string(step_width - step.step.size() + 2, ' '), step.detail, "\n"));
    if (!step.good) context.Print(StrCat("        cure: ", step.cure, "\n"));
  }
}

int RunDoctor(const Arguments& arguments, const Context& context) {
  app::DoctorOptions options{.data_folder = arguments.Text("--data")};
  const Status address = ParseAddress(arguments.Text("--listen"), options);
  if (!address.ok()) return Fail(context, "doctor", StrCat("--listen: ", address.error().message), kExitWrongUse);
  const auto seconds = ParseInt64(arguments.Text("--timeout"));
  if (!seconds.has_value() || *seconds < 1 || *seconds > 600) {
    return Fail(context, "doctor", "--timeout: give seconds, 1 to 600", kExitWrongUse);
  }
  options.timeout = std::chrono::seconds(*seconds);
  while (options.data_folder.size() > 1 && options.data_folder.ends_with('/')) options.data_folder.pop_back();

  const app::DoctorEnvironment environment{context.disk, context.net};
  Examination examination(context.clock);
  ApplicationSources sources(context.disk);
  app::ExamineMachine(options, environment, examination);
  for (const std::string& path : arguments.positional()) {
    auto definition = app::LoadDefinition(context.disk, path, sources);
    if (!definition.ok()) {
      examination.Begin("application " + path);
      examination.Step("definition", "Name the application's folder or its tailrace.yaml.",
                       [&]() -> Result<std::string> { return definition.error(); });
      continue;
    }
    app::ExamineFiles(*definition, options, environment, examination);
    app::ExamineServices(*definition, options, environment, examination);
  }
  app::ExamineClock(examination);

  const std::vector<ExaminedStep>& steps = examination.steps();
  if (arguments.Has("--json")) {
    for (const ExaminedStep& step : steps) context.Print(Json(step));
  } else {
    Print(steps, context);
    const auto failed = std::ranges::count_if(steps, [](const ExaminedStep& step) { return !step.good; });
    context.Print(failed == 0 ? std::string("all is well\n")
                              : StrCat(failed, failed == 1 ? " dependency is" : " dependencies are", " not well\n"));
  }
  return examination.good() ? kExitDone : kExitFailed;
}

}  // namespace

const Verb kDoctorVerb = {
    .name = "doctor",
    .summary = "Look at everything an application needs, step by step, and say what is wrong",
    .description =
        "Looks at files, rights, disk, limits, address, databases, mail servers, web services, object stores and "
        "Kafka. "
        "Of each dependency the first step that fails is named, with its cure; later steps would fail for the same "
        "reason. Nothing is changed. Exits with 1 when a step failed.",
    .options = kOptions,
    .positional = {"APP", "Folders with a tailrace.yaml, or the files themselves", 1, 100},
    .examples = kExamples,
    .run = RunDoctor,
};

}  // namespace tailrace::cli
