#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/type.h"

namespace tailrace::ingest {

inline constexpr size_t kInputColumnsMax = 1'000;
inline constexpr int64_t kInputParallelismMax = 64;

struct InputColumn {
  std::string name;  // Exactly as configured: SQL sees it as if quoted.
  data::Type type;
  // Where the value stands in a record. JSON: a path such as "$.a.b"; empty means the member of the column's name.
  // Log formats: a field's name; empty means the column's name. CSV: unused, columns are positional.
  std::string mapping;
  bool operator==(const InputColumn&) const = default;
};

// How bytes become rows: the service's InputSchema, and the `format` and `columns` of an application file.
struct InputSchema {
  std::string format = "json";  // A name of Formats(): "json", "csv", "combined", "common".
  std::vector<InputColumn> columns;
  std::string row_path = "$";          // JSON only: the row object, or an array of them ("$.Records[0:]").
  std::string row_delimiter = "\n";    // CSV only.
  std::string column_delimiter = ",";  // CSV only.

  // Names and types of the columns.
  data::Schema ToSchema() const;
  bool operator==(const InputSchema&) const = default;
};

// One element of the service's `Inputs`.
struct InputDefinition {
  std::string name_prefix;  // "SOURCE_SQL_STREAM" gives the in-application streams "SOURCE_SQL_STREAM_001" ...
  int64_t parallelism = 1;
  InputSchema schema;
};

// What is wrong with a document, and where: "Inputs[0].InputSchema.RecordColumns[3].SqlType".
struct SchemaFault {
  std::string path;
  std::string message;
};

// Reads `Inputs` of the service's API, first or second version, of a CloudFormation template or of a description
// (`InputDescriptions`). `value` is the array, or any object that holds it. Members it does not know are left alone.
// Output  What could be read; it is usable only when no fault was added to `faults`.
// Source  Kinesis Data Analytics API Reference, 2015-08-14 and 2018-05-23, types Input and SourceSchema.
std::vector<InputDefinition> ReadInputs(const boost::json::value& value, std::vector<SchemaFault>& faults);
// The same from text. Errors: kInvalidArgument, naming every fault with its path.
Result<std::vector<InputDefinition>> ReadInputs(std::string_view json);

// One InputSchema or ReferenceSchema; `path` stands in front of its faults.
InputSchema ReadInputSchema(const boost::json::value& value, std::string_view path, std::vector<SchemaFault>& faults);

// The service's InputSchema. Log formats, which it does not know, are named in RecordFormatType.
std::string InputSchemaToJson(const InputSchema& schema);

// Name of an input's in-application stream, `index` from 1: "WASA_001".
std::string InputStreamName(std::string_view name_prefix, int64_t index);

}  // namespace tailrace::ingest
