#include "ingest/formats/row_feed.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/str.h"
#include "data/text.h"
#include "ingest/formats/builtin.h"

namespace tailrace::ingest {
namespace {

constexpr int32_t kRowtimeCharsMax = 64;

std::optional<int64_t> ParseRowtime(std::string_view text) {
  if (const std::optional<int64_t> unix_ms = ParseInt64(text)) return unix_ms;
  return data::ParseTimestamp(text, /*lenient=*/true);
}

}  // namespace

RowFeed::RowFeed(std::unique_ptr<Decoder> decoder, size_t rowtime_column)
    : decoder_(std::move(decoder)), rowtime_column_(rowtime_column) {}

Result<RowFeed> RowFeed::Make(const InputSchema& schema, UsedColumns used) {
  if (schema.format != "json") {
    return Error{ErrorCode::kInvalidArgument, StrCat("a row feed is JSON lines, not \"", schema.format, "\"")};
  }
  const size_t declared = schema.columns.size();
  InputSchema extended = schema;
  for (const InputColumn& column : schema.columns) {
    if (column.name != kRowtimeMember) continue;
    return Error{ErrorCode::kInvalidArgument, "a row feed's schema must not declare a column ROWTIME"};
  }
  // ROWTIME is decoded as one more column, between the declared and the metadata columns.
  extended.columns.push_back({.name = std::string(kRowtimeMember),
                              .type = data::Type::Varchar(kRowtimeCharsMax),
                              .mapping = StrCat("$.", kRowtimeMember)});
  if (!used.empty()) {
    used.resize(declared + kMetadataColumns);
    used.insert(used.begin() + static_cast<ptrdiff_t>(declared), true);
  }
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Decoder> decoder, MakeDecoder(extended, std::move(used)));
  return RowFeed(std::move(decoder), declared);
}

FedRows RowFeed::Read(std::string_view text) {
  FedRows fed;
  std::vector<data::Record> records;
  std::vector<uint64_t> line_of_record;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++lines_;
    if (Trim(line).empty()) continue;
    records.push_back({.data = line, .sequence = lines_});
    line_of_record.push_back(lines_);
  }
  Decoded decoded = decoder_->Decode(records);
  for (DecodeError& error : decoded.errors) {
    fed.errors.push_back({.line = line_of_record[error.record],
                          .name = std::string(error.name),
                          .message = std::move(error.message),
                          .bytes = std::move(error.bytes)});
  }

  std::vector<uint32_t> kept;
  std::vector<int64_t> rowtimes;
  const data::Column& given = *decoded.batch.columns[rowtime_column_];
  for (uint32_t row = 0; row < decoded.batch.rows(); ++row) {
    const uint32_t record = decoded.record_of_row[row];
    const auto refuse = [&](std::string message) {
      fed.errors.push_back({.line = line_of_record[record],
                            .name = std::string(kCoercionError),
                            .message = std::move(message),
                            .bytes = std::string(records[record].data)});
    };
    const std::optional<int64_t> rowtime = given.null(row) ? std::nullopt : ParseRowtime(given.texts()[row]);
    if (given.null(row)) {
      refuse("ROWTIME is missing");
    } else if (!rowtime.has_value()) {
      refuse(StrCat("ROWTIME: \"", given.texts()[row], "\" is neither ISO 8601 nor ms since 1970"));
    } else if (*rowtime < last_rowtime_) {
      refuse(StrCat("ROWTIME goes back: ", ToIso8601(FromUnixMs(*rowtime)), " after ",
                    ToIso8601(FromUnixMs(last_rowtime_))));
    } else {
      last_rowtime_ = *rowtime;
      kept.push_back(row);
      rowtimes.push_back(*rowtime);
      fed.lines.push_back(line_of_record[record]);
    }
  }
  fed.batch = kept.size() == decoded.batch.rows() ? std::move(decoded.batch) : decoded.batch.Gather(kept);
  fed.batch.columns.erase(fed.batch.columns.begin() + static_cast<ptrdiff_t>(rowtime_column_));
  auto column = std::make_shared<data::Column>(data::Type::Timestamp(), rowtimes.size());
  std::ranges::copy(rowtimes, column->mutable_int64s().begin());
  fed.batch.rowtimes = column;
  data::ColumnPtr& arrival = fed.batch.columns[rowtime_column_];  // The first metadata column.
  if (arrival->validity().all_valid()) arrival = column;
  return fed;
}

}  // namespace tailrace::ingest
