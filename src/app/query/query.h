#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/query/line_reader.h"
#include "app/query/query_source.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"
#include "ingest/formats/input_schema.h"
#include "sql/compile.h"

namespace tailrace::app {

// Files that one name of the SQL stands for.
struct QueryFiles {
  std::string name;  // Empty: every name after FROM that is nothing else.
  std::vector<std::string> files;
};

struct QueryOptions {
  std::string sql;
  std::vector<QueryFiles> sources;  // At least one.
  std::string format;               // A name of ingest::Formats(); empty: found out.
  std::string columns;              // "host VARCHAR(40), took INTEGER"; empty: found out.
  std::string time_column;          // As in the file or in SQL; empty: found out, where the SQL needs one.
  size_t threads = 1;
  bool follow = false;
  sql::CompileOptions compile;
};

// What became of the input beside the rows.
struct QueryReport {
  uint64_t rows_in = 0;
  uint64_t rows_out = 0;
  uint64_t bad_lines = 0;  // Gave no row.
  uint64_t bad_rows = 0;   // Ended in a runtime error of the SQL.
  uint64_t late_rows = 0;  // Were earlier than a row before them, and counted at that one's time.
  std::string first_bad;   // "access.log:17: not a line of ..."; of lines, else of rows.
};

// One SQL query over files, standard input or what is appended to a log: finds out what the files hold, compiles, runs.
// A SELECT without STREAM is over all rows there are; with STREAM windows follow ROWTIME, which is the time column or,
// where nothing tells the time, the moment of reading.
//
// Threads  One owner.
class Query {
 public:
  struct Environment {
    Disk& disk;
    const Clock& clock;
    LineReader::ReadInput input;  // Standard input.
    // With `follow`: waits for changes of the files, or the time; false ends the query.
    std::function<bool(std::chrono::milliseconds)> wait;
  };

  // Reads the beginning of the files. What is wrong with the SQL is in diagnostics(): no Run then.
  // Errors: kNotFound and others of the files; kInvalidArgument: nothing to learn columns from, options.
  static Result<std::unique_ptr<Query>> Prepare(QueryOptions options, Environment environment);

  const std::vector<sql::Diagnostic>& diagnostics() const { return compiled_.diagnostics; }
  bool ok() const { return compiled_.ok(); }
  const std::vector<std::string>& notes() const { return notes_; }  // How the files are understood.
  // Columns of the result, as the files call them where they do.
  const data::Schema& schema() const { return schema_; }
  uint64_t bytes_total() const { return bytes_total_; }  // Of all files; 0: not known.

  struct Listener {
    std::function<Status(const data::Batch& rows)> rows;
    std::function<void(uint64_t bytes_read, uint64_t rows_read)> progress;  // After every piece.
  };
  Result<QueryReport> Run(const Listener& listener);

 private:
  struct Source {
    QueryFiles files;
    ingest::InputSchema schema;
    bool header = false;
    std::optional<size_t> time_column;
    std::vector<std::string> names;
  };
  // The first lines that are not empty, and the text that they lie in.
  struct Samples {
    std::unique_ptr<const std::string> text;
    std::vector<std::string_view> lines;
  };
  class Cursor;
  class Execution;

  Query(QueryOptions options, Environment environment)
      : options_(std::move(options)), environment_(std::move(environment)) {}
  Status Learn(Source& source);
  Status ChooseTime(Source& source, const std::optional<size_t>& found);
  Status Compile();
  Result<Samples> ReadSamples(const Source& source);
  LineReader::Options ReaderOptions(const Source& source) const;
  LineReader::ReadInput InputReader();
  Result<size_t> ReadInput(std::span<char> into);

  const QueryOptions options_;
  const Environment environment_;
  std::vector<Source> sources_;
  sql::CompileResult compiled_;
  std::vector<std::string> notes_;
  data::Schema schema_;
  uint64_t bytes_total_ = 0;
  std::string peeked_;  // Of standard input, read while learning.
  size_t peeked_taken_ = 0;
  bool learning_ = true;
};

}  // namespace tailrace::app
