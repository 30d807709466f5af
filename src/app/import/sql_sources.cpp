#include "app/import/sql_sources.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "app/import/source_walk.h"
#include "base/str.h"
#include "sql/parser.h"

namespace tailrace::app {
namespace {

constexpr size_t kGuessedColumnsMax = 40;  // Each costs some compilations.

// "SOURCE_SQL_STREAM_001" is the input SOURCE_SQL_STREAM and 1.
std::optional<std::pair<std::string, int64_t>> SplitStreamName(const std::string& name) {
  if (name.size() < 5 || name[name.size() - 4] != '_') return std::nullopt;
  const auto index = ParseInt64(std::string_view(name).substr(name.size() - 3));
  const bool digits = std::all_of(name.end() - 3, name.end(), [](unsigned char byte) { return std::isdigit(byte); });
  if (!digits || !index.has_value() || *index < 1 || *index > ingest::kInputParallelismMax) return std::nullopt;
  return std::pair(name.substr(0, name.size() - 4), *index);
}

size_t Errors(const ImportedApplication& application) {
  const auto compiled = sql::Compile(CompileInputOf(application));
  return static_cast<size_t>(
      std::ranges::count(compiled.diagnostics, sql::Severity::kError, &sql::Diagnostic::severity));
}

// Every column whose type is a guess.
std::vector<ingest::InputColumn*> Columns(ImportedApplication& application) {
  std::vector<ingest::InputColumn*> columns;
  for (ImportedInput& input : application.inputs) {
    for (ingest::InputColumn& column : input.definition.schema.columns) columns.push_back(&column);
  }
  for (ImportedTable& table : application.tables) {
    for (ingest::InputColumn& column : table.schema.columns) columns.push_back(&column);
  }
  return columns;
}

// Tries other types for the columns as long as the program has errors and a try cures some.
void TryTypes(ImportedApplication& application) {
  using data::Type;
  size_t errors = Errors(application);
  const auto columns = Columns(application);
  if (errors == 0 || columns.size() > kGuessedColumnsMax) return;
  for (ingest::InputColumn* const column : columns) {
    for (const Type& type :
         {Type::Varchar(256), Type::Integer(), Type::Double(), Type::Timestamp(), Type::Bigint(), Type::Boolean()}) {
      if (errors == 0) return;
      const Type before = column->type;
      column->type = type;
      const size_t now = Errors(application);
      if (now < errors) {
        errors = now;
      } else {
        column->type = before;
      }
    }
  }
}

void AddSource(const SqlSource& source, ImportedApplication& application, ImportNotes& notes) {
  std::vector<ingest::InputColumn> columns;
  for (const SqlSourceColumn& column : source.columns) {
    columns.push_back({.name = column.name, .type = column.type.value_or(data::Type::Varchar(256))});
  }
  if (columns.empty()) {
    columns.push_back({.name = "DATA", .type = data::Type::Varchar(4096)});
    notes.Approximated(StrCat("the program names no column of ", source.name,
                              ": it has one column, DATA; write the columns of the records into tailrace.yaml"));
  }
  const auto split = SplitStreamName(source.name);
  if (!split.has_value()) {
    const std::string file = NameOfResource(source.name) + ".csv";
    notes.Approximated(StrCat(source.name,
                              ", which the program reads and does not create, is taken for a reference "
                              "table (the names of inputs end with _001): ",
                              file, " has the header; fill it"));
    application.tables.push_back({source.name, file, {.format = "csv", .columns = std::move(columns)}, "", ""});
    return;
  }
  const auto known = std::ranges::find_if(
      application.inputs, [&](const ImportedInput& input) { return input.definition.name_prefix == split->first; });
  if (known != application.inputs.end()) {
    known->definition.parallelism = std::max(known->definition.parallelism, split->second);
    auto& schema = known->definition.schema.columns;
    for (ingest::InputColumn& column : columns) {
      if (std::ranges::find(schema, column.name, &ingest::InputColumn::name) == schema.end()) schema.push_back(column);
    }
    return;
  }
  ImportedInput input{.definition = {.name_prefix = split->first, .parallelism = split->second}};
  input.definition.schema.columns = std::move(columns);
  input.stream = NameOfResource(AsciiLower(split->first));
  notes.Translated(StrCat("input stream ", source.name, " -> input ", split->first, " of stream ", input.stream));
  notes.Approximated(StrCat("the records of stream ", input.stream, " are taken to be json: set format"));
  if (std::ranges::find(application.streams, input.stream, &ImportedStream::name) == application.streams.end()) {
    application.streams.push_back({.name = input.stream});
  }
  application.inputs.push_back(std::move(input));
}

void NoteGuesses(const ImportedApplication& application, ImportNotes& notes) {
  const auto note = [&](const std::string& owner, const ingest::InputColumn& column, std::string_view path) {
    notes.Approximated(
        StrCat("column ", column.name, " of ", owner, ": ", column.type.ToString(), ", guessed from its use", path));
  };
  for (const ImportedInput& input : application.inputs) {
    for (const ingest::InputColumn& column : input.definition.schema.columns) {
      note(input.definition.name_prefix, column, "; set path when the record's member is written otherwise");
    }
  }
  for (const ImportedTable& table : application.tables) {
    for (const ingest::InputColumn& column : table.schema.columns) note(table.name, column, "");
  }
}

}  // namespace

void InferSources(ImportedApplication& application, ImportNotes& notes) {
  const sql::ParseResult parsed = sql::Parse(application.sql, {.lenient_interval_precision = true});
  SqlSources found = FindSources(parsed.program);
  for (const SqlSource& source : found.sources) AddSource(source, application, notes);
  TryTypes(application);
  NoteGuesses(application, notes);
  for (const std::string& stream : found.unread_streams) {
    const std::string file = NameOfResource(stream) + ".ndjson";
    notes.Approximated(StrCat("stream ", stream, " is read by no pump: its rows go to the file ", file));
    application.outputs.push_back({.from = stream, .kind = ImportedOutput::Kind::kFile, .target = file});
  }
  if (application.inputs.empty())
    notes.NotPossible("the program reads no input stream; write inputs into tailrace.yaml");
}

}  // namespace tailrace::app
