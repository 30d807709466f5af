#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/decompress.h"
#include "base/disk.h"
#include "base/result.h"

namespace tailrace::app {

// Whole lines of one file; the last one of a file may lack its line end.
struct Lines {
  std::string text;
  std::string file;
  uint64_t first_line = 1;
  size_t line_ends = 0;  // In `text`, or one more.
};

// Reads the lines of several files one after the other. What is packed by gzip, zstd or snappy is unpacked, whatever
// the file is called.
//
// Threads  One owner.
class LineReader {
 public:
  // Fills the span with the next bytes of standard input; 0 at its end.
  using ReadInput = std::function<Result<size_t>(std::span<char> into)>;

  struct Options {
    size_t piece_bytes = 256 << 10;   // Of each Lines, about.
    bool quoted_line_breaks = false;  // A line break between double quotes ends no line (CSV).
    bool skip_first_line = false;     // Of every file: names of columns.
    // Instead of ending, wait for what is appended to the last file and go on with the file of this name when it was
    // rotated. Called when there is nothing to read; false ends the input.
    std::function<bool()> wait_for_more;
  };

  // `files`: paths, "-" for standard input, which `input` reads.
  LineReader(Disk& disk, std::vector<std::string> files, ReadInput input, Options options);

  // Nothing at the end of the last file.
  // Errors: kNotFound, kPermissionDenied and kCorruption with the file's name; kLimitExceeded: a line of kLineBytesMax.
  Result<std::optional<Lines>> Next();

  // How far it is: bytes taken from the disk. `bytes_total`: of all files; 0 with standard input.
  uint64_t bytes_read() const { return bytes_read_; }
  Result<uint64_t> BytesTotal() const;

  static constexpr size_t kLineBytesMax = 64 << 20;
  static constexpr std::string_view kStandardInput = "-";

 private:
  Status OpenNext();
  Result<size_t> Read(std::string& into);  // Appends what is next in the file.
  Result<bool> Fill();                     // False at the end of the file.
  Result<bool> FillPiece();
  Lines Take(size_t end);
  Result<bool> Grown();
  size_t LinesEnd();
  bool following() const { return options_.wait_for_more && next_file_ == files_.size() && file_ != nullptr; }

  Disk& disk_;
  const std::vector<std::string> files_;
  const ReadInput input_;
  const Options options_;
  size_t next_file_ = 0;
  bool open_ = false;
  std::string name_;
  std::unique_ptr<File> file_;                  // Null for standard input.
  std::unique_ptr<Decompressor> decompressor_;  // Null before the first bytes.
  bool plain_ = false;                          // What comes needs no unpacking.
  uint64_t offset_ = 0;
  uint64_t line_ = 1;
  bool skip_line_ = false;
  std::string pending_;
  size_t scanned_ = 0;      // Of pending_, for quotes.
  bool in_quotes_ = false;  // At scanned_.
  size_t lines_end_ = 0;    // After the last line end outside quotes before scanned_.
  uint64_t bytes_read_ = 0;
};

}  // namespace tailrace::app
