#include "app/query/query.h"

#include <algorithm>
#include <utility>

#include "app/query/query_names.h"
#include "app/query/time_column.h"
#include "base/str.h"
#include "engine/job.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/discover.h"
#include "sql/keywords.h"
#include "sql/lexer.h"
#include "sql/used_columns.h"

namespace tailrace::app {
namespace {

constexpr size_t kSampleLines = 1'000;
constexpr size_t kSampleBytes = 256 << 10;
constexpr std::chrono::milliseconds kFollowWait{1'000};
// Fewer threads have enough to do with decoding, unless the SQL is what takes the time.
constexpr size_t kThreadsForLanes = 4;
constexpr size_t kPieceBytesForLanes = 1 << 20;  // Some thousand rows, so that sharing them out is worth it.

// Whether rows must come in order of time: else nobody asks when they happened.
bool AsksForTime(std::string_view sql) {
  return std::ranges::any_of(sql::Lex(sql).tokens, [](const sql::Token& token) {
    return token.IsWord("ROWTIME") || token.IsWord("STREAM") || token.IsWord("OVER");
  });
}

bool HasWindows(std::string_view sql) {
  return std::ranges::any_of(sql::Lex(sql).tokens, [](const sql::Token& token) { return token.IsWord("OVER"); });
}

// "host VARCHAR(40), took INTEGER" as columns.
Result<std::vector<ingest::InputColumn>> ParseColumns(const std::string& text) {
  std::vector<ingest::InputColumn> columns;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    const std::string_view column = Trim(std::string_view(text).substr(begin, i - begin));
    begin = i + 1;
    const size_t blank = column.find(' ');
    if (blank == std::string_view::npos) {
      return Error{ErrorCode::kInvalidArgument, StrCat("columns: '", column, "' is not NAME TYPE")};
    }
    TAILRACE_ASSIGN_OR_RETURN(data::Type type, data::ParseType(std::string(Trim(column.substr(blank)))));
    columns.push_back({.name = std::string(column.substr(0, blank)), .type = std::move(type)});
  }
  return columns;
}

}  // namespace

// The rows of one source in order of time.
class Query::Cursor {
 public:
  Cursor(std::unique_ptr<QuerySource> source, std::vector<int> streams)
      : source_(std::move(source)), streams_(std::move(streams)) {}

  // Decodes on until there is a row; false at the end. `now`: of rows that nothing tells the time of.
  Result<bool> Fill(const Clock& clock, QueryReport& report) {
    while (row_ == batch_.rows()) {  // A piece may have no rows.
      batch_ = {};
      row_ = 0;
      source_->GiveBack(std::move(lines_));
      TAILRACE_ASSIGN_OR_RETURN(std::optional<DecodedLines> lines, source_->Next());
      lines_ = lines.has_value() ? *std::move(lines) : DecodedLines();
      if (!lines.has_value()) return false;
      report.bad_lines += lines_.errors.size();
      if (report.first_bad.empty() && !lines_.errors.empty()) {
        report.first_bad = StrCat(lines_.errors[0].place, ": ", lines_.errors[0].message);
      }
      batch_ = lines_.batch;
      report.rows_in += batch_.rows();
      SetRowtimes(lines_.times, clock, report);
    }
    return true;
  }

  bool has_row() const { return row_ < batch_.rows(); }
  int64_t rowtime() const { return batch_.rowtimes->int64s()[row_]; }
  int64_t last_rowtime() const { return batch_.rowtimes->int64s().back(); }
  const std::vector<int>& streams() const { return streams_; }
  const QuerySource& source() const { return *source_; }

  data::Batch TakeUntil(int64_t limit) {
    const auto rowtimes = batch_.rowtimes->int64s();
    const auto end = static_cast<size_t>(
        std::upper_bound(rowtimes.begin() + static_cast<ptrdiff_t>(row_), rowtimes.end(), limit) - rowtimes.begin());
    data::Batch rows = row_ == 0 && end == rowtimes.size() ? batch_ : batch_.Slice(row_, end);
    row_ = end;
    return rows;
  }

 private:
  void SetRowtimes(const std::vector<int64_t>& times, const Clock& clock, QueryReport& report) {
    auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp(), batch_.rows());
    const std::span<int64_t> values = rowtimes->mutable_int64s();
    if (times.empty()) last_ = std::max(last_, ToUnixMs(clock.Now()));
    for (size_t i = 0; i < values.size(); ++i) {
      if (!times.empty() && times[i] != kNoTime) {
        if (times[i] < last_) ++report.late_rows;
        last_ = std::max(last_, times[i]);
      }
      values[i] = last_;
    }
    batch_.rowtimes = std::move(rowtimes);
  }

  std::unique_ptr<QuerySource> source_;
  std::vector<int> streams_;
  DecodedLines lines_;  // Of the source, which frees them.
  data::Batch batch_;   // Their rows with ROWTIMEs.
  size_t row_ = 0;
  int64_t last_ = 0;
};

Result<std::unique_ptr<Query>> Query::Prepare(QueryOptions options, Environment environment) {
  std::unique_ptr<Query> query(new Query(std::move(options), std::move(environment)));
  for (const QueryFiles& files : query->options_.sources) {
    Source source{.files = files};
    TAILRACE_TRY(query->Learn(source));
    query->sources_.push_back(std::move(source));
  }
  TAILRACE_TRY(query->Compile());
  return query;
}

Result<size_t> Query::ReadInput(std::span<char> into) {
  if (!learning_ && peeked_taken_ < peeked_.size()) {
    const size_t count = std::min(into.size(), peeked_.size() - peeked_taken_);
    std::copy_n(peeked_.begin() + static_cast<ptrdiff_t>(peeked_taken_), count, into.begin());
    peeked_taken_ += count;
    return count;
  }
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, environment_.input(into));
  if (learning_) peeked_.append(into.data(), count);
  return count;
}

LineReader::Options Query::ReaderOptions(const Source& source) const {
  return {.piece_bytes = kSampleBytes,
          .quoted_line_breaks = source.schema.format == "csv",
          .skip_first_line = source.header,
          .wait_for_more = nullptr};
}

LineReader::ReadInput Query::InputReader() {
  return [this](std::span<char> into) { return ReadInput(into); };
}

Result<Query::Samples> Query::ReadSamples(const Source& source) {
  LineReader reader(environment_.disk, source.files.files, InputReader(), ReaderOptions(source));
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t bytes, reader.BytesTotal());
  bytes_total_ += bytes;
  Samples samples;
  TAILRACE_ASSIGN_OR_RETURN(std::optional<Lines> lines, reader.Next());
  if (!lines.has_value()) return samples;
  samples.text = std::make_unique<const std::string>(std::move(lines->text));
  for (const std::string_view line : Split(*samples.text, '\n')) {
    if (!Trim(line).empty()) samples.lines.push_back(line);
    if (samples.lines.size() == kSampleLines) break;
  }
  return samples;
}

Status Query::Learn(Source& source) {
  TAILRACE_ASSIGN_OR_RETURN(const Samples samples, ReadSamples(source));
  std::optional<size_t> time_column;
  if (!options_.columns.empty()) {
    source.schema.format = options_.format.empty() ? "json" : options_.format;
    TAILRACE_ASSIGN_OR_RETURN(source.schema.columns, ParseColumns(options_.columns));
  } else {
    if (samples.lines.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat(source.files.files[0], " is empty: say what its columns are with --columns")};
    }
    TAILRACE_ASSIGN_OR_RETURN(const ingest::Discovery found,
                              ingest::Discover(samples.lines, {.is_reserved = [](std::string_view word) {
                                                 return sql::IsStructural(word);
                                               }}));
    source.schema = found.schema;
    source.header = found.csv_header;
    if (!options_.format.empty() && options_.format != found.schema.format) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat(source.files.files[0], " looks like ", found.schema.format, ", not ", options_.format,
                          "; say what its columns are with --columns")};
    }
    time_column = FindTimeColumn(found);
    PrepareColumns(options_.sql, source.schema);
  }
  std::vector<std::string> columns;
  for (const auto& column : source.schema.columns) columns.push_back(StrCat(column.name, " ", column.type.ToString()));
  notes_.push_back(StrCat(source.files.files[0], ": ", source.schema.format, " with ", Join(columns, ", ")));
  return ChooseTime(source, time_column);
}

Status Query::ChooseTime(Source& source, const std::optional<size_t>& found) {
  const auto& columns = source.schema.columns;
  if (options_.time_column.empty()) {
    if (AsksForTime(options_.sql)) source.time_column = found;
    if (source.time_column.has_value()) notes_.push_back(StrCat("ROWTIME is ", columns[*found].name));
    return Ok();
  }
  const auto named = std::ranges::find_if(
      columns, [&](const ingest::InputColumn& column) { return EqualsIgnoreCase(column.name, options_.time_column); });
  if (named == columns.end() || !CanBeTime(named->type)) {
    std::vector<std::string> names;
    for (const auto& column : columns) names.push_back(column.name);
    return Error{ErrorCode::kInvalidArgument, StrCat("time column '", options_.time_column, "': ",
                                                     named == columns.end() ? "there is none of this name; columns: "
                                                                            : "its type holds no time; columns: ",
                                                     Join(names, ", "))};
  }
  source.time_column = static_cast<size_t>(named - columns.begin());
  return Ok();
}

Status Query::Compile() {
  sql::CompileInput input{.text = options_.sql, .options = options_.compile};
  for (Source& source : sources_) {
    source.names = {source.files.name};
    if (source.files.name.empty()) {
      source.names = NamesAfterFrom(options_.sql);
      std::erase_if(source.names, [&](const std::string& name) {
        return std::ranges::any_of(sources_, [&](const Source& other) { return other.files.name == name; });
      });
    }
    for (const std::string& name : source.names) input.inputs.push_back({name, source.schema.ToSchema()});
  }
  compiled_ = sql::Compile(input);
  if (!compiled_.ok()) return Ok();
  if (compiled_.program.queries.size() != 1) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("the SQL must hold one SELECT outside of pumps, this has ", compiled_.program.queries.size())};
  }
  schema_ = compiled_.program.queries[0]->schema;
  for (data::Field& field : schema_.fields) {
    for (const Source& source : sources_) {
      const std::string name = NameInFile(source.schema, field.name);
      if (name != field.name) {
        field.name = name;
        break;
      }
    }
  }
  return Ok();
}

// One run of the compiled query over the sources.
class Query::Execution {
 public:
  Execution(Query& query, const Listener& listener)
      : query_(query),
        listener_(listener),
        program_(std::make_shared<const sql::BoundProgram>(std::move(query.compiled_.program))),
        workers_(query.options_.follow ? 1 : query.options_.threads) {
    const auto* const limit = std::get_if<sql::Limit>(&program_->queries[0]->node);
    if (limit != nullptr) rows_max_ = limit->rows;
  }

  Result<QueryReport> Run() {
    TAILRACE_TRY(MakeJob());
    for (const Source& source : query_.sources_) TAILRACE_TRY(Open(source));
    while (report_.rows_out < rows_max_) {
      TAILRACE_ASSIGN_OR_RETURN(const bool more, Step());
      if (!more) break;
    }
    if (report_.rows_out < rows_max_) TAILRACE_TRY(job_->Advance(Timestamp::max()));
    return std::move(report_);
  }

 private:
  Status MakeJob() {
    const int64_t start = ToUnixMs(query_.environment_.clock.Now());
    engine::JobOptions options{.query_start_unix_ms = start};
    if (workers_.threads() >= kThreadsForLanes || (workers_.threads() > 1 && HasWindows(query_.options_.sql))) {
      options.lanes = {.workers = &workers_};
    }
    TAILRACE_ASSIGN_OR_RETURN(job_, engine::Job::Make(program_, options, {}, metrics_));
    job_->ListenQuery(0, [this](const data::Batch& rows, data::Ordinal) -> Status {
      report_.rows_out += rows.rows();
      return listener_.rows(rows);
    });
    const int error_stream = static_cast<int>(program_->streams.size()) - 1;
    const auto message = static_cast<size_t>(sql::ErrorStreamSchema().Find("MESSAGE"));
    job_->Listen(error_stream, [this, message](const data::Batch& rows, data::Ordinal) -> Status {
      report_.bad_rows += rows.rows();
      if (report_.first_bad.empty() && rows.rows() > 0) report_.first_bad = rows.columns[message]->texts()[0];
      return Ok();
    });
    return Ok();
  }

  Status Open(const Source& source) {
    QuerySource::Options options{.schema = source.schema, .time_column = source.time_column};
    std::vector<int> streams;
    for (const std::string& name : source.names) {
      streams.push_back(program_->FindStream(name));
      const std::vector<bool> used = sql::UsedColumns(*program_, streams.back(), /*error_rows=*/false);
      options.used.resize(used.size());
      for (size_t i = 0; i < used.size(); ++i) options.used[i] = options.used[i] || used[i];
    }
    if (source.time_column.has_value() && !options.used.empty()) options.used[*source.time_column] = true;
    LineReader::Options reading = query_.ReaderOptions(source);
    if (workers_.threads() >= kThreadsForLanes) reading.piece_bytes = kPieceBytesForLanes;
    if (query_.options_.follow) reading.wait_for_more = [this] { return WaitForMore(); };
    TAILRACE_ASSIGN_OR_RETURN(auto rows, QuerySource::Make(LinePieces(query_.environment_.disk, source.files.files,
                                                                      query_.InputReader(), std::move(reading)),
                                                           workers_, std::move(options)));
    cursors_.emplace_back(std::move(rows), std::move(streams));
    return Ok();
  }

  // Called by the reader, on this thread, while the last file has nothing new: where rows have the time of reading,
  // time goes on without them.
  bool WaitForMore() {
    const int64_t now = ToUnixMs(query_.environment_.clock.Now());
    std::chrono::milliseconds wait = kFollowWait;
    const bool by_clock =
        std::ranges::none_of(query_.sources_, [](const Source& each) { return each.time_column.has_value(); });
    if (by_clock) {
      if (!job_->Advance(FromUnixMs(now)).ok()) return false;
      if (const auto deadline = job_->NextDeadline()) {
        wait = std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - FromUnixMs(now)),
                          std::chrono::milliseconds(1), kFollowWait);
      }
    }
    return query_.environment_.wait(wait);
  }

  // Pushes the earliest rows; false when there are no more.
  Result<bool> Step() {
    int64_t until = INT64_MAX;  // No source has rows of an earlier time after those at hand.
    for (Cursor& cursor : cursors_) {
      TAILRACE_ASSIGN_OR_RETURN(const bool more, cursor.Fill(query_.environment_.clock, report_));
      if (more) until = std::min(until, cursor.last_rowtime());
    }
    if (until == INT64_MAX) return false;
    std::vector<engine::Job::StreamRows> batches;
    for (Cursor& cursor : cursors_) {
      if (!cursor.has_row() || cursor.rowtime() > until) continue;
      const data::Batch rows = cursor.TakeUntil(until);
      for (const int stream : cursor.streams()) batches.push_back({.stream = stream, .rows = rows});
    }
    TAILRACE_TRY(job_->PushTogether(batches, FromUnixMs(until)));
    if (listener_.progress) {
      uint64_t bytes = 0;
      for (const Cursor& cursor : cursors_) bytes += cursor.source().bytes_read();
      listener_.progress(bytes, report_.rows_in);
    }
    return true;
  }

  Query& query_;
  const Listener& listener_;
  const std::shared_ptr<const sql::BoundProgram> program_;
  uint64_t rows_max_ = UINT64_MAX;
  QueryReport report_;
  MetricsRegistry metrics_;
  Workers workers_;
  std::unique_ptr<engine::Job> job_;
  std::vector<Cursor> cursors_;
};

Result<QueryReport> Query::Run(const Listener& listener) {
  learning_ = false;
  return Execution(*this, listener).Run();
}

}  // namespace tailrace::app
