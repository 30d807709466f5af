#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "data/ports.h"
#include "ingest/formats/decoder.h"

namespace tailrace::app {

struct DecodeOptions {
  size_t threads = 1;
  size_t records_per_thread_min = 256;  // Fewer are not worth waking a thread for.
};

// Decodes the records of one input on several threads at once, each with a decoder of its own.
//
// Output   Pieces in the order of the records; together they are what one decoder would have given.
// Threads  One owner; it decodes the first piece itself.
class ParallelDecoder {
 public:
  using MakeDecoder = std::function<Result<std::unique_ptr<ingest::Decoder>>()>;
  struct Piece {
    std::span<const data::Record> records;
    ingest::Decoded decoded;  // Record indices count from the piece's first record.
  };

  // Errors: those of `make`.
  static Result<std::unique_ptr<ParallelDecoder>> Make(const MakeDecoder& make, const DecodeOptions& options);
  ~ParallelDecoder();

  std::vector<Piece> Decode(std::span<const data::Record> records);
  // As ingest::Decoder::truncated, over all threads.
  std::vector<uint64_t> truncated() const;

 private:
  class Worker;
  explicit ParallelDecoder(size_t records_per_thread_min);

  const size_t records_per_thread_min_;
  std::unique_ptr<ingest::Decoder> own_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tailrace::app
