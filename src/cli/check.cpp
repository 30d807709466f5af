#include "app/definition.h"
#include "app/replay.h"
#include "base/str.h"
#include "cli/application_sources.h"
#include "cli/program_options.h"
#include "cli/verbs.h"
#include "data/text.h"
#include "sql/diagnostic.h"

namespace tailrace::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {kSqlOption.name, kSqlOption.value, "Check this SQL file alone, without an application."},
    kInputsOption,
    kTableOption,
    {"--fix", "", "Print the SQL with every repair that is certain applied."},
    {"--json", "", "Print problems as JSON, one object a line."},
    {"--explain", "", "Print the operator graph of a good program."},
    kSqlOptionOption,
};
constexpr std::string_view kExamples[] = {
    "tailrace check examples/order-flood",
    "tailrace check --sql app.sql --inputs inputs.json",
    "tailrace check --sql app.sql --inputs inputs.json --fix > repaired.sql",
};

// One problem, whatever it was found in.
struct Finding {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  bool warning = false;
  std::string message;
  std::string hint;
  std::string text;  // As printed for people.
};

// People get the source line as well; programs one line a finding.
Finding FromDiagnostic(const sql::Diagnostic& diagnostic, const std::string& file, const std::string& sql,
                       bool terminal) {
  const sql::LineColumn place = sql::Locate(sql, diagnostic.range.begin);
  return {file,
          place.line,
          place.column,
          diagnostic.severity == sql::Severity::kWarning,
          diagnostic.message,
          diagnostic.hint,
          terminal ? sql::FormatWithSource(diagnostic, file, sql) : sql::Format(diagnostic, file, sql)};
}

int Report(const std::vector<Finding>& findings, bool json, const Context& context) {
  size_t errors = 0;
  for (const Finding& finding : findings) {
    errors += finding.warning ? 0 : 1;
    if (!json) {
      context.Print(finding.text.ends_with('\n') ? finding.text : finding.text + "\n");
      continue;
    }
    std::string line = "{\"file\":";
    data::AppendJsonString(line, finding.file);
    line += StrCat(",\"line\":", finding.line, ",\"column\":", finding.column, ",\"severity\":\"",
                   finding.warning ? "warning" : "error", "\",\"message\":");
    data::AppendJsonString(line, finding.message);
    line += ",\"hint\":";
    data::AppendJsonString(line, finding.hint);
    context.Print(line + "}\n");
  }
  return errors == 0 ? kExitDone : kExitFailed;
}

int CheckProgram(const Arguments& arguments, const Context& context) {
  auto files = ReadProgramOptions(arguments);
  if (!files.ok()) return Fail(context, "check", files.error().message, kExitWrongUse);
  auto program = app::LoadProgram(context.disk, *files);
  if (!program.ok()) return Fail(context, "check", program.error().message);
  if (arguments.Has("--fix")) {
    context.Print(sql::ApplyFixes(program->sql_text, program->compiled.diagnostics));
    return kExitDone;
  }
  std::vector<Finding> findings;
  for (const sql::Diagnostic& diagnostic : program->compiled.diagnostics) {
    findings.push_back(FromDiagnostic(diagnostic, files->sql_file, program->sql_text, context.terminal));
  }
  const int code = Report(findings, arguments.Has("--json"), context);
  if (code == kExitDone && arguments.Has("--explain")) context.Print(sql::Explain(program->compiled.program));
  return code;
}

int CheckApplication(const std::string& path, const Arguments& arguments, const Context& context) {
  ApplicationSources sources(context.disk);
  auto definition = app::LoadDefinition(context.disk, path, sources);
  if (!definition.ok()) return Fail(context, "check", definition.error().message);
  const std::string sql_file = app::ResolvePath(definition->config.folder, definition->config.sql_file);
  if (arguments.Has("--fix")) {
    context.Print(sql::ApplyFixes(definition->sql_text, definition->sql_diagnostics));
    return kExitDone;
  }
  std::vector<Finding> findings;
  for (const app::ConfigProblem& problem : definition->problems) {
    findings.push_back({problem.place.file, static_cast<uint32_t>(problem.place.line),
                        static_cast<uint32_t>(problem.place.column), problem.warning, problem.message, problem.hint,
                        app::Format(problem)});
  }
  for (const sql::Diagnostic& diagnostic : definition->sql_diagnostics) {
    findings.push_back(FromDiagnostic(diagnostic, sql_file, definition->sql_text, context.terminal));
  }
  const int code = Report(findings, arguments.Has("--json"), context);
  if (code != kExitDone) return code;
  if (arguments.Has("--explain")) context.Print(sql::Explain(*definition->program));
  if (!arguments.Has("--json") && context.terminal) context.Print(StrCat(definition->config.name, " is good\n"));
  return kExitDone;
}

int Run(const Arguments& arguments, const Context& context) {
  const bool program = arguments.Has("--sql");
  if (program == !arguments.positional().empty()) {
    return Fail(context, "check", "give either an application's folder or --sql FILE", kExitWrongUse);
  }
  return program ? CheckProgram(arguments, context) : CheckApplication(arguments.positional()[0], arguments, context);
}

}  // namespace

const Verb kCheckVerb = {
    .name = "check",
    .summary = "Check an application or a SQL file: every error at once, with place and cure",
    .description = "Exits 0 when all is well (warnings do not count), 1 when there are errors.",
    .options = kOptions,
    .positional = {"APP", "Folder with a tailrace.yaml, or the file itself.", 0, 1},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
