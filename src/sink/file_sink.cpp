#include "sink/file_sink.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::sink {
namespace {

class FileSink final : public RedrivableSink {
 public:
  FileSink(FileSinkConfig config, Environment& environment)
      : config_(std::move(config)),
        environment_(environment),
        row_writer_(config_.schema, config_.output),
        rows_written_(environment.metrics.GetCounter("tailrace_sink_rows_total", "Rows that a sink took.",
                                                     {{"sink", config_.name}})) {}

  Status Open() {
    TAILRACE_TRY(environment_.disk.MakeDirectories(Directory()));
    // New directories are durable when the ones above them are synced.
    for (size_t slash = config_.path.rfind('/'); slash != std::string::npos && slash > 0;
         slash = config_.path.rfind('/', slash - 1)) {
      const size_t above = config_.path.rfind('/', slash - 1);
      if (above == std::string::npos) break;
      TAILRACE_TRY(environment_.disk.SyncDirectory(config_.path.substr(0, above + 1)));
    }
    if (Exists(environment_.disk, PositionPath())) TAILRACE_TRY(LoadPosition());
    return OpenFile();
  }

  const data::Schema& schema() const override { return config_.schema; }
  data::Ordinal last_ordinal() const override { return last_ordinal_; }

  Status Write(const data::Batch& batch, data::Ordinal first_ordinal) override {
    const size_t rows = batch.rows();
    const size_t begin = last_ordinal_ >= first_ordinal ? std::min<size_t>(rows, last_ordinal_ - first_ordinal + 1) : 0;
    if (begin == rows) return Ok();
    if (file_ == nullptr) TAILRACE_TRY(OpenFile());  // After a failure.
    if (size_ >= config_.bytes_max) TAILRACE_TRY(Rotate());
    std::string lines;
    for (size_t row = begin; row < rows; ++row) {
      row_writer_.Append(lines, batch, row);
      lines += '\n';
    }
    const Status status = Append(lines, first_ordinal + rows - 1);
    if (!status.ok()) {
      file_.reset();
      return status;
    }
    rows_written_.Add(rows - begin);
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
    size_ = static_cast<uint64_t>(*size);
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
    const bool existed = Exists(environment_.disk, config_.path);
    if (!existed) size_ = 0;  // Renamed just before a crash, or taken away by somebody.
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, environment_.disk.Open(config_.path, OpenMode::kCreate));
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
    if (info.size_bytes < size_) size_ = info.size_bytes;  // Cut by somebody: go on behind what is left.
    TAILRACE_TRY(file->Truncate(size_));
    TAILRACE_TRY(file->Sync());
    TAILRACE_TRY(environment_.disk.SyncDirectory(Directory()));
    file_ = std::move(file);
    return Ok();
  }

  Status Append(const std::string& lines, data::Ordinal last) {
    TAILRACE_TRY(file_->WriteAt(size_, lines));
    TAILRACE_TRY(file_->Sync());
    TAILRACE_TRY(StorePosition(last, size_ + lines.size()));
    size_ += lines.size();
    last_ordinal_ = last;
    return Ok();
  }

  Status Rotate() {
    file_.reset();
    TAILRACE_TRY(environment_.disk.Rename(config_.path, StrCat(config_.path, ".", last_ordinal_)));
    size_ = 0;
    TAILRACE_TRY(OpenFile());
    return StorePosition(last_ordinal_, 0);
  }

  const FileSinkConfig config_;
  Environment& environment_;
  const data::RowWriter row_writer_;
  Counter& rows_written_;
  std::unique_ptr<File> file_;  // Null after a failure: its content is then unknown beyond size_.
  uint64_t size_ = 0;
  data::Ordinal last_ordinal_ = 0;
};

}  // namespace

Result<std::unique_ptr<RedrivableSink>> MakeFileSink(const FileSinkConfig& config, Environment& environment) {
  auto sink = std::make_unique<FileSink>(config, environment);
  TAILRACE_TRY(sink->Open());
  return std::unique_ptr<RedrivableSink>(std::move(sink));
}

}  // namespace tailrace::sink
