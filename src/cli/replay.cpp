#include "app/replay.h"

#include "base/str.h"
#include "cli/program_options.h"
#include "cli/rehearse.h"
#include "cli/time_text.h"
#include "cli/verbs.h"

namespace tailrace::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {"--from", "TIME", "APP: what is told begins here; ISO 8601, epoch ms, or 24h for so long ago."},
    {"--to", "TIME", "APP: and ends here; now, when not given."},
    {"--sweep", "NAME=VALUES", "APP: a parameter's values in turn: 20..60, 20..60/10 or 20,30,60; prints a table."},
    {"--set", "NAME=VALUE", "APP: another value for a parameter.", "", false, true},
    {"--warm-up", "TIME", "APP: read only so much before --from, such as 15m; else all that is there."},
    {"--data", "FOLDER", "APP: where the server keeps its streams.", "tailrace-data"},
    {"--records", "INPUT=PATH",
     "APP: records from files instead, a line each: a file or a folder of them, gzip and zstd too.", "", false, true},
    {"--time", "COLUMN", "APP: with --records, the input's column that has the time; else its first TIMESTAMP."},
    {"--json", "", "APP: print JSON, one object a line."},
    kSqlOption,
    kInputsOption,
    {"--feed", "NAME=FILE",
     "Rows of in-application input stream NAME: a JSON object a line, with ROWTIME as ISO 8601 text or epoch ms.", "",
     false, true},
    kTableOption,
    {"--until", "TIME", "Advance time to here after the last row, and leave out later rows; ISO 8601 or epoch ms."},
    {"--emit", "STREAM,..",
     "Streams to print; all: inputs too. When not given: all that pumps write, and error_stream.", "", false, true},
    kSqlOptionOption,
};
constexpr std::string_view kExamples[] = {
    "tailrace replay examples/order-flood --from 24h",
    "tailrace replay examples/order-flood --from 2018-11-01 --to 2018-11-08 --sweep threshold=20..60",
    "tailrace replay --sql app.sql --inputs inputs.json --feed SOURCE_SQL_STREAM_001=rows.ndjson",
    "tailrace replay --sql app.sql --inputs inputs.json --feed SOURCE_SQL_STREAM_001=rows.ndjson "
    "--until 2018-11-01T01:00:00Z --emit DESTINATION_SQL_STREAM",
};

int Run(const Arguments& arguments, const Context& context) {
  if (arguments.Has("--sql") != arguments.positional().empty()) {
    return Fail(context, "replay", "name an application's folder, or a program with --sql", kExitWrongUse);
  }
  if (!arguments.positional().empty()) return RunRehearsal(arguments, context);
  auto files = ReadProgramOptions(arguments);
  if (!files.ok()) return Fail(context, "replay", files.error().message, kExitWrongUse);
  app::ReplayOptions options;
  for (const std::string& text : arguments.List("--feed")) {
    auto feed = app::ParseNamedFile(text);
    if (!feed.ok()) return Fail(context, "replay", StrCat("--feed: ", feed.error().message), kExitWrongUse);
    options.feeds.push_back(std::move(feed).value());
  }
  for (const std::string& text : arguments.List("--emit")) {
    for (const std::string_view name : Split(text, ',')) options.emit.emplace_back(Trim(name));
  }
  if (arguments.Has("--until")) {
    options.until = ParseTimeText(arguments.Text("--until"));
    if (!options.until.has_value()) {
      return Fail(context, "replay",
                  StrCat("--until: '", arguments.Text("--until"), "' is neither ISO 8601 nor epoch milliseconds"),
                  kExitWrongUse);
    }
  }
  auto program = app::LoadProgram(context.disk, *files);
  if (!program.ok()) return Fail(context, "replay", program.error().message, kExitBadConfiguration);
  for (const sql::Diagnostic& diagnostic : program->compiled.diagnostics) {
    if (program->compiled.ok()) break;  // Warnings are check's business.
    context.PrintError(sql::FormatWithSource(diagnostic, files->sql_file, program->sql_text));
  }
  if (!program->compiled.ok()) return kExitFailed;
  const Status status = app::Replay(context.disk, std::move(program).value(), options,
                                    [&](std::string_view lines) { context.Print(lines); });
  if (!status.ok()) return Fail(context, "replay", status.error().message);
  return kExitDone;
}

}  // namespace

const Verb kReplayVerb = {
    .name = "replay",
    .summary = "Run past records through SQL and alarms, in virtual time and at full speed",
    .description =
        "With APP: when each alarm would have fired, told, held back and been over, for the records that the data\n"
        "folder still has (a server may be at work on it). Nobody is told.\n"
        "With --sql: what a program gives for recorded rows. Rows of several feeds are merged by ROWTIME, then in the "
        "order given. Output is one JSON object a row:\n"
        "{\"stream\": ..., \"ROWTIME\": ..., columns}. What goes wrong with a row is a row of error_stream.",
    .options = kOptions,
    .positional = {"APP", "Folder with a tailrace.yaml, or the file itself", 0, 1},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
