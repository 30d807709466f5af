#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/output_format.h"
#include "ingest/formats/input_schema.h"
#include "sink/delivery/definition.h"
#include "sql/compile.h"

// What an import has found, in Tailrace's own terms, and what it has to say about it.
namespace tailrace::app {

enum class NoteKind : uint8_t { kTranslated, kApproximated, kNotPossible };

struct ImportNote {
  NoteKind kind;
  std::string text;  // One line.
};

// The lines of REPORT.md, in the order they were found; a line that is there already is not added again.
class ImportNotes {
 public:
  void Translated(std::string text) { Add(NoteKind::kTranslated, std::move(text)); }
  void Approximated(std::string text) { Add(NoteKind::kApproximated, std::move(text)); }
  void NotPossible(std::string text) { Add(NoteKind::kNotPossible, std::move(text)); }
  const std::vector<ImportNote>& all() const { return notes_; }

 private:
  void Add(NoteKind kind, std::string text);
  std::vector<ImportNote> notes_;
};

struct ImportedStream {
  std::string name;
  int64_t shards = 1;
  int64_t retention_hours = 24;
};

struct ImportedInput {
  ingest::InputDefinition definition;
  std::string stream;
  bool from_delivery = false;  // `stream` is a delivery stream.
};

struct ImportedTable {
  std::string name;
  std::string file;  // In the application's folder; beside an object: the rows for tests.
  ingest::InputSchema schema;
  std::string bucket;  // Empty: the rows are those of the file.
  std::string key;
};

struct ImportedOutput {
  std::string from;  // In-application stream.
  enum class Kind : uint8_t { kStream, kDelivery, kFile } kind = Kind::kStream;
  std::string target;
  data::OutputFormat format = data::OutputFormat::kJson;
};

struct ImportedApplication {
  std::string name;
  std::string sql;
  sql::CompileOptions sql_options;
  std::vector<ImportedStream> streams;
  std::vector<sink::delivery::DeliveryDefinition> delivery_streams;
  std::vector<ImportedInput> inputs;
  std::vector<ImportedTable> tables;
  std::vector<ImportedOutput> outputs;
  bool start_latest = false;
};

// "arn:aws:kinesis:eu-west-1:1:stream/orders", "orders": the name "orders", of letters, digits, '_', '.' and '-'.
std::string NameOfResource(std::string_view arn);

// The in-application streams and tables of the application as the compiler wants them.
sql::CompileInput CompileInputOf(const ImportedApplication& application);

}  // namespace tailrace::app
