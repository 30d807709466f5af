#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/str.h"
#include "engine/job.h"
#include "engine/live_save_check.h"
#include "engine/sql_test_rows.h"
#include "sql/compile.h"

// What the engine's C++ tests share: a job made from SQL text, and rows by hand.

namespace tailrace::engine {

inline data::Schema SchemaForTest(std::string_view columns) {
  auto schema = ParseSqlTestColumns(columns);
  TAILRACE_CHECK(schema.ok());
  return std::move(schema).value();
}

// Rows given as text fields, ROWTIME in ms first; metadata columns are filled in up to `metadata`.
struct RowsForTest {
  explicit RowsForTest(const data::Schema& schema, int metadata = sql::kMetadataColumns)
      : declared(schema.fields.size()) {
    for (const data::Field& field : schema.fields) columns.push_back(std::make_shared<data::Column>(field.type));
    for (int i = 0; i < metadata; ++i) {
      columns.push_back(std::make_shared<data::Column>(sql::MetadataFields()[static_cast<size_t>(i)].type));
    }
  }
  void Add(int64_t rowtime, const std::vector<std::string>& fields) {
    TAILRACE_CHECK(fields.size() == declared);
    rowtimes->AppendInt64(rowtime);
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i < declared) {
        TAILRACE_CHECK(AppendSqlTestField(fields[i], *columns[i]).ok());
      } else {
        columns[i]->AppendNull();
      }
    }
  }
  data::Batch batch() const { return {.rowtimes = rowtimes, .columns = {columns.begin(), columns.end()}}; }

  size_t declared;
  std::shared_ptr<data::Column> rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
  std::vector<std::shared_ptr<data::Column>> columns;
};

// A job of a program over the inputs, whose streams are collected as lines: ROWTIME in ms, then the values.
class JobForTest {
 public:
  struct Input {
    std::string name;
    std::string columns;
  };
  JobForTest(std::string_view text, const std::vector<Input>& inputs, size_t batch_rows_max = 4096,
             const sql::CompileOptions& compile_options = {}) {
    sql::CompileInput input{.text = text, .inputs = {}, .tables = {}, .options = compile_options};
    for (const Input& one : inputs) input.inputs.push_back({.name = one.name, .schema = SchemaForTest(one.columns)});
    sql::CompileResult compiled = sql::Compile(input);
    for (const sql::Diagnostic& diagnostic : compiled.diagnostics) {
      if (diagnostic.severity == sql::Severity::kError) ADD_FAILURE() << sql::Format(diagnostic, "test", text);
    }
    TAILRACE_CHECK(compiled.ok());
    program = std::make_shared<const sql::BoundProgram>(std::move(compiled.program));
    options.batch_rows_max = batch_rows_max;
    rows.resize(program->streams.size());
    Remake();
  }

  // A new job of the same program; what was collected stays.
  void Remake() {
    metrics = std::make_unique<MetricsRegistry>();
    auto made = Job::Make(program, options, {}, *metrics);
    if (!made.ok()) ADD_FAILURE() << made.error().message;
    job = std::move(made).value();
    for (size_t stream = 0; stream < rows.size(); ++stream) {
      job->Listen(static_cast<int>(stream), [this, stream](const data::Batch& batch, data::Ordinal) {
        for (size_t row = 0; row < batch.rows(); ++row) {
          std::string line = StrCat(batch.rowtimes->int64s()[row]);
          const std::string values = SqlTestRow(batch, row, false);
          rows[stream].push_back(StrCat(line, "\t", values));
        }
        return Ok();
      });
    }
  }
  void SaveAndLoad() {
    const std::string saved = Saved();
    Expect(live_save.Finish());
    Remake();
    ByteReader reader(saved);
    Expect(job->Load(reader));
  }
  std::string Saved() const {
    ByteWriter writer;
    job->Save(writer);
    return std::move(writer).Take();
  }
  RowsForTest NewRows(std::string_view stream) const {
    const sql::StreamInfo& info = program->streams[static_cast<size_t>(Stream(stream))];
    return RowsForTest(*info.schema, info.metadata_columns);
  }
  int Stream(std::string_view name) const {
    const int stream = program->FindStream(name);
    TAILRACE_CHECK(stream >= 0);
    return stream;
  }
  void Push(std::string_view stream, const RowsForTest& added) { Push(stream, added.batch()); }
  void Push(std::string_view stream, const data::Batch& batch) {
    Expect(job->Push(Stream(stream), batch));
    if (saves_live) Expect(live_save.AfterStep(*job));
  }
  void Push(std::string_view stream, int64_t rowtime, const std::vector<std::string>& fields) {
    RowsForTest one = NewRows(stream);
    one.Add(rowtime, fields);
    Push(stream, one);
  }
  void Advance(int64_t time) {
    Expect(job->Advance(FromUnixMs(time)));
    if (saves_live) Expect(live_save.AfterStep(*job));
  }
  static void Expect(const Status& status) {
    if (!status.ok()) ADD_FAILURE() << status.error().message;
  }
  // What came since the last call.
  std::vector<std::string> Take(std::string_view stream) {
    return std::exchange(rows[static_cast<size_t>(Stream(stream))], {});
  }

  JobOptions options;
  std::shared_ptr<const sql::BoundProgram> program;
  std::unique_ptr<MetricsRegistry> metrics;
  std::unique_ptr<Job> job;
  bool saves_live = true;
  LiveSaveCheck live_save;  // Every test that pushes rows also checks saves that go on meanwhile.
  std::vector<std::vector<std::string>> rows;
};

}  // namespace tailrace::engine
