#include "app/query/query.h"

#include <cstdio>
#include <optional>
#include <set>
#include <thread>

#include "base/os/allocator.h"
#include "base/os/file_watch.h"
#include "base/os/glob.h"
#include "base/os/process.h"
#include "base/str.h"
#include "cli/client.h"
#include "cli/progress_line.h"
#include "cli/verbs.h"
#include "data/output_format.h"
#include "data/text.h"

namespace tailrace::cli {
namespace {

constexpr size_t kTableRows = 1'000;  // Whose widths decide the columns of a table.
constexpr size_t kThreadsMax = 64;
constexpr uint64_t kFreedBytesKept = 4 << 20;  // More than what is decoded at a time.

constexpr OptionSpec kOptions[] = {
    {"--file", "[NAME=]FILE",
     "A file, a pattern in quotes, or - for standard input; gzip, zstd and snappy are unpacked. With NAME the file is "
     "that name in the SQL, else whatever FROM says.",
     "", false, true, "-f"},
    {"--format", "NAME", "json, csv, combined or common; found out when not given."},
    {"--columns", "LIST", "\"host VARCHAR(40), took INTEGER\"; found out from the first lines when not given."},
    {"--time", "COLUMN", "The column that ROWTIME is; found out when the SQL asks for time."},
    {"--output", "FORM", "table, json (an object a line) or csv; table on a terminal, else csv, when not given."},
    {"--follow", "", "Go on with what is appended to the last file, also after it was rotated."},
    {"--explain", "", "Tell on standard error how the files are understood."},
    {"--threads", "N", "Threads; the result does not depend on them. All cores when not given."},
};
constexpr std::string_view kExamples[] = {
    "tailrace query -f access.log 'SELECT client_ip, COUNT(*) AS hits FROM log GROUP BY client_ip "
    "ORDER BY hits DESC LIMIT 10'",
    "tailrace query 'SELECT status, COUNT(*), AVG(took) FROM log GROUP BY status' '/var/log/app/*.json.gz'",
    "tailrace query --follow -f access.log 'SELECT STREAM host, COUNT(*) FROM log "
    "GROUP BY host, STEP(log.ROWTIME BY INTERVAL '\\''10'\\'' SECOND)'",
    "zcat old.log.gz | tailrace query 'SELECT COUNT(*) FROM log WHERE status >= 500' -",
};

// Prints rows in one of the forms. A table's first rows are held back until its widths are known.
class Output {
 public:
  Output(const Context& context, std::string form, const data::Schema& schema)
      : context_(context),
        form_(std::move(form)),
        writer_(schema, {.format = form_ == "csv" ? data::OutputFormat::kCsv : data::OutputFormat::kJson,
                         .nulls = form_ == "csv" ? data::NullStyle::kOmit : data::NullStyle::kJson}) {
    for (const data::Field& field : schema.fields) {
      header_.push_back(field.name);
      right_.push_back(field.type.is_numeric());
    }
    if (form_ == "csv") context_.Print(Join(header_, ",") + "\n");
  }

  // False when nobody reads any more.
  bool Write(const data::Batch& batch, bool flush) {
    if (form_ != "table") {
      std::string text;
      writer_.AppendLines(text, batch);
      return context_.Print(text);
    }
    for (size_t row = 0; row < batch.rows(); ++row) {
      std::vector<std::string>& cells = rows_.emplace_back();
      for (size_t i = 0; i < header_.size(); ++i) {
        const data::Column& column = *batch.columns[i];
        cells.push_back(column.null(row) ? "-" : data::ToSqlText(column.type(), column.ValueAt(row)));
      }
    }
    return rows_.size() < kTableRows && !flush ? true : Flush();
  }
  bool Flush() {
    if (form_ != "table" || (rows_.empty() && form_of_table_.has_value())) return true;
    std::string text;
    if (!form_of_table_.has_value()) {
      form_of_table_ = FormOf(header_, rows_);
      form_of_table_->right = right_;
      AppendTableLine(text, *form_of_table_, header_);
    }
    for (const auto& row : rows_) AppendTableLine(text, *form_of_table_, row);
    rows_.clear();
    return context_.Print(text);
  }

 private:
  const Context& context_;
  const std::string form_;
  data::RowWriter writer_;
  std::vector<std::string> header_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
  std::optional<TableForm> form_of_table_;
};

// "name=path" or a path; a path that exists is one even with an equal sign in it.
app::QueryFiles ParseFile(const std::string& text, const Context& context) {
  const size_t equals = text.find('=');
  const bool named =
      equals != std::string::npos && equals > 0 && text.find('/') > equals && !context.disk.Stat(text).ok();
  const std::string path = named ? text.substr(equals + 1) : text;
  // The name as SQL folds it: exactly as given where it is quoted there, which the query finds out by itself.
  return {.name = named ? AsciiUpper(text.substr(0, equals)) : "",
          .files = path == "-" ? std::vector<std::string>{path} : GlobPaths(path)};
}

Result<app::QueryOptions> ReadOptions(const Arguments& arguments, const Context& context) {
  app::QueryOptions options;
  options.format = arguments.Text("--format");
  options.columns = arguments.Text("--columns");
  options.time_column = arguments.Text("--time");
  options.follow = arguments.Has("--follow");
  options.threads = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kThreadsMax);
  if (arguments.Has("--threads")) {
    const auto threads = ParseInt64(arguments.Text("--threads"));
    if (!threads.has_value() || *threads < 1 || *threads > static_cast<int64_t>(kThreadsMax)) {
      return Error{ErrorCode::kInvalidArgument, StrCat("--threads takes 1 to ", kThreadsMax)};
    }
    options.threads = static_cast<size_t>(*threads);
  }
  options.sql = arguments.positional()[0];
  std::vector<std::string> files(arguments.positional().begin() + 1, arguments.positional().end());
  for (const std::string& file : arguments.List("--file")) files.push_back(file);
  if (files.empty()) files.push_back("-");
  app::QueryFiles unnamed;
  for (const std::string& text : files) {
    app::QueryFiles parsed = ParseFile(text, context);
    if (parsed.name.empty()) {
      unnamed.files.insert(unnamed.files.end(), parsed.files.begin(), parsed.files.end());
    } else {
      options.sources.push_back(std::move(parsed));
    }
  }
  if (!unnamed.files.empty()) options.sources.push_back(std::move(unnamed));
  return options;
}

// Wakes when a file of the query changes.
Result<std::function<bool(std::chrono::milliseconds)>> WatchFiles(const app::QueryOptions& options) {
  TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<FileWatch> watch, MakeFileWatch());
  for (const app::QueryFiles& source : options.sources) {
    for (const std::string& file : source.files) {
      const size_t slash = file.rfind('/');
      TAILRACE_TRY(watch->Add(slash == std::string::npos ? "." : slash == 0 ? "/" : file.substr(0, slash)));
    }
  }
  return std::function<bool(std::chrono::milliseconds)>([watch](std::chrono::milliseconds timeout) {
    std::fflush(stdout);
    return watch->Wait(timeout).ok();
  });
}

void PrintReport(const app::QueryReport& report, const Context& context) {
  if (report.bad_lines + report.bad_rows > 0) {
    context.PrintError(StrCat("note: ", report.bad_lines, " lines gave no row, ", report.bad_rows,
                              " rows ended in an error; the first: ", report.first_bad, "\n"));
  }
  if (report.late_rows > 0) {
    context.PrintError(StrCat("note: ", report.late_rows, " of ", report.rows_in,
                              " rows were earlier than a row before them and count at its time\n"));
  }
}

int Run(const Arguments& arguments, const Context& context) {
  auto options = ReadOptions(arguments, context);
  if (!options.ok()) return Fail(context, "query", options.error().message, kExitWrongUse);
  std::string form = arguments.Text("--output");
  if (form.empty()) form = context.terminal ? "table" : "csv";
  if (form != "table" && form != "json" && form != "csv") {
    return Fail(context, "query", StrCat("--output: '", form, "' is not table, json or csv"), kExitWrongUse);
  }
  const std::string sql = options->sql;
  const bool follow = options->follow;
  app::Query::Environment environment{
      .disk = context.disk, .clock = context.clock, .input = ReadStandardInput, .wait = {}};
  if (follow) {
    auto wait = WatchFiles(*options);
    if (!wait.ok()) return Fail(context, "query", wait.error().message);
    environment.wait = std::move(wait).value();
  }
  auto query = app::Query::Prepare(std::move(options).value(), std::move(environment));
  if (!query.ok()) return Fail(context, "query", query.error().message);
  if (arguments.Has("--explain") || !(*query)->ok()) {
    for (const std::string& note : (*query)->notes()) context.PrintError(StrCat("note: ", note, "\n"));
  }
  for (const sql::Diagnostic& diagnostic : (*query)->diagnostics()) {
    context.PrintError(sql::FormatWithSource(diagnostic, "query", sql) + "\n");
  }
  if (!(*query)->ok()) return kExitFailed;

  KeepFreedMemory(kFreedBytesKept);
  Output output(context, form, (*query)->schema());
  ProgressLine progress(context, !follow && IsTerminal(2));
  const double total = static_cast<double>((*query)->bytes_total());
  bool reader_gone = false;
  auto report = (*query)->Run({.rows = [&](const data::Batch& rows) -> Status {
                                 progress.Wipe();
                                 reader_gone = !output.Write(rows, follow);
                                 if (reader_gone) return Error{ErrorCode::kCancelled, "nobody reads any more"};
                                 return Ok();
                               },
                               .progress =
                                   [&](uint64_t bytes, uint64_t rows) {
                                     progress.Show(total > 0 ? static_cast<double>(bytes) / total : 0, rows, "rows");
                                   }});
  if (reader_gone) return kExitDone;
  if (!report.ok()) return Fail(context, "query", report.error().message);
  progress.Wipe();
  output.Flush();
  PrintReport(*report, context);
  return kExitDone;
}

}  // namespace

const Verb kQueryVerb = {
    .name = "query",
    .summary = "Run one SQL query over log files, archives or standard input",
    .description =
        "Formats, columns and times are found out from the first lines. A SELECT without STREAM is over all rows and\n"
        "may use ORDER BY and LIMIT freely; with STREAM, windows follow ROWTIME, the time column of the file.\n"
        "What is wrong with lines or rows is counted and told on standard error.",
    .options = kOptions,
    .positional = {"SQL", "The query, then the files it is over; standard input when there are none", 1, 10'000},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
