#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "ingest/formats/decoder.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::ingest {

// The reserved member of a feed's lines.
inline constexpr std::string_view kRowtimeMember = "ROWTIME";

// A line that gave no row.
struct FeedError {
  uint64_t line = 0;  // From 1, over all calls.
  std::string name;   // kCoercionError or kParseError.
  std::string message;
  std::string bytes;
};

struct FedRows {
  data::Batch batch;            // The declared columns, then the metadata columns.
  std::vector<uint64_t> lines;  // For each row, its line.
  std::vector<FeedError> errors;
};

// Reads rows for a rehearsal: lines of JSON objects with ROWTIME, as ISO 8601 text or as ms since 1970, and the
// members that the schema maps.
//
// Time    A row's ROWTIME and arrival are those of its line. A line earlier than the line before it is an error.
// Errors  What is wrong with a line is in FedRows.
// Threads One owner.
class RowFeed {
 public:
  // Errors: those of MakeDecoder; kInvalidArgument when the schema's format is not "json" or it has a column ROWTIME.
  static Result<RowFeed> Make(const InputSchema& schema, UsedColumns used = {});

  // `text`: whole lines; the last one may lack its line end. Blank lines give nothing.
  FedRows Read(std::string_view text);

 private:
  RowFeed(std::unique_ptr<Decoder> decoder, size_t rowtime_column);

  std::unique_ptr<Decoder> decoder_;
  size_t rowtime_column_;
  uint64_t lines_ = 0;
  int64_t last_rowtime_ = INT64_MIN;
};

}  // namespace tailrace::ingest
