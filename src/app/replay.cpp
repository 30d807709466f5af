#include "app/replay.h"

#include <algorithm>
#include <map>

#include "app/input_stream_names.h"
#include "app/reference_table.h"
#include "base/str.h"
#include "data/output_format.h"
#include "data/text.h"
#include "engine/job.h"
#include "ingest/formats/row_feed.h"

namespace tailrace::app {
namespace {

constexpr size_t kFeedReadBytes = 1 << 20;

// One feed file, decoded piece by piece.
class FeedCursor {
 public:
  FeedCursor(int stream, std::unique_ptr<File> file, ingest::RowFeed feed)
      : stream_(stream), file_(std::move(file)), feed_(std::move(feed)) {}

  int stream() const { return stream_; }
  // Decodes on until there is a row or an error to give; false at the end.
  Result<bool> Fill() {
    while (row_ == rows_.batch.rows() && error_ == rows_.errors.size()) {
      if (at_end_) return false;
      TAILRACE_TRY(ReadPiece());
    }
    return true;
  }
  bool has_row() const { return row_ < rows_.batch.rows(); }
  int64_t rowtime() const { return rows_.batch.rowtimes->int64s()[row_]; }
  // An error stands before the next row, or after the last one.
  bool error_is_next() const {
    return error_ < rows_.errors.size() && (!has_row() || rows_.errors[error_].line < rows_.lines[row_]);
  }
  const ingest::FeedError& TakeError() { return rows_.errors[error_++]; }
  // The next rows up to `limit` (inclusive) and to the next error.
  data::Batch TakeUntil(int64_t limit) {
    const auto rowtimes = rows_.batch.rowtimes->int64s();
    size_t end = row_;
    while (end < rowtimes.size() && rowtimes[end] <= limit &&
           (error_ == rows_.errors.size() || rows_.lines[end] < rows_.errors[error_].line)) {
      ++end;
    }
    data::Batch batch = rows_.batch.Slice(row_, end);
    row_ = end;
    return batch;
  }

 private:
  Status ReadPiece() {
    std::string piece = std::move(rest_);
    const size_t kept = piece.size();
    piece.resize(kept + kFeedReadBytes);
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, file_->ReadAt(offset_, std::span(piece).subspan(kept)));
    offset_ += count;
    piece.resize(kept + count);
    at_end_ = count == 0;
    const size_t line_end = at_end_ ? piece.size() : piece.rfind('\n') + 1;  // Whole lines only; none yet: 0.
    rest_ = piece.substr(line_end);
    rows_ = feed_.Read(std::string_view(piece).substr(0, line_end));
    row_ = 0;
    error_ = 0;
    return Ok();
  }

  int stream_;
  std::unique_ptr<File> file_;
  ingest::RowFeed feed_;
  uint64_t offset_ = 0;
  bool at_end_ = false;
  std::string rest_;
  ingest::FedRows rows_;
  size_t row_ = 0;
  size_t error_ = 0;
};

// Collects what comes out and writes it in order of ROWTIME, stream, ordinal.
class RowCollector {
 public:
  explicit RowCollector(const std::function<void(std::string_view)>& write) : write_(write) {}

  void Listen(engine::Job& job, int stream, const sql::StreamInfo& info) {
    std::string name;
    data::AppendJsonString(name, info.name);
    job.Listen(stream, Listener(stream, StrCat("{\"stream\":", name, ","), *info.schema));
  }
  // Bare queries come behind the streams.
  void ListenQuery(engine::Job& job, int query, int streams, const data::Schema& schema) {
    job.ListenQuery(query, Listener(streams + query, StrCat("{\"query\":", query + 1, ","), schema));
  }

  // Writes all rows before `time`; no more of these will come.
  void WriteBefore(int64_t time) {
    std::string text;
    auto end = lines_.lower_bound(Key{time, INT32_MIN, 0});
    for (auto line = lines_.begin(); line != end; ++line) text += line->second;
    lines_.erase(lines_.begin(), end);
    if (!text.empty()) write_(text);
  }

 private:
  engine::Job::RowListener Listener(int stream, std::string prefix, data::Schema schema) {
    schema.fields.insert(schema.fields.begin(), {.name = "ROWTIME", .type = data::Type::Timestamp()});
    return [this, stream, writer = data::RowWriter(schema, {}), prefix = std::move(prefix)](
               const data::Batch& rows, data::Ordinal first) -> Status {
      data::Batch batch = rows;
      batch.columns.insert(batch.columns.begin(), rows.rowtimes);
      for (size_t row = 0; row < rows.rows(); ++row) {
        std::string line;
        writer.Append(line, batch, row);
        lines_.emplace(Key{rows.rowtimes->int64s()[row], stream, first + row}, prefix + line.substr(1) + "\n");
      }
      return Ok();
    };
  }

  struct Key {
    int64_t rowtime;
    int stream;
    data::Ordinal ordinal;
    auto operator<=>(const Key&) const = default;
  };
  const std::function<void(std::string_view)>& write_;
  std::map<Key, std::string> lines_;
};

Status ListenTo(const std::vector<std::string>& emit, const sql::BoundProgram& program, engine::Job& job,
                RowCollector& collector) {
  std::vector<bool> wanted(program.streams.size(), false);
  if (emit.empty()) {
    for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = program.streams[i].kind != sql::StreamKind::kInput;
  }
  for (const std::string& name : emit) {
    if (name == "all") {
      wanted.assign(wanted.size(), true);
      continue;
    }
    const int stream = program.FindStream(name);
    if (stream < 0) {
      std::vector<std::string> names;
      for (const auto& info : program.streams) names.push_back(info.name);
      const auto nearest = NearestName(name, names);
      return Error{ErrorCode::kNotFound,
                   StrCat("the program has no stream ", name,
                          nearest ? StrCat("; did you mean ", *nearest, "?") : StrCat("; it has ", Join(names, ", ")))};
    }
    wanted[static_cast<size_t>(stream)] = true;
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) collector.Listen(job, static_cast<int>(i), program.streams[i]);
  }
  if (!emit.empty()) return Ok();  // Named streams alone.
  for (size_t i = 0; i < program.queries.size(); ++i) {
    collector.ListenQuery(job, static_cast<int>(i), static_cast<int>(program.streams.size()),
                          program.queries[i]->schema);
  }
  return Ok();
}

Result<std::vector<FeedCursor>> OpenFeeds(Disk& disk, const LoadedProgram& program,
                                          const std::vector<NamedFile>& feeds) {
  const std::vector<NamedInput> inputs = InputStreams(program.inputs);
  std::vector<FeedCursor> cursors;
  for (const NamedFile& named : feeds) {
    const auto input = std::ranges::find(inputs, named.name, &NamedInput::stream);
    if (input == inputs.end()) {
      std::vector<std::string> names;
      for (const NamedInput& known : inputs) names.push_back(known.stream);
      return Error{ErrorCode::kNotFound, StrCat("feed ", named.name, ": no such input stream; inputs: ",
                                                names.empty() ? "none, give --inputs" : Join(names, ", "))};
    }
    ingest::InputSchema schema = input->definition->schema;
    schema.format = "json";  // A feed's rows are JSON whatever the records of the live stream are.
    if (input->definition->schema.format != "json") {
      for (ingest::InputColumn& column : schema.columns) column.mapping.clear();
    }
    TAILRACE_ASSIGN_OR_RETURN(ingest::RowFeed feed, ingest::RowFeed::Make(schema));
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk.Open(named.path, OpenMode::kRead));
    cursors.emplace_back(program.compiled.program.FindStream(named.name), std::move(file), std::move(feed));
  }
  return cursors;
}

}  // namespace

Result<NamedFile> ParseNamedFile(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos || equals + 1 == text.size()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("'", text, "' is not NAME=FILE")};
  }
  return NamedFile{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Result<LoadedProgram> LoadProgram(Disk& disk, const ProgramFiles& files) {
  LoadedProgram loaded;
  TAILRACE_ASSIGN_OR_RETURN(loaded.sql_text, ReadFile(disk, files.sql_file));
  if (!files.inputs_file.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string json, ReadFile(disk, files.inputs_file));
    auto inputs = ingest::ReadInputs(json);
    if (!inputs.ok()) return std::move(inputs).error().Context(files.inputs_file);
    loaded.inputs = std::move(inputs).value();
  }
  sql::CompileInput input{.text = loaded.sql_text, .options = files.options};
  for (const NamedInput& named : InputStreams(loaded.inputs)) {
    input.inputs.push_back({named.stream, named.definition->schema.ToSchema()});
  }
  for (const NamedFile& file : files.tables) {
    TAILRACE_ASSIGN_OR_RETURN(ReferenceTable table, LoadReferenceFile(disk, file.path));
    input.tables.push_back({file.name, table.schema});
    loaded.tables.push_back(std::move(table.rows));
  }
  loaded.compiled = sql::Compile(input);
  return loaded;
}

Status Replay(Disk& disk, LoadedProgram program, const ReplayOptions& options,
              const std::function<void(std::string_view)>& write) {
  TAILRACE_ASSIGN_OR_RETURN(std::vector<FeedCursor> feeds, OpenFeeds(disk, program, options.feeds));
  // The program's start is the first row's time, so that CURRENT_TIMESTAMP does not depend on today.
  int64_t start = INT64_MAX;
  for (FeedCursor& feed : feeds) {
    TAILRACE_ASSIGN_OR_RETURN(const bool more, feed.Fill());
    if (more && feed.has_row()) start = std::min(start, feed.rowtime());
  }
  if (start == INT64_MAX) start = options.until.has_value() ? ToUnixMs(*options.until) : 0;
  MetricsRegistry metrics;
  const auto bound = std::make_shared<const sql::BoundProgram>(std::move(program.compiled.program));
  TAILRACE_ASSIGN_OR_RETURN(
      const std::unique_ptr<engine::Job> job,
      engine::Job::Make(bound, {.query_start_unix_ms = start}, std::move(program.tables), metrics));
  RowCollector collector(write);
  TAILRACE_TRY(ListenTo(options.emit, *bound, *job, collector));

  const int64_t until = options.until.has_value() ? ToUnixMs(*options.until) : INT64_MAX - 1;
  int64_t now = start;
  while (true) {
    FeedCursor* first = nullptr;
    for (FeedCursor& feed : feeds) {
      TAILRACE_ASSIGN_OR_RETURN(const bool more, feed.Fill());
      if (!more) continue;
      if (feed.error_is_next()) {
        first = &feed;
        break;
      }
      if (first == nullptr || feed.rowtime() < first->rowtime()) first = &feed;
    }
    if (first == nullptr) break;
    if (first->error_is_next()) {
      const ingest::FeedError& error = first->TakeError();
      job->ReportError({.name = error.name,
                        .message = StrCat("line ", error.line, ": ", error.message),
                        .row_bytes = error.bytes,
                        .rowtime_unix_ms = now});
      continue;
    }
    if (first->rowtime() > until) break;
    // Rows of this feed up to `limit` come before those of the others; at the same time the order of the feeds counts.
    int64_t limit = until;
    for (const FeedCursor& feed : feeds) {
      if (&feed != first && feed.has_row()) limit = std::min(limit, feed.rowtime() - (&feed < first ? 1 : 0));
    }
    now = first->rowtime();
    const data::Batch rows = first->TakeUntil(limit);
    collector.WriteBefore(now);
    now = rows.rowtimes->int64s().back();
    TAILRACE_TRY(job->Push(first->stream(), rows));
  }
  // One millisecond on, so that rows of this very moment which wait for their equals come out.
  if (options.until.has_value()) now = until;
  TAILRACE_TRY(job->Advance(FromUnixMs(now + 1)));
  collector.WriteBefore(INT64_MAX);
  return Ok();
}

}  // namespace tailrace::app
