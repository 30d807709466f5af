#include "engine/sql_test_file.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/str.h"
#include "engine/graph.h"
#include "engine/job.h"
#include "engine/live_save_check.h"
#include "engine/sql_test_rows.h"

namespace tailrace::engine {
namespace {

constexpr std::string_view kSeparator = "----";

class SqlTestRun {
 public:
  SqlTestRun(const SqlTestFile& file, const SqlTestMode& mode, const SqlTestSetup& setup)
      : file_(file),
        mode_(mode),
        inputs_(setup.inputs),
        tables_(setup.tables),
        table_rows_(setup.table_rows),
        text_(setup.program),
        options_(setup.options),
        push_(setup.push),
        workers_(mode.threads) {}

  std::vector<SqlTestFailure> Run() {
    for (const SqlTestBlock& block : file_.blocks) {
      const Status status = RunBlock(block);
      if (!status.ok()) {
        Fail(block, status.error().message);
        break;
      }
    }
    return std::move(failures_);
  }

 private:
  Status RunBlock(const SqlTestBlock& block) {
    const std::vector<std::string_view> words = Split(block.head, ' ');
    const std::string_view rest = Trim(std::string_view(block.head).substr(words[0].size()));
    if (words[0] == "input" || words[0] == "table") return Declare(block, words[0] == "table", rest);
    if (words[0] == "option") return Option(rest);
    if (block.head == "statement error") return ExpectError(block);
    if (block.head == "statement") {
      for (const std::string& line : block.body) text_ += line + "\n";
      return Ok();
    }
    if (block.head == "query") return Query(block);
    if (words[0] == "feed") return Feed(block, rest);
    if (words[0] == "advance") return Advance(rest);
    if (words[0] == "emitted") return Emitted(block, rest);
    return Error{ErrorCode::kInvalidArgument, StrCat("unknown block: ", block.head)};
  }

  void Fail(const SqlTestBlock& block, std::string message) {
    failures_.push_back(block.Failure());
    failures_.back().message = std::move(message);
  }

  Status Declare(const SqlTestBlock& block, bool table, std::string_view rest) {
    const size_t open = rest.find('(');
    const std::string name(Trim(rest.substr(0, open)));
    TAILRACE_ASSIGN_OR_RETURN(data::Schema schema, ParseSqlTestColumns(open == rest.npos ? "" : rest.substr(open)));
    if (!table) {
      inputs_.push_back({.name = name, .schema = std::move(schema)});
      return Ok();
    }
    std::vector<std::shared_ptr<data::Column>> columns;
    for (const data::Field& field : schema.fields) columns.push_back(std::make_shared<data::Column>(field.type));
    for (const std::string& line : block.body) {
      const std::vector<std::string_view> fields = Split(line, '\t');
      if (fields.size() != columns.size()) return WrongFields(line, columns.size());
      for (size_t i = 0; i < fields.size(); ++i) TAILRACE_TRY(AppendSqlTestField(fields[i], *columns[i]));
    }
    table_rows_.push_back({.rowtimes = nullptr, .columns = {columns.begin(), columns.end()}});
    tables_.push_back({.name = name, .schema = std::move(schema)});
    return Ok();
  }

  static Error WrongFields(std::string_view line, size_t expected) {
    return Error{ErrorCode::kInvalidArgument, StrCat("expected ", expected, " fields: ", line)};
  }

  Status Option(std::string_view name) {
    if (!sql::SetCompileOption(options_, name)) {
      return Error{ErrorCode::kInvalidArgument, StrCat("unknown option: ", name)};
    }
    return Ok();
  }

  sql::CompileResult CompileText(std::string_view text) const {
    return sql::Compile({.text = text, .inputs = inputs_, .tables = tables_, .options = options_});
  }

  Status ExpectError(const SqlTestBlock& block) {
    const std::string text = StrCat(text_, Join(block.body, "\n"), "\n");
    const sql::CompileResult compiled = CompileText(text);
    std::string messages;
    for (const sql::Diagnostic& diagnostic : compiled.diagnostics) {
      if (diagnostic.severity == sql::Severity::kError) messages += StrCat(diagnostic.message, "\n");
    }
    const std::string expected = Join(block.result, "\n");
    if (messages.empty()) Fail(block, "compiled, an error was expected");
    if (!messages.empty() && messages.find(expected) == std::string::npos) {
      Fail(block, StrCat("expected the error: ", expected, "\nfound: ", messages));
    }
    return Ok();
  }

  Status Query(const SqlTestBlock& block) {
    const std::string text = StrCat(text_, Join(block.body, "\n"), "\n");
    TAILRACE_ASSIGN_OR_RETURN(auto program, Program(text));
    MetricsRegistry metrics;
    TAILRACE_ASSIGN_OR_RETURN(auto job, Job::Make(program, Options(), table_rows_, metrics));
    if (program->queries.empty()) return Error{ErrorCode::kInvalidArgument, "no query among the statements"};
    std::vector<std::string> rows;
    const int last = static_cast<int>(program->queries.size()) - 1;
    job->ListenQuery(last, [&](const data::Batch& batch, data::Ordinal) {
      for (size_t row = 0; row < batch.rows(); ++row) rows.push_back(SqlTestRow(batch, row, false));
      return Ok();
    });
    TAILRACE_TRY(job->Advance(Timestamp::max()));
    Compare(block, rows, block.result);
    return Ok();
  }

  Result<std::shared_ptr<const sql::BoundProgram>> Program(std::string_view text) const {
    sql::CompileResult compiled = CompileText(text);
    if (!compiled.ok()) {
      std::string messages = "the program does not compile:";
      for (const sql::Diagnostic& diagnostic : compiled.diagnostics) {
        messages += StrCat("\n", sql::Format(diagnostic, file_.name, text));
      }
      return Error{ErrorCode::kInvalidArgument, messages};
    }
    return std::make_shared<const sql::BoundProgram>(std::move(compiled.program));
  }

  Status Start() {
    if (job_ != nullptr) return Ok();
    TAILRACE_ASSIGN_OR_RETURN(program_, Program(text_));
    emitted_.resize(program_->streams.size());
    next_ordinal_.assign(program_->streams.size(), 1);
    return MakeJob();
  }

  JobOptions Options() const {
    if (mode_.threads == 1 || one_lane_) return {};
    return {.lanes = {.workers = &workers_, .rows_min = 1}};
  }

  Status MakeJob() {
    metrics_ = std::make_unique<MetricsRegistry>();
    TAILRACE_ASSIGN_OR_RETURN(job_, Job::Make(program_, Options(), table_rows_, *metrics_));
    for (size_t stream = 0; stream < emitted_.size(); ++stream) {
      job_->Listen(static_cast<int>(stream), [this, stream](const data::Batch& batch, data::Ordinal first) {
        if (first != next_ordinal_[stream]) return Status(Error{ErrorCode::kInternal, "ordinals with a gap"});
        next_ordinal_[stream] += batch.rows();
        const bool errors = program_->streams[stream].kind == sql::StreamKind::kError;
        for (size_t row = 0; row < batch.rows(); ++row) {
          emitted_[stream].push_back(errors ? SqlTestErrorRow(batch, row) : SqlTestRow(batch, row, true));
        }
        return Ok();
      });
    }
    return Ok();
  }

  Status AfterStep() {
    if (mode_.save == SqlTestMode::Save::kNone) return Ok();
    if (mode_.save == SqlTestMode::Save::kLive) return save_.AfterStep(*job_);
    save_.Begin(*job_);
    TAILRACE_TRY(save_.Finish());
    one_lane_ = !one_lane_;
    TAILRACE_TRY(MakeJob());
    ByteReader reader(save_.plain());
    return job_->Load(reader);
  }

  // Lines of one stream; without a name every line begins with one.
  Status Feed(const SqlTestBlock& block, std::string_view stream_name) {
    TAILRACE_TRY(Start());
    size_t line = 0;
    while (line < block.body.size()) {
      int stream = -1;
      std::vector<std::shared_ptr<data::Column>> columns;
      auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
      for (; line < block.body.size() && rowtimes->size() < mode_.batch_rows; ++line) {
        std::vector<std::string_view> fields = Split(block.body[line], '\t');
        std::string_view name = stream_name;
        if (name.empty()) {
          name = fields[0];
          fields.erase(fields.begin());
        }
        const int own = program_->FindStream(name);
        if (own < 0) return Error{ErrorCode::kNotFound, StrCat("no stream ", name)};
        if (stream >= 0 && own != stream) break;
        if (stream < 0) {
          stream = own;
          const sql::StreamInfo& info = program_->streams[static_cast<size_t>(stream)];
          for (const data::Field& field : info.schema->fields) {
            columns.push_back(std::make_shared<data::Column>(field.type));
          }
          for (int i = 0; i < info.metadata_columns; ++i) {
            columns.push_back(std::make_shared<data::Column>(sql::MetadataFields()[static_cast<size_t>(i)].type));
          }
        }
        auto appended = AppendLine(fields, stream, *rowtimes, columns);
        if (!appended.ok()) return std::move(appended).error().Context(StrCat("line ", block.line + 1 + line));
      }
      const data::Batch rows{.rowtimes = rowtimes, .columns = {columns.begin(), columns.end()}};
      TAILRACE_TRY(push_ ? push_(*job_, program_->streams[static_cast<size_t>(stream)], stream, rows)
                         : job_->Push(stream, rows));
      TAILRACE_TRY(AfterStep());
    }
    return Ok();
  }

  // ROWTIME, the declared columns, then metadata columns as far as given: arrival time, shard, sequence, key.
  Status AppendLine(std::span<const std::string_view> fields, int stream, data::Column& rowtimes,
                    std::vector<std::shared_ptr<data::Column>>& columns) {
    const size_t declared = program_->streams[static_cast<size_t>(stream)].schema->fields.size();
    if (fields.size() < declared + 1 || fields.size() > columns.size() + 1) {
      return Error{ErrorCode::kInvalidArgument, StrCat("expected ROWTIME and ", declared, " fields")};
    }
    TAILRACE_ASSIGN_OR_RETURN(const int64_t rowtime, ParseSqlTestTime(fields[0]));
    rowtimes.AppendInt64(rowtime);
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i + 1 < fields.size()) {
        TAILRACE_TRY(AppendSqlTestField(fields[i + 1], *columns[i]));
      } else if (i == declared) {
        columns[i]->AppendInt64(rowtime);
      } else {
        columns[i]->AppendText(i == declared + 1 ? "shardId-000000000000" : i == declared + 2 ? "1" : "key");
      }
    }
    return Ok();
  }

  Status Advance(std::string_view text) {
    TAILRACE_TRY(Start());
    if (text == "end") {
      TAILRACE_TRY(job_->Advance(Timestamp::max()));
    } else {
      TAILRACE_ASSIGN_OR_RETURN(const int64_t time, ParseSqlTestTime(text));
      TAILRACE_TRY(job_->Advance(FromUnixMs(time)));
    }
    return AfterStep();
  }

  Status Emitted(const SqlTestBlock& block, std::string_view rest) {
    TAILRACE_TRY(Start());
    constexpr std::string_view kRowSort = " rowsort";
    const bool sorted = rest.ends_with(kRowSort);
    if (sorted) rest.remove_suffix(kRowSort.size());
    const int stream = program_->FindStream(Trim(rest));
    if (stream < 0) return Error{ErrorCode::kNotFound, StrCat("no stream ", rest)};
    std::vector<std::string> found = std::move(emitted_[static_cast<size_t>(stream)]);
    emitted_[static_cast<size_t>(stream)].clear();
    std::vector<std::string> expected = block.result;
    if (sorted) {
      std::ranges::sort(found);
      std::ranges::sort(expected);
    }
    Compare(block, found, expected);
    return Ok();
  }

  void Compare(const SqlTestBlock& block, std::vector<std::string> found, std::vector<std::string> expected) {
    if (found == expected) return;
    failures_.push_back(block.Failure(std::move(expected), std::move(found)));
  }

  const SqlTestFile& file_;
  const SqlTestMode& mode_;
  std::vector<sql::DeclaredStream> inputs_;
  std::vector<sql::DeclaredTable> tables_;
  std::vector<data::Batch> table_rows_;
  std::string text_;
  sql::CompileOptions options_;
  const decltype(SqlTestSetup::push) push_;
  mutable Workers workers_;  // Outlives the job.
  bool one_lane_ = false;
  std::shared_ptr<const sql::BoundProgram> program_;
  std::unique_ptr<MetricsRegistry> metrics_;
  std::unique_ptr<Job> job_;
  LiveSaveCheck save_;
  std::vector<std::vector<std::string>> emitted_;
  std::vector<data::Ordinal> next_ordinal_;
  std::vector<SqlTestFailure> failures_;
};

}  // namespace

SqlTestFailure SqlTestBlock::Failure() const {
  return {.line = line, .separator_line = separator_line, .end_line = end_line, .message = head};
}

SqlTestFailure SqlTestBlock::Failure(std::vector<std::string> expected, std::vector<std::string> found) const {
  SqlTestFailure failure = Failure();
  failure.compares = true;
  failure.expected = std::move(expected);
  failure.found = std::move(found);
  return failure;
}

SqlTestFile ParseSqlTestFile(std::string name, std::string_view text) {
  SqlTestFile file{.name = std::move(name), .blocks = {}};
  bool open = false;
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      open = false;
      continue;
    }
    if (!open && line.starts_with('#')) {
      continue;
    } else if (!open) {
      file.blocks.push_back({.line = number, .head = std::string(line)});
      open = true;
    } else if (line == kSeparator && !file.blocks.back().has_result) {
      file.blocks.back().has_result = true;
      file.blocks.back().separator_line = number;
    } else {
      SqlTestBlock& block = file.blocks.back();
      (block.has_result ? block.result : block.body).emplace_back(line);
    }
    file.blocks.back().end_line = number;
  }
  return file;
}

std::vector<SqlTestMode> SqlTestModes() {
  return {{.batch_rows = 1, .name = "rows_1"},
          {.batch_rows = 7, .name = "rows_7"},
          {.batch_rows = 1024, .name = "rows_1024"},
          {.batch_rows = 1, .save = SqlTestMode::Save::kRestored, .name = "rows_1_restored"},
          {.batch_rows = 1024, .save = SqlTestMode::Save::kRestored, .name = "rows_1024_restored"},
          {.batch_rows = 1, .save = SqlTestMode::Save::kLive, .name = "rows_1_saved_live"},
          {.batch_rows = 7, .save = SqlTestMode::Save::kLive, .name = "rows_7_saved_live"},
          {.batch_rows = 1024, .threads = 4, .name = "rows_1024_threads_4"},
          {.batch_rows = 7, .save = SqlTestMode::Save::kRestored, .threads = 3, .name = "rows_7_restored_threads_3"},
          {.batch_rows = 7, .save = SqlTestMode::Save::kLive, .threads = 4, .name = "rows_7_saved_live_threads_4"}};
}

std::vector<SqlTestFailure> RunSqlTest(const SqlTestFile& file, const SqlTestMode& mode, const SqlTestSetup& setup) {
  return SqlTestRun(file, mode, setup).Run();
}

}  // namespace tailrace::engine
