#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/ports.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::ingest {

// Columns that follow the declared ones in every input stream, in this order: APPROXIMATE_ARRIVAL_TIME TIMESTAMP,
// SHARD_ID VARCHAR, SEQUENCE_NUMBER VARCHAR, PARTITION_KEY VARCHAR.
inline constexpr size_t kMetadataColumns = 4;

inline constexpr std::string_view kCoercionError = "COERCION_ERROR";  // A value does not fit its column.
inline constexpr std::string_view kParseError = "PARSE_ERROR";        // The bytes are not of the format.

// A row that could not be made. The rest of its record and the other records are not touched by it.
struct DecodeError {
  uint32_t record = 0;    // Index in the span given to Decode.
  std::string_view name;  // kCoercionError or kParseError.
  std::string message;    // Names the column where there is one.
  std::string bytes;      // The whole record when it holds one row, else the row's part of it.
};

struct Decoded {
  // The declared columns, then the metadata columns. A column that nobody uses is all NULL.
  // ROWTIME is the record's arrival time, in the order of the records.
  data::Batch batch;
  std::vector<uint32_t> record_of_row;  // For each row, its record's index.
  std::vector<DecodeError> errors;
};

// Which of the declared and metadata columns the SQL reads. Empty means all; shorter than the columns: the rest unused.
using UsedColumns = std::vector<bool>;

// Turns raw records into rows.
//
// State    Scratch memory of the largest record, reused.
// Errors   None: what is wrong with a record is in `errors`.
// Threads  One owner.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual Decoded Decode(std::span<const data::Record> records) = 0;
  // For each declared column, how many texts were cut to its length since the decoder was made.
  virtual std::span<const uint64_t> truncated() const = 0;
};

}  // namespace tailrace::ingest
