#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/query/line_reader.h"
#include "base/disk.h"
#include "base/result.h"

namespace tailrace::app {

// Cuts files into pieces of whole lines that several threads can read at once: of a plain file each piece is a range of
// it, in which whoever takes it finds the lines' ends himself. Where one piece cannot be read without the one before
// (packed files, standard input, line breaks within quotes, files that are followed), pieces come from a LineReader.
//
// Threads  Claim: one at a time. Read: any, each with a buffer of its own.
class LinePieces {
 public:
  LinePieces(Disk& disk, std::vector<std::string> files, LineReader::ReadInput input, LineReader::Options options);

  struct Piece {
    uint64_t number = 0;  // From 0 on, in the order of the lines.
    std::shared_ptr<const std::string> file;
    bool first_of_file = false;
    // A range, or the lines themselves.
    std::shared_ptr<File> open;
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t file_end = 0;
    std::optional<Lines> lines;
  };
  // Nothing at the end. Reads nothing of plain files but their beginning. Errors: as LineReader::Next.
  Result<std::optional<Piece>> Claim();

  struct Text {
    std::string_view lines;  // In the buffer or in the piece. May be empty: a line that is longer than a range.
    std::optional<uint64_t> first_line;  // Of the file, from 1; nothing: known by those before.
  };
  // Errors: as LineReader::Next.
  Result<Text> Read(const Piece& piece, std::string& buffer) const;

  // Bytes claimed so far. `bytes_total`: as LineReader::BytesTotal.
  uint64_t bytes_read() const { return bytes_ + (reader_ != nullptr ? reader_->bytes_read() : 0); }

 private:
  Result<std::optional<Piece>> NextLines();
  Status OpenNext();

  Disk& disk_;
  const std::vector<std::string> files_;
  const LineReader::ReadInput input_;
  const LineReader::Options options_;
  size_t next_file_ = 0;
  std::unique_ptr<LineReader> reader_;  // Of what cannot be cut.
  Piece range_;                         // Of the file that is being cut; its end is where the next piece begins.
  uint64_t number_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace tailrace::app
