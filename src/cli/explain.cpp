#include "app/definition.h"
#include "app/replay.h"
#include "cli/application_sources.h"
#include "cli/program_options.h"
#include "cli/verbs.h"

namespace tailrace::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {kSqlOption.name, kSqlOption.value, "Explain this SQL file, without an application."},
    kInputsOption,
    kTableOption,
    kSqlOptionOption,
};
constexpr std::string_view kExamples[] = {"tailrace explain examples/order-flood",
                                          "tailrace explain --sql app.sql --inputs inputs.json"};

int Run(const Arguments& arguments, const Context& context) {
  if (arguments.Has("--sql") == !arguments.positional().empty()) {
    return Fail(context, "explain", "give either an application's folder or --sql FILE", kExitWrongUse);
  }
  if (!arguments.Has("--sql")) {
    ApplicationSources sources(context.disk);
    const auto definition = app::LoadDefinition(context.disk, arguments.positional()[0], sources);
    if (!definition.ok()) return Fail(context, "explain", definition.error().message);
    if (!definition->ok()) {
      context.PrintError(app::FormatProblems(*definition, true));
      return kExitBadConfiguration;
    }
    context.Print(sql::Explain(*definition->program));
    return kExitDone;
  }
  const auto files = ReadProgramOptions(arguments);
  if (!files.ok()) return Fail(context, "explain", files.error().message, kExitWrongUse);
  const auto program = app::LoadProgram(context.disk, *files);
  if (!program.ok()) return Fail(context, "explain", program.error().message);
  for (const sql::Diagnostic& diagnostic : program->compiled.diagnostics) {
    context.PrintError(sql::FormatWithSource(diagnostic, files->sql_file, program->sql_text));
  }
  if (!program->compiled.ok()) return kExitFailed;
  context.Print(sql::Explain(program->compiled.program));
  return kExitDone;
}

}  // namespace

const Verb kExplainVerb = {
    .name = "explain",
    .summary = "Print the operator graph: window, keys, state and emission rule of each step",
    .options = kOptions,
    .positional = {"APP", "Folder with a tailrace.yaml, or the file itself.", 0, 1},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
