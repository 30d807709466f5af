#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"
#include "ingest/formats/input_schema.h"
#include "sql/compile.h"

namespace tailrace::app {

// A file given as NAME=PATH on the command line.
struct NamedFile {
  std::string name;
  std::string path;
};
// Errors: kInvalidArgument when the text is not NAME=PATH.
Result<NamedFile> ParseNamedFile(std::string_view text);

// A program outside an application folder: SQL, the service's Inputs, tables.
struct ProgramFiles {
  std::string sql_file;
  std::string inputs_file;        // Empty: the program has no inputs.
  std::vector<NamedFile> tables;  // CSV or newline-delimited JSON, columns from the file.
  sql::CompileOptions options;
};

struct LoadedProgram {
  std::string sql_text;
  std::vector<ingest::InputDefinition> inputs;
  sql::CompileResult compiled;
  std::vector<data::Batch> tables;  // Content, in the order of compiled.program.tables.
};

// Errors: kNotFound and others for files, with the path. What is wrong with the SQL is in `compiled`.
Result<LoadedProgram> LoadProgram(Disk& disk, const ProgramFiles& files);

struct ReplayOptions {
  std::vector<NamedFile> feeds;  // In-application stream and file of rows; several may feed one stream.
  std::optional<Timestamp> until;
  std::vector<std::string> emit;  // Streams; empty: all that pumps write, and error_stream. "all": inputs too.
};

// Runs the program over recorded rows in virtual time, at full speed. Rows of all feeds are merged by ROWTIME, then in
// the order of the feeds. `write` gets one line of JSON a row, {"stream": ..., "ROWTIME": ..., columns}, ordered by
// ROWTIME, then stream, then as emitted.
// Errors: kNotFound: feed or emitted stream that the program does not have; those of the files.
Status Replay(Disk& disk, LoadedProgram program, const ReplayOptions& options,
              const std::function<void(std::string_view lines)>& write);

}  // namespace tailrace::app
