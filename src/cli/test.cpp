#include <algorithm>

#include "app/definition.h"
#include "app/test_run.h"
#include "base/os/temporary_folder.h"
#include "base/str.h"
#include "cli/application_sources.h"
#include "cli/verbs.h"
#include "data/text.h"

namespace tailrace::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {"--filter", "TEXT", "Only files whose name contains this."},
    {"--mode", "NAME", "Only this mode; all when not given.", "", false, true},
    {"--update", "", "Write what was found in place of what was expected, then run all modes on it."},
    {"--json", "", "Print one JSON object a file."},
};
constexpr std::string_view kExamples[] = {
    "tailrace test examples/order-flood",
    "tailrace test shop shop/tests/flood.slt --update",
    "tailrace test shop --filter flood --mode killed",
};

struct FileResult {
  std::string file;
  std::string mode;  // Where it went wrong; empty: nowhere.
  std::vector<engine::SqlTestFailure> failures;
  bool updated = false;
};

class Tester {
 public:
  Tester(const app::Definition& definition, std::vector<app::TestMode> modes, const Context& context)
      : definition_(definition), modes_(std::move(modes)), context_(context) {}

  Result<FileResult> Run(const std::string& path, bool update) {
    FileResult result{.file = path, .mode = {}, .failures = {}};
    TAILRACE_ASSIGN_OR_RETURN(std::string text, ReadFile(context_.disk, path));
    if (update) {
      TAILRACE_ASSIGN_OR_RETURN(const auto failures, RunMode(engine::ParseSqlTestFile(path, text), modes_.front()));
      const std::string updated = engine::UpdateSqlTest(text, failures);
      if (updated != text) {
        TAILRACE_TRY(WriteFileAtomically(context_.disk, path, updated));
        result.updated = true;
        text = updated;
      }
    }
    const engine::SqlTestFile file = engine::ParseSqlTestFile(path, text);
    for (const app::TestMode& mode : modes_) {
      TAILRACE_ASSIGN_OR_RETURN(result.failures, RunMode(file, mode));
      if (result.failures.empty()) continue;
      result.mode = mode.name;  // What is wrong in one mode is mostly wrong in all.
      break;
    }
    return result;
  }

 private:
  Result<std::vector<engine::SqlTestFailure>> RunMode(const engine::SqlTestFile& file, const app::TestMode& mode) {
    TAILRACE_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Make());
    return app::RunTest(context_.disk, file, definition_, folder.path() + "/data", mode);
  }

  const app::Definition& definition_;
  const std::vector<app::TestMode> modes_;
  const Context& context_;
};

void AppendLines(std::string& json, std::string_view name, const std::vector<std::string>& lines) {
  json += StrCat(",\"", name, "\":[");
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) json += ',';
    data::AppendJsonString(json, lines[i]);
  }
  json += ']';
}

std::string ToJson(const FileResult& result) {
  std::string json = "{\"file\":";
  data::AppendJsonString(json, result.file);
  json += StrCat(",\"passed\":", result.failures.empty() ? "true" : "false",
                 ",\"updated\":", result.updated ? "true" : "false", ",\"mode\":");
  data::AppendJsonString(json, result.mode);
  json += ",\"failures\":[";
  for (const engine::SqlTestFailure& failure : result.failures) {
    if (json.back() != '[') json += ',';
    json += StrCat("{\"line\":", failure.line, ",\"message\":");
    data::AppendJsonString(json, failure.message);
    if (failure.compares) {
      AppendLines(json, "expected", failure.expected);
      AppendLines(json, "found", failure.found);
    }
    json += '}';
  }
  return json + "]}\n";
}

std::string ToText(const FileResult& result, size_t modes) {
  if (result.failures.empty()) {
    return StrCat("ok      ", result.file, " (", modes, modes == 1 ? " mode" : " modes",
                  result.updated ? ", updated" : "", ")\n");
  }
  std::string text = StrCat("FAILED  ", result.file, " in mode ", result.mode, "\n");
  for (const engine::SqlTestFailure& failure : result.failures) text += FormatSqlTestFailure(result.file, failure);
  return text;
}

// Those that --mode names. Errors: kInvalidArgument.
Result<std::vector<app::TestMode>> ChooseModes(const Arguments& arguments) {
  const std::vector<app::TestMode> all = app::TestModes();
  if (!arguments.Has("--mode")) return all;
  std::vector<app::TestMode> chosen;
  for (const std::string& name : arguments.List("--mode")) {
    const auto found = std::ranges::find(all, name, &app::TestMode::name);
    if (found == all.end()) {
      std::vector<std::string> names;
      for (const app::TestMode& mode : all) names.emplace_back(mode.name);
      return Error{ErrorCode::kInvalidArgument, StrCat("--mode: '", name, "' is none of ", Join(names, ", "))};
    }
    chosen.push_back(*found);
  }
  return chosen;
}

int Run(const Arguments& arguments, const Context& context) {
  const auto modes = ChooseModes(arguments);
  if (!modes.ok()) return Fail(context, "test", modes.error().message, kExitWrongUse);
  ApplicationSources sources(context.disk);
  auto definition = app::LoadDefinition(context.disk, arguments.positional()[0], sources);
  if (!definition.ok()) return Fail(context, "test", definition.error().message, kExitBadConfiguration);
  if (!definition->ok()) {
    context.PrintError(app::FormatProblems(*definition, true));
    return kExitBadConfiguration;
  }
  std::vector<std::string> files(arguments.positional().begin() + 1, arguments.positional().end());
  if (files.empty()) {
    auto found = app::FindTestFiles(context.disk, definition->config);
    if (!found.ok()) return Fail(context, "test", found.error().message);
    files = std::move(found).value();
  }
  std::erase_if(files, [filter = arguments.Text("--filter")](const std::string& file) {
    return file.find(filter, file.rfind('/') + 1) == std::string::npos;
  });
  if (files.empty()) {
    return Fail(
        context, "test",
        StrCat("no test to run: write ", definition->config.folder, "/tests/NAME.slt, name files, or loosen --filter"),
        kExitWrongUse);
  }
  Tester tester(*definition, *modes, context);
  size_t failed = 0;
  for (const std::string& file : files) {
    auto result = tester.Run(file, arguments.Has("--update"));
    if (!result.ok()) return Fail(context, "test", StrCat(file, ": ", result.error().message));
    failed += result->failures.empty() ? 0 : 1;
    if (!context.Print(arguments.Has("--json") ? ToJson(*result) : ToText(*result, modes->size()))) return kExitFailed;
  }
  if (!arguments.Has("--json")) {
    context.Print(failed == 0
                      ? StrCat(files.size(), files.size() == 1 ? " file" : " files", " passed\n")
                      : StrCat(failed, " of ", files.size(), files.size() == 1 ? " file" : " files", " failed\n"));
  }
  return failed == 0 ? kExitDone : kExitFailed;
}

}  // namespace

const Verb kTestVerb = {
    .name = "test",
    .summary = "Run an application's tests in virtual time: records in, rows, alarms and items out",
    .description =
        "Runs APP/tests/*.slt, or the files given, against the application as it would run live, without network,\n"
        "agents or waiting. Each file runs in every mode: different batches, restarts, kills, several decoding\n"
        "threads; the expected text is the same in all. docs/sql-tests.md describes the files.\n"
        "Exits 0 when all pass, 1 when one fails, 78 when the application itself has errors.",
    .options = kOptions,
    .positional = {"APP", "Folder with a tailrace.yaml, or the file itself; then, if you like, test files", 1, 1'000},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
