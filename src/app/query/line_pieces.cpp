#include "app/query/line_pieces.h"

#include <algorithm>
#include <utility>

#include "base/decompress.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

// What is read beyond a range, for the line that its end cuts.
constexpr size_t kBeyondBytes = 2048;
constexpr size_t kMagicBytes = 16;

std::span<char> RoomIn(std::string& buffer, size_t from, size_t size) {
  if (buffer.size() < from + size) {
    buffer.resize_and_overwrite(from + size, [](char*, size_t bytes) { return bytes; });
  }
  return {buffer.data() + from, size};
}

}  // namespace

LinePieces::LinePieces(Disk& disk, std::vector<std::string> files, LineReader::ReadInput input,
                       LineReader::Options options)
    : disk_(disk), files_(std::move(files)), input_(std::move(input)), options_(std::move(options)) {
  if (options_.quoted_line_breaks || options_.skip_first_line || options_.wait_for_more) {
    reader_ = std::make_unique<LineReader>(disk_, files_, input_, options_);
    next_file_ = files_.size();
  }
}

Status LinePieces::OpenNext() {
  const std::string& name = files_[next_file_++];
  const auto read_lines = [&] {
    reader_ = std::make_unique<LineReader>(disk_, std::vector{name}, input_, options_);
    return Ok();
  };
  if (name == LineReader::kStandardInput) return read_lines();
  TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<File> open, disk_.Open(name, OpenMode::kRead));
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, open->Info());
  char magic[kMagicBytes];
  size_t bytes = 0;
  if (info.size_bytes > 0) {
    TAILRACE_ASSIGN_OR_RETURN(bytes, open->ReadAt(0, magic));
  }
  // A file without a size may still have bytes: a pipe.
  if (bytes == 0 || DetectCompression({magic, bytes}) != Compression::kNone) return read_lines();
  range_ = {.file = std::make_shared<const std::string>(name), .open = std::move(open), .file_end = info.size_bytes};
  return Ok();
}

Result<std::optional<LinePieces::Piece>> LinePieces::NextLines() {
  TAILRACE_ASSIGN_OR_RETURN(std::optional<Lines> lines, reader_->Next());
  if (!lines.has_value()) {
    bytes_ += reader_->bytes_read();
    reader_ = nullptr;
    return std::nullopt;
  }
  Piece piece{.number = number_++, .file = std::make_shared<const std::string>(lines->file)};
  piece.lines = std::move(lines);
  return std::optional(std::move(piece));
}

Result<std::optional<LinePieces::Piece>> LinePieces::Claim() {
  while (true) {
    if (reader_ != nullptr) {
      TAILRACE_ASSIGN_OR_RETURN(std::optional<Piece> piece, NextLines());
      if (piece.has_value()) return piece;
    } else if (range_.end < range_.file_end) {
      Piece piece = range_;
      piece.number = number_++;
      piece.begin = range_.end;
      piece.end = std::min(piece.begin + options_.piece_bytes, range_.file_end);
      piece.first_of_file = piece.begin == 0;
      range_.end = piece.end;
      bytes_ += piece.end - piece.begin;
      return std::optional(std::move(piece));
    } else if (next_file_ == files_.size()) {
      return std::nullopt;
    } else {
      TAILRACE_TRY(OpenNext());
    }
  }
}

// The lines that begin within the range. Where its first byte begins a line is told by the byte before it.
Result<LinePieces::Text> LinePieces::Read(const Piece& piece, std::string& buffer) const {
  if (piece.lines.has_value()) return Text{.lines = piece.lines->text, .first_line = piece.lines->first_line};
  const uint64_t from = piece.begin == 0 ? 0 : piece.begin - 1;
  const auto range_end = static_cast<size_t>(piece.end - from);  // In the buffer.
  size_t size = 0;
  bool ended = false;
  const auto read_on = [&](size_t bytes) -> Status {
    bytes = static_cast<size_t>(std::min<uint64_t>(bytes, piece.file_end - from - size));
    auto count = piece.open->ReadAt(from + size, RoomIn(buffer, size, bytes));
    if (!count.ok()) return std::move(count).error().Context(*piece.file);
    size += *count;
    ended = *count < bytes || from + size == piece.file_end;
    return Ok();
  };
  TAILRACE_TRY(read_on(range_end + kBeyondBytes));
  const auto text = [&] { return std::string_view(buffer).substr(0, size); };
  size_t begin = 0;
  if (piece.begin > 0) {
    begin = text().find('\n');
    begin = begin == std::string_view::npos ? size : begin + 1;
  }
  if (begin >= range_end) return Text{.lines = {}, .first_line = {}};  // The line before reaches beyond the range.
  size_t end = std::min(size, range_end);
  if (end == 0 || text()[end - 1] != '\n') {
    size_t found = text().find('\n', end);
    while (found == std::string_view::npos && !ended) {
      if (size > LineReader::kLineBytesMax) {
        return Error{ErrorCode::kLimitExceeded,
                     StrCat(*piece.file, ": a line is longer than ", LineReader::kLineBytesMax, " bytes")};
      }
      const size_t searched = size;
      TAILRACE_TRY(read_on(std::max(size, kBeyondBytes)));
      found = text().find('\n', searched);
    }
    end = found == std::string_view::npos ? size : found + 1;
  }
  return Text{.lines = text().substr(begin, end - begin), .first_line = {}};
}

}  // namespace tailrace::app
