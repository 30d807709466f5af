#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/job.h"
#include "engine/sql_test_report.h"
#include "sql/compile.h"

namespace tailrace::engine {

// One block of a SQL test file, as docs/sql-tests.md describes them.
struct SqlTestBlock {
  size_t line = 0;                  // Of the first line, from 1.
  size_t separator_line = 0;        // Of "----"; 0: there is none.
  size_t end_line = 0;              // Of the last line.
  std::string head;                 // The first line.
  std::vector<std::string> body;    // Lines before "----", or all.
  std::vector<std::string> result;  // Lines after "----".
  bool has_result = false;

  SqlTestFailure Failure() const;  // With the head as its message.
  SqlTestFailure Failure(std::vector<std::string> expected, std::vector<std::string> found) const;
};

struct SqlTestFile {
  std::string name;  // For messages.
  std::vector<SqlTestBlock> blocks;
};

SqlTestFile ParseSqlTestFile(std::string name, std::string_view text);

// How a file is run; the expected rows are the same in all ways.
struct SqlTestMode {
  enum class Save : uint8_t {
    kNone,
    kRestored,  // Save the job after every push and advance, and load it into a new one.
    kLive,      // Save it while it goes on; the bytes must be those of the moment at which the save began.
  };
  size_t batch_rows = 1024;  // Most rows of one push.
  Save save = Save::kNone;
  // Of keyed operators, each in that many lanes. A restored job has one lane and that many in turn.
  size_t threads = 1;
  std::string_view name;
};
std::vector<SqlTestMode> SqlTestModes();  // Batches of 1, 7 and 1024 rows; some of them with saves or threads.

// What a test of an application starts from; a file of its own declares everything itself.
struct SqlTestSetup {
  std::vector<sql::DeclaredStream> inputs;
  std::vector<sql::DeclaredTable> tables;
  std::vector<data::Batch> table_rows;
  std::string program;
  sql::CompileOptions options;
  // Gives the job rows of an input stream; nothing: Job::Push alone.
  std::function<Status(Job& job, const sql::StreamInfo& info, int stream, const data::Batch& rows)> push;
};

// What went wrong; empty when all is as expected.
std::vector<SqlTestFailure> RunSqlTest(const SqlTestFile& file, const SqlTestMode& mode, const SqlTestSetup& setup);

}  // namespace tailrace::engine
