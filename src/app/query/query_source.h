#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/query/line_reader.h"
#include "data/batch.h"
#include "ingest/formats/decoder.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::app {

// A line that gave no row.
struct LineError {
  std::string place;  // "access.log:17"
  std::string name;   // ingest::kParseError, kCoercionError
  std::string message;
  std::string bytes;
};

// Rows of one piece of lines, in the order of the lines.
struct DecodedLines {
  data::Batch batch;  // Declared and metadata columns; ROWTIME is not set.
  // When each row happened, ms since 1970 UTC; kNoTime where nothing is known. Empty without a time column.
  std::vector<int64_t> times;
  std::vector<LineError> errors;
};
inline constexpr int64_t kNoTime = INT64_MIN;

// Reads lines and decodes them on several threads. What comes out does not depend on how many there are.
//
// Threads  One owner; its workers share the reader under a lock.
class QuerySource {
 public:
  struct Options {
    ingest::InputSchema schema;
    ingest::UsedColumns used;           // Empty: all.
    std::optional<size_t> time_column;  // Of the schema.
    size_t threads = 1;                 // 1: decodes inside Next.
  };
  // Errors: kInvalidArgument: the schema.
  static Result<std::unique_ptr<QuerySource>> Make(LineReader reader, Options options);
  ~QuerySource();

  // The next rows; nothing at the end. Errors: those of LineReader.
  Result<std::optional<DecodedLines>> Next();

  uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }

 private:
  struct Numbered {
    Lines lines;
    uint64_t number = 0;
  };
  using Decoders = std::vector<std::unique_ptr<ingest::Decoder>>;

  QuerySource(LineReader reader, Options options, Decoders decoders);
  Result<std::optional<Numbered>> Read();
  DecodedLines Decode(ingest::Decoder& decoder, const Lines& lines) const;
  void Work(ingest::Decoder& decoder);

  const Options options_;
  const Decoders decoders_;
  std::atomic<uint64_t> bytes_read_ = 0;

  std::mutex reader_mutex_;  // Guards the four below.
  LineReader reader_;
  uint64_t pieces_ = 0;
  bool reader_ended_ = false;
  std::optional<Error> reader_error_;

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable room_;           // Workers wait for it.
  std::condition_variable next_is_there_;  // The owner waits for it.
  std::map<uint64_t, DecodedLines> finished_;  // By piece.
  uint64_t taken_ = 0;
  size_t workers_ended_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tailrace::app
