#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/query/line_pieces.h"
#include "base/workers.h"
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

// Reads lines and decodes them, on several threads when there are some. What comes out does not depend on how many.
//
// A piece of the input is read and decoded by one thread in memory that it uses again for the next one. The owner takes
// the pieces in order; while the next one is not ready, it decodes one itself.
// Threads  One owner, that of `workers`.
class QuerySource {
 public:
  struct Options {
    ingest::InputSchema schema;
    ingest::UsedColumns used;           // Empty: all.
    std::optional<size_t> time_column;  // Of the schema.
  };
  // `workers` is borrowed. Errors: kInvalidArgument: the schema.
  static Result<std::unique_ptr<QuerySource>> Make(LinePieces pieces, Workers& workers, Options options);
  ~QuerySource();

  // The next rows, maybe none; nothing at the end. Errors: those of LinePieces.
  Result<std::optional<DecodedLines>> Next();
  // Takes back what Next gave last, when it is done with: the thread whose memory it is frees it, because threads that
  // free each other's memory wait for each other.
  void GiveBack(DecodedLines lines);

  uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }

 private:
  // What a thread keeps from piece to piece, all of it in its own memory and cache lines.
  struct alignas(128) Desk {
    std::unique_ptr<ingest::Decoder> decoder;  // Null until the thread's first piece; not the owner's.
    std::string buffer;
    std::vector<uint32_t> line_breaks;
    std::vector<data::Record> records;
    std::vector<uint32_t> line_of_record;  // After the piece's first line.
    std::vector<DecodedLines> spent;
  };
  struct Finished {
    size_t desk = 0;  // Where it was made.
    DecodedLines decoded;
    std::shared_ptr<const std::string> file;
    bool first_of_file = false;
    std::optional<uint64_t> first_line;
    uint64_t lines = 0;
    std::vector<uint32_t> error_lines;  // Of decoded.errors, after the piece's first line.
    std::optional<Error> error;         // Instead of all others.
  };

  QuerySource(LinePieces pieces, Workers& workers, Options options, std::vector<Desk> desks);
  std::optional<Finished>& Place(uint64_t piece) { return finished_[piece % finished_.size()]; }
  bool MayClaim() const { return !ended_ && !claiming_ && claimed_ < taken_ + pieces_ahead_; }
  std::optional<LinePieces::Piece> Claim(std::unique_lock<std::mutex>& lock);
  uint64_t SplitLines(Desk& desk, std::string_view text) const;
  Finished Decode(size_t desk_index, const LinePieces::Piece& piece);
  bool DecodeAhead(size_t desk);
  Result<std::optional<DecodedLines>> Give(Finished finished);

  const Options options_;
  Workers& workers_;
  const uint64_t pieces_ahead_;
  std::vector<Desk> desks_;  // One a thread, the owner's first.
  std::atomic<uint64_t> bytes_read_ = 0;
  size_t given_desk_ = 0;   // Where the piece was made that was given last.
  uint64_t next_line_ = 1;  // Of the file whose piece was given last.

  LinePieces pieces_;  // Claim: whoever has set claiming_.

  std::mutex mutex_;                // Guards what follows.
  std::condition_variable change_;  // The owner waits for it.
  bool claiming_ = false;           // Somebody waits for input, maybe.
  bool ended_ = false;
  std::optional<Error> claim_error_;
  std::vector<std::optional<Finished>> finished_;  // By piece, modulo their number; made once, as the next one is.
  std::vector<std::vector<DecodedLines>> spent_;   // By desk: given back.
  uint64_t claimed_ = 0;
  uint64_t taken_ = 0;
  bool awaited_ = false;  // The owner waits.
  bool room_wanted_ = false;
  bool claim_wanted_ = false;
};

}  // namespace tailrace::app
