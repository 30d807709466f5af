#include "app/query/query_source.h"

#include <utility>

#include "app/query/time_column.h"
#include "base/str.h"
#include "ingest/formats/builtin.h"

namespace tailrace::app {
namespace {

// Pieces that wait decoded, beyond the one each thread works on.
constexpr uint64_t kPiecesAhead = 4;

}  // namespace

Result<std::unique_ptr<QuerySource>> QuerySource::Make(LineReader reader, Options options) {
  Decoders decoders;
  for (size_t i = 0; i < options.threads; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(auto decoder, ingest::MakeDecoder(options.schema, options.used));
    decoders.push_back(std::move(decoder));
  }
  return std::unique_ptr<QuerySource>(new QuerySource(std::move(reader), std::move(options), std::move(decoders)));
}

QuerySource::QuerySource(LineReader reader, Options options, Decoders decoders)
    : options_(std::move(options)), decoders_(std::move(decoders)), reader_(std::move(reader)) {
  if (decoders_.size() == 1) return;
  for (const auto& decoder : decoders_) threads_.emplace_back([this, &decoder] { Work(*decoder); });
}

QuerySource::~QuerySource() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Result<std::optional<QuerySource::Numbered>> QuerySource::Read() {
  const std::lock_guard lock(reader_mutex_);
  if (reader_error_.has_value()) return *reader_error_;
  if (reader_ended_) return std::nullopt;
  auto lines = reader_.Next();
  bytes_read_.store(reader_.bytes_read(), std::memory_order_relaxed);
  if (!lines.ok()) {
    reader_error_ = std::move(lines).error();
    return *reader_error_;
  }
  reader_ended_ = !lines->has_value();
  if (reader_ended_) return std::nullopt;
  return Numbered{.lines = std::move(**lines), .number = pieces_++};
}

DecodedLines QuerySource::Decode(ingest::Decoder& decoder, const Lines& lines) const {
  // CSV is one record, because a quoted value may hold line breaks; else a record is a line, which names errors.
  const bool whole = options_.schema.format == "csv";
  std::vector<data::Record> records;
  std::vector<uint64_t> line_of_record;
  records.reserve(lines.line_ends + 1);
  line_of_record.reserve(lines.line_ends + 1);
  uint64_t line = lines.first_line;
  for (std::string_view text = lines.text; !text.empty(); ++line) {
    const size_t end = whole ? std::string_view::npos : text.find('\n');
    const std::string_view record = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!whole && (record.empty() || record == "\r")) continue;
    records.push_back({.data = record});
    line_of_record.push_back(line);
  }
  ingest::Decoded decoded = decoder.Decode(records);
  DecodedLines result;
  for (ingest::DecodeError& error : decoded.errors) {
    result.errors.push_back({.place = StrCat(lines.file, ":", line_of_record[error.record]),
                             .name = std::string(error.name),
                             .message = std::move(error.message),
                             .bytes = std::move(error.bytes)});
  }
  if (options_.time_column.has_value()) result.times = TimesOf(*decoded.batch.columns[*options_.time_column], kNoTime);
  result.batch = std::move(decoded.batch);
  return result;
}

void QuerySource::Work(ingest::Decoder& decoder) {
  while (true) {
    auto read = Read();
    if (!read.ok() || !read->has_value()) break;
    const uint64_t number = (*read)->number;
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return stopping_ || number < taken_ + decoders_.size() + kPiecesAhead; });
      if (stopping_) return;
    }
    DecodedLines decoded = Decode(decoder, (*read)->lines);
    const std::lock_guard lock(mutex_);
    finished_.emplace(number, std::move(decoded));
    if (number == taken_) next_is_there_.notify_one();
  }
  const std::lock_guard lock(mutex_);
  ++workers_ended_;
  next_is_there_.notify_one();
}

Result<std::optional<DecodedLines>> QuerySource::Next() {
  if (threads_.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(const std::optional<Numbered> read, Read());
    if (!read.has_value()) return std::nullopt;
    return Decode(*decoders_[0], read->lines);
  }
  {
    std::unique_lock lock(mutex_);
    next_is_there_.wait(lock, [&] { return finished_.contains(taken_) || workers_ended_ == decoders_.size(); });
    const auto next = finished_.find(taken_);
    if (next != finished_.end()) {
      DecodedLines decoded = std::move(next->second);
      finished_.erase(next);
      ++taken_;
      // Whoever waits for room waits until about half of it is free, because to be woken costs as much as some lines;
      // but not longer when the next piece is still to be decoded, maybe by him.
      if (finished_.size() <= kPiecesAhead / 2 || !finished_.contains(taken_)) room_.notify_all();
      return decoded;
    }
  }
  TAILRACE_TRY(Read());  // Nothing, or the error that ended it.
  return std::nullopt;
}

}  // namespace tailrace::app
