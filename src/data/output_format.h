#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"

namespace tailrace::data {

enum class OutputFormat : uint8_t { kJson, kCsv };

// How SQL NULL is written in JSON. CSV writes the word null, or nothing with kOmit.
enum class NullStyle : uint8_t {
  kJson,  // null
  kText,  // "null" for character columns, null for others: as applications of the old service read it.
  kOmit,  // The member is left out.
};

struct OutputOptions {
  OutputFormat format = OutputFormat::kJson;
  NullStyle nulls = NullStyle::kJson;
};

// "json", "csv"; "json", "text", "omit". Errors: kInvalidArgument.
Result<OutputFormat> ParseOutputFormat(std::string_view name);
Result<NullStyle> ParseNullStyle(std::string_view name);

// Writes rows as the records of an output.
//
// Output   JSON: an object a row, members in the order of the columns, names as stored. CSV: values separated by
//          commas, no header, quoted only where a value holds a comma, a quote or a line break.
// Threads  Any number may use one writer at a time.
// Source   Spec section 9.4.
class RowWriter {
 public:
  RowWriter(const Schema& schema, OutputOptions options);

  // Appends one row without a line end.
  void Append(std::string& out, const Batch& batch, size_t row) const;
  // Appends every row, each with a line end.
  void AppendLines(std::string& out, const Batch& batch) const;

 private:
  void AppendJsonRow(std::string& out, const Batch& batch, size_t row) const;
  void AppendCsvRow(std::string& out, const Batch& batch, size_t row) const;

  OutputOptions options_;
  std::vector<std::string> names_;  // Escaped, with quotes and colon.
};

}  // namespace tailrace::data
