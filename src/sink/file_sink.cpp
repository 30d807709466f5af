#include "sink/file_sink.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::sink {
namespace {

constexpr size_t kUnsettledBytesMax = 1 << 20;
constexpr size_t kReadBytes = 256 * 1024;

class FileSink final : public RedrivableSink {
 public:
  FileSink(FileSinkConfig config, Environment& environment)
      : config_(std::move(config)),
        environment_(environment),
        row_writer_(config_.schema, config_.output),
        rows_written_(environment.metrics.GetCounter("tailrace_sink_rows_total", "Rows that a sink took.",
                                                     {{"sink", config_.name}})) {}

  Status Open() {
    if (!Exists(environment_.disk, PositionPath())) {
      TAILRACE_TRY(MakeDirectoriesDurably(environment_.disk, Directory()));
      return OpenFile();
    }
    TAILRACE_TRY(LoadPosition());  // Written after the directories were made durable.
    TAILRACE_TRY(OpenFile());
    return CutTornLines();
  }

  const data::Schema& schema() const override { return config_.schema; }
  data::Ordinal last_ordinal() const override { return last_ordinal_; }

  Status Write(const data::Batch& batch, data::Ordinal first_ordinal) override {
    const size_t rows = batch.rows();
    const size_t begin = last_ordinal_ >= first_ordinal ? std::min<size_t>(rows, last_ordinal_ - first_ordinal + 1) : 0;
    if (begin == rows) return Ok();
    if (file_ == nullptr) TAILRACE_TRY(OpenAgain());
    if (unsettled_.size() >= kUnsettledBytesMax) TAILRACE_TRY(Settle());
    if (size() >= config_.bytes_max) TAILRACE_TRY(Rotate());
    std::string lines;
    for (size_t row = begin; row < rows; ++row) {
      row_writer_.Append(lines, batch, row);
      lines += '\n';
    }
    TAILRACE_TRY(Noting(Append(lines)));
    last_ordinal_ = first_ordinal + rows - 1;
    rows_written_.Add(rows - begin);
    return Ok();
  }

  Status Settle() override {
    if (unsettled_.empty() && file_end_ <= size()) return Ok();
    if (file_ == nullptr) TAILRACE_TRY(OpenAgain());
    TAILRACE_TRY(Noting(CutTo(size())));
    TAILRACE_TRY(Noting(file_->Sync()));
    TAILRACE_TRY(StorePosition(last_ordinal_, size()));
    settled_size_ = size();
    unsettled_.clear();
    return Ok();
  }

  // A file takes every row, so it has no letters.
  Status Redrive(const LetterId& letter, const data::Batch& /*row*/) override {
    return Error{ErrorCode::kNotFound, StrCat("no dead letter ", letter.ordinal, " of sink \"", letter.sink, "\"")};
  }

 private:
  std::string Directory() const {
    const size_t slash = config_.path.rfind('/');
    return slash == std::string::npos ? "." : config_.path.substr(0, slash + 1);
  }
  std::string PositionPath() const { return StrCat(config_.path, ".position"); }

  // "ordinal size checksum\n"; files from before there was a checksum have none.
  Status LoadPosition() {
    TAILRACE_ASSIGN_OR_RETURN(const std::string text, ReadFile(environment_.disk, PositionPath()));
    const std::vector<std::string_view> parts = Split(Trim(text), ' ');
    const std::optional<int64_t> ordinal = ParseInt64(parts[0]);
    const bool complete = parts.size() == 2 || parts.size() == 3;
    const std::optional<int64_t> size = complete ? ParseInt64(parts[1]) : std::nullopt;
    const bool good = parts.size() != 3 || text == PositionText(static_cast<data::Ordinal>(ordinal.value_or(0)),
                                                                static_cast<uint64_t>(size.value_or(0)));
    if (!good || !ordinal.has_value() || !size.has_value() || *ordinal < 0 || *size < 0) {
      return Error{ErrorCode::kCorruption, StrCat(PositionPath(), ": \"", Trim(text), "\" is no position")};
    }
    last_ordinal_ = static_cast<data::Ordinal>(*ordinal);
    settled_size_ = static_cast<uint64_t>(*size);
    return Ok();
  }

  Status StorePosition(data::Ordinal ordinal, uint64_t size) {
    return WriteFileAtomically(environment_.disk, PositionPath(), PositionText(ordinal, size));
  }
  static std::string PositionText(data::Ordinal ordinal, uint64_t size) {
    const std::string numbers = StrCat(ordinal, " ", size);
    return StrCat(numbers, " ", Crc32c(numbers), "\n");
  }

  Status OpenFile() {
    if (!Exists(environment_.disk, config_.path)) settled_size_ = 0;  // Renamed just before a crash, or taken away.
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, environment_.disk.Open(config_.path, OpenMode::kCreate));
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
    settled_size_ = std::min<uint64_t>(settled_size_, info.size_bytes);  // Cut by somebody: go on behind what is left.
    file_end_ = info.size_bytes;
    TAILRACE_TRY(environment_.disk.SyncDirectory(Directory()));
    file_ = std::move(file);
    return Ok();
  }

  // After a power failure zeros or half a line may stand behind the settled lines. These rows come again, but that may
  // take until their windows close, and nobody who reads along shall take half a line for a whole one.
  Status CutTornLines() {
    uint64_t whole = settled_size_;
    std::string block(kReadBytes, '\0');
    for (uint64_t offset = settled_size_; offset < file_end_;) {
      TAILRACE_ASSIGN_OR_RETURN(const size_t count, file_->ReadAt(offset, block));
      const std::string_view bytes = std::string_view(block).substr(0, count);
      const std::string_view good = bytes.substr(0, bytes.find('\0'));
      if (const size_t end = good.rfind('\n'); end != std::string_view::npos) whole = offset + end + 1;
      if (count == 0 || good.size() < count) break;
      offset += count;
    }
    return CutTo(whole);
  }

  // After a failure nobody knows what is in the file behind the settled bytes.
  Status OpenAgain() {
    TAILRACE_TRY(OpenFile());
    TAILRACE_TRY(Noting(CutTo(settled_size_)));
    TAILRACE_TRY(Noting(file_->WriteAt(settled_size_, unsettled_)));
    file_end_ = size();
    return Ok();
  }

  Status Noting(Status status) {
    if (!status.ok()) file_.reset();
    return status;
  }

  Status Append(const std::string& lines) {
    // After a crash the rows come again from the last checkpoint on, and their lines are mostly there.
    if (file_end_ > size()) {
      std::string there(std::min<uint64_t>(lines.size(), file_end_ - size()), '\0');
      TAILRACE_ASSIGN_OR_RETURN(const size_t count, file_->ReadAt(size(), there));
      if (!lines.starts_with(std::string_view(there).substr(0, count))) TAILRACE_TRY(CutTo(size()));
    }
    TAILRACE_TRY(file_->WriteAt(size(), lines));
    unsettled_ += lines;
    file_end_ = std::max(file_end_, size());
    return Ok();
  }

  Status CutTo(uint64_t size) {
    if (file_end_ <= size) return Ok();
    TAILRACE_TRY(file_->Truncate(size));
    file_end_ = size;
    return Ok();
  }

  Status Rotate() {
    TAILRACE_TRY(Settle());
    file_.reset();
    TAILRACE_TRY(environment_.disk.Rename(config_.path, StrCat(config_.path, ".", last_ordinal_)));
    settled_size_ = 0;
    TAILRACE_TRY(OpenFile());
    return StorePosition(last_ordinal_, 0);
  }

  uint64_t size() const { return settled_size_ + unsettled_.size(); }

  const FileSinkConfig config_;
  Environment& environment_;
  const data::RowWriter row_writer_;
  Counter& rows_written_;
  std::unique_ptr<File> file_;  // Null after a failure.
  uint64_t settled_size_ = 0;   // As in the position file: durable, and of rows up to there.
  std::string unsettled_;       // The lines behind it, in case that a sync fails and loses them.
  uint64_t file_end_ = 0;       // Beyond `size()`: lines of rows that are to come again after a crash.
  data::Ordinal last_ordinal_ = 0;
};

}  // namespace

Result<std::unique_ptr<RedrivableSink>> MakeFileSink(const FileSinkConfig& config, Environment& environment) {
  auto sink = std::make_unique<FileSink>(config, environment);
  TAILRACE_TRY(sink->Open());
  return std::unique_ptr<RedrivableSink>(std::move(sink));
}

}  // namespace tailrace::sink
