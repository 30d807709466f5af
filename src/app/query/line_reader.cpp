#include "app/query/line_reader.h"

#include <algorithm>
#include <utility>

#include "base/str.h"
#include "ingest/formats/byte_scan.h"

namespace tailrace::app {
namespace {

constexpr size_t kReadBytes = 64 << 10;

}  // namespace

LineReader::LineReader(Disk& disk, std::vector<std::string> files, ReadInput input, Options options)
    : disk_(disk), files_(std::move(files)), input_(std::move(input)), options_(std::move(options)) {}

Result<uint64_t> LineReader::BytesTotal() const {
  uint64_t total = 0;
  for (const std::string& path : files_) {
    if (path == kStandardInput) return 0;
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk_.Stat(path));
    total += info.size_bytes;
  }
  return total;
}

Status LineReader::OpenNext() {
  name_ = files_[next_file_++];
  file_.reset();
  decompressor_.reset();
  plain_ = false;
  if (name_ != kStandardInput) {
    TAILRACE_ASSIGN_OR_RETURN(file_, disk_.Open(name_, OpenMode::kRead));
  }
  offset_ = 0;
  line_ = 1;
  skip_line_ = options_.skip_first_line;
  pending_.clear();
  scanned_ = lines_end_ = 0;
  in_quotes_ = false;
  open_ = true;
  return Ok();
}

Result<size_t> LineReader::Read(std::string& into) {
  const size_t before = into.size();
  into.resize_and_overwrite(before + kReadBytes, [](char*, size_t size) { return size; });
  const std::span<char> room(into.data() + before, kReadBytes);
  auto count = file_ == nullptr ? input_(room) : file_->ReadAt(offset_, room);
  into.resize(before + (count.ok() ? *count : 0));
  if (!count.ok()) return count;
  offset_ += *count;
  bytes_read_ += *count;
  return count;
}

Result<bool> LineReader::Fill() {
  if (plain_) {
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, Read(pending_));
    return count > 0;
  }
  std::string piece;
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, Read(piece));
  if (decompressor_ == nullptr && count > 0) {
    const Compression compression = DetectCompression(piece);
    plain_ = compression == Compression::kNone;
    decompressor_ = MakeDecompressor(compression);
  }
  const Status fed = count > 0                  ? decompressor_->Feed(piece, pending_)
                     : decompressor_ != nullptr ? decompressor_->Finish()
                                                : Ok();
  if (!fed.ok()) return Error(fed.error()).Context(name_);
  return count > 0;
}

// The place after the last line that is whole.
size_t LineReader::LinesEnd() {
  if (!options_.quoted_line_breaks) {
    const size_t end = pending_.rfind('\n');
    return end == std::string::npos ? 0 : end + 1;
  }
  const size_t end = ingest::EndOfUnquotedLines(std::string_view(pending_).substr(scanned_), in_quotes_);
  if (end > 0) lines_end_ = scanned_ + end;
  scanned_ = pending_.size();
  return lines_end_;
}

// Whether the file that was read to its end has more by now; a rotated file is opened anew.
Result<bool> LineReader::Grown() {
  const auto now = disk_.Stat(name_);
  if (!now.ok()) return false;  // Between two files.
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo read, file_->Info());
  if (read.size_bytes > offset_) return true;
  if (now->inode != read.inode || now->device != read.device || now->size_bytes < offset_) {
    --next_file_;
    TAILRACE_TRY(OpenNext());
    return true;
  }
  return false;
}

Result<std::optional<Lines>> LineReader::Next() {
  while (true) {
    if (!open_) {
      if (next_file_ == files_.size()) return std::nullopt;
      TAILRACE_TRY(OpenNext());
    }
    TAILRACE_ASSIGN_OR_RETURN(const bool more, FillPiece());
    if (!more && following() && LinesEnd() == 0) {
      TAILRACE_ASSIGN_OR_RETURN(const bool grown, Grown());
      if (!grown && !options_.wait_for_more()) return std::nullopt;
      continue;
    }
    const bool ended = !more && !following();
    Lines lines = Take(ended ? pending_.size() : LinesEnd());
    if (ended) open_ = false;
    if (!lines.text.empty()) return std::optional(std::move(lines));
  }
}

// Reads until there are lines enough for a piece; false at the end of the file.
Result<bool> LineReader::FillPiece() {
  const bool eager = following() || file_ == nullptr;  // What is there now is wanted now.
  while (pending_.size() < options_.piece_bytes || LinesEnd() == 0) {
    if (eager && LinesEnd() > 0) break;
    if (pending_.size() > kLineBytesMax) {
      return Error{ErrorCode::kLimitExceeded,
                   StrCat(name_, ": line ", line_, " is longer than ", kLineBytesMax, " bytes")};
    }
    TAILRACE_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) return false;
  }
  return true;
}

Lines LineReader::Take(size_t end) {
  Lines lines{.text = std::move(pending_), .file = name_, .first_line = line_};
  pending_.clear();
  pending_.reserve(options_.piece_bytes + 2 * kReadBytes);
  pending_.append(lines.text, end);
  lines.text.resize(end);
  scanned_ -= std::min(scanned_, end);
  lines_end_ = 0;
  lines.line_ends = ingest::CountByte(lines.text, '\n');
  line_ += lines.line_ends;
  if (skip_line_ && !lines.text.empty()) {
    skip_line_ = false;
    const size_t first = lines.text.find('\n');
    lines.text.erase(0, first == std::string::npos ? lines.text.size() : first + 1);
    ++lines.first_line;
  }
  return lines;
}

}  // namespace tailrace::app
