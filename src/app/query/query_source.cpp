#include "app/query/query_source.h"

#include <utility>

#include "app/query/time_column.h"
#include "base/str.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/byte_scan.h"

namespace tailrace::app {
namespace {

// Decoded pieces that wait, a thread. Few bytes: the lines themselves are gone by then.
constexpr uint64_t kPiecesAheadPerThread = 4;

}  // namespace

Result<std::unique_ptr<QuerySource>> QuerySource::Make(LinePieces pieces, Workers& workers, Options options) {
  std::vector<Desk> desks(workers.threads());
  TAILRACE_ASSIGN_OR_RETURN(desks[0].decoder, ingest::MakeDecoder(options.schema, options.used));
  return std::unique_ptr<QuerySource>(
      new QuerySource(std::move(pieces), workers, std::move(options), std::move(desks)));
}

QuerySource::QuerySource(LinePieces pieces, Workers& workers, Options options, std::vector<Desk> desks)
    : options_(std::move(options)),
      workers_(workers),
      pieces_ahead_(kPiecesAheadPerThread * workers.threads()),
      desks_(std::move(desks)),
      pieces_(std::move(pieces)),
      finished_(pieces_ahead_),
      spent_(desks_.size()) {
  for (size_t i = 0; i < desks_.size(); ++i) {
    desks_[i].spent.reserve(pieces_ahead_);
    spent_[i].reserve(pieces_ahead_);
  }
  if (workers_.threads() == 1) return;
  workers_.AddSpareWork(this, [this](size_t worker) { return DecodeAhead(worker); });
}

QuerySource::~QuerySource() { workers_.RemoveSpareWork(this); }

// Only when MayClaim. Nothing at the end, or when the next piece cannot be had. Not under the lock, because standard
// input may keep whoever reads it waiting.
std::optional<LinePieces::Piece> QuerySource::Claim(std::unique_lock<std::mutex>& lock) {
  claiming_ = true;
  lock.unlock();
  auto piece = pieces_.Claim();
  bytes_read_.store(pieces_.bytes_read(), std::memory_order_relaxed);
  lock.lock();
  claiming_ = false;
  if (awaited_) change_.notify_one();
  if (std::exchange(claim_wanted_, false)) workers_.Wake();
  if (!piece.ok()) claim_error_ = std::move(piece).error();
  ended_ = claim_error_.has_value() || !piece->has_value();
  if (ended_) return std::nullopt;
  ++claimed_;
  return *std::move(piece);
}

// Makes the desk's records of the lines; gives how many lines there are, where anybody asks.
uint64_t QuerySource::SplitLines(Desk& desk, std::string_view text) const {
  desk.line_breaks.clear();
  desk.records.clear();
  desk.line_of_record.clear();
  if (options_.schema.format == "csv") {  // One record, because a quoted value may hold line breaks.
    desk.records.push_back({.data = text});
    desk.line_of_record.push_back(0);
    return 0;
  }
  ingest::AppendLineBreaks(text, desk.line_breaks);
  if (!text.empty() && !text.ends_with('\n')) desk.line_breaks.push_back(static_cast<uint32_t>(text.size()));
  size_t begin = 0;
  for (uint32_t line = 0; line < desk.line_breaks.size(); ++line) {
    const size_t end = desk.line_breaks[line];
    const std::string_view record = text.substr(begin, end - begin);
    begin = end + 1;
    if (record.empty() || record == "\r") continue;
    desk.records.push_back({.data = record});
    desk.line_of_record.push_back(line);
  }
  return desk.line_breaks.size();
}

QuerySource::Finished QuerySource::Decode(size_t desk_index, const LinePieces::Piece& piece) {
  Desk& desk = desks_[desk_index];
  if (desk.decoder == nullptr)
    desk.decoder = ingest::MakeDecoder(options_.schema, options_.used).value();  // As desk 0's.
  Finished finished{.desk = desk_index, .file = piece.file, .first_of_file = piece.first_of_file};
  auto read = pieces_.Read(piece, desk.buffer);
  if (!read.ok()) {
    finished.error = std::move(read).error();
    return finished;
  }
  finished.first_line = read->first_line;
  finished.lines = SplitLines(desk, read->lines);
  ingest::Decoded decoded = desk.decoder->Decode(desk.records);
  DecodedLines& result = finished.decoded;
  for (ingest::DecodeError& error : decoded.errors) {
    finished.error_lines.push_back(desk.line_of_record[error.record]);
    result.errors.push_back({.place = {},
                             .name = std::string(error.name),
                             .message = std::move(error.message),
                             .bytes = std::move(error.bytes)});
  }
  if (options_.time_column.has_value()) result.times = TimesOf(*decoded.batch.columns[*options_.time_column], kNoTime);
  result.batch = std::move(decoded.batch);
  return finished;
}

// Decodes the next piece that nobody has begun; false when there is none or too many wait already.
bool QuerySource::DecodeAhead(size_t desk) {
  std::unique_lock lock(mutex_);
  desks_[desk].spent.swap(spent_[desk]);
  if (!MayClaim()) {
    room_wanted_ = room_wanted_ || !claiming_;
    claim_wanted_ = claiming_;
    lock.unlock();
    desks_[desk].spent.clear();
    return false;
  }
  const std::optional<LinePieces::Piece> piece = Claim(lock);
  lock.unlock();
  desks_[desk].spent.clear();
  if (!piece.has_value()) return false;
  Finished finished = Decode(desk, *piece);
  lock.lock();
  Place(piece->number) = std::move(finished);
  if (awaited_ && piece->number == taken_) change_.notify_one();
  return true;
}

Result<std::optional<DecodedLines>> QuerySource::Next() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (std::optional<Finished>& next = Place(taken_); next.has_value()) {
      Finished finished = *std::move(next);
      next.reset();
      ++taken_;
      // Whoever waits for room waits until half of it is free, because to be woken costs as much as some lines.
      const bool wake = room_wanted_ && claimed_ - taken_ <= pieces_ahead_ / 2;
      if (wake) room_wanted_ = false;
      lock.unlock();
      if (wake) workers_.Wake();
      return Give(std::move(finished));
    }
    if (ended_ && claimed_ == taken_) {
      if (claim_error_.has_value()) return *claim_error_;
      return std::nullopt;
    }
    if (MayClaim()) {
      const std::optional<LinePieces::Piece> piece = Claim(lock);
      if (!piece.has_value()) continue;
      lock.unlock();
      Finished finished = Decode(0, *piece);
      lock.lock();
      Place(piece->number) = std::move(finished);
      continue;
    }
    awaited_ = true;
    change_.wait(lock);
    awaited_ = false;
  }
}

void QuerySource::GiveBack(DecodedLines lines) {
  if (given_desk_ == 0) return;
  const std::lock_guard lock(mutex_);
  spent_[given_desk_].push_back(std::move(lines));
}

// Only now are the lines before it counted.
Result<std::optional<DecodedLines>> QuerySource::Give(Finished finished) {
  if (finished.error.has_value()) return *std::move(finished.error);
  given_desk_ = finished.desk;
  if (finished.first_of_file) next_line_ = 1;
  const uint64_t first_line = finished.first_line.value_or(next_line_);
  for (size_t i = 0; i < finished.error_lines.size(); ++i) {
    finished.decoded.errors[i].place = StrCat(*finished.file, ":", first_line + finished.error_lines[i]);
  }
  next_line_ = first_line + finished.lines;
  return std::optional(std::move(finished.decoded));
}

}  // namespace tailrace::app
